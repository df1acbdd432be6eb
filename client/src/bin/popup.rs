//! The popup of the browser extension.

fn main() {
    nowcast_client::page::popup::mount();
}

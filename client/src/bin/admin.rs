//! The admin page.

fn main() {
    nowcast_client::page::admin::mount();
}

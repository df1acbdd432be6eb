//! The feed page.

fn main() {
    nowcast_client::page::feed::mount();
}

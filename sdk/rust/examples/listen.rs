//! Prints what happens in a room, and goes on through everything that happens to the connection.
//!
//! `cargo run -p nowcast-sdk --example listen -- http://127.0.0.1:8080 main`

use nowcast_sdk::{Connect, News, State};
use std::env::args;

#[tokio::main]
async fn main() -> Result<(), nowcast_sdk::Error> {
    let server = args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let room = args().nth(2).unwrap_or_else(|| "main".to_owned());

    let mut room = Connect::to(server).room(room).open().await?;
    while let Some(news) = room.next().await {
        match news {
            News::Snapshot(snapshot) => println!("{} items so far", snapshot.items.len()),
            News::Event(event) => println!("{} {:?}", event.offset, event.event),
            News::State(State::Closed(error)) => return Err(error),
            News::State(state) => eprintln!("{state:?}"),
            _ => {}
        }
    }
    Ok(())
}

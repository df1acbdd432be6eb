//! Publishes a message, once, however often it has to be sent for that.
//!
//! `cargo run -p nowcast-sdk --example publish -- http://127.0.0.1:8080 TOKEN '**Hello**'`

use nowcast_sdk::Publisher;
use serde_json::json;
use std::env::args;

#[tokio::main]
async fn main() -> Result<(), nowcast_sdk::Error> {
    let [server, token, text] = [1, 2, 3].map(|place| args().nth(place).unwrap_or_default());

    let publisher = Publisher::to(&server, "main", token)?;
    let kept = publisher.publish("message", json!({"text": text})).await?;
    println!("{} at {}", kept.id, kept.offset);
    Ok(())
}

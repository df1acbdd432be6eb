//! Many publish at once while their server is killed again and again.

use crate::api::Api;
use crate::server::Server;
use crate::wait::{eventually, in_time};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PUBLISHERS: usize = 8;
const EACH: usize = 40;

/// How many texts are published in all.
pub const ALL: usize = PUBLISHERS * EACH;

/// How often the server dies meanwhile.
const KILLS: usize = 4;

/// Has [`ALL`] texts published, each by `publish`, which goes on until it has an answer, and kills
/// and restarts the server meanwhile. What `publish` came to, by the text.
///
/// # Panics
/// When nothing is published in time.
pub async fn publish_through_kills<F>(
    server: &mut Server,
    publish: fn(Api, String) -> F,
) -> HashMap<String, F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|who| {
            let (publisher, acknowledged) = (server.publisher(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut answers = Vec::with_capacity(EACH);
                for number in 0..EACH {
                    let text = format!("{who}.{number}");
                    answers.push((text.clone(), publish(publisher.clone(), text).await));
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                answers
            })
        })
        .collect();
    for kill in 1..=KILLS {
        // The last of them is long before the end.
        let enough = ALL * kill / (KILLS + 2);
        eventually("publishing goes on", async || {
            (acknowledged.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
        server.kill().await;
        server.restart().await;
    }
    let mut answers = HashMap::new();
    for publisher in publishers {
        let published = in_time("every item is acknowledged", publisher).await;
        answers.extend(published.expect("a publisher that went on until it had its answer"));
    }
    assert_eq!(answers.len(), ALL);
    answers
}

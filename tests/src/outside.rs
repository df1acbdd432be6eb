//! Services outside, as the server's sources meet them: answers that a test wrote down before, and
//! connections that it speaks through while they are open.
//!
//! ```no_run
//! # use nowcast_tests::outside::{Answer, Outside};
//! # async fn example() {
//! let outside = Outside::start().await;
//! outside.next("/stream", Answer::status(429).header("retry-after", "1"));
//! outside.always("/stream", Answer::live("application/json"));
//! // … a source follows `outside.url("/stream")`, is turned away and comes back …
//! let mut stream = outside.live("/stream").await;
//! stream.line(&serde_json::json!({"text": "hello"})).await;
//! stream.cut();
//! assert_eq!(outside.asked("/stream").len(), 2);
//! # }
//! ```

mod answer;
mod asked;
mod connection;
mod live;

pub use answer::Answer;
pub use asked::Asked;
pub use live::Live;

use crate::wait::{eventually, in_time};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A service on a free port of this machine; it ends, with all its connections, when this is
/// dropped.
pub struct Outside {
    port: u16,
    service: Arc<Service>,
    accepting: JoinHandle<()>,
}

/// What the connections share with the test.
#[derive(Default)]
struct Service {
    scripts: Mutex<HashMap<String, Script>>,
    asked: Mutex<Vec<Asked>>,
    opened: Notify,
}

/// What a path answers, and which of its connections are open.
#[derive(Default)]
struct Script {
    next: VecDeque<Answer>,
    always: Option<Answer>,
    live: VecDeque<Live>,
}

impl Outside {
    /// A service that knows no path yet.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let service = Arc::<Service>::default();
        let serving = Arc::clone(&service);
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(connection::serve(stream, Arc::clone(&serving)));
            }
        });
        Self { port, service, accepting }
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// The address of a path for a WebSocket.
    pub fn websocket_url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// Answers one request to a path like this, after those that were said before; those that nothing
    /// was said for get what [`Self::always`] says, or 404.
    pub fn next(&self, path: &str, answer: Answer) {
        self.service.scripts().entry(path.to_owned()).or_default().next.push_back(answer);
    }

    /// Answers all requests to a path like this for which nothing else was said.
    pub fn always(&self, path: &str, answer: Answer) {
        self.service.scripts().entry(path.to_owned()).or_default().always = Some(answer);
    }

    /// The next connection to a path that was answered with [`Answer::live`] or
    /// [`Answer::websocket`].
    ///
    /// # Panics
    /// When none comes.
    pub async fn live(&self, path: &str) -> Live {
        let opened = async {
            loop {
                let more = self.service.opened.notified();
                if let Some(script) = self.service.scripts().get_mut(path)
                    && let Some(live) = script.live.pop_front()
                {
                    return live;
                }
                more.await;
            }
        };
        in_time(&format!("a connection to {path}"), opened).await
    }

    /// The requests to a path until now, the earliest first.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.service.asked().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// Waits until a path was asked so many times.
    ///
    /// # Panics
    /// When it is not.
    pub async fn asked_times(&self, path: &str, count: usize) -> Vec<Asked> {
        eventually(&format!("{count} requests to {path}"), async || {
            let asked = self.asked(path);
            (asked.len() >= count).then_some(asked)
        })
        .await
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Service {
    fn scripts(&self) -> MutexGuard<'_, HashMap<String, Script>> {
        self.scripts.lock().expect("nothing panics while it is held")
    }

    fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().expect("nothing panics while it is held")
    }

    /// Notes a request; the answer that it gets.
    fn answer(&self, asked: &Asked) -> Answer {
        self.asked().push(asked.clone());
        let mut scripts = self.scripts();
        let answer = scripts
            .get_mut(&asked.path)
            .and_then(|script| script.next.pop_front().or_else(|| script.always.clone()));
        answer.unwrap_or_else(|| Answer::status(404))
    }

    /// Gives the test a connection that it speaks through.
    fn open(&self, path: &str, live: Live) {
        self.scripts().entry(path.to_owned()).or_default().live.push_back(live);
        self.opened.notify_waiters();
    }
}

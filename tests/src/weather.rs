//! A network in bad weather: a proxy whose connections meet fates that a seed draws.
//!
//! A connection's fate follows from the seed, from whose connection it is and from how many that
//! one has had before, so that a seed repeats the fates whatever the order of arrival. When they
//! strike among the events that are under way depends on the machine.

use fastrand::Rng;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long the server has a half-open connection to itself after the page has left.
const ALONE: Duration = Duration::from_secs(3);

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing; it may still be cut by the server's death.
    Fair,
    /// Both sides are reset.
    Reset,
    /// Both sides stay open, and nothing moves any more.
    HalfOpen,
    /// The next bytes for the page are cut off in their middle.
    MidFrame,
}

/// How often which fate has struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Struck {
    /// Connections that were reset between two reads.
    pub reset: u64,
    /// Connections that stayed open and carried nothing any more.
    pub half_open: u64,
    /// All but long polls that were cut off in the middle of what was sent.
    pub mid_frame: u64,
    /// Long polls that were cut off in the middle of an answer.
    pub mid_poll: u64,
    /// Connections altogether, also those that nothing happened to.
    pub connections: u64,
}

/// The proxy; it ends when this is dropped, the connections with it.
pub struct Weather {
    address: SocketAddr,
    sky: Arc<Sky>,
    accepting: JoinHandle<()>,
}

struct Sky {
    target: SocketAddr,
    seed: u64,
    /// The latest that a fate strikes after a connection was opened.
    spell: Duration,
    calm: AtomicBool,
    /// How many connections each page or publisher has had.
    had: Mutex<HashMap<String, u64>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    reset: AtomicU64,
    half_open: AtomicU64,
    mid_frame: AtomicU64,
    mid_poll: AtomicU64,
    connections: AtomicU64,
}

impl Weather {
    /// A proxy on a free port in front of this address. Fates strike within `spell`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(target: SocketAddr, seed: u64, spell: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let sky = Arc::new(Sky {
            target,
            seed,
            spell,
            calm: AtomicBool::new(false),
            had: Mutex::default(),
            counts: Counts::default(),
        });
        let above = Arc::clone(&sky);
        let accepting = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((page, _)) => {
                        let sky = Arc::clone(&above);
                        tokio::spawn(async move { sky.connection(page).await });
                    }
                    // No file is free for it now; some will be.
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        });
        Self { address, sky, accepting }
    }

    /// Where pages go, as they write it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on nothing more happens to connections; what has happened stays.
    pub fn calm(&self) {
        self.sky.calm.store(true, Ordering::Relaxed);
    }

    /// How often which fate has struck up to now.
    pub fn struck(&self) -> Struck {
        let Counts { reset, half_open, mid_frame, mid_poll, connections } = &self.sky.counts;
        let [reset, half_open, mid_frame, mid_poll, connections] =
            [reset, half_open, mid_frame, mid_poll, connections]
                .map(|count| count.load(Ordering::Relaxed));
        Struck { reset, half_open, mid_frame, mid_poll, connections }
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Sky {
    /// What becomes of the next connection of this page or publisher, and after which time.
    fn fate(&self, whose: &str) -> (Fate, Duration, Rng) {
        let mut had = self.had.lock().expect("nothing panics while it is held");
        let number = had.entry(whose.to_owned()).or_default();
        *number += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, whose, *number).hash(&mut hasher);
        let mut random = Rng::with_seed(hasher.finish());
        let fate = match random.u8(0..10) {
            0..3 => Fate::Fair,
            3..5 => Fate::Reset,
            5..7 => Fate::HalfOpen,
            _ => Fate::MidFrame,
        };
        let after = self.spell.mul_f64(random.f64());
        (fate, after, random)
    }

    async fn connection(&self, mut page: TcpStream) {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        let Some(beginning) = read_beginning(&mut page).await else { return };
        let (whose, polls) = whose(&beginning);
        let (fate, after, mut random) = self.fate(&whose);
        let Ok(mut server) = TcpStream::connect(self.target).await else { return };
        let _ = (page.set_nodelay(true), server.set_nodelay(true));
        if server.write_all(&beginning).await.is_err() {
            return;
        }

        let mut strike = std::pin::pin!(sleep(after));
        // Turns true when the next bytes for the page are to be cut off.
        let mut doomed = false;
        let (mut up, mut down) = (vec![0; 4 * 1024], vec![0; 16 * 1024]);
        loop {
            tokio::select! {
                () = &mut strike, if fate != Fate::Fair && !doomed => {
                    if self.calm.load(Ordering::Relaxed) {
                        // It lives on as a fair one: the timer has fired and is not asked again.
                        return pass_on(page, server).await;
                    }
                    match fate {
                        Fate::Fair => {}
                        Fate::MidFrame => doomed = true,
                        Fate::Reset => {
                            count(&self.counts.reset);
                            return reset(&page, &server);
                        }
                        Fate::HalfOpen => {
                            count(&self.counts.half_open);
                            return half_open(page, server).await;
                        }
                    }
                }
                read = page.read(&mut up) => {
                    let Ok(length @ 1..) = read else { return };
                    if server.write_all(&up[..length]).await.is_err() {
                        return;
                    }
                }
                read = server.read(&mut down) => {
                    let Ok(length @ 1..) = read else { return };
                    let cut = doomed && length > 1 && !self.calm.load(Ordering::Relaxed);
                    let length = if cut { random.usize(1..length) } else { length };
                    if page.write_all(&down[..length]).await.is_err() {
                        return;
                    }
                    if cut {
                        count(if polls { &self.counts.mid_poll } else { &self.counts.mid_frame });
                        // Sometimes the page hears of the end in good order, sometimes not.
                        return if random.bool() { reset(&page, &server) };
                    }
                }
            }
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Both ends hear at once that the connection is gone, whatever was under way.
fn reset(page: &TcpStream, server: &TcpStream) {
    let _ = (page.set_zero_linger(), server.set_zero_linger());
}

/// Nothing moves any more. The page notices by the silence and leaves; the server has to notice by
/// itself, and is let alone with the connection for a while.
async fn half_open(mut page: TcpStream, server: TcpStream) {
    let mut buffer = [0; 1024];
    while page.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    drop(page);
    sleep(ALONE).await;
    drop(server);
}

async fn pass_on(mut page: TcpStream, mut server: TcpStream) {
    let _ = tokio::io::copy_bidirectional(&mut page, &mut server).await;
}

/// Reads what there is up to the end of the request's first line; `None` if there is no request.
async fn read_beginning(page: &mut TcpStream) -> Option<Vec<u8>> {
    let reading = async {
        let mut bytes = Vec::with_capacity(1024);
        while !bytes.contains(&b'\n') {
            match page.read_buf(&mut bytes).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        Some(bytes)
    };
    // A connection that was opened in advance and never used.
    timeout(Duration::from_mins(1), reading).await.ok().flatten()
}

/// Whose connection it is (the client id of a page, the path of others), and whether it polls.
fn whose(beginning: &[u8]) -> (String, bool) {
    let line = beginning.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let address = line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let client = query.split('&').find_map(|field| field.strip_prefix("client="));
    (client.unwrap_or(path).to_owned(), path.ends_with("/poll"))
}

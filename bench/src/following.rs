//! How much of a stream a source keeps up with: an outside service that writes so many lines a
//! second, as fast as they are taken, and a server that follows it. Every line has to be shown or
//! counted as dropped in the end, and the server must not grow by what it is sent.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::load::say;
use crate::nowcast::{self, ask, number};
use crate::options::Following;
use crate::usage::Processes;

/// How long it may take until every line is accounted for.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);

/// How often lines are written.
const PACE: Duration = Duration::from_millis(10);

/// The server; ends when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does what `nowcast-bench following` is asked for.
pub(crate) fn run(options: &Following) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("nowcast-following-{}", std::process::id()));
    let result = follow(options, &folder);
    // What is left of it is small, and where everybody looks for it.
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn follow(options: &Following, folder: &std::path::Path) -> Result<()> {
    let admin = nowcast::admin(&options.server, folder)?;
    let arguments = ["--allow-private-sources", "--durability", options.durability.as_str()];
    let (server, address) = nowcast::serve(&options.server, folder, &arguments)?;
    let server = Server(server);
    let process = Processes::of(server.0.id());
    let outside = TcpListener::bind("127.0.0.1:0")?;
    let cap = options.per_minute.map_or("null".to_owned(), |cap| cap.to_string());
    let source = format!(
        r#"{{"room":"main","name":"Harbour","kind":"ndjson","url":"http://{}/","format":"post",
        "filter":{{"repeats":false}},"per_minute":{cap},"running":true}}"#,
        outside.local_addr()?
    );
    let made = ask(&address, &admin, "POST /api/sources", &source)?;
    let id = text(&made, "id").with_context(|| format!("no source was made: {made}"))?.to_owned();
    let mut stream = accept(&outside)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = [0; 4096];
    ensure!(stream.read(&mut request)? > 0, "the server asks for nothing");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n")?;

    let look = || ask(&address, &admin, &format!("GET /api/sources/{id}"), "");
    let memory = process.memory()?;
    let (begun, mut cost, mut before) = (Instant::now(), Duration::ZERO, process.cpu()?);
    let (mut written, mut most, mut looked) = (0, memory, begun);
    let lines =
        options.rate.checked_mul(options.seconds).context("that many lines are too many")?;
    while written < lines {
        let due = begun.elapsed().as_millis() * u128::from(options.rate) / 1000;
        let due = u32::try_from(due).unwrap_or(lines).min(lines);
        let mut bytes = String::new();
        for number in written..due {
            let text = format!("{number} The doors are open, come in");
            writeln!(bytes, r#"{{"id":"{number}","user":"Ana","text":"{text}"}}"#)?;
        }
        // As fast as it is taken: a server that is slower is not sent more.
        stream.write_all(bytes.as_bytes())?;
        written = due;
        // Seldom, since the server stands still while its memory is looked at.
        if looked.elapsed() > LOOK {
            looked = Instant::now();
            most = most.max(process.memory()?);
            let now = process.cpu()?;
            (cost, before) = (cost + now.since(&before), now);
        }
        thread::sleep(PACE);
    }
    let taken = begun.elapsed();
    let state = loop {
        let state = look()?;
        most = most.max(process.memory()?);
        let now = process.cpu()?;
        (cost, before) = (cost + now.since(&before), now);
        if accounted(&state) >= u64::from(lines) {
            break state;
        }
        ensure!(begun.elapsed() < taken + PATIENCE, "not every line is accounted for: {state}");
        thread::sleep(LOOK);
    };
    ensure!(
        accounted(&state) == u64::from(lines),
        "more than every line is accounted for: {state}"
    );
    let whole = begun.elapsed();
    say(&format!(
        "lines={lines} seconds={:.2} lines_a_second={:.0} until_all_are_accounted_for_s={:.2} \
         published={} dropped={} cpu_us_a_line={:.1} memory_before_mb={} memory_most_mb={}",
        taken.as_secs_f64(),
        f64::from(lines) / taken.as_secs_f64(),
        whole.as_secs_f64(),
        number(&state, "published").unwrap_or(0),
        number(&state, "rate").unwrap_or(0),
        cost.as_secs_f64() * 1e6 / f64::from(lines),
        memory / 1_000_000,
        most / 1_000_000,
    ));
    Ok(())
}

/// The server's connection to the outside service.
fn accept(outside: &TcpListener) -> Result<TcpStream> {
    outside.set_nonblocking(true)?;
    let begun = Instant::now();
    loop {
        match outside.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ensure!(begun.elapsed() < PATIENCE, "the server does not come");
                thread::sleep(PACE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// How many lines were shown or dropped because there were too many. Nothing else is wrong with them.
fn accounted(state: &str) -> u64 {
    number(state, "published").unwrap_or(0) + number(state, "rate").unwrap_or(0)
}

/// The text behind this name, the first in a JSON text.
fn text<'j>(json: &'j str, name: &str) -> Option<&'j str> {
    let (_, after) = json.split_once(&format!("\"{name}\":\""))?;
    after.split_once('"').map(|(text, _)| text)
}

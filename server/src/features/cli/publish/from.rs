//! `nowcast publish --from`: a file, or standard input, an item a line.

use super::super::{Failure, note};
use super::Flags;
use crate::json;
use crate::store::Progress;
use nowcast_sdk::{Error, NewKeyed, Publisher};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The longest line that is read, in bytes; the server's own limit is far below.
const LONGEST: u64 = 1024 * 1024;

/// Why a line that is longer is skipped.
const TOO_LONG: &str = "it is far too long for an item";

/// How many lines are published by one request at most, and how many bytes of items.
const MOST: usize = 200;
const TOGETHER: u64 = 1024 * 1024;

/// How many lines that are skipped are named; of more only the number is told.
const NAMED: u64 = 100;

/// Where a field of the data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    field: String,
    from: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// A JSON pointer.
    Pointer(String),
    /// The same text for each.
    Text(String),
}

impl std::str::FromStr for Mapped {
    type Err = String;

    /// `FIELD=/pointer`, or `FIELD==text`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as FIELD=/pointer, or FIELD==text".to_owned();
        let (field, from) = text.split_once('=').ok_or_else(wrong)?;
        let from = match from.strip_prefix('=') {
            Some(text) => Origin::Text(text.to_owned()),
            None if from.is_empty() || from.starts_with('/') => Origin::Pointer(from.to_owned()),
            None => return Err(wrong()),
        };
        if field.is_empty() {
            return Err(wrong());
        }
        Ok(Self { field: field.to_owned(), from })
    }
}

/// What came of the lines.
#[derive(Debug, Default)]
struct Counts {
    published: u64,
    repeated: u64,
    skipped: u64,
}

/// A line that was read.
struct Line {
    number: u64,
    /// In bytes.
    length: u64,
    text: Result<String, &'static str>,
}

/// Publishes each line in order, many at a time; what cannot be published is named, counted and
/// skipped.
///
/// # Errors
/// Those that the next line would meet as well; and [`Failure::Skipped`].
pub(super) async fn run(publisher: Publisher, flags: &Flags, from: &Path) -> Result<(), Failure> {
    let run = match &flags.resume_key {
        Some(key) => key.clone(),
        None => Publisher::new_key()?,
    };
    let publisher = publisher.patience(Duration::from_secs(flags.wait));
    let Input { mut lines, size, reader } = open(from)?;
    let progress = Progress::bytes("read", size);
    let begun = Instant::now();
    let mut counts = Counts::default();
    let (mut read, mut ended) = (Vec::with_capacity(MOST), Ok(()));
    // What comes slowly is published as it comes.
    while lines.recv_many(&mut read, MOST).await > 0 {
        while !read.is_empty() && ended.is_ok() {
            let batch = Batch::of(flags, &run, &mut read);
            let number = batch.numbers.first().copied().unwrap_or_default();
            let length = batch.length;
            ended = batch
                .publish(&publisher, &mut counts, &progress)
                .await
                .map_err(|error| stopped(error, number, flags));
            progress.add(length);
            progress.note(&counts.brief(begun));
        }
        if ended.is_err() {
            break;
        }
    }
    drop(progress);
    note(&counts.told(begun));
    ended?;
    // It has told the last line, so it has ended; or it could not go on.
    let read = reader.join().unwrap_or(Ok(()));
    read.map_err(|why| Failure::Invalid(format!("{why}{}", again(flags))))?;
    if counts.skipped > 0 { Err(Failure::Skipped) } else { Ok(()) }
}

/// Lines that are published by one request.
#[derive(Default)]
struct Batch {
    items: Vec<NewKeyed>,
    /// Where these stand.
    numbers: Vec<u64>,
    /// Lines that are no items, and why.
    skipped: Vec<(u64, String)>,
    /// Of all lines, in bytes.
    length: u64,
}

impl Batch {
    /// As many of the lines as fit into one, by what is sent of them.
    fn of(flags: &Flags, run: &str, lines: &mut Vec<Line>) -> Self {
        let mut batch = Self::default();
        let (mut count, mut together) = (0, 0);
        for Line { number, length, text } in lines.iter() {
            let text = text.as_deref().map_err(|why| (*why).to_owned());
            match text.and_then(|line| item(flags, line)) {
                Ok(None) => {}
                Ok(Some((kind, data))) => {
                    let item = NewKeyed { key: format!("{run}-{number}"), kind, data };
                    let size = serde_json::to_vec(&item).map_or(0, |json| json.len());
                    let size = u64::try_from(size).unwrap_or(u64::MAX);
                    if size > LONGEST {
                        batch.skipped.push((*number, TOO_LONG.to_owned()));
                    } else if together > 0 && together + size > TOGETHER {
                        break;
                    } else {
                        together += size;
                        batch.items.push(item);
                        batch.numbers.push(*number);
                    }
                }
                Err(why) => batch.skipped.push((*number, why)),
            }
            batch.length += length;
            count += 1;
        }
        lines.drain(..count);
        batch
    }

    async fn publish(
        self,
        publisher: &Publisher,
        counts: &mut Counts,
        progress: &Progress,
    ) -> Result<(), Error> {
        let told = match self.items.as_slice() {
            [] => Vec::new(),
            items => publisher.publish_all(items).await?,
        };
        let mut skipped = self.skipped;
        for (number, told) in self.numbers.into_iter().zip(told) {
            match told {
                Ok(done) if done.repeated => counts.repeated += 1,
                Ok(_) => counts.published += 1,
                Err(problem) => skipped.push((number, problem.to_string())),
            }
        }
        skipped.sort_unstable();
        for (number, why) in skipped {
            counts.skip(number, &why, progress);
        }
        Ok(())
    }
}

/// How it would go on.
fn again(flags: &Flags) -> &'static str {
    match &flags.resume_key {
        Some(_) => "; the same once more goes on from there",
        None => "",
    }
}

/// Why it does not go on, and how it would.
fn stopped(error: Error, number: u64, flags: &Flags) -> Failure {
    let again = again(flags);
    let failure = Failure::from(error);
    let told = |text: String| format!("line {number}: {text}{again}");
    match failure {
        Failure::Invalid(text) => Failure::Invalid(told(text)),
        Failure::Refused(text) => Failure::Refused(told(text)),
        Failure::Unreachable(text) => Failure::Unreachable(told(text)),
        failure => failure,
    }
}

impl Counts {
    fn skip(&mut self, number: u64, why: &str, progress: &Progress) {
        self.skipped += 1;
        if self.skipped <= NAMED {
            progress.aside(|| note(&format!("line {number} is skipped: {why}")));
        } else if self.skipped == NAMED + 1 {
            progress.aside(|| note("more lines are skipped; they are counted"));
        }
    }

    /// How many a second.
    #[expect(clippy::cast_precision_loss, reason = "people read it")]
    fn rate(&self, begun: Instant) -> f64 {
        (self.published + self.repeated) as f64 / begun.elapsed().as_secs_f64().max(0.001)
    }

    /// So short that a bar has room before it.
    fn brief(&self, begun: Instant) -> String {
        let done = self.published + self.repeated;
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(" -{skipped}"),
        };
        format!("{done}{skipped} items {:.0}/s", self.rate(begun))
    }

    fn told(&self, begun: Instant) -> String {
        let Self { published, repeated, skipped } = self;
        let rate = self.rate(begun);
        format!(
            "{published} published, {repeated} had been before, {skipped} skipped; {rate:.0} a second"
        )
    }
}

/// What a line is to be: its kind and data; nothing for an empty one.
fn item(flags: &Flags, line: &str) -> Result<Option<(String, Value)>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let value = json::read(line).map_err(|problem| problem.detail.into_owned())?;
    if !flags.map.is_empty() {
        return mapped(&flags.map, &value).map(|data| Some((flags.kind.clone(), data)));
    }
    Ok(Some(match value {
        Value::Object(mut item) if is_item(&item) => {
            let kind = item.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned));
            (kind.unwrap_or_default(), item.remove("data").unwrap_or_default())
        }
        data => (flags.kind.clone(), data),
    }))
}

/// Whether it is `{"kind": …, "data": …}`.
fn is_item(object: &Map<String, Value>) -> bool {
    object.len() == 2
        && object.get("kind").is_some_and(Value::is_string)
        && object.contains_key("data")
}

/// The data that is found in a line. A field that is not there is left out.
fn mapped(map: &[Mapped], value: &Value) -> Result<Value, String> {
    let mut found = false;
    let mut data = Map::new();
    for Mapped { field, from } in map {
        match from {
            Origin::Text(text) => {
                data.insert(field.clone(), text.clone().into());
            }
            Origin::Pointer(pointer) => {
                if let Some(value) = value.pointer(pointer).filter(|value| !value.is_null()) {
                    found = true;
                    data.insert(field.clone(), value.clone());
                }
            }
        }
    }
    if found { Ok(data.into()) } else { Err("nothing of the map is in it".to_owned()) }
}

/// Lines that are being read.
struct Input {
    lines: mpsc::Receiver<Line>,
    /// How long all of it is, in bytes, where it is known.
    size: Option<u64>,
    /// Reads them; why it cannot go on, if it did not come to the end. Nobody waits for it before it
    /// has told the last line: it may wait for what somebody types.
    reader: JoinHandle<Result<(), String>>,
}

/// The lines of a file or of standard input.
fn open(from: &Path) -> Result<Input, Failure> {
    let (input, size): (Box<dyn Read + Send>, _) = if from == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let cannot =
            |error| Failure::Invalid(format!("{} cannot be read: {error}", from.display()));
        let file = File::open(from).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(Failure::Invalid(format!("{} is a folder", from.display())));
        }
        let size = metadata.is_file().then_some(metadata.len());
        (Box::new(file), size)
    };
    let (tell, lines) = mpsc::channel(MOST);
    let reader = thread::spawn(move || {
        let mut input = BufReader::new(input);
        for number in 1.. {
            let mut line = Vec::new();
            let length = match read_line(&mut input, &mut line) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => {
                    return Err(format!("line {number} cannot be read, nor what follows: {error}"));
                }
            };
            let text = if length > LONGEST {
                Err(TOO_LONG)
            } else {
                String::from_utf8(line).map_err(|_| "it is not UTF-8")
            };
            if tell.blocking_send(Line { number, length, text }).is_err() {
                break;
            }
        }
        Ok(())
    });
    Ok(Input { lines, size, reader })
}

/// Reads a line, of which what is too long is left out; how long it is.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return Ok(length);
        }
        let end = piece.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
        let taken = end.unwrap_or(piece.len());
        length += u64::try_from(taken).unwrap_or(u64::MAX);
        if length <= LONGEST {
            line.extend_from_slice(&piece[..taken]);
        }
        input.consume(taken);
        if end.is_some() {
            return Ok(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        flags: Flags,
    }

    #[test]
    fn a_batch_is_measured_by_what_is_sent_and_what_no_request_holds_is_skipped() {
        let maps =
            ["--from", "-", "--map", "a=/a", "--map", "b=/a", "--map", "c=/a", "--map", "d=/a"];
        let flags = Cli::parse_from(["nowcast"].iter().chain(&maps)).flags;
        let line = |number: u64, size: usize| {
            let text = json!({"a": "x".repeat(size)}).to_string();
            let length = u64::try_from(text.len()).unwrap();
            Line { number, length, text: Ok(text) }
        };
        let mut lines: Vec<_> = (1..=150).map(|number| line(number, 4000)).collect();
        lines.insert(100, line(151, 300_000));
        let (mut numbers, mut skipped, mut length) = (Vec::new(), Vec::new(), 0);
        let all = lines.iter().map(|line| line.length).sum::<u64>();
        while !lines.is_empty() {
            let batch = Batch::of(&flags, "run", &mut lines);
            let sent = serde_json::to_vec(&batch.items).unwrap().len();
            assert!((1..1_100_000).contains(&sent), "{sent}");
            numbers.extend(batch.numbers);
            skipped.extend(batch.skipped);
            length += batch.length;
        }
        assert_eq!(numbers, (1..=150).collect::<Vec<_>>());
        assert_eq!(skipped, [(151, TOO_LONG.to_owned())]);
        assert_eq!(length, all);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_cannot_be_read_to_its_end_is_told() {
        let Input { mut lines, reader, .. } =
            open(Path::new("/proc/self/mem")).unwrap_or_else(|_| panic!());
        assert!(lines.blocking_recv().is_none());
        assert!(reader.join().unwrap().unwrap_err().contains("line 1 cannot be read"));
    }

    #[test]
    fn a_map_finds_its_fields_or_says_that_there_are_none() {
        let map: Vec<Mapped> = ["user=/account/name", "text=/content", "source==Mastodon", "all="]
            .map(|text| text.parse().unwrap())
            .into();
        let line = json!({"account": {"name": "Ana"}, "content": "Hi"});
        let expected = json!({"user": "Ana", "text": "Hi", "source": "Mastodon", "all": line});
        assert_eq!(mapped(&map, &line), Ok(expected));
        assert_eq!(mapped(&map[1..3], &line), Ok(json!({"text": "Hi", "source": "Mastodon"})));
        assert!(mapped(&map[..3], &json!({"other": 1})).is_err());
        for wrong in ["user", "=/a", "user=name"] {
            assert!(wrong.parse::<Mapped>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_is_read() {
        let long = "x".repeat(usize::try_from(LONGEST).unwrap() + 5);
        let text = format!("{long}\nshort\nlast");
        let mut input = BufReader::new(text.as_bytes());
        let mut read = || {
            let mut line = Vec::new();
            let length = read_line(&mut input, &mut line).unwrap();
            (length, line.len())
        };
        assert!(read().0 > LONGEST);
        assert_eq!([read(), read(), read()], [(6, 6), (4, 4), (0, 0)]);
    }
}

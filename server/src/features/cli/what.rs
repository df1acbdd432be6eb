//! What an item is made of: from the words on a command line, or from standard input.

use super::Failure;
use crate::json;
use serde_json::{Map, Value};
use std::io::{self, BufRead, Read};
use std::thread;
use tokio::sync::mpsc;

/// The longest text that is read; the server's own limit is far below.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The data of an item of this kind, by what was given: JSON, else words that each are
/// `FIELD=VALUE`, else a text, where `-` is standard input.
pub(super) fn data(kind: &str, json: Option<&str>, words: &[String]) -> Result<Value, Failure> {
    match (json, words) {
        (Some(json), []) => {
            let text = if json == "-" { input()? } else { json.to_owned() };
            from_json(&text)
        }
        (Some(_), _) => Err(Failure::Invalid(
            "Give the data as --data JSON or as words, not both.".to_owned(),
        )),
        (None, []) => Err(Failure::Invalid(
            "There is nothing to publish: give a text, FIELD=VALUE, --data JSON, or - for standard \
             input."
                .to_owned(),
        )),
        (None, [only]) if only == "-" => Ok(from_text(kind, &input()?)),
        (None, words) => Ok(fields(words).unwrap_or_else(|| from_text(kind, &words.join(" ")))),
    }
}

/// Data that is written as JSON.
pub(super) fn from_json(text: &str) -> Result<Value, Failure> {
    json::read(text)
        .map_err(|problem| Failure::Invalid(format!("The data cannot be sent: {}", problem.detail)))
}

/// The data of an item that is mainly this text.
pub(super) fn from_text(kind: &str, text: &str) -> Value {
    let field = match kind {
        "link" | "image" => "url",
        _ => "text",
    };
    let text = text.trim_end_matches(['\n', '\r']);
    Value::Object(Map::from_iter([(field.to_owned(), text.into())]))
}

/// The fields, if every word is one.
fn fields(words: &[String]) -> Option<Value> {
    let mut fields = Map::new();
    for word in words {
        let (name, value) = word.split_once('=')?;
        if !is_name(name) {
            return None;
        }
        fields.insert(name.to_owned(), value.into());
    }
    Some(fields.into())
}

/// Whether this stands before the `=` of a field and not in the middle of a sentence.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// All of standard input.
fn input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text);
    short_enough(read, &text)?;
    Ok(text)
}

/// The lines of standard input, as they come. They are read in a thread that nobody waits for: a
/// task that is at its end does not wait for somebody to press Enter.
pub(super) fn lines() -> mpsc::Receiver<Result<String, Failure>> {
    let (tell, told) = mpsc::channel(1);
    thread::spawn(move || {
        loop {
            let mut line = String::new();
            let read = io::stdin().lock().take(LONGEST + 1).read_line(&mut line);
            let line = match short_enough(read, &line) {
                Ok(0) => return,
                Ok(_) => Ok(line),
                Err(failure) => Err(failure),
            };
            let failed = line.is_err();
            if tell.blocking_send(line).is_err() || failed {
                return;
            }
        }
    });
    told
}

fn short_enough(read: io::Result<usize>, text: &str) -> Result<usize, Failure> {
    let read =
        read.map_err(|error| Failure::Invalid(format!("Standard input cannot be read: {error}")))?;
    if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Failure::Invalid("Standard input is far too long for an item.".to_owned()));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(kind: &str, json: Option<&str>, words: &[&str]) -> Option<Value> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        data(kind, json, &words).ok()
    }

    #[test]
    fn words_are_a_text_unless_each_is_a_field() {
        let text = |text: &str| Some(json!({"text": text}));
        assert_eq!(made("message", None, &["Doors", "open"]), text("Doors open"));
        assert_eq!(made("message", None, &["2 + 2 = 4"]), text("2 + 2 = 4"));
        assert_eq!(made("message", None, &["a=b", "and more"]), text("a=b and more"));
        let fields = ["url=https://example.org/?a=b", "title=There"];
        let expected = json!({"url": "https://example.org/?a=b", "title": "There"});
        assert_eq!(made("link", None, &fields), Some(expected));
        assert_eq!(made("image", None, &["/a.png"]), Some(json!({"url": "/a.png"})));
    }

    #[test]
    fn json_is_taken_as_it_is_or_not_at_all() {
        assert_eq!(made("custom", Some("[1,{}]"), &[]), Some(json!([1, {}])));
        assert_eq!(made("custom", Some("{"), &[]), None);
        let unread = format!(r#"[{{"{}":"[]"}}]"#, json::RAW);
        assert_eq!(made("custom", Some(&unread), &[]), None, "it would be read without a limit");
        assert_eq!(made("custom", Some("{}"), &["text"]), None, "what of both is meant?");
        assert_eq!(made("message", None, &[]), None);
    }
}

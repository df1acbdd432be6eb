//! JSON as people type it: what is wrong and where, and how it is best read. Pure, so that it says
//! the same in every browser. Numbers stay as they were typed, also those that no browser can hold.

use nowcast_shared::item::MOST_DEPTH;
use std::fmt;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1.
    pub column: usize,
    /// What, as a sentence without its beginning.
    pub what: &'static str,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, what } = self;
        match line {
            1 => write!(f, "At character {column}: {what}"),
            _ => write!(f, "In line {line}, at character {column}: {what}"),
        }
    }
}

/// How deep lists and objects stand in an answer of the server: those of an item, and around it.
const DEEPEST_ANSWER: usize = MOST_DEPTH + 8;

/// What is not longer than this stays on one line, in characters.
const SHORT: usize = 44;

/// A value, as deep as its layout asks for.
enum Value<'a> {
    /// A text, a number or a word, as it was typed.
    Plain(&'a str),
    List(Vec<Self>),
    /// Names as they were typed, with their quotes.
    Object(Vec<(&'a str, Self)>),
}

/// Reads JSON and lays it out anew: what is short on one line, the rest line by line.
///
/// # Errors
/// Where it is not JSON, and why.
pub fn tidy(text: &str) -> Result<String, Wrong> {
    let value = Reader::of(text).whole()?;
    let mut out = String::new();
    value.lay(0, &mut out);
    Ok(out)
}

/// As [`tidy`], without a blank that is not needed: as it is sent.
///
/// # Errors
/// Where it is not JSON, and why.
pub fn tight(text: &str) -> Result<String, Wrong> {
    Ok(Reader::of(text).whole()?.tight())
}

/// As it is best read; what is no JSON stays as it is.
pub fn laid(json: &str) -> String {
    tidy(json).unwrap_or_else(|_| json.to_owned())
}

/// A value inside of others in an answer of the server, by the names of fields and the numbers of
/// elements that lead to it.
pub fn inside(text: &str, path: &[&str]) -> Option<String> {
    found(text, path).map(|value| value.tight())
}

/// The elements of a list in an answer of the server.
pub fn elements(text: &str, path: &[&str]) -> Vec<String> {
    match found(text, path) {
        Some(Value::List(values)) => values.iter().map(Value::tight).collect(),
        _ => Vec::new(),
    }
}

fn found<'a>(text: &'a str, path: &[&str]) -> Option<Value<'a>> {
    let mut value = Reader { deepest: DEEPEST_ANSWER, ..Reader::of(text) }.whole().ok()?;
    for step in path {
        value = match value {
            Value::List(values) => values.into_iter().nth(step.parse().ok()?)?,
            Value::Object(fields) => fields.into_iter().rfind(|(name, _)| is(name, step))?.1,
            Value::Plain(_) => return None,
        };
    }
    Some(value)
}

/// An object with the fields of `new`, and those of `before` that are none of `known`. Where one of
/// the two is no object, it is `new`.
pub fn merged(before: &str, known: &[&str], new: &str) -> String {
    let read = |text| match Reader::of(text).whole() {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let (Some(mut kept), Some(fields)) = (read(before), read(new)) else {
        return new.to_owned();
    };
    kept.retain(|(name, _)| !known.iter().any(|known| is(name, known)));
    kept.extend(fields);
    Value::Object(kept).tight()
}

/// Whether a name in its quotes is this one, which needs no escapes.
fn is(quoted: &str, name: &str) -> bool {
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
}

impl Value<'_> {
    /// Without a blank that is not needed.
    fn tight(&self) -> String {
        let mut out = String::new();
        self.write("", &mut out);
        out
    }

    /// On one line; `gap` stands after colons and commas.
    fn write(&self, gap: &str, out: &mut String) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::List(values) => {
                out.push('[');
                for (n, value) in values.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                        out.push_str(gap);
                    }
                    value.write(gap, out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (n, (name, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                        out.push_str(gap);
                    }
                    out.push_str(name);
                    out.push(':');
                    out.push_str(gap);
                    value.write(gap, out);
                }
                out.push('}');
            }
        }
    }

    fn lay(&self, depth: usize, out: &mut String) {
        let mut line = String::new();
        self.write(" ", &mut line);
        let short = line.chars().count() + 2 * depth <= SHORT;
        let new_line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        };
        match self {
            Self::List(values) if !short => {
                for (n, value) in values.iter().enumerate() {
                    out.push(if n == 0 { '[' } else { ',' });
                    new_line(out, depth + 1);
                    value.lay(depth + 1, out);
                }
                new_line(out, depth);
                out.push(']');
            }
            Self::Object(fields) if !short => {
                for (n, (name, value)) in fields.iter().enumerate() {
                    out.push(if n == 0 { '{' } else { ',' });
                    new_line(out, depth + 1);
                    out.push_str(name);
                    out.push_str(": ");
                    value.lay(depth + 1, out);
                }
                new_line(out, depth);
                out.push('}');
            }
            _ => out.push_str(&line),
        }
    }
}

/// Reads a text from its beginning.
struct Reader<'a> {
    text: &'a str,
    /// The next byte.
    at: usize,
    /// In how many lists and objects a value may stand.
    deepest: usize,
}

impl<'a> Reader<'a> {
    const fn of(text: &'a str) -> Self {
        Self { text, at: 0, deepest: MOST_DEPTH }
    }

    fn whole(&mut self) -> Result<Value<'a>, Wrong> {
        self.blanks();
        if self.at == self.text.len() {
            return Err(self.wrong("there is nothing yet. A text stands in quotes: \"like this\"."));
        }
        let value = self.value(0)?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(self.wrong("the value has ended, but something follows."));
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Wrong> {
        if depth > self.deepest {
            return Err(self.wrong("this stands too deep in other lists and objects."));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::Plain),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Plain),
            Some(b'\'') => Err(self.wrong("texts stand in double quotes: \"like this\".")),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            None => Err(self.wrong("something is missing at the end.")),
            _ => Err(self.wrong("a value was expected here.")),
        }
    }

    fn word(&mut self) -> Result<Value<'a>, Wrong> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..end];
        if !matches!(word, "true" | "false" | "null") {
            return Err(self.wrong("texts stand in quotes: \"like this\"."));
        }
        self.at += end;
        Ok(Value::Plain(word))
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Wrong> {
        let mut values = Vec::new();
        self.at += 1;
        self.blanks();
        if self.take(b']') {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Value::List(values));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or a ] was expected here."));
            }
            self.blanks();
            if self.peek() == Some(b']') {
                return Err(self.wrong("there is a comma too many before the ]."));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Wrong> {
        let mut fields = Vec::new();
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a name in quotes was expected here: \"name\"."));
            }
            let name = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.wrong("a colon was expected after the name."));
            }
            self.blanks();
            fields.push((name, self.value(depth + 1)?));
            self.blanks();
            if self.take(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or a } was expected here."));
            }
            self.blanks();
            if self.peek() == Some(b'}') {
                return Err(self.wrong("there is a comma too many before the }."));
            }
        }
    }

    fn string(&mut self) -> Result<&'a str, Wrong> {
        let begin = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let digits = self.text.as_bytes().get(self.at + 2..self.at + 6);
                    match self.text.as_bytes().get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 2;
                        }
                        Some(b'u')
                            if digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) =>
                        {
                            self.at += 6;
                        }
                        _ => {
                            return Err(
                                self.wrong("a \\ stands before \" \\ / b f n r t or u alone.")
                            );
                        }
                    }
                }
                Some(b'\n' | b'\r') => {
                    return Err(self.wrong("a text ends on its line: write \\n for a new one."));
                }
                Some(0..b' ') => {
                    return Err(self.wrong("this character has to be written as \\u…."));
                }
                Some(_) => self.at += 1,
                None => {
                    self.at = begin;
                    return Err(self.wrong("this text has no quote at its end."));
                }
            }
        }
        self.at += 1;
        Ok(&self.text[begin..self.at])
    }

    fn number(&mut self) -> Result<&'a str, Wrong> {
        let begin = self.at;
        self.take(b'-');
        let leading = self.at;
        if self.digits() == 0 {
            return Err(self.wrong("digits were expected here."));
        }
        if self.at - leading > 1 && self.text.as_bytes()[leading] == b'0' {
            self.at = leading;
            return Err(self.wrong("a number does not begin with 0."));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.wrong("digits were expected after the point."));
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'-') {
                self.take(b'+');
            }
            if self.digits() == 0 {
                return Err(self.wrong("digits were expected after the e."));
            }
        }
        Ok(&self.text[begin..self.at])
    }

    fn digits(&mut self) -> usize {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - begin
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong(&self, what: &'static str) -> Wrong {
        // What is read is passed byte by byte, but nothing is wrong in the middle of a character.
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Wrong { line: before.matches('\n').count() + 1, column: line.chars().count() + 1, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, line, column, word) in [
            ("", 1, 1, "nothing"),
            ("Hello", 1, 1, "quotes"),
            ("'Hello'", 1, 1, "double quotes"),
            ("\"Hello", 1, 1, "no quote at its end"),
            ("\"a\nb\"", 1, 3, "\\n"),
            ("\"\\x\"", 1, 2, "stands before"),
            ("[1, 2,]", 1, 7, "comma too many"),
            ("[1 2]", 1, 4, "comma or a ]"),
            ("{\n  \"a\": 1,\n  b: 2\n}", 3, 3, "name in quotes"),
            ("{\"ä\" 1}", 1, 6, "colon"),
            ("{\"a\":1,}", 1, 8, "comma too many"),
            ("{\"a\":", 1, 6, "missing at the end"),
            ("01", 1, 1, "begin with 0"),
            ("1.", 1, 3, "after the point"),
            ("1e", 1, 3, "after the e"),
            ("-", 1, 2, "digits"),
            ("1 2", 1, 3, "something follows"),
            ("True", 1, 1, "quotes"),
            ("+1", 1, 1, "value"),
        ] {
            let wrong = tidy(text).unwrap_err();
            assert_eq!((wrong.line, wrong.column), (line, column), "{text}: {wrong}");
            assert!(wrong.what.contains(word), "{text}: {wrong}");
        }
        assert!(tidy(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn short_values_stay_on_one_line_and_long_ones_do_not() {
        assert_eq!(tidy(" { \"home\":3 ,\"away\":1 } ").unwrap(), "{\"home\": 3, \"away\": 1}");
        let long = r#"{"teams":["Northern Lights","Harbour Rats"],"score":[3,1],"note":"extra time, then penalties"}"#;
        let laid = "{\n  \"teams\": [\"Northern Lights\", \"Harbour Rats\"],\n  \"score\": [3, 1],\n  \"note\": \"extra time, then penalties\"\n}";
        assert_eq!(tidy(long).unwrap(), laid);
        assert_eq!(tidy(laid).unwrap(), laid, "what is tidy stays");
        assert_eq!(tight(laid).unwrap(), long);
        assert_eq!(tidy("[]").unwrap(), "[]");
        assert_eq!(tidy("{}").unwrap(), "{}");
    }

    #[test]
    fn what_is_inside_is_found_and_stays_as_it_was() {
        let text = r#"{"items":[{"id":"i1","data":{"a":12345678901234567890.10}}],"more":true}"#;
        let data = inside(text, &["items", "0", "data"]);
        assert_eq!(data.as_deref(), Some(r#"{"a":12345678901234567890.10}"#));
        assert_eq!(inside(text, &["items", "1"]), None);
        assert_eq!(inside(text, &["more", "0"]), None);
        assert_eq!(inside("{", &["a"]), None);
        let item = r#"{"id":"i1","data":{"a":12345678901234567890.10}}"#;
        assert_eq!(elements(text, &["items"]), [item]);
        assert_eq!(elements(text, &["more"]), Vec::<String>::new());
    }

    #[test]
    fn data_may_be_as_deep_in_an_answer_as_in_an_item() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let data = deep(MOST_DEPTH);
        assert_eq!(tight(&data).as_ref(), Ok(&data));
        assert!(tight(&deep(MOST_DEPTH + 1)).is_err());
        let answer = format!(r#"{{"buttons":[{{"item":{{"data":{data}}}}}]}}"#);
        assert_eq!(inside(&answer, &["buttons", "0", "item", "data"]), Some(data));
        assert_eq!(inside(&deep(10_000), &[]), None);
    }

    #[test]
    fn fields_that_a_form_does_not_know_stay() {
        let before = r#"{"text":"a","id":12345678901234567890,"url":"u","tags":["x",{}]}"#;
        let now = r#"{"text":"b"}"#;
        let merged = |before| merged(before, &["text", "url"], now);
        assert_eq!(merged(before), r#"{"id":12345678901234567890,"tags":["x",{}],"text":"b"}"#);
        assert_eq!(merged("[1]"), now);
        assert_eq!(merged("{"), now);
    }

    #[test]
    fn numbers_and_texts_stay_as_they_were_typed() {
        for text in ["12345678901234567890.10", "-0.5e+3", r#""a\u00e4\n\"ä🎉""#, "true", "null"]
        {
            assert_eq!(tidy(text).unwrap(), text);
        }
    }
}

//! What is shown of what is heard: a record becomes an item, or has a reason why not.

use super::cap::Cap;
use super::language::Languages;
use super::map::{Mapped, Mapper};
use super::reason::Reason;
use super::repeats::{Name, Repeats, Text, name};
use super::settings::Settings;
use super::topics::{Topics, Words, fold};
use serde_json::Value;
use std::time::Instant;

/// All that a source asks of a record, and what it remembers of those before.
pub(super) struct Sieve {
    title: String,
    mapper: Mapper,
    topics: Topics,
    languages: Languages,
    blocked: Blocked,
    /// Whether what says nearly the same is a repeat.
    near: bool,
    repeats: Repeats,
    cap: Cap,
}

/// A record that may be shown.
pub(super) struct Sifted {
    /// What it is.
    pub(super) mapped: Mapped,
    /// Its name, short, if it has one.
    pub(super) name: Option<Name>,
    text: Option<Text>,
}

impl Sieve {
    /// As the source is set, remembering these names, oldest first.
    ///
    /// # Errors
    /// If its map cannot be read.
    pub(super) fn new(settings: &Settings, names: Vec<Name>) -> Result<Self, String> {
        Ok(Self {
            title: settings.name.clone(),
            mapper: settings.map().read()?,
            topics: Topics::new(settings.words()),
            languages: Languages::new(settings.filter.languages.iter().map(String::as_str)),
            blocked: Blocked::new(&settings.filter.blocked),
            near: settings.filter.repeats,
            repeats: Repeats::remembering(names),
            cap: Cap::new(settings.per_minute),
        })
    }

    /// What a record is, unless there is a reason not to show it. `id` is what it is called where the
    /// map finds no name. Nothing is remembered yet.
    pub(super) fn sift(
        &mut self,
        record: &Value,
        id: Option<&str>,
        now: Instant,
    ) -> Result<Sifted, Reason> {
        let mapped = self.mapper.map(record, &self.title).ok_or(Reason::Unmapped)?;
        if !self.topics.is_empty() && !self.topics.are_in(&Words::of(&mapped.text)) {
            return Err(Reason::Words);
        }
        if !self.languages.allow(&mapped.languages, &mapped.text) {
            return Err(Reason::Language);
        }
        if mapped.author.as_ref().is_some_and(|author| self.blocked.has(author)) {
            return Err(Reason::Author);
        }
        let name = mapped.id.as_deref().or(id).map(name);
        if name.is_some_and(|name| self.repeats.has_name(&name)) {
            return Err(Reason::Repeat);
        }
        if !self.cap.has_room(now) {
            return Err(Reason::Rate);
        }
        let text = if self.near { Text::of(&mapped.text) } else { None };
        if text.as_ref().is_some_and(|text| self.repeats.has_text(text)) {
            return Err(Reason::Repeat);
        }
        Ok(Sifted { mapped, name, text })
    }

    /// What a record is, whether it is shown or not.
    pub(super) fn map(&self, record: &Value) -> Option<Mapped> {
        self.mapper.map(record, &self.title)
    }

    /// Remembers what is shown.
    pub(super) fn note(&mut self, sifted: &mut Sifted, now: Instant) {
        self.cap.take(now);
        if let Some(name) = sifted.name {
            self.repeats.note_name(name);
        }
        if let Some(text) = sifted.text.take() {
            self.repeats.note_text(text);
        }
    }
}

/// Who is not shown.
struct Blocked {
    whole: Vec<String>,
    /// What names of others end with: `@spam.example` of `*@spam.example`.
    ends: Vec<String>,
}

impl Blocked {
    fn new(authors: &[String]) -> Self {
        let (ends, whole): (Vec<String>, Vec<String>) =
            authors.iter().map(|author| plain(author)).partition(|author| author.starts_with('*'));
        let ends = ends.iter().map(|end| end.trim_start_matches('*').to_owned());
        Self { whole, ends: ends.filter(|end| !end.is_empty()).collect() }
    }

    fn has(&self, author: &str) -> bool {
        if self.whole.is_empty() && self.ends.is_empty() {
            return false;
        }
        let author = plain(author);
        self.whole.contains(&author) || self.ends.iter().any(|end| author.ends_with(end))
    }
}

/// An author's name as it is compared.
fn plain(author: &str) -> String {
    fold(author.trim().trim_start_matches('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sieve(change: impl FnOnce(&mut Settings)) -> Sieve {
        let mut settings = Settings::for_tests();
        change(&mut settings);
        Sieve::new(&settings, Vec::new()).unwrap()
    }

    /// What becomes of it; what is shown is remembered.
    fn ask(sieve: &mut Sieve, record: &Value) -> Result<Mapped, Reason> {
        let now = Instant::now();
        let mut sifted = sieve.sift(record, None, now)?;
        sieve.note(&mut sifted, now);
        Ok(sifted.mapped)
    }

    #[test]
    fn each_filter_has_its_reason() {
        let mut sieve = sieve(|settings| {
            settings.filter.words = vec!["harbour".to_owned()];
            settings.filter.languages = vec!["en".to_owned()];
            settings.filter.blocked = vec!["@Troll".to_owned(), "*@spam.example".to_owned()];
            settings.per_minute = Some(2);
        });
        let post = |id: u32, user: &str, text: &str| json!({"id": id, "user": user, "text": text, "lang": "en"});
        assert_eq!(ask(&mut sieve, &json!({"no": "post"})), Err(Reason::Unmapped));
        assert_eq!(ask(&mut sieve, &post(1, "ana", "At home")), Err(Reason::Words));
        let german = json!({"id": 2, "text": "harbour", "lang": "de"});
        assert_eq!(ask(&mut sieve, &german), Err(Reason::Language));
        assert_eq!(ask(&mut sieve, &post(3, "TROLL", "The harbour")), Err(Reason::Author));
        assert_eq!(ask(&mut sieve, &post(4, "a@spam.example", "The harbour")), Err(Reason::Author));
        assert!(ask(&mut sieve, &post(5, "ana", "The HARBOUR")).is_ok());
        assert_eq!(ask(&mut sieve, &post(5, "ana", "The harbour again")), Err(Reason::Repeat));
        assert_eq!(ask(&mut sieve, &post(6, "bo", "the harbour!")), Err(Reason::Repeat));
        assert!(ask(&mut sieve, &post(7, "bo", "Another harbour")).is_ok());
        assert_eq!(ask(&mut sieve, &post(8, "bo", "A third harbour")), Err(Reason::Rate));
    }

    #[test]
    fn near_texts_are_shown_where_that_is_wanted_but_no_record_twice() {
        let mut sieve = sieve(|settings| settings.filter.repeats = false);
        assert!(ask(&mut sieve, &json!({"id": 1, "text": "Hello"})).is_ok());
        assert!(ask(&mut sieve, &json!({"id": 2, "text": "Hello"})).is_ok());
        assert_eq!(ask(&mut sieve, &json!({"id": 2, "text": "Hello"})), Err(Reason::Repeat));
    }

    #[test]
    fn what_was_dropped_for_the_rate_is_not_remembered_as_heard() {
        let mut sieve = sieve(|settings| settings.per_minute = Some(1));
        assert!(ask(&mut sieve, &json!({"id": 1, "text": "one"})).is_ok());
        let two = json!({"id": 2, "text": "two"});
        assert_eq!(ask(&mut sieve, &two), Err(Reason::Rate));
        let later = Instant::now() + std::time::Duration::from_secs(61);
        assert!(sieve.sift(&two, None, later).is_ok());
    }

    #[test]
    fn topics_that_the_service_is_not_told_are_looked_for_here() {
        let mut sieve = sieve(|settings| settings.topics = vec!["harbour".to_owned()]);
        assert_eq!(ask(&mut sieve, &json!({"text": "At home"})), Err(Reason::Words));
        assert!(ask(&mut sieve, &json!({"text": "#harbour"})).is_ok());
    }
}

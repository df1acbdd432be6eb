//! What a text is about: its words without those that say nothing, and its hashtags.

use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// How many words and hashtags of one text count.
pub(super) const MOST: usize = 500;

/// How long a word that counts may be, in characters.
const LONGEST: usize = 40;

/// The words of each language that say nothing, in the crate's order of languages: by word, a bit
/// for each language that has it.
static STOPS: LazyLock<HashMap<&'static str, u64>> = LazyLock::new(|| {
    let mut stops = HashMap::new();
    for (bit, language) in stop_words::available_languages().iter().take(64).enumerate() {
        for word in stop_words::lookup(language).unwrap_or_default() {
            *stops.entry(*word).or_default() |= 1 << bit;
        }
    }
    stops
});

/// What of a text is counted, in the order in which it stands there; what comes twice stands twice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) words: Vec<String>,
    pub(super) hashtags: Vec<String>,
}

/// Reads a text, of which the language may be known by its code.
pub(super) fn read(text: &str, language: Option<&str>) -> Spoken {
    let mut spoken = Spoken::default();
    for piece in text.split_whitespace() {
        let piece = piece.trim_start_matches(['(', '[', '"', '<', '*', '_', '“', '„', '«']);
        if is_address(piece) {
            continue;
        }
        if let Some(tag) = piece.strip_prefix(['#', '＃']).and_then(hashtag) {
            spoken.hashtags.push(tag);
            continue;
        }
        if piece.starts_with('@') {
            continue;
        }
        // A link's address stands right behind its words in Markdown.
        let piece = piece.split_once("](").map_or(piece, |(words, _)| words);
        let words = piece.unicode_words().map(fold);
        spoken.words.extend(words.filter(|word| is_word(word)));
        if spoken.words.len() + spoken.hashtags.len() >= MOST {
            break;
        }
    }
    drop_stops(&mut spoken.words, language);
    spoken.words.truncate(MOST);
    spoken
}

fn is_address(piece: &str) -> bool {
    piece.contains("://") && !piece.contains("](") || piece.starts_with("www.")
}

/// What follows a `#`, as far as it is a tag.
fn hashtag(text: &str) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let tag = fold(&text[..end.unwrap_or(text.len())]);
    let words = tag.chars().any(char::is_alphabetic);
    (words && tag.chars().count() <= LONGEST).then_some(tag)
}

/// As it is compared: case and kind of apostrophe do not matter.
fn fold(word: &str) -> String {
    let folded = word.to_lowercase();
    if folded.contains('’') { folded.replace('’', "'") } else { folded }
}

/// Whether it is more than a number or a single letter. A sign of Chinese is a word by itself.
fn is_word(word: &str) -> bool {
    let length = word.chars().count();
    let alone = word.chars().all(|letter| letter >= '\u{2e80}');
    word.chars().any(char::is_alphabetic) && (length > 1 || alone) && length <= LONGEST
}

/// Drops what says nothing in the language of the text: the one that is told, else the one of which
/// it has most of such words.
fn drop_stops(words: &mut Vec<String>, language: Option<&str>) {
    let masks: Vec<u64> =
        words.iter().map(|word| STOPS.get(word.as_str()).copied().unwrap_or(0)).collect();
    let told = language.and_then(|code| {
        let code = code.split(['-', '_']).next().unwrap_or_default();
        stop_words::available_languages().iter().take(64).position(|known| *known == code)
    });
    let Some(bit) = told.or_else(|| likely(&masks)) else { return };
    let mut masks = masks.into_iter();
    words.retain(|_| masks.next().unwrap_or(0) & (1 << bit) == 0);
}

/// The language of most of these; of several the first of the more common ones.
fn likely(masks: &[u64]) -> Option<usize> {
    const COMMON: [&str; 8] = ["en", "es", "de", "fr", "pt", "it", "nl", "tr"];
    let languages = stop_words::available_languages();
    let common = |bit: usize| {
        let place = COMMON.iter().position(|code| languages.get(bit) == Some(code));
        place.unwrap_or(COMMON.len() + bit)
    };
    let count = |bit: usize| masks.iter().filter(|mask| **mask & (1 << bit) != 0).count();
    let counts = (0..languages.len().min(64)).map(|bit| (count(bit), bit));
    let best = counts.filter(|(count, _)| *count > 0);
    best.min_by_key(|(count, bit)| (std::cmp::Reverse(*count), common(*bit))).map(|(_, bit)| bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        read(text, None).words
    }

    #[test]
    fn what_a_text_is_about_is_left() {
        assert_eq!(
            words("The harbour is open, and the **harbour** is FULL"),
            ["harbour", "harbour"]
        );
        assert_eq!(
            words("Der Hafen ist eng, und das Festival beginnt"),
            ["hafen", "eng", "festival", "beginnt"]
        );
        assert_eq!(
            words("El puerto está abierto para los barcos"),
            ["puerto", "abierto", "barcos"]
        );
    }

    #[test]
    fn a_language_that_is_told_counts_more_than_a_guess() {
        assert_eq!(words("die"), [] as [&str; 0], "some language says nothing by it");
        assert_eq!(read("die", Some("fr")).words, ["die"]);
        assert_eq!(read("die", Some("de-AT")).words, [] as [&str; 0]);
        assert_eq!(read("harbour", Some("xx")).words, ["harbour"]);
    }

    #[test]
    fn addresses_names_and_numbers_are_no_words() {
        let spoken =
            read("@ana 2026 https://example.org/harbour?x=1 [storm](https://a.example) x", None);
        assert_eq!(spoken.words, ["storm"]);
    }

    #[test]
    fn hashtags_are_told_from_words() {
        let spoken = read("#Harbour, (#harbour) #2026 # ## #été! storm", None);
        assert_eq!(spoken.hashtags, ["harbour", "harbour", "été"]);
        assert_eq!(spoken.words, ["storm"]);
    }

    #[test]
    fn other_scripts_have_words() {
        assert_eq!(words("гавань открыта"), ["гавань", "открыта"]);
        assert!(words("港口开放").contains(&"港".to_owned()));
        assert_eq!(words("don’t harbour"), ["harbour"]);
    }

    #[test]
    fn of_a_long_text_so_much_counts_and_no_more() {
        let text = "storm ".repeat(10_000);
        assert_eq!(words(&text).len(), MOST);
        assert_eq!(words(&"x".repeat(60_000)), [] as [&str; 0]);
    }

    #[test]
    fn a_text_is_read_as_it_was_when_it_was_counted() {
        let text = "Die Fähre's №5 legt um 7:30 an – l’été, İzmir, ΣΊΣΥΦΟΣ! 港口开放 ประตูเปิด \
                    नमस्ते दुनिया #Fähre_7 e-mail co-op 👍🏽 naïve";
        let words = [
            "die",
            "fähre's",
            "legt",
            "l'été",
            "i\u{307}zmir",
            "σίσυφος",
            "港",
            "口",
            "开",
            "放",
            "ต\u{e39}",
            "ป\u{e34}",
            "नमस\u{94d}त\u{947}",
            "द\u{941}निया",
            "mail",
            "op",
            "naïve",
        ];
        assert_eq!(
            read(text, None).words,
            words,
            "if this is meant to change, raise VERSION in tables.rs: what was counted is taken back \
             by reading it once more"
        );
    }
}

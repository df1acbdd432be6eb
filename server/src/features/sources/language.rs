//! In which language something is written: as the service says, or as it reads.

/// How many characters are enough to tell.
const ENOUGH: usize = 1000;

/// Languages that may be shown, by their main names (`en` of `en-GB`); none: all.
#[derive(Clone, Debug)]
pub(super) struct Languages(Vec<String>);

impl Languages {
    /// Those of this list.
    pub(super) fn new<'l>(languages: impl IntoIterator<Item = &'l str>) -> Self {
        Self(languages.into_iter().map(main_name).collect())
    }

    /// Whether a text may be shown. What the service says of it counts; where it says nothing, how
    /// the text reads.
    pub(super) fn allow(&self, told: &[String], text: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        if !told.is_empty() {
            return told.iter().any(|language| self.0.contains(&main_name(language)));
        }
        let short = text.char_indices().nth(ENOUGH).map_or(text, |(end, _)| &text[..end]);
        let guess = whatlang::detect_lang(short).map(|language| two_letters(language.code()));
        guess.is_some_and(|guess| self.0.iter().any(|allowed| allowed == guess))
    }
}

/// Whether this can be a language's name: `en`, `en-GB`, `gsw`.
pub(super) fn is_name(text: &str) -> bool {
    let main = text.split(['-', '_']).next().unwrap_or_default();
    (2..=3).contains(&main.len())
        && text.len() <= 35
        && main.bytes().all(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `en` of `en-GB`, `EN` and `eng`.
fn main_name(language: &str) -> String {
    let main = language.split(['-', '_']).next().unwrap_or_default().trim().to_ascii_lowercase();
    two_letters(&main).to_owned()
}

/// ISO 639-1 of ISO 639-3, where there is one, of the languages that can be told by how they read.
fn two_letters(code: &str) -> &str {
    const NAMES: [(&str, &str); 71] = [
        ("afr", "af"),
        ("aka", "ak"),
        ("amh", "am"),
        ("ara", "ar"),
        ("aze", "az"),
        ("bel", "be"),
        ("ben", "bn"),
        ("bul", "bg"),
        ("cat", "ca"),
        ("ces", "cs"),
        ("cmn", "zh"),
        ("cym", "cy"),
        ("dan", "da"),
        ("deu", "de"),
        ("ell", "el"),
        ("eng", "en"),
        ("epo", "eo"),
        ("est", "et"),
        ("fin", "fi"),
        ("fra", "fr"),
        ("guj", "gu"),
        ("heb", "he"),
        ("hin", "hi"),
        ("hrv", "hr"),
        ("hun", "hu"),
        ("hye", "hy"),
        ("ind", "id"),
        ("ita", "it"),
        ("jav", "jv"),
        ("jpn", "ja"),
        ("kan", "kn"),
        ("kat", "ka"),
        ("khm", "km"),
        ("kor", "ko"),
        ("lat", "la"),
        ("lav", "lv"),
        ("lit", "lt"),
        ("mal", "ml"),
        ("mar", "mr"),
        ("mkd", "mk"),
        ("mya", "my"),
        ("nep", "ne"),
        ("nld", "nl"),
        ("nob", "no"),
        ("nb", "no"),
        ("ori", "or"),
        ("pan", "pa"),
        ("pes", "fa"),
        ("pol", "pl"),
        ("por", "pt"),
        ("ron", "ro"),
        ("rus", "ru"),
        ("sin", "si"),
        ("slk", "sk"),
        ("slv", "sl"),
        ("sna", "sn"),
        ("spa", "es"),
        ("srp", "sr"),
        ("swe", "sv"),
        ("tam", "ta"),
        ("tel", "te"),
        ("tgl", "tl"),
        ("tha", "th"),
        ("tuk", "tk"),
        ("tur", "tr"),
        ("ukr", "uk"),
        ("urd", "ur"),
        ("uzb", "uz"),
        ("vie", "vi"),
        ("yid", "yi"),
        ("zul", "zu"),
    ];
    NAMES.iter().find(|(three, _)| *three == code).map_or(code, |(_, two)| *two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(languages: &[&str], told: &[&str], text: &str) -> bool {
        let told: Vec<String> = told.iter().map(|name| (*name).to_owned()).collect();
        Languages::new(languages.iter().copied()).allow(&told, text)
    }

    #[test]
    fn what_the_service_says_counts() {
        assert!(allowed(&["en"], &["en-GB"], "Guten Morgen"));
        assert!(allowed(&["en-US"], &["EN"], ""));
        assert!(allowed(&["de"], &["en", "de"], ""));
        assert!(allowed(&["en"], &["eng"], ""));
        assert!(!allowed(&["en"], &["de"], "Good morning"));
        assert!(allowed(&[], &["de"], ""));
    }

    #[test]
    fn where_it_says_nothing_the_text_does() {
        let english = "The harbour festival begins this afternoon with the arrival of the ships.";
        let german =
            "Das Hafenfest beginnt heute Nachmittag mit der Ankunft der gro\u{df}en Schiffe.";
        assert!(allowed(&["en"], &[], english) && !allowed(&["en"], &[], german));
        assert!(allowed(&["de"], &[], german) && !allowed(&["fr"], &[], german));
        assert!(!allowed(&["en"], &[], "12:30"), "nothing that could be told");
    }

    #[test]
    fn every_language_that_is_told_by_reading_has_the_name_that_services_use() {
        for language in whatlang::Lang::all() {
            assert_eq!(two_letters(language.code()).len(), 2, "{language}");
        }
        for (name, good) in [
            ("en", true),
            ("pt-BR", true),
            ("gsw", true),
            ("", false),
            ("english", false),
            ("e n", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
    }
}

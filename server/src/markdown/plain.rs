//! The short way for text that Markdown means nothing in: most messages are a sentence or two, and
//! parser and sanitiser together cost some hundred times what a look at each character does.
//!
//! It takes only what it is sure of. For everything that it takes, it gives the same HTML as the
//! long way does; a property test holds it to that.

/// The HTML of a text of plain lines, or nothing if the parser has to look at it.
pub(super) fn to_html(text: &str) -> Option<String> {
    let mut html = String::with_capacity(text.len() + text.len() / 8 + 16);
    html.push_str("<p>");
    for (number, line) in text.split('\n').enumerate() {
        if !begins_plainly(line) || line.ends_with(' ') {
            return None;
        }
        if number > 0 {
            html.push_str("<br>\n");
        }
        for c in line.chars() {
            match c {
                '"' => html.push_str("&quot;"),
                c if is_plain(c) => html.push(c),
                _ => return None,
            }
        }
    }
    html.push_str("</p>");
    Some(html)
}

/// Whether the line begins no list, heading, quote, table, code or underlining of the line before:
/// it begins with a letter, a sign of no meaning, or a number that numbers nothing.
fn begins_plainly(line: &str) -> bool {
    let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() < line.len() {
        return !after.starts_with(['.', ')']);
    }
    line.starts_with(|c: char| c.is_alphabetic() || is_picture(c) || matches!(c, '"' | '\'' | '('))
}

/// Whether a character stands for itself wherever it stands within a line, in Markdown as in HTML.
fn is_plain(c: char) -> bool {
    match c {
        // `!` begins a picture only before a bracket.
        ' ' | '!' | '#' | '$' | '%' | '\'' | '(' | ')' | '+' | ',' | '-' | '.' | '/' | ':'
        | ';' | '=' | '?' | '@' | '^' | '{' | '}' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        // Blanks of other kinds (HTML writes one of them as an entity), invisible characters, and
        // the private ones among which the stand-ins are.
        c => c.is_alphanumeric() || is_picture(c),
    }
}

/// Signs that are common in messages: dashes and quotes of typography, symbols, pictograms.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20c0}'
        | '\u{2100}'..='\u{2bff}' | '\u{1f300}'..='\u{1faff}' | '\u{fe0f}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::super::to_html_by_parser;
    use super::{is_plain, to_html};
    use proptest::prelude::*;

    #[test]
    fn a_sentence_takes_the_short_way() {
        for text in [
            "Hello",
            "Goal in the 42nd minute, the score is 2-1 now!",
            "10 people said \"no\" (at last): it's 5:30 – über 20 €",
            "First line\nSecond line\n\u{1f389} (third)",
        ] {
            assert_eq!(to_html(text), Some(to_html_by_parser(text)), "{text}");
        }
    }

    #[test]
    fn what_means_something_takes_the_long_way() {
        for text in [
            "",
            " ",
            " a",
            "a ",
            "a\n\nb",
            "a\n---",
            "a\n===",
            "# a",
            "- a",
            "+ a",
            "1. a",
            "1) a",
            "12) a",
            "> a",
            "*a*",
            "_a_",
            "`a`",
            "a\\",
            "<b>",
            "&amp;",
            "[a](b)",
            "~~a~~",
            "a|b",
            "a\tb",
            "a\rb",
            "\u{a0}a",
            "a\u{a0}",
            "a\u{f8f1}b",
            "a\0",
        ] {
            assert_eq!(to_html(text), None, "{text:?}");
        }
    }

    /// Lines of what is common in Markdown, and of any characters.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => "[a-zA-Z0-9 ]{1,6}",
            4 => "[\\n #$%'()+,./:;=?@^{}\"!-]{1,3}",
            2 => "[\u{80}-\u{24f}\u{2010}-\u{2bff}\u{1f300}-\u{1faff}\u{fe0f}]{1,3}",
            1 => any::<String>(),
            1 => "[*_`~<>&|\\\\\\[\\]\\t\\r]{1,2}",
            1 => Just("http://example.org/a_b?c=1".to_owned()),
            1 => Just("\n1. ".to_owned()),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn the_short_way_gives_what_the_long_way_gives(text in text()) {
            if let Some(html) = to_html(&text) {
                prop_assert_eq!(html, to_html_by_parser(&text));
            }
        }
    }

    #[test]
    fn each_plain_character_stands_for_itself_within_a_line() {
        let plain: Vec<char> = ('\0'..=char::MAX).filter(|&c| is_plain(c)).collect();
        for some in plain.chunks(500) {
            let together = some.iter().collect::<String>();
            let apart = some.iter().map(|c| format!("a {c} b{c}")).collect::<Vec<_>>().concat();
            for text in [format!("a{together}b"), apart] {
                assert_eq!(to_html(&text), Some(to_html_by_parser(&text)));
            }
        }
    }
}

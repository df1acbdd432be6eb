//! HTML from outside as plain text.

use ammonia::Builder;
use std::collections::HashSet;
use std::sync::LazyLock;

/// What begins a line, or a paragraph.
const LINES: [&str; 4] = ["br", "div", "li", "tr"];
const PARAGRAPHS: [&str; 9] = ["blockquote", "h1", "h2", "h3", "h4", "ol", "p", "pre", "ul"];

/// Leaves the elements that mean a break, bare, so that what is left can be read by looking for `<`.
static BREAKS: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let tags: HashSet<&str> = LINES.into_iter().chain(PARAGRAPHS).collect();
    builder.tags(tags);
    builder.clean_content_tags(HashSet::from(["script", "style", "title", "template"]));
    builder
});

/// The text of HTML: without elements, with a line where one begins.
pub(super) fn to_text(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return tidy(html);
    }
    let clean = BREAKS.clean(html).to_string();
    let mut text = String::with_capacity(clean.len());
    let mut rest = clean.as_str();
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        // What is left are elements without attributes.
        let close = after.find('>').unwrap_or(after.len());
        let name = after[..close].trim_matches('/');
        if LINES.contains(&name) {
            text.push('\n');
        } else {
            text.push_str("\n\n");
        }
        rest = after.get(close + 1..).unwrap_or_default();
    }
    text.push_str(rest);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    tidy(&text.replace("&nbsp;", " ").replace("&amp;", "&"))
}

/// Without blanks at the ends of lines, and one empty line between paragraphs.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.replace('\u{a0}', " ").lines().map(str::trim) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        tidy.push_str(line);
        empty = 0;
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paragraphs_are_apart_and_lines_are_lines() {
        assert_eq!(to_text("<p>One<br>two</p><p>three</p>"), "One\ntwo\n\nthree");
        assert_eq!(to_text("<div>a</div>\n<div>b</div>"), "a\n\nb");
        assert_eq!(to_text("<ul><li>a</li><li>b</li></ul>"), "a\n\nb");
    }

    #[test]
    fn elements_go_and_what_they_say_stays() {
        let post = r#"<p>The <a href="https://x.example/tags/harbour" class="hashtag">#<span>harbour</span></a> is <b>open</b></p>"#;
        assert_eq!(to_text(post), "The #harbour is open");
        assert_eq!(to_text("a<script>alert(1)</script><style>b{}</style>c"), "ac");
        assert_eq!(to_text("no html at all"), "no html at all");
    }

    #[test]
    fn what_is_written_as_entities_is_read_once() {
        assert_eq!(
            to_text("Fish &amp; chips &lt;3 &euro;5&nbsp;each"),
            "Fish & chips <3 \u{20ac}5 each"
        );
        assert_eq!(to_text("&amp;lt;b&amp;gt;"), "&lt;b&gt;");
    }

    proptest! {
        #[test]
        fn plain_text_is_what_it_was(text in "[a-z]{1,8}( [a-z]{1,8}){0,5}") {
            prop_assert_eq!(to_text(&text), text.clone());
            let wrapped = format!("<p>{text}</p>");
            prop_assert_eq!(to_text(&wrapped), text);
        }

        #[test]
        fn no_html_whatever_panics(html in "[<>&;/a-z \"'=!-]{0,60}") {
            let _ = to_text(&html);
        }
    }
}

//! HTML from outside as plain text.
//!
//! It is read once from its beginning to its end, and no tree is made of it: a tree of elements that
//! are deep within each other takes the square of its size in time, and this is what strangers wrote.
//! What comes out is text, which is escaped wherever it is shown.

/// What begins a line, or a paragraph.
const LINES: [&str; 4] = ["br", "div", "li", "tr"];
const PARAGRAPHS: [&str; 9] = ["blockquote", "h1", "h2", "h3", "h4", "ol", "p", "pre", "ul"];
/// What holds nothing that is to be read.
const SILENT: [&str; 4] = ["script", "style", "title", "template"];

/// The text of HTML: without elements, with a line where one begins.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        decode(&rest[..open], &mut text);
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            rest = rest.split_once('>').map_or("", |(_, rest)| rest);
        } else if let Some(name) = name(rest) {
            if LINES.iter().any(|line| name.eq_ignore_ascii_case(line)) {
                text.push('\n');
            } else if PARAGRAPHS.iter().any(|paragraph| name.eq_ignore_ascii_case(paragraph)) {
                text.push_str("\n\n");
            }
            let silent = SILENT.iter().find(|silent| name.eq_ignore_ascii_case(silent));
            let begins = !rest.starts_with("</");
            rest = after_tag(&rest[1..]);
            if let Some(silent) = silent.filter(|_| begins) {
                rest = end_of(rest, silent);
            }
        } else {
            text.push('<');
            rest = &rest[1..];
        }
    }
    decode(rest, &mut text);
    tidy(&text)
}

/// How long an entity is at most, in bytes; `&CounterClockwiseContourIntegral;` is the longest.
const ENTITY: usize = 33;

/// Adds text with what its entities stand for. Each is looked for where one can be, not to the end.
fn decode(html: &str, text: &mut String) {
    let mut rest = html;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let mut bytes = rest.bytes().take(ENTITY).skip(1);
        let end = bytes.position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#');
        let end = end.map_or(1, |end| end + 1);
        if rest.as_bytes().get(end) == Some(&b';') {
            html_escape::decode_html_entities_to_string(&rest[..=end], text);
            rest = &rest[end + 1..];
        } else {
            text.push('&');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
}

/// The name of the element that begins or ends here; nothing if this is no tag.
fn name(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix("</").or_else(|| tag.strip_prefix('<'))?;
    // Looked at first: what is none is not to be read to its end.
    if !name.starts_with(|each: char| each.is_ascii_alphabetic()) {
        return None;
    }
    let end = name.find(|each: char| each.is_ascii_whitespace() || matches!(each, '/' | '>'));
    Some(&name[..end.unwrap_or(name.len())])
}

/// What follows a tag, in whose values there may be `>`. A tag that does not end takes all.
fn after_tag(tag: &str) -> &str {
    let mut quote = None;
    // A quote begins a value only where one is to come.
    let mut value = false;
    for (place, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(begun), byte) if begun == byte => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return &tag[place + 1..],
            (None, b'"' | b'\'') if value => (quote, value) = (Some(byte), false),
            (None, b'=') => value = true,
            (None, byte) if byte.is_ascii_whitespace() => {}
            (None, _) => value = false,
        }
    }
    ""
}

/// What begins with the end of this element; nothing if it has none.
fn end_of<'h>(html: &'h str, element: &str) -> &'h str {
    let mut from = 0;
    while let Some(place) = html[from..].find("</") {
        from += place;
        if name(&html[from..]).is_some_and(|name| name.eq_ignore_ascii_case(element)) {
            return &html[from..];
        }
        from += 2;
    }
    ""
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

    #[test]
    fn what_only_looks_like_an_element_and_what_is_hidden_in_one_are_told_apart() {
        assert_eq!(to_text("1 < 2 <3 a<b&gt;"), "1 < 2 <3 a");
        assert_eq!(to_text("a < b > c"), "a < b > c");
        assert_eq!(to_text(r#"<a title="1 > 2" rel='"'>x</a>y"#), "xy");
        assert_eq!(to_text("a<!-- <p>b --></P >c<!doctype html>d"), "a\n\ncd");
        assert_eq!(to_text("a<SCRIPT>if (1</2) '</p>'</Script >b<style>c"), "ab");
        assert_eq!(to_text("a<b"), "a");
        assert_eq!(to_text("&lt;script&gt;&#x41;&bogus;"), "<script>A&bogus;");
    }

    #[test]
    fn a_record_of_the_largest_size_is_read_whatever_is_in_it() {
        let most = crate::features::sources::follow::MOST_RECORD;
        for each in ["<div>", "<", "<a b='", "</", "<!--", "<script>", "<p x=1 y", "&", "&amp;"] {
            // What takes the square of this in time takes hours.
            let html = each.repeat(most / each.len());
            assert!(to_text(&html).len() <= html.len());
        }
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

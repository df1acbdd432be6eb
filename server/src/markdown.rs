//! Markdown to HTML that is safe to show.
//!
//! Raw HTML comes out as the text that it is; then everything passes a sanitiser, so that a
//! mistake here or in the Markdown parser does not become a hole.

mod plain;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use std::collections::HashSet;
use std::sync::LazyLock;

/// How deep quotes, lists and emphasis may be nested. Sanitising costs the square of the depth:
/// without a limit a screenful of `>` would keep a core busy for seconds.
const DEPTH: usize = 16;

static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::default();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .generic_attributes(HashSet::new())
        .tag_attributes(std::collections::HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        // An address without a scheme would lead into this very site, wherever the item is shown.
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// The HTML of a message.
pub fn to_html(markdown: &str) -> String {
    plain::to_html(markdown).unwrap_or_else(|| to_html_by_parser(markdown))
}

/// Whether HTML that somebody else made of a message is as harmless as ours.
pub fn is_safe(html: &str) -> bool {
    // In text a quotation mark may stand as itself or as an entity.
    let quoted = |html: &str| html.replace("&quot;", "\"");
    quoted(&SANITIZER.clean(html).to_string()) == quoted(html)
}

fn to_html_by_parser(markdown: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let events = flatten(Parser::new_ext(markdown, options)).map(tame);
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, events);
    let html = SANITIZER.clean(&html).to_string();
    restore(html.trim_end())
}

/// Characters that HTML writes as entities, each with a stand-in from a private range for the way
/// through the sanitiser, whose cost grows with the square of the number of entities.
const STAND_INS: [(char, char, &str); 4] = [
    ('&', '\u{f8f0}', "&amp;"),
    ('<', '\u{f8f1}', "&lt;"),
    ('>', '\u{f8f2}', "&gt;"),
    ('"', '\u{f8f3}', "&quot;"),
];

/// Text in which nothing needs an entity. Somebody's own stand-ins are nobody's characters.
fn protect(text: &str) -> String {
    let swap = |c: char| {
        let stand_in = STAND_INS.iter().find(|(plain, ..)| *plain == c);
        let taken = STAND_INS.iter().any(|(_, stand_in, _)| *stand_in == c);
        match stand_in {
            Some((_, stand_in, _)) => *stand_in,
            None if taken => char::REPLACEMENT_CHARACTER,
            None => c,
        }
    };
    text.chars().map(swap).collect()
}

/// Puts the entities where the stand-ins are: only in text, and as text they are harmless.
fn restore(html: &str) -> String {
    let mut restored = String::with_capacity(html.len());
    for c in html.chars() {
        match STAND_INS.iter().find(|(_, stand_in, _)| *stand_in == c) {
            Some((.., entity)) => restored.push_str(entity),
            None => restored.push(c),
        }
    }
    restored
}

/// Leaves out the tags beyond [`DEPTH`]; what stands in them stays.
fn flatten<'m>(events: impl Iterator<Item = Event<'m>>) -> impl Iterator<Item = Event<'m>> {
    let mut depth = 0_usize;
    events.filter(move |event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= DEPTH
        }
        Event::End(_) => {
            depth -= 1;
            depth < DEPTH
        }
        _ => true,
    })
}

/// Raw HTML becomes text, pictures become their descriptions (the kind `image` asks for an alt
/// text, which this would go around), headings start below the page's own.
fn tame(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
            Event::Text(protect(&text).into())
        }
        Event::Code(text) => Event::Code(protect(&text).into()),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {
            Event::Text(CowStr::Borrowed(""))
        }
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: below(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        Event::SoftBreak => Event::HardBreak,
        event => event,
    }
}

fn below(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3, H4, H5, H6};
    match level {
        H1 => H3,
        H2 => H4,
        H3 => H5,
        H4 | H5 | H6 => H6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(to_html("**Hi** _there_"), "<p><strong>Hi</strong> <em>there</em></p>");
        assert_eq!(to_html("# Big"), "<h3>Big</h3>");
        assert_eq!(to_html("a\nb"), "<p>a<br>\nb</p>");
        assert_eq!(
            to_html("[x](https://example.org)"),
            r#"<p><a href="https://example.org" rel="noopener noreferrer nofollow">x</a></p>"#
        );
    }

    #[test]
    fn script_comes_out_harmless_and_readable() {
        let html = to_html("<script>alert(1)</script>\n\nHello <img src=x onerror=alert(1)>");
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("Hello"), "{html}");
    }

    #[test]
    fn entities_are_written_once_and_own_stand_ins_are_not_entities() {
        assert_eq!(to_html("a < b & c > \"d\""), "<p>a &lt; b &amp; c &gt; &quot;d&quot;</p>");
        assert_eq!(to_html("`<b>&amp;`"), "<p><code>&lt;b&gt;&amp;amp;</code></p>");
        assert_eq!(to_html("\u{f8f1}script\u{f8f2}"), "<p>\u{fffd}script\u{fffd}</p>");
        let html = to_html("[x](https://example.org/?a=1&b=\u{f8f1}2 \"a \u{f8f3} b\")");
        assert!(!html.contains("&lt;2"), "{html}");
        assert_eq!(to_html(&"&".repeat(60_000)).len(), "<p></p>".len() + 60_000 * 5);
    }

    #[test]
    fn nesting_ends_somewhere() {
        for deep in
            [">".repeat(60_000), "* ".repeat(30_000), "_a ".repeat(9_000) + &"a_ ".repeat(9_000)]
        {
            let html = to_html(&deep);
            let depth = html.matches("<blockquote>").count() + html.matches("<ul>").count();
            assert!(depth <= DEPTH, "{depth}");
            assert!(html.len() <= deep.len() + 1000, "{}", html.len());
        }
    }

    #[test]
    fn html_of_ours_is_safe_and_what_a_sanitiser_would_change_is_not() {
        for text in
            ["**Hello** \"you\" <&>", "[a](https://example.org?a=b&c=\"d\")", "> a\n\n1. b\n\n`x`"]
        {
            assert!(is_safe(&to_html(text)), "{}", to_html(text));
        }
        for html in [
            "<script>alert(1)</script>",
            "<p onclick=\"alert(1)\">a</p>",
            "<a href=\"javascript:alert(1)\">a</a>",
            "<img src=x onerror=alert(1)>",
            "<a href=\"https://x.example&quot; onclick=&quot;alert(1)\">a</a>",
            "<p>not closed",
        ] {
            assert!(!is_safe(html), "{html}");
        }
    }

    #[test]
    fn addresses_that_run_or_mislead_are_taken_away() {
        for bad in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,x",
            "/admin",
            "vbscript:x",
        ] {
            let html = to_html(&format!("[x]({bad})"));
            assert!(!html.contains("href"), "{html}");
        }
        let html = to_html("![alt](https://example.org/a.png)");
        assert!(!html.contains("<img") && html.contains("alt"), "{html}");
    }
}

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn links(text: &str) -> Vec<&str> {
    let link = |part| match part {
        Part::Link(link) => Some(link),
        _ => None,
    };
    parts(text, &[]).into_iter().filter_map(link).collect()
}

#[test]
fn addresses_are_found_without_the_sentence_around_them() {
    for (text, found) in [
        ("see https://a.example/x?y=1#z.", "https://a.example/x?y=1#z"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("https://a.example/wiki/X_(y), and so on", "https://a.example/wiki/X_(y)"),
        ("HTTP://A.EXAMPLE!", "HTTP://A.EXAMPLE"),
        ("«https://ä.example/ß»", "https://ä.example/ß"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("one\nhttp://a.example\ntwo", "http://a.example"),
        ("\"https://a.example\"", "https://a.example"),
    ] {
        assert_eq!(links(text), [found], "{text}");
    }
}

#[test]
fn nothing_else_becomes_an_address() {
    for text in [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "https://.",
        "https:///path",
        "xhttps://a.example",
        "ftp://a.example",
        "//a.example",
        "a.example",
        "https://bank.example@evil.example/",
        "https://\u{202e}moc.example",
        "http:/a.example",
    ] {
        assert!(links(text).is_empty(), "{text}");
    }
}

#[test]
fn the_longest_name_that_somebody_has_is_meant() {
    let people = names(&["Ana", "Ana 2", "Zoë", "Ben"]);
    let found = |text| {
        let mention = |part| match part {
            Part::Mention(name) => Some(name),
            _ => None,
        };
        parts(text, &people).into_iter().filter_map(mention).collect::<Vec<_>>()
    };
    assert_eq!(found("@Ana 2, look"), ["@Ana 2"]);
    assert_eq!(found("@ana: look at @BEN"), ["@ana", "@BEN"]);
    assert_eq!(found("@Zoë!"), ["@Zoë"]);
    assert_eq!(found("@Ana 23"), ["@Ana"]);
    for text in ["@Anabel", "mail@Ana", "@ Ana", "@", "Ana", "@Cleo"] {
        assert_eq!(found(text), Vec::<&str>::new(), "{text}");
    }
    assert!(mentions("hey @ben", "Ben"));
    assert!(!mentions("hey ben", "Ben"));
    assert!(!mentions("hey @", ""));
}

#[test]
fn names_are_completed_from_what_is_typed_of_them() {
    assert_eq!(name_begun("hi @an", 6), Some((3, "an")));
    assert_eq!(name_begun("hi @", 4), Some((3, "")));
    assert_eq!(name_begun("mail@an", 7), None);
    assert_eq!(name_begun("@ana\nx", 6), None);
    assert_eq!(name_begun("hi", 2), None);
    assert_eq!(name_begun("ä@a", 1), None, "a caret inside of a letter is nowhere");
    let people = names(&["Ana", "Anton", "Ben", "De la Ana", "Ánna"]);
    assert_eq!(completions("an", &people), ["Ana", "Anton", "De la Ana"]);
    assert_eq!(completions("Á", &people), ["Ánna"]);
    assert_eq!(completions("", &people).len(), 5);
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_said_is_shown_letter_by_letter(
            text in "(https?://|@Ana|@|[ .,()\\n\"<>äß🎉]|\\PC){0,40}",
            name in "\\PC{0,6}",
        ) {
            let people = names(&["Ana", &name]);
            let parts = parts(&text, &people);
            let shown: String = parts.iter().map(|part| part.text()).collect();
            prop_assert_eq!(&shown, &text);
            for part in parts {
                if let Part::Link(link) = part {
                    prop_assert!(crate::page::item::safe(link).is_some(), "{}", link);
                }
            }
        }

        #[test]
        fn a_caret_anywhere_is_fine(text in "\\PC{0,20}", caret in 0_usize..80) {
            if let Some((at, begun)) = name_begun(&text, caret) {
                prop_assert_eq!(&text[at + 1..caret], begun);
            }
        }
    }
}

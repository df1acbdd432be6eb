//! What is written and what goes out.

use super::*;

fn image(url: &str, alt: &str) -> Draft {
    Draft {
        kind: Kind::Image,
        image_url: url.into(),
        alt: alt.into(),
        size: Some(("/uploads/a.png".into(), 640, 480)),
        ..Draft::default()
    }
}

#[test]
fn a_body_comes_back_out_of_its_fields() {
    for body in [
        Body::Message { text: "**Hello**\n\n- one".into() },
        Body::Link { url: "https://example.org/".into(), title: None, description: None },
        Body::Link {
            url: "https://example.org/".into(),
            title: Some("Example".into()),
            description: Some("For examples".into()),
        },
        Body::Image { url: "/uploads/a.png".into(), alt: "A hall".into(), size: Some((4, 3)) },
        Body::Image { url: "https://a.b/c.png".into(), alt: "A hall".into(), size: None },
        Body::Post {
            user: Some("Ana".into()),
            text: Some("one\ntwo".into()),
            picture: Some(Picture {
                url: "/uploads/a.png".into(),
                alt: Some("A hall".into()),
                size: Some((4, 3)),
            }),
            source: Some("Mastodon".into()),
            url: Some("https://a.b/1".into()),
        },
        Body::Post { user: None, text: Some("x".into()), picture: None, source: None, url: None },
        Body::Custom { json: r#"{"a":[1,null],"b":"c"}"#.into() },
    ] {
        assert_eq!(Draft::of(&body).unwrap().body(), body);
    }
    assert_eq!(Draft::of(&Body::Unknown), None);
}

#[test]
fn blanks_around_fields_do_not_go_out_but_leading_code_indents_do() {
    let draft = Draft { text: "    let x;\n".into(), ..Draft::default() };
    assert_eq!(draft.body(), Body::Message { text: "    let x;".into() });
    let draft = Draft {
        kind: Kind::Link,
        link_url: " https://a.b ".into(),
        title: "  ".into(),
        ..Draft::default()
    };
    let link = Body::Link { url: "https://a.b".into(), title: None, description: None };
    assert_eq!(draft.body(), link);
}

#[test]
fn an_address_may_be_given_without_its_beginning() {
    for (typed, meant) in [
        ("example.org", "https://example.org"),
        (" example.org/a?b ", "https://example.org/a?b"),
        ("http://example.org", "http://example.org"),
        ("/uploads/a.png", "/uploads/a.png"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("somewhere", "somewhere"),
        ("", ""),
    ] {
        assert_eq!(address(typed), meant);
    }
}

#[test]
fn an_uploads_size_does_not_stick_to_another_address() {
    let sized = |draft: Draft| matches!(draft.body(), Body::Image { size: Some(_), .. });
    assert!(sized(image("/uploads/a.png", "x")));
    assert!(!sized(image("https://elsewhere.example/b.png", "x")));
}

#[test]
fn clearing_a_tab_leaves_the_others() {
    let mut draft = Draft { text: "stays".into(), ..image("/uploads/a.png", "x") };
    draft.clear();
    assert!(draft.is_empty());
    assert_eq!(draft.text, "stays");
    assert_eq!(draft.size, None);
}

#[test]
fn a_draft_survives_the_session_storage() {
    let draft = Draft {
        text: "line\nline \u{1f} end".into(),
        title: "ä".into(),
        json: "{\n  \"a\": 1\n}".into(),
        post_size: Some(("/uploads/b.png".into(), 4, 3)),
        user: "Bo".into(),
        ..image("/uploads/a b.png", "x")
    };
    let back = Draft::from_text(&draft.to_text()).unwrap();
    assert_eq!(back, Draft { text: "line\nline   end".into(), ..draft });
    assert_eq!(Draft::from_text(""), None);
    assert_eq!(Draft::from_text("nonsense"), None);
}

#[test]
fn tabs_go_round() {
    assert_eq!(Kind::Message.turned(-1), Kind::Custom);
    assert_eq!(Kind::Custom.turned(1), Kind::Message);
}

#[test]
fn what_the_form_does_not_have_goes_out_as_it_was() {
    let draft = Draft { kind: Kind::Post, post_text: "b".into(), ..Draft::default() };
    let before = r#"{"text":"a","user":"Ana","id":12345678901234567890}"#;
    let data = |before| draft.data(before).0;
    assert_eq!(data(Some(before)), r#"{"id":12345678901234567890,"text":"b"}"#);
    assert_eq!(data(None), r#"{"text":"b"}"#);
    let draft = Draft { kind: Kind::Custom, json: "{\"a\": 1}".into(), ..Draft::default() };
    assert_eq!(draft.data(Some(before)).0, r#"{"a":1}"#);
}

#[test]
fn every_kind_that_can_be_published_has_a_tab() {
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(kinds, nowcast_shared::item::KINDS);
}

use super::*;

fn feed() -> Draft {
    let mut draft = Draft::new(Kind::Feed);
    draft.source.url = " https://www.news.example/feed.xml ".to_owned();
    draft
}

fn map() -> Map {
    Map {
        kind: "post".to_owned(),
        fields: vec![("text".to_owned(), "html:/content".to_owned())],
        id: "/id".to_owned(),
        ..Map::default()
    }
}

fn wrong(draft: &Draft) -> Option<Field> {
    draft.problem().and_then(|problem| problem.field)
}

#[test]
fn a_new_feed_needs_an_address_alone() {
    let mut draft = Draft::new(Kind::Feed);
    assert_eq!(draft.problem(), Some(Problem::at(Field::Url, "What shall it follow?")));
    for bad in ["news.example", "ftp://news.example", "https://", "https://news example"] {
        bad.clone_into(&mut draft.source.url);
        assert_eq!(wrong(&draft), Some(Field::Url), "{bad}");
    }
    let draft = feed();
    assert_eq!(draft.problem(), None);
    assert_eq!(
        draft.write("main", Some(&Map::default())),
        r#"{"room":"main","name":"news.example","kind":"feed","format":"feed","url":"https://www.news.example/feed.xml","auth":{"kind":"none"},"headers":[],"topics":[],"topics_as":"query","topics_field":"track","filter":{"words":[],"languages":[],"blocked":[],"repeats":true},"approval":false,"per_minute":60,"every":null,"running":true}"#
    );
}

#[test]
fn a_secret_that_is_kept_stays_until_something_is_typed_over_it() {
    let mut draft = feed();
    draft.choose(Kind::Ndjson);
    draft.source.auth = AuthKind::Bearer;
    assert_eq!(wrong(&draft), Some(Field::Secret));
    draft.secret = "tok\"en".to_owned();
    assert_eq!(wrong(&draft), None);
    assert!(draft.write("main", None).contains(r#""secret":"tok\"en""#));

    draft.source.has_secret = true;
    let mut draft = Draft::of(&draft.source);
    assert_eq!(wrong(&draft), None);
    assert!(!draft.write("main", None).contains("secret"), "it is kept");
    draft.forgets = true;
    assert_eq!(wrong(&draft), Some(Field::Secret));
    draft.source.auth = AuthKind::None;
    assert_eq!(wrong(&draft), None);
    assert!(draft.write("main", None).contains(r#""secret":null"#), "it is not needed any more");
}

#[test]
fn a_header_that_is_kept_is_sent_without_its_value() {
    let mut source = feed().source;
    source.headers = vec!["X-Key".to_owned()];
    let mut draft = Draft::of(&source);
    draft.headers.push(Header { name: "X-Other".to_owned(), ..Header::default() });
    assert_eq!(wrong(&draft), Some(Field::Headers));
    draft.headers[1].value = "7".to_owned();
    draft.headers.push(Header::default());
    assert_eq!(draft.problem(), None);
    let written = draft.write("main", None);
    let headers = r#""headers":[{"name":"X-Key","value":null},{"name":"X-Other","value":"7"}]"#;
    assert!(written.contains(headers), "{written}");
}

#[test]
fn lists_are_parted_by_commas_and_lines_and_keep_what_belongs_together() {
    let mut draft = feed();
    draft.words = "harbour festival, Überfahrt\nquay,,quay".to_owned();
    draft.languages = "EN pt-br,de".to_owned();
    draft.blocked = "@spam; bot".to_owned();
    let written = draft.write("main", None);
    let filter = r#"{"words":["harbour festival","Überfahrt","quay"],"languages":["en","pt-br","de"],"blocked":["@spam","bot"],"repeats":true}"#;
    assert!(written.contains(filter), "{written}");
    draft.choose(Kind::Ndjson);
    draft.topics = "a, b".to_owned();
    assert!(draft.write("main", None).contains(r#""topics":["a","b"]"#));
    draft.source.topics_field = " ".to_owned();
    assert_eq!(wrong(&draft), Some(Field::TopicsField));
}

#[test]
fn limits_are_numbers_or_none() {
    let mut draft = feed();
    for bad in ["many", "0", "-3", "1.5"] {
        bad.clone_into(&mut draft.per_minute);
        assert_eq!(wrong(&draft), Some(Field::PerMinute), "{bad}");
    }
    draft.per_minute = "1,200".to_owned();
    draft.every = "soon".to_owned();
    assert_eq!(wrong(&draft), Some(Field::Every));
    draft.every = "2.5".to_owned();
    let written = draft.write("main", None);
    assert!(written.contains(r#""per_minute":1200,"every":150"#), "{written}");
    draft.source.every = Some(150);
    assert_eq!(Draft::of(&draft.source).every, "2.50");
    draft.per_minute.clear();
    assert!(draft.write("main", None).contains(r#""per_minute":null"#));
}

#[test]
fn a_map_is_sent_where_it_is_not_what_the_format_brings_along() {
    let mut draft = feed();
    draft.source.map = map();
    assert!(!draft.write("main", Some(&map())).contains("\"map\""));
    draft.source.map.set_place("url", "/link");
    let written = draft.write("main", Some(&map()));
    let sent =
        r#""map":{"kind":"post","fields":{"text":"html:/content","url":"/link"},"id":"/id"}"#;
    assert!(written.contains(sent), "{written}");
    draft.source.map.set_place("url", "link");
    assert_eq!(wrong(&draft), Some(Field::Map));
    draft.source.map.set_place("url", "=https://a.example");
    assert_eq!(draft.problem(), None);

    draft.source.format = Format::Own;
    assert!(draft.write("main", Some(&draft.source.map.clone())).contains("\"map\""));
    draft.source.map = Map::default();
    assert_eq!(wrong(&draft), Some(Field::Map));
}

#[test]
fn another_way_keeps_what_it_can_and_a_webhook_is_signed() {
    let mut draft = feed();
    draft.source.name = "Harbour".to_owned();
    draft.choose(Kind::Sse);
    assert_eq!((draft.source.format, draft.source.auth), (Format::Mastodon, AuthKind::None));
    draft.source.auth = AuthKind::Basic;
    draft.choose(Kind::Webhook);
    assert_eq!((draft.source.format, draft.source.auth), (Format::Github, AuthKind::Hmac));
    let draft = Draft::new(Kind::Webhook);
    assert_eq!(draft.source.auth, AuthKind::Hmac);
    assert_eq!((wrong(&draft), draft.suggested_name().as_str()), (Some(Field::Secret), "GitHub"));
    assert!(!draft.write("main", None).contains("\"url\""));
}

#[test]
fn a_refusal_stands_at_the_field_that_it_names() {
    for (refusal, field) in [
        ("`url` is no address.", Some(Field::Url)),
        ("`map.fields.text` is neither a JSON pointer nor a text.", Some(Field::Map)),
        ("`filter.languages` has more than 20.", Some(Field::Languages)),
        ("`headers[0].name` is no name of a header.", Some(Field::Headers)),
        ("`auth.user` is missing.", Some(Field::User)),
        ("An entry of `filter.blocked` has at most 200 characters.", Some(Field::Blocked)),
        ("A source's name has 1 to 80 characters on one line.", Some(Field::Name)),
        ("The header X-Key has no value.", Some(Field::Headers)),
        ("A token is of printable characters without blanks.", Some(Field::Secret)),
        ("There are as many sources as may be.", None),
        ("", None),
    ] {
        assert_eq!(blame(refusal), Problem { field, text: refusal.to_owned() });
    }
}

#[test]
fn a_place_may_have_others_behind_it() {
    for place in ["/text", "html:/content | /text", "=at://{/did}", "/a | =none"] {
        assert!(is_place(place), "{place}");
    }
    for place in ["text", "/a | b", "html:text", " "] {
        assert!(!is_place(place), "{place}");
    }
}

//! What people say to each other: two browsers, two people.

use crate::windows::{ENTER, Feed, fits, server};
use nowcast_tests::browser::Screen;
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::Server;
use serde_json::{Value, json};

/// Says something as a program does that has no page.
async fn told(server: &Server, name: &str, text: &str) {
    let answer = server
        .visitor()
        .post("/api/rooms/main/chat")
        .json(&json!({"text": text, "name": name}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
}

async fn set(server: &Server, settings: Value) {
    let admin = server.admin().await;
    let request = admin.put("/api/rooms/main").json(&json!({"settings": settings}));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn two_people_talk_and_a_reload_keeps_what_was_said() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    ana.say("Hello there").await;
    ben.hears(&["Ana: Hello there"]).await;
    ben.say("Hi Ana").await;
    ben.say("all well?").await;
    ana.hears(&["You: Hello there", "Ben: Hi Ana", "Ben: all well?"]).await;
    let groups = ana.run("return document.querySelectorAll('.said header').length").await;
    assert_eq!(groups, 2, "words of one person are one group");
    ben.reload().await;
    ben.hears(&["Ana: Hello there", "You: Hi Ana", "You: all well?"]).await;
    ana.say("Yes").await;
    ben.hears(&["Ana: Hello there", "You: Hi Ana", "You: all well?", "Ana: Yes"]).await;
    fits(&ana).await;
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn the_first_words_ask_for_a_name_and_a_guest_needs_none() {
    let server = server().await;
    let one = Feed::open(&server.origin(), Screen::Desk).await;
    let other = Feed::open(&server.origin(), Screen::Phone).await;
    one.say("My first words").await;
    one.shows_text(".ask label", "What should others call you?").await;
    one.fill("#say-name", &format!("Cleo{ENTER}")).await;
    one.hears(&["You: My first words"]).await;
    one.say("and more").await;
    one.hears(&["You: My first words", "You: and more"]).await;

    other.click(".to-chat").await;
    other.hears(&["Cleo: My first words", "Cleo: and more"]).await;
    other.say("Just passing").await;
    other.press(".ask", "Go on as Guest").await;
    one.hears(&["You: My first words", "You: and more", "Guest: Just passing"]).await;
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn own_words_can_be_edited_and_taken_back() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    ana.say("It starts at sevn").await;
    ben.say("Thanks").await;
    ana.hears(&["You: It starts at sevn", "Ben: Thanks"]).await;
    // The arrow gets the last own words.
    ana.fill("#say", "\u{e013}").await;
    ana.shows_text(".edits", "Editing your words\nCancel").await;
    ana.fill("#say", &format!("It starts at seven{ENTER}")).await;
    ben.hears(&["Ana: It starts at seven", "You: Thanks"]).await;
    ben.shows_text(".said i", "edited").await;
    // Escape leaves an edit and goes on with what was being written.
    ana.fill("#say", "half a thought").await;
    ana.run("document.querySelector('.own [data-do=edit]').click()").await;
    ana.fill("#say", "nothing of this\u{e00c}").await;
    ana.hides(".edits").await;
    assert_eq!(ana.run("return document.querySelector('#say').value").await, "half a thought");

    ana.run("document.querySelector('.own [data-do=delete]').click()").await;
    ana.shows_text(".do.asked", "Delete these words?\nDelete\nKeep").await;
    ana.press(".do.asked", "Delete").await;
    ben.hears(&["You: Thanks"]).await;
    ana.hears(&["Ben: Thanks"]).await;
    let foreign = ana.run("return document.querySelectorAll('[data-do=edit]').length").await;
    assert_eq!(foreign, 0, "somebody else's words offer nothing");
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn others_see_that_somebody_is_writing_until_it_is_said() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    ana.fill("#say", "I am thin").await;
    ben.shows_text(".writing", "Ana is writing…").await;
    ana.fill("#say", &format!("I am done{ENTER}")).await;
    ben.hears(&["Ana: I am done"]).await;
    ben.shows_text(".writing", "").await;
    // Whoever stops to write is forgotten after some seconds.
    let writing = "return document.querySelector('.writing').innerText !== ''";
    while ben.run(writing).await == false {
        ana.fill("#say", "or not").await;
    }
    ben.shows_text(".writing", "").await;
    let own = ana.run("return document.querySelector('.writing').innerText").await;
    assert_eq!(own, "", "nobody hears of themselves");
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn what_was_said_long_ago_comes_as_one_scrolls_up_and_nothing_jumps() {
    let server = server().await;
    for number in 1..=130 {
        told(&server, "Ana", &format!("Number {number}")).await;
    }
    let feed = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    let at_end = "const box = document.querySelector('.talk');
        return box.scrollHeight - box.clientHeight - box.scrollTop < 2 && box.scrollTop > 0";
    feed.until("the newest words are in view", at_end).await;
    let up = "const box = document.querySelector('.talk');
        if (box.scrollTop > 100) box.scrollTop -= 400;
        return document.querySelectorAll('.said').length";
    for _ in 0..60 {
        if feed.run(up).await == 130 {
            break;
        }
        nowcast_tests::wait::pause().await;
    }
    let said = feed.said().await;
    let all: Vec<_> = (1..=130).map(|number| format!("Ana: Number {number}")).collect();
    assert_eq!(said, all, "each once and in order");

    // In the middle of it, new words do not move what is read.
    let place = "const box = document.querySelector('.talk');
        if (!window.put) { box.scrollTop = 900; window.put = true; }
        const line = [...document.querySelectorAll('.said')].find(it => it.innerText.includes('Number 30'));
        return Math.round(line.getBoundingClientRect().top)";
    feed.run(place).await;
    let before = feed.run(place).await.as_i64().unwrap();
    for number in 1..=3 {
        told(&server, "Cleo", &format!("New {number}")).await;
    }
    feed.shows_text(".later button", "3 new").await;
    let after = feed.run(place).await.as_i64().unwrap();
    assert!((after - before).abs() <= 1, "what is read moved by {} pixels", after - before);
    feed.press(".later", "3 new").await;
    feed.until("the newest words are in view", at_end).await;
    feed.hides(".later button").await;
    feed.shows_text(".talk .new", "New").await;
    feed.close().await;
}

#[tokio::test]
async fn what_is_new_is_counted_and_what_names_the_reader_counts_more() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Phone, "Ben").await;
    ana.run("document.querySelector('.fold').click()").await;
    ana.shows_text(".unfold", "Chat").await;
    ben.press(".tabs", "Chat").await;
    ben.say("one").await;
    ben.say("two").await;
    ana.shows_text(".unfold .mark", "2").await;
    // A name is completed from those who are here or spoke.
    ana.run("document.querySelector('.unfold').click()").await;
    ana.say("here I am").await;
    ben.hears(&["You: one", "You: two", "Ana: here I am"]).await;
    ben.fill("#say", "@a").await;
    ben.shows_text(".names li", "Ana").await;
    ana.run("document.querySelector('.fold').click()").await;
    ben.until("the field can be typed into", "document.querySelector('#say').focus(); return true")
        .await;
    ben.run("document.querySelector('.names li').click()").await;
    let field = ben.run("return document.querySelector('#say').value").await;
    assert_eq!(field, "@Ana ");
    ben.run("document.querySelector('.send').click()").await;
    ana.shows_text(".unfold .mark.meant", "@1").await;
    ana.run("document.querySelector('.unfold').click()").await;
    ana.hides(".unfold").await;
    ana.shows_text(".talk .at.me", "@Ana").await;

    // On the phone, the feed is in front now; the bar counts.
    ben.press(".tabs", "Feed").await;
    ana.say("are you there?").await;
    ben.shows_text(".tabs .mark", "1").await;
    ben.run("document.querySelector('.to-chat').click()").await;
    ben.hides(".tabs .mark").await;
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn words_that_wait_for_approval_say_so_and_are_said_once_approved() {
    let server = server().await;
    set(&server, json!({"approval": true})).await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    ana.say("May I?").await;
    ana.shows_text(".mine i", "Waits for approval").await;
    assert!(ben.said().await.is_empty());
    let admin = server.admin().await;
    let held = admin.json("/api/rooms/main/chat/held").await;
    let id = held["held"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/rooms/main/chat/held/{id}");
    assert_eq!(admin.post(&path).send().await.unwrap().status(), 201);
    ben.hears(&["Ana: May I?"]).await;
    ana.hears(&["You: May I?"]).await;
    ana.hides(".mine").await;
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn a_chat_that_is_slow_or_closed_says_so_and_keeps_what_was_typed() {
    let server = server().await;
    let ana = Feed::open_as(&server.origin(), Screen::Desk, "Ana").await;
    set(&server, json!({"slow": 30})).await;
    ana.say("first").await;
    ana.hears(&["You: first"]).await;
    let slow = "return /^Slow mode: you can write again in \\d+ seconds?\\.$/
        .test(document.querySelector('.composer .why').innerText)";
    ana.until("it says for how long", slow).await;
    ana.say("second").await;
    assert_eq!(ana.run("return document.querySelector('#say').value").await, "second");
    ana.hears(&["You: first"]).await;

    set(&server, json!({"slow": 0, "chat": "nobody"})).await;
    ana.shows_text(".closed", "Only the hosts write here.").await;
    set(&server, json!({"chat": "users"})).await;
    ana.shows_text(".closed", "Only registered people write here.").await;
    ana.close().await;
}

#[tokio::test]
async fn where_nobody_may_chat_and_nothing_was_said_there_is_no_chat() {
    let server = server().await;
    set(&server, json!({"chat": "nobody"})).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let feed = Feed::open(&server.origin(), screen).await;
        feed.hides(".chat, .tabs, .unfold").await;
        fits(&feed).await;
        if screen == Screen::Phone {
            set(&server, json!({"chat": "everyone"})).await;
            feed.shows_text(".tabs .to-chat", "Chat").await;
        }
        feed.close().await;
    }
}

#[tokio::test]
async fn what_is_said_is_text_and_only_addresses_are_links() {
    let server = server().await;
    let hostile = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "javascript:window.hacked=3 https://a.example/\"onmouseover=\"hacked=4",
        "see https://example.org/x?a=1&b=2, and (http://example.com).",
    ];
    for text in hostile {
        told(&server, "<b onclick=hacked=5>Eve", text).await;
    }
    let feed = Feed::open(&server.origin(), Screen::Desk).await;
    feed.until("all is there", "return document.querySelectorAll('.said').length === 4").await;
    let said = feed.said().await;
    for (line, text) in said.iter().zip(hostile) {
        assert_eq!(*line, format!("<b onclick=hacked=5>Eve: {text}"));
    }
    let links = feed
        .run("return [...document.querySelectorAll('.said a')].map(it => [it.href, it.rel, it.target])")
        .await;
    let link = |href: &str| json!([href, "noopener nofollow ugc", "_blank"]);
    let expected = [
        link("https://a.example/"),
        link("https://example.org/x?a=1&b=2"),
        link("http://example.com/"),
    ];
    assert_eq!(links, json!(expected));
    assert_eq!(feed.run("return window.hacked ?? null").await, Value::Null);
    feed.close().await;
}

#[tokio::test]
async fn words_are_said_once_also_where_the_network_breaks_or_knows_no_websocket() {
    let server = server().await;
    let proxy = Proxy::start(server.address()).await;
    let ana = Feed::open_as(&proxy.origin(), Screen::Desk, "Ana").await;
    let ben = Feed::open_as(&server.origin(), Screen::Desk, "Ben").await;
    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    ana.is("Reconnecting…").await;
    ana.say("from the tunnel").await;
    ana.shows_text(".mine i", "Sending…").await;
    proxy.set(|rules| rules.refuse_all = false);
    ben.hears(&["Ana: from the tunnel"]).await;
    ana.hears(&["You: from the tunnel"]).await;

    proxy.set(|rules| (rules.refuse_websocket, rules.refuse_sse) = (true, true));
    proxy.cut();
    ana.is("Live by long polling").await;
    ana.say("by request").await;
    ben.hears(&["Ana: from the tunnel", "Ana: by request"]).await;
    ben.say("heard").await;
    ana.hears(&["You: from the tunnel", "You: by request", "Ben: heard"]).await;
    ana.close().await;
    ben.close().await;
}

#[tokio::test]
async fn a_phone_shows_one_part_at_a_time_and_each_keeps_its_place() {
    let server = server().await;
    for number in 1..=30 {
        server.publisher().say(format!("Item {number}")).await;
        told(&server, "Ana", &format!("Number {number}")).await;
        if number % 2 == 0 {
            told(&server, "Ben", "of thirty").await;
        }
    }
    let feed = Feed::open_as(&server.origin(), Screen::Phone, "Ben").await;
    feed.until("items are there", "return document.querySelectorAll('article').length === 30")
        .await;
    feed.scroll_to(500).await;
    feed.press(".tabs", "Chat").await;
    feed.until(
        "the newest words are in view",
        "const box = document.querySelector('.talk');
         return box.checkVisibility({visibilityProperty: true})
             && box.scrollHeight - box.clientHeight - box.scrollTop < 2",
    )
    .await;
    feed.hides(".feed").await;
    let up = "document.querySelector('.talk').scrollTop = 60;
         return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
    feed.run(up).await;
    feed.press(".tabs", "Feed").await;
    assert_eq!(feed.run("return window.scrollY").await, 500);
    feed.hides(".chat").await;
    let current = "return document.querySelector('.tabs [aria-current=true]').innerText";
    assert_eq!(feed.run(current).await, "Feed");
    feed.press(".tabs", "Chat").await;
    assert_eq!(feed.run("return document.querySelector('.talk').scrollTop").await, 60);
    let small = feed
        .run(
            "return [...document.querySelectorAll('button, textarea, a')]
                 .filter(it => it.checkVisibility({visibilityProperty: true}))
                 .map(it => [it.outerHTML.slice(0, 60), it.getBoundingClientRect().height])
                 .filter(it => it[1] < 44)",
        )
        .await;
    assert_eq!(small, json!([]), "thumbs need 44 pixels");
    fits(&feed).await;
    feed.close().await;
}

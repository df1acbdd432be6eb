//! Rooms: what they are set to, who may come into private ones, and that empty ones cost nothing.

use nowcast_shared::error::Reason;
use nowcast_shared::event::Event;
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::{eventually, in_time};
use reqwest::{Method, redirect};
use serde_json::{Value, json};

over_every_transport![
    what_a_room_is_set_to_reaches_every_page,
    a_private_room_is_for_the_invited_alone,
    a_room_that_becomes_private_keeps_those_with_an_invitation,
];

const MAIN: &str = "/api/rooms/main";

async fn put(api: &Api, room: &str, body: Value) -> reqwest::Response {
    let request = api.put(&format!("/api/rooms/{room}")).json(&body);
    request.send().await.expect("an answer")
}

/// Makes a private room; its invitation.
async fn private(admin: &Api, room: &str) -> String {
    let body = json!({"title": "A secret title", "settings": {"private": true}});
    expect_status(put(admin, room, body).await, 201).await;
    let told = admin.json(&format!("/api/rooms/{room}/invitation")).await;
    let secret = told["invitation"].as_str().expect("there is one at once").to_owned();
    assert!(secret.len() >= 26, "128 random bits: {secret}");
    assert_eq!(told["url"], format!("/r/{room}?invitation={secret}"));
    secret
}

async fn what_a_room_is_set_to_reaches_every_page(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let body = json!({"settings": {"slow": 5, "variables": ["team-*"], "colour": "red"}});
    let told: Value =
        expect_status(put(&admin, "main", body).await, 200).await.json().await.unwrap();
    assert_eq!(told["settings"]["slow"], 5);
    let event = page.next_event().await;
    let Event::RoomSet { settings } = event.event else { panic!("{event:?}") };
    assert_eq!((settings.slow, settings.variables), (5, vec!["team-*".to_owned()]));

    // The rest stays, and what is as it was makes no event.
    for _ in 0..2 {
        let body = json!({"settings": {"drag": "nobody"}, "title": "Final"});
        expect_status(put(&admin, "main", body).await, 200).await;
    }
    assert!(
        matches!(page.next_event().await.event, Event::RoomTitled { title } if title == "Final")
    );
    let late = Joining::new(transport, server.origin()).open().await;
    let settings = serde_json::to_value(&late.snapshot().settings).unwrap();
    let expected = json!({"chat": "everyone", "drag": "nobody", "variables": ["team-*"],
        "private": false, "slow": 5, "approval": false});
    assert_eq!(settings, expected);
    assert_eq!(late.position().offset.0, 3);
    let shown = server.visitor().json(MAIN).await;
    assert_eq!(shown, json!({"room": "main", "title": "Final", "settings": expected}));
}

async fn a_private_room_is_for_the_invited_alone(transport: Transport) {
    let server = Server::start().await;
    let (admin, publisher) = (server.admin().await, server.publisher());
    let secret = private(&admin, "side").await;
    let joining = Joining::new(transport, server.origin()).room("side");
    let wrong = "a".repeat(secret.len());
    for guess in [None, Some(wrong.as_str()), Some("x"), Some("%00"), Some(&secret[1..])] {
        let joining = joining.clone().client(new_client_id());
        let joining = match guess {
            Some(guess) => joining.with("invitation", guess),
            None => joining,
        };
        let problem = joining.try_open().await.err().expect("not let in");
        if transport != Transport::WebSocket {
            assert_eq!((problem.status, problem.code.as_str()), (403, "not_invited"), "{guess:?}");
        }
    }
    let mut program = joining.clone().client(new_client_id()).as_who(&publisher).open().await;
    let mut invited =
        joining.clone().client(new_client_id()).with("invitation", &secret).open().await;
    let cookie = Credential::Cookie(format!("nowcast_invitation={secret}"));
    let browser = Api::new(server.origin(), cookie);
    let mut remembered = joining.clone().client(new_client_id()).as_who(&browser).open().await;
    assert_eq!(invited.snapshot().title, "A secret title");
    invited.command(json!({"kind": "say", "text": "Among us"})).await.offset();
    for page in [&mut program, &mut remembered] {
        assert!(matches!(page.next_event().await.event, Event::Said { .. }));
    }

    // A new link: those who came by the old one leave, whatever they remember.
    let renew = admin.post("/api/rooms/side/invitation").send().await.unwrap();
    let told: Value = expect_status(renew, 200).await.json().await.unwrap();
    let new = told["invitation"].as_str().unwrap().to_owned();
    assert_ne!(new, secret);
    for page in [invited, remembered] {
        out(page).await;
    }
    let old = joining.clone().client(new_client_id()).with("invitation", &secret).try_open().await;
    assert!(old.is_err());
    let mut again = joining.clone().client(new_client_id()).with("invitation", &new).open().await;
    admin.publish_in("side", "message", json!({"text": "on"})).await;
    again.next_texts(1).await;
    program.next_texts(1).await;

    let gone = admin.delete("/api/rooms/side/invitation").send().await.unwrap();
    expect_status(gone, 204).await;
    out(again).await;
    let told = admin.json("/api/rooms/side/invitation").await;
    assert_eq!(told, json!({"invitation": null, "url": null}));
    for guess in ["", "null", &new] {
        let path = format!("/api/rooms/side?invitation={guess}");
        let answer = server.visitor().get(&path).send().await.unwrap();
        expect_problem(answer, 403, "not_invited").await;
    }
}

/// Makes sure that a page is out of the room: it is told so, or its next poll is refused.
async fn out(mut page: Page) {
    if page.transport() == Transport::LongPoll {
        let again = page.resuming();
        eventually("the page is out", async || again.clone().try_open().await.err()).await;
        return;
    }
    let ending = in_time("the session ends", page.ending()).await;
    assert_eq!(ending.goodbye, Some((Reason::RoomClosed, false)), "{ending:?}");
}

async fn a_room_that_becomes_private_keeps_those_with_an_invitation(transport: Transport) {
    let server = Server::start().await;
    let admin = server.admin().await;
    expect_status(put(&admin, "side", json!({"title": "Side"})).await, 201).await;
    let renew = admin.post("/api/rooms/side/invitation").send().await.unwrap();
    let told: Value = expect_status(renew, 200).await.json().await.unwrap();
    let secret = told["invitation"].as_str().unwrap();
    let joining = Joining::new(transport, server.origin()).room("side");
    let mut invited = joining.clone().with("invitation", secret).open().await;
    let stranger = joining.clone().client(new_client_id()).open().await;
    let mut desk = joining.clone().client(new_client_id()).as_who(&admin).open().await;
    expect_status(put(&admin, "side", json!({"settings": {"private": true}})).await, 200).await;
    out(stranger).await;
    for page in [&mut invited, &mut desk] {
        assert!(matches!(page.next_event().await.event, Event::RoomSet { .. }));
    }
    invited.command(json!({"kind": "say", "text": "still here"})).await.offset();
    expect_status(put(&admin, "side", json!({"settings": {"private": false}})).await, 200).await;
    joining.client(new_client_id()).open().await;
}

#[tokio::test]
async fn every_address_of_a_private_room_asks_for_the_invitation() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let secret = private(&admin, "side").await;
    let visitor = server.visitor();
    let side = "/api/rooms/side";
    for (method, path, open) in [
        (Method::GET, "", 200),
        (Method::GET, "/items", 200),
        (Method::GET, "/chat", 200),
        (Method::GET, "/chat/lines?wait=0", 200),
        (Method::GET, "/vars", 200),
        (Method::GET, "/poll?wait=0", 200),
        (Method::GET, "/buttons", 401),
        (Method::GET, "/people", 401),
        (Method::GET, "/invitation", 401),
        (Method::GET, "/chat/held", 401),
        (Method::POST, "/items", 401),
        (Method::POST, "/preview", 401),
        (Method::POST, "/chat", 422),
        (Method::POST, "/commands", 400),
    ] {
        let answer =
            visitor.request(method.clone(), &format!("{side}{path}")).send().await.unwrap();
        let problem = expect_problem(answer, 403, "not_invited").await;
        assert!(!problem.detail.contains("title"), "{problem}");
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("{side}{path}{joint}invitation={secret}");
        let answer = visitor.request(method.clone(), &path).send().await.unwrap();
        assert_eq!(answer.status(), open, "{method} {path}");
        let cookie = format!("other=1; nowcast_invitation={secret}");
        let path = path.split(['?']).next().unwrap();
        let remembered = visitor.request(method.clone(), path).header("cookie", &cookie);
        // A page of another site may be in the browser that remembers.
        let foreign = visitor.request(method, path).header("cookie", &cookie);
        let foreign = foreign.header("origin", "https://evil.example").send().await.unwrap();
        assert_eq!(foreign.status(), 403, "{path}");
        if !path.ends_with("lines") && !path.ends_with("poll") {
            assert_eq!(remembered.send().await.unwrap().status(), open, "{path}");
        }
    }
    for path in ["/r/side", "/r/nowhere", "/"] {
        let page = visitor.get(path).send().await.unwrap();
        assert!(!page.text().await.unwrap().contains("secret title"), "{path}");
    }
    assert_eq!(admin.json(side).await["title"], "A secret title");
    let elsewhere =
        Api::new(server.origin(), Credential::Cookie(format!("nowcast_invitation={secret}")));
    expect_status(elsewhere.get(MAIN).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn an_invitation_link_is_remembered_and_leaves_the_address() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let secret = private(&admin, "side").await;
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let open = async |path: &str, proxy: bool| {
        let request = client.get(format!("{}{path}", server.origin()));
        let request = if proxy { request.header("x-forwarded-proto", "https") } else { request };
        request.send().await.unwrap()
    };
    let path = format!("/r/side?name=Ana&invitation={secret}&theme=dark");
    let answer = open(&path, false).await;
    assert_eq!(answer.status(), 303);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("location"), "/r/side?name=Ana&theme=dark");
    assert_eq!(header("cache-control"), "no-store");
    let cookie = header("set-cookie");
    assert!(cookie.starts_with(&format!("nowcast_invitation={secret}; ")), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/api/rooms/side;"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let secure = open(&path, true).await;
    assert!(secure.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
    // A wrong one, and a room that there is not, are told from each other by nobody.
    for path in
        ["/r/side?invitation=wrong", "/r/nowhere?invitation=wrong", "/r/side?invitation=%0d%0a"]
    {
        let answer = open(path, false).await;
        assert_eq!(answer.status(), 303, "{path}");
        assert!(!answer.headers().contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn the_list_of_rooms_is_the_admins() {
    let server = Server::start().await;
    let admin = server.admin().await;
    private(&admin, "side").await;
    let _page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    server.publisher().say("one").await;
    expect_problem(server.visitor().get("/api/rooms").send().await.unwrap(), 401, "unauthorized")
        .await;
    expect_problem(server.publisher().get("/api/rooms").send().await.unwrap(), 403, "forbidden")
        .await;
    let rooms = admin.json("/api/rooms").await["rooms"].clone();
    assert_eq!(rooms.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&rooms[0]["room"], &rooms[0]["viewers"], &rooms[0]["head"]),
        (&json!("main"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&rooms[1]["title"], &rooms[1]["settings"]["private"]),
        (&json!("A secret title"), &json!(true))
    );
}

#[tokio::test]
async fn settings_that_no_room_can_have_are_refused_and_nothing_is_made() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for settings in [
        json!({"slow": 3601}),
        json!({"chat": "them"}),
        json!({"variables": ["a b"]}),
        json!({"variables": vec!["a"; 65]}),
        json!([]),
    ] {
        for room in ["main", "side"] {
            let answer = put(&admin, room, json!({"settings": settings})).await;
            expect_problem(answer, 422, "bad_settings").await;
        }
    }
    expect_problem(admin.get("/api/rooms/side").send().await.unwrap(), 404, "unknown_room").await;
    let program = put(&server.publisher(), "side", json!({"settings": {}})).await;
    expect_problem(program, 403, "forbidden").await;
    let unnamed = expect_status(put(&admin, "side", json!({})).await, 201).await;
    assert_eq!(
        unnamed.json::<Value>().await.unwrap()["title"],
        "side",
        "called as it is addressed"
    );
    expect_problem(put(&admin, "side", json!({"title": ""})).await, 400, "bad_request").await;
}

#[tokio::test]
async fn of_two_who_set_different_things_at_once_neither_is_undone() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (one, two, three) = tokio::join!(
        put(&admin, "main", json!({"settings": {"slow": 9}})),
        put(&admin, "main", json!({"settings": {"approval": true}})),
        put(&admin, "main", json!({"settings": {"chat": "users"}, "title": "T"})),
    );
    for answer in [one, two, three] {
        expect_status(answer, 200).await;
    }
    let settings = admin.json(MAIN).await["settings"].clone();
    assert_eq!(
        (&settings["slow"], &settings["approval"], &settings["chat"]),
        (&json!(9), &json!(true), &json!("users"))
    );
}

/// How many rooms the server holds in memory.
async fn loaded(server: &Server) -> u64 {
    counted(server, "nowcast_rooms ").await
}

async fn counted(server: &Server, name: &str) -> u64 {
    let metrics = server.visitor().get("/metrics").send().await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.expect("it is counted").parse().unwrap()
}

#[tokio::test]
async fn a_room_that_nobody_uses_leaves_memory_and_loses_nothing() {
    let server = Setup::new().arg("--room-idle=1").start().await;
    let admin = server.admin().await;
    let mut positions = Vec::new();
    for number in 0..30 {
        let room = format!("room-{number}");
        let settings = json!({"slow": number});
        expect_status(put(&admin, &room, json!({"title": room, "settings": settings})).await, 201)
            .await;
        admin.publish_in(&room, "message", json!({"text": format!("in {room}")})).await;
        if number < 6 {
            let page = Joining::new(Transport::Sse, server.origin()).room(&*room).open().await;
            positions.push(page.resuming());
        }
    }
    let mut open = Joining::new(Transport::WebSocket, server.origin()).room("room-29").open().await;
    eventually("only the room with somebody in it is in memory", async || {
        (loaded(&server).await == 1).then_some(())
    })
    .await;
    eventually("the others are not known to the hub either", async || {
        (counted(&server, "nowcast_rooms_occupied ").await == 1).then_some(())
    })
    .await;
    admin.publish_in("room-29", "message", json!({"text": "to who is there"})).await;
    assert_eq!(open.next_texts(1).await, ["to who is there"]);
    for (number, resuming) in positions.into_iter().enumerate() {
        let room = format!("room-{number}");
        let transport = Transport::ALL[number % 3];
        // Whoever comes back is the first to use it again, or a publisher is.
        if number < 3 {
            admin.publish_in(&room, "message", json!({"text": "after"})).await;
        }
        let mut page = resuming.over(transport).open().await;
        if number >= 3 {
            admin.publish_in(&room, "message", json!({"text": "after"})).await;
        }
        assert!(page.recovered(), "it goes on where it was");
        assert_eq!(page.next_texts(1).await, ["after"]);
        let late = Joining::new(transport, server.origin()).room(&*room).open().await;
        assert_eq!(late.snapshot_texts(), [format!("in {room}"), "after".to_owned()]);
        assert_eq!(late.snapshot().settings.slow, u32::try_from(number).unwrap());
    }
}

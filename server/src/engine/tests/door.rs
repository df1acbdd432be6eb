//! Sessions that end because of who they are of.

use super::*;
use crate::auth::COOKIE;
use crate::log::{Kind, Sanction};

#[tokio::test]
async fn who_was_blocked_as_a_user_does_not_stay_by_registering_later() {
    let server = start(1, long(), &["--open"]).await;
    let room = server.app.log.room(&RoomName::main()).await.unwrap().unwrap();
    let person = server.app.auth.public_id("user:eva");
    let sanction = Sanction { person, kind: Kind::Block, name: None, until: None };
    assert!(server.app.log.sanction(&room, sanction).await.unwrap());
    let mut page = server.join("client=a-page-of-a-test-01", "").await;
    assert_eq!(page.next().await["t"], "welcome");
    for (user, answer) in [("ana", "ack"), ("eva", "goodbye")] {
        let register =
            json!({"t": "command", "id": "k", "command": {"kind": "register", "id": user}});
        page.send(Opcode::Text, register.to_string().as_bytes()).await;
        let mut told = page.next().await;
        if told["t"] == "reject" {
            assert_eq!(told["code"], "blocked");
            told = page.next().await;
        }
        assert_eq!(told["t"], answer, "{user}: {told}");
    }
}

#[tokio::test]
async fn with_a_login_the_sessions_end_that_it_let_in() {
    let server = start(1, long(), &["--admin-password", "a password"]).await;
    let from = [127, 0, 0, 1].into();
    let login = || server.app.auth.login("a password".to_owned(), "Host".to_owned(), from);
    let (ended, other) = (login().await.unwrap(), login().await.unwrap());
    let cookie = |secret: &str| format!("Cookie: {COOKIE}={secret}\r\n");
    let mut page = server.join("", &cookie(&ended)).await;
    let mut stays = server.join("", &cookie(&other)).await;
    for page in [&mut page, &mut stays] {
        assert_eq!(page.next().await["t"], "welcome");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /api/logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
    stream.write_all(format!("{head}{}\r\n", cookie(&ended)).as_bytes()).await.unwrap();
    let (goodbye, code) = page.ending().await;
    assert_eq!(goodbye, json!({"t": "goodbye", "reason": "reauthorize", "reconnect": true}));
    assert_eq!(code, Reason::Reauthorize.close_code());
    server.publish("for who stays").await;
    assert_eq!(stays.next().await["t"], "event");
}

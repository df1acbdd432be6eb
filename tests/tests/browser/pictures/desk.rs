//! The desk.

use super::*;

#[tokio::test]
async fn the_desk() {
    let server = server().await;
    an_evening(&server).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::open(&server.origin(), screen).await;
        pictures(&desk, screen, "admin-login").await;
        desk.enter(PASSWORD).await;
        desk.is_open().await;
        desk.until(
            "the evening is there",
            "return document.querySelectorAll('article').length >= 6",
        )
        .await;
        pictures(&desk, screen, "admin").await;
        fits(&desk).await;
        if screen == Screen::Phone {
            desk.press("nav", "Compose").await;
        }
        desk.fill(
            "#compose-text",
            "The **main stage** opens in *ten minutes*.\n\n- bar left\n- food right",
        )
        .await;
        let preview = "return document.querySelector('.composer .prose strong')?.innerText";
        desk.until("the preview shows it", preview).await;
        pictures(&desk, screen, "admin-composing").await;
        fits(&desk).await;
        if screen == Screen::Phone {
            desk.press("nav", "Feed").await;
        }
        desk.press(".item-tools", "Edit").await;
        desk.until("it can be edited", "return document.querySelector('#edit-text')").await;
        pictures(&desk, screen, "admin-editing").await;
        fits(&desk).await;
        desk.close().await;
    }
}

/// Says something in the chat, each person for themselves.
async fn told_by(server: &Server, person: &str, name: &str, text: &str) {
    let path = format!("/api/rooms/main/chat?person=person-of-{person}-0123456789");
    let said = server.visitor().post(&path).json(&json!({"text": text, "name": name}));
    assert!(said.send().await.unwrap().status().is_success(), "{name}: {text}");
}

#[tokio::test]
async fn the_room_at_the_desk() {
    let server = server().await;
    an_evening(&server).await;
    let admin = server.admin().await;
    for (room, title) in [("quay", "The quay"), ("backstage", "Backstage")] {
        let titled = json!({"title": title, "settings": {"private": room == "backstage"}});
        admin.put(&format!("/api/rooms/{room}")).json(&titled).send().await.unwrap();
    }
    let score = json!({"teams": ["Northern Lights", "Harbour Rats"], "score": [3, 1]});
    admin.put("/api/rooms/main/vars/score").json(&score).send().await.unwrap();
    admin.put("/api/rooms/main/vars/vote.encore").json(&json!(17)).send().await.unwrap();
    told_by(&server, "ben", "Ben", "Good evening from the quay").await;
    told_by(
        &server,
        "chidi",
        "Chidi",
        "Is the second stage open yet? Nobody here at the gate knows.",
    )
    .await;
    told_by(&server, "noa", "נועה", "הדלתות נפתחות בשבע").await;
    let open = json!({"settings": {"approval": true, "slow": 10, "variables": ["vote.*"]}});
    admin.put("/api/rooms/main").json(&open).send().await.unwrap();
    told_by(&server, "dana", "Dana", "May I ask the band something?").await;
    told_by(&server, "eli", "Eli", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau")
        .await;
    for screen in [Screen::Desk, Screen::Phone] {
        let desk = Desk::log_in(&server.origin(), screen).await;
        let (tabs, room) = match screen {
            Screen::Desk => (".side-tabs", "People"),
            Screen::Phone => ("nav", "Room"),
        };
        // The name of the tab has a mark behind it.
        desk.run(
            "[...document.querySelectorAll('.side-tabs button, .desk-tabs button')]
             .find(it => it.innerText.startsWith('Chat') && it.checkVisibility()).click()",
        )
        .await;
        let chat = "return document.querySelectorAll('.said').length === 3
             && document.querySelectorAll('.waiting .words').length === 2";
        desk.until("the chat is there", chat).await;
        pictures(&desk, screen, "admin-chat").await;
        fits(&desk).await;
        desk.press(tabs, room).await;
        desk.until("people are looked for", "return document.querySelector('#people-title')").await;
        pictures(&desk, screen, "admin-people").await;
        fits(&desk).await;
        desk.press(".side-tabs", "Variables").await;
        desk.until("they are there", "return document.querySelector('.variable')").await;
        pictures(&desk, screen, "admin-variables").await;
        fits(&desk).await;
        desk.click(".room-switch").await;
        desk.until("the rooms are there", "return document.querySelector('.room')").await;
        pictures(&desk, screen, "admin-rooms").await;
        desk.click(".dialog.rooms[open] [aria-label=Close]").await;
        desk.click("[aria-label='Room settings']").await;
        desk.until("the settings are there", "return document.querySelector('#setting-title')")
            .await;
        pictures(&desk, screen, "admin-settings").await;
        fits(&desk).await;
        desk.close().await;
    }
}

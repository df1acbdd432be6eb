//! How a feed looks in pages of other sites.

use super::{ROOT, html, neighbours, publish_all_kinds, says, tag};
use crate::windows::fits;
use nowcast_tests::browser::{Browser, Screen, Theme};
use serde_json::json;

#[tokio::test]
async fn how_it_looks_light_dark_and_narrow() {
    let (server, site) = neighbours().await;
    let title = server.admin().await.put("/api/rooms/main").json(&json!({"title": "Summer night"}));
    assert!(title.send().await.unwrap().status().is_success());
    publish_all_kinds(&server.publisher()).await;
    let origin = server.origin();
    let feed = |attributes: &str, width: &str| {
        format!(
            "<div style='width:{width}'><nowcast-feed room=main {attributes}></nowcast-feed></div>"
        )
    };
    // In the head it only makes the element known.
    let body = format!(
        "<style>body{{margin:0;display:flex;gap:24px;padding:24px;background:light-dark(#e4e2dc,#000)}}\
         :root{{color-scheme:light dark}}</style>{}{}",
        feed("", "840px"),
        feed("limit=4", "320px")
    );
    let wide = html(&body).replace("<body>", &format!("<head>{}</head><body>", tag(&origin, "")));
    let page = site.page("/wide", wide, "");
    let ready = "const feeds = [...document.querySelectorAll('nowcast-feed')];
         return feeds.length === 2 && feeds.every(it => it.state === 'live'
             && [...it.shadowRoot.querySelectorAll('img')].every(it => it.complete))";
    let browser = Browser::open(Screen::Desk).await;
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        browser.prefer(theme).await;
        browser.go(&page).await;
        browser.until("both are live", ready).await;
        browser.picture(&format!("embed-{name}")).await;
    }
    let narrow = format!("<style>body{{margin:0}}</style>{}", tag(&origin, "data-theme=dark"));
    let phone = Browser::open(Screen::Phone).await;
    phone.prefer(Theme::Light).await;
    phone.go(&site.page("/phone", html(&narrow), "")).await;
    says(&phone, "Live").await;
    phone.picture("embed-phone-dark-by-attribute").await;
    let small = format!(
        "<style>body{{margin:0}}nowcast-feed{{width:320px;--nowcast-live:#0a7d4f;--nowcast-radius:0;\
         --nowcast-max-height:640px}}nowcast-feed::part(head){{border-bottom:2px solid #0a7d4f}}</style>{}",
        tag(&origin, "data-heading='What happens'")
    );
    phone.go(&site.page("/small", html(&small), "")).await;
    says(&phone, "Live").await;
    fits(&phone).await;
    phone.picture("embed-320-styled-by-its-page").await;
    let scrolls = format!(
        "{ROOT} const body = root.querySelector('.body');
        return body.tabIndex === 0 && body.scrollHeight > body.clientHeight"
    );
    phone.until("what scrolls can be reached by keys", &scrolls).await;
    let arabic = "تفتح الأبواب في الساعة **السابعة**. أحضر [تذكرة](https://example.org).";
    server.publisher().say(arabic).await;
    let right_to_left = html(&tag(&origin, "data-limit=5")).replace("<html", "<html dir=rtl");
    phone.go(&site.page("/rtl", right_to_left, "")).await;
    says(&phone, "Live").await;
    fits(&phone).await;
    phone.picture("embed-right-to-left").await;
    phone.close().await;
    browser.close().await;
}

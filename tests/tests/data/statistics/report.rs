//! The report as a page.

use super::{all_counted, say};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::server::Server;
use serde_json::json;

async fn page(api: &Api, path: &str, status: u16) -> (String, String) {
    let answer = api.get(path).send().await.expect("an answer");
    let answer = expect_status(answer, status).await;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    (answer.text().await.expect("a page"), policy)
}

#[tokio::test]
async fn an_admin_gets_charts_with_tables_behind_them() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.say("storm at the harbour").await;
    say(&server, "Bo", "🎉").await;
    let post = json!({"user": "<script>alert(1)</script>", "text": "storm", "source": "Mastodon"});
    admin.publish("post", post).await;
    all_counted(&admin).await;
    let (html, policy) = page(&admin, "/statistics", 200).await;
    for id in ["items", "words", "authors", "reactions"] {
        assert!(html.contains(&format!("aria-labelledby=\"{id}-wide-t {id}-wide-d\"")), "{id}");
        assert!(html.contains(&format!("/api/rooms/main/stats/{id}.csv?from=")), "{id}");
    }
    assert!(html.contains("<th scope=\"row\">storm</th><td class=\"n\">2</td>"), "{html}");
    assert!(!html.contains("<script>alert"), "nothing that people wrote is markup");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn a_kept_report_asks_for_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.say("storm").await;
    all_counted(&admin).await;
    let answer = admin.get("/statistics?download&span=today").send().await.unwrap();
    let file = "attachment; filename=\"main-statistics.html\"";
    assert_eq!(answer.headers()["content-disposition"], file);
    let html = answer.text().await.unwrap();
    assert!(html.contains("<svg") && html.contains(">storm<"), "{html}");
    for other in ["<script", "href=", "src=", "url(", "<form", "@import"] {
        assert!(!html.contains(other), "{other} is not in it");
    }
}

#[tokio::test]
async fn who_is_not_logged_in_gets_the_way_to_the_login() {
    let server = Server::start().await;
    let (html, _) = page(&server.visitor(), "/statistics", 401).await;
    assert!(html.contains("href=\"/admin\">Log in"), "{html}");
    let (html, _) = page(&server.visitor(), "/r/none/statistics", 401).await;
    assert!(
        html.contains("href=\"/r/none/admin\""),
        "not even whether there is such a room: {html}"
    );
    page(&server.publisher(), "/statistics", 403).await;
    let (html, _) = page(&server.admin().await, "/r/none/statistics", 404).await;
    assert!(html.contains("There is no such room"), "{html}");
}

#[tokio::test]
async fn a_room_where_nothing_happened_says_so() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for span in ["", "?span=hour", "?span=today&zone=180", "?span=own", "?span=own&since=x&zone=x"]
    {
        let (html, _) = page(&admin, &format!("/statistics{span}"), 200).await;
        assert!(html.contains("Nothing was published in this time."), "{span}");
    }
}

//! What the server says of its HTTP side: that it is true, that its examples work, that it can be
//! read. (Every other journey holds its requests and answers against it, see `request`.)

use nowcast_tests::api::{Api, Credential, expect_status};
use nowcast_tests::request::{Contract, Message};
use nowcast_tests::server::{PASSWORD, Server, Setup, TOKEN};
use nowcast_tests::wait::in_time;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// What is answered with 404 or 405 is known, whatever it is.
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

async fn documented(server: &Server) -> Value {
    server.visitor().json("/api/openapi.json").await
}

/// Every operation: path, method, operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, told)| (path.clone(), method.clone(), told.clone()))
    });
    all.collect()
}

/// An address of this template, of things that are not there.
fn some(path: &str) -> String {
    let some = path.replace("{room}", "main").replace("{held}", "s0").replace("{button}", "b0");
    some.replace("{name}", "nothing").replace("{file}", "nothing")
}

#[tokio::test]
async fn the_server_knows_the_methods_that_are_described_and_no_others() {
    let server = Setup::new().arg("--compat").arg("--feed-wait").arg("1").start().await;
    let document = documented(&server).await;
    let http = reqwest::Client::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let files = [".js", "/socket.io"].iter().any(|file| path.contains(file));
        for method in METHODS {
            let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let address = format!("{}{}", server.origin(), some(path));
            let request = http.request(name, address).query(&[("wait", "0"), ("name", "Bo")]);
            let answer = in_time(path, request.send()).await.expect("an answer");
            let status = answer.status().as_u16();
            let known = methods.get(method).is_some();
            // A stream has no end that could be waited for.
            let unknown = match status {
                404 => answer.json::<Value>().await.unwrap_or_default()["code"] == "not_found",
                status => status == 405,
            };
            if !files && !path.starts_with("/uploads") {
                assert_eq!(known, !unknown, "{method} {path} answered {status}");
            }
        }
    }
}

#[tokio::test]
async fn who_may_do_what_is_as_described() {
    let mut server = Setup::new().arg("--compat").arg("--feed-wait").arg("1").start().await;
    server.stop().await;
    let mut tokens = HashMap::new();
    for scope in ["publish", "push"] {
        let printed = server.task(&["token", "--scopes", scope]).await.stdout;
        tokens.insert(scope, printed.trim().to_owned());
    }
    server.restart().await;
    let http = reqwest::Client::new();
    let mut tried = 0;
    for (path, method, told) in operations(&documented(&server).await) {
        let Some(access) = told["x-access"].as_str() else { continue };
        let ask = async |token: Option<&String>| {
            let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let address = format!("{}{}", server.origin(), some(&path));
            let request = http.request(name, address).query(&[("wait", "0"), ("name", "Bo")]);
            let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
            in_time(&path, request.send()).await.expect("an answer").status().as_u16()
        };
        match access.split('`').nth(1) {
            Some(scope) => {
                assert_eq!(ask(None).await, 401, "{method} {path}");
                for (has, token) in &tokens {
                    let refused = matches!(ask(Some(token)).await, 401 | 403);
                    assert_eq!(refused, *has != scope, "{method} {path} with {has}");
                }
            }
            None if access == "Anybody" => {
                let status = ask(None).await;
                assert!(status != 401 && status != 403, "{method} {path}: {status}");
            }
            None => {
                let status = ask(None).await;
                assert!(status == 401 || status == 403, "{method} {path}: {status}");
            }
        }
        tried += 1;
    }
    assert!(tried >= 40, "{tried}");
}

fn message<'b>(kind: &str, body: &'b [u8]) -> Message<'b> {
    Message { kind: Some(kind.to_owned()), body }
}

#[tokio::test]
async fn what_is_not_as_described_is_found() {
    let server = Server::start().await;
    let contract = Contract::new(documented(&server).await);
    let check = |method: Method, path: &str, status, kind: &str, body: &str| {
        let asked = Message { kind: None, body: b"" };
        contract.check(&method, path, &asked, status, &message(kind, body.as_bytes()))
    };
    let json = "application/json";
    let items = "/api/rooms/main/items";
    let kept = r#"{"id":"i1","offset":4,"at":5}"#;
    assert_eq!(check(Method::POST, items, 201, json, kept), Ok(()));
    let refused = |code: &str, status: u16| {
        json!({"type": "about:blank", "title": "No", "status": status, "code": code, "detail": "No."})
            .to_string()
    };
    let problem = "application/problem+json";
    assert_eq!(check(Method::POST, items, 422, problem, &refused("bad_item", 422)), Ok(()));
    for (what, wrong) in [
        ("an address", check(Method::GET, "/api/rooms/main/secrets", 200, json, "{}")),
        ("a method", check(Method::DELETE, items, 204, json, "")),
        ("a status", check(Method::POST, items, 202, json, kept)),
        ("a type", check(Method::POST, items, 201, "text/html", kept)),
        ("no JSON", check(Method::POST, items, 201, json, "{")),
        ("a field that lacks", check(Method::POST, items, 201, json, r#"{"id":"i1","at":5}"#)),
        (
            "a field of another type",
            check(Method::POST, items, 201, json, r#"{"id":"i1","offset":"4","at":5}"#),
        ),
        (
            "another operation's code",
            check(Method::POST, items, 422, problem, &refused("bad_piece", 422)),
        ),
        ("no code of ours", check(Method::POST, items, 422, problem, &refused("oops", 422))),
        ("a body where none is", check(Method::DELETE, "/api/rooms/main/vars/a", 204, json, "{}")),
    ] {
        assert!(wrong.is_err(), "{what} was not noticed");
    }
    let asked = |body: &str| {
        let asked = message(json, body.as_bytes());
        contract.check(&Method::POST, items, &asked, 201, &message(json, kept.as_bytes()))
    };
    assert_eq!(asked(r#"{"kind":"message","data":{"text":"Hello"}}"#), Ok(()));
    assert!(asked(r#"{"data":{}}"#).is_err(), "what was asked is not as described either");
}

/// Runs a command line of the document; status, type and body of the answer.
async fn run(source: &str, folder: &Path, known: &[(&str, String)]) -> (u16, String, Vec<u8>) {
    let script = format!(
        "curl() {{ command curl -sS -o body -w '%{{http_code}} %{{content_type}}\\n' \"$@\"; }}\n{source}"
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.envs(known.iter().cloned()).output().await.expect("a shell");
    let told = String::from_utf8(output.stdout).unwrap();
    let last = told.lines().last().unwrap_or_default();
    let (status, kind) = last.split_once(' ').unwrap_or((last, ""));
    let status = status.parse().unwrap_or_else(|_| {
        panic!("{source} said {told:?} and {:?}", String::from_utf8_lossy(&output.stderr))
    });
    (status, kind.to_owned(), std::fs::read(folder.join("body")).unwrap_or_default())
}

#[tokio::test]
async fn every_command_line_of_the_document_works_and_is_answered_as_it_says() {
    let server = Setup::new().arg("--compat").start().await;
    let document = documented(&server).await;
    let contract = Contract::new(document.clone());
    let admin = server.admin().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("picture.png"), include_bytes!("../../fixtures/sunrise.png"))
        .unwrap();
    let mut known = vec![
        ("SERVER", server.origin()),
        ("TOKEN", TOKEN.to_owned()),
        ("PASSWORD", PASSWORD.to_owned()),
    ];
    // Logging in comes first, since others need it, and logging out last.
    let mut all = operations(&document);
    all.sort_by_key(|(_, method, told)| match told["operationId"].as_str() {
        Some("logIn") => 0,
        Some("setVariable") => 1,
        Some("logOut") => 4,
        _ if method == "delete" => 3,
        _ => 2,
    });
    let mut tried = 0;
    for (path, method, told) in &all {
        let Some(source) = told["x-codeSamples"][0]["source"].as_str() else { continue };
        known.retain(|(name, _)| !["BUTTON", "HELD", "SOURCE", "SECRET", "ITEM"].contains(name));
        if source.contains("$BUTTON") {
            let face = json!({"label": "A", "item": {"kind": "message", "data": {"text": "A"}}});
            let made = admin.post("/api/rooms/main/buttons").json(&face).send().await.unwrap();
            let made: Value = made.json().await.unwrap();
            known.push(("BUTTON", made["id"].as_str().unwrap().to_owned()));
        }
        if source.contains("$HELD") {
            known.push(("HELD", held(&server).await));
        }
        if source.contains("$SOURCE") {
            let hook = source.contains("$SECRET");
            let made = if hook { webhook(&admin, false).await } else { feed(&admin).await };
            known.extend([("SOURCE", made), ("SECRET", SECRET.to_owned())]);
        }
        if source.contains("$ITEM") {
            known.push(("ITEM", queued(&admin).await));
        }
        let (status, kind, body) = run(source, folder.path(), &known).await;
        assert!(
            (200..300).contains(&status),
            "{source}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        let asked = Message { kind: None, body: b"" };
        let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let kind = Some(kind).filter(|kind| !kind.is_empty());
        let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let body = if status == 204 { Vec::new() } else { body };
        let fits =
            contract.check(&name, &some(path), &asked, status, &Message { kind, body: &body });
        assert_eq!(fits, Ok(()), "{source}");
        tried += 1;
    }
    assert!(tried >= 45, "{tried}");
}

/// What webhooks of sources are shown.
const SECRET: &str = "a-secret-of-a-test";

/// The id of a new source.
async fn make_source(admin: &Api, settings: Value) -> String {
    let answer = admin.post("/api/sources").json(&settings).send().await.unwrap();
    let made: Value = expect_status(answer, 201).await.json().await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// A feed that is not looked at.
async fn feed(admin: &Api) -> String {
    let url = "https://news.example/feed";
    let settings = json!({"room": "main", "name": "News", "kind": "feed", "url": url});
    make_source(admin, settings).await
}

/// A source that others deliver to.
async fn webhook(admin: &Api, approval: bool) -> String {
    let settings = json!({"room": "main", "name": "Hook", "kind": "webhook", "running": true,
        "auth": {"kind": "bearer"}, "secret": SECRET, "approval": approval});
    make_source(admin, settings).await
}

/// The id of an item that waits for approval.
async fn queued(admin: &Api) -> String {
    let source = webhook(admin, true).await;
    let world = Api::new(admin.origin().to_owned(), Credential::Token(SECRET.to_owned()));
    let record = json!({"text": format!("Ship {source}")});
    let answer = world.post(&format!("/api/sources/{source}")).json(&record).send().await.unwrap();
    expect_status(answer, 200).await;
    let queue = admin.json("/api/rooms/main/queue").await;
    queue["waiting"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

/// The id of words that wait for approval.
async fn held(server: &Server) -> String {
    let admin = server.admin().await;
    let set = |approval: bool| {
        let body = json!({"settings": {"approval": approval}});
        admin.put("/api/rooms/main").json(&body).send()
    };
    set(true).await.unwrap();
    let say = server.visitor().post("/api/rooms/main/chat").json(&json!({"text": "Hello"}));
    assert_eq!(say.send().await.unwrap().status(), 202);
    set(false).await.unwrap();
    let held = admin.json("/api/rooms/main/chat/held").await;
    held["held"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_examples_of_bodies_are_as_their_schemas_say() {
    let server = Server::start().await;
    let document = documented(&server).await;
    let contract = Contract::new(document.clone());
    let mut tried = 0;
    for (path, method, told) in operations(&document) {
        let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let written = |kind: &str, example: &Value| match (kind, example) {
            ("application/json", example) => Some(example.to_string().into_bytes()),
            ("application/x-www-form-urlencoded", Value::Object(fields)) => {
                let pairs = fields.iter().map(|(name, value)| (name, value.as_str().unwrap()));
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(pairs);
                Some(form.finish().into_bytes())
            }
            _ => None,
        };
        for (status, answer) in told["responses"].as_object().unwrap() {
            for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                let Some(given) = written(kind, &content["example"]) else { continue };
                let requests = told["requestBody"]["content"].as_object();
                let requests = requests.into_iter().flatten().filter_map(|(kind, content)| {
                    Some((kind.clone(), written(kind, &content["example"])?))
                });
                let requests: Vec<_> = requests.chain([(String::new(), Vec::new())]).collect();
                for (asked_kind, asked) in requests {
                    let status = status.parse().unwrap();
                    let (asked, given) = (message(&asked_kind, &asked), message(kind, &given));
                    let fits = contract.check(&name, &some(&path), &asked, status, &given);
                    assert_eq!(fits, Ok(()), "{method} {path}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let server = Server::start().await;
    let answer = server.visitor().get("/api/docs").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = answer.text().await.unwrap();
    for elsewhere in ["src=", "@import", "url(", "<link"] {
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }
    assert!(
        html.contains("/api/rooms/<wbr>") || html.contains("/<wbr>items"),
        "addresses are in it"
    );
}

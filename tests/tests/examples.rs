//! The programs in the repository's `examples/`, run as a person would.

use nowcast_tests::page::{Joining, Transport, published_text};
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, TOKEN, repository};
use nowcast_tests::wait::in_time;
use serde_json::json;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// An example and what runs it.
#[derive(Clone, Copy)]
struct Example {
    interpreter: &'static str,
    package: &'static str,
    file: &'static str,
    /// How it is told to send JSON (`{}` is the text), and to send a form.
    as_json: &'static [&'static str],
    as_form: &'static [&'static str],
}

const PYTHON: Example = Example {
    interpreter: "python3",
    package: "python3",
    file: "publish.py",
    as_json: &["{}"],
    as_form: &["--form", "{}"],
};

const PHP: Example = Example {
    interpreter: "php",
    package: "php-cli",
    file: "publish.php",
    as_json: &["{}"],
    as_form: &["--form", "{}"],
};

const SHELL: Example = Example {
    interpreter: "sh",
    package: "curl",
    file: "publish.sh",
    as_json: &["--json", r#"{"kind":"message","data":{"text":"{}"}}"#],
    as_form: &["{}"],
};

impl Example {
    fn command(self, origin: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.interpreter);
        command
            .arg(repository().join("examples").join(self.file))
            .args(arguments)
            .env("NOWCAST_URL", origin)
            .env("NOWCAST_TOKEN", TOKEN)
            .env_remove("NOWCAST_ROOM")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(self, origin: &str, arguments: &[&str]) -> Output {
        let output = in_time("an example ends", self.command(origin, arguments).output()).await;
        output.unwrap_or_else(|error| self.is_missing(&error))
    }

    fn is_missing(self, error: &std::io::Error) -> ! {
        panic!(
            "{} cannot be run ({error}). Install it: apt-get install {}",
            self.interpreter, self.package
        )
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

macro_rules! by_every_example {
    ($($journey:ident),+ $(,)?) => {
        $(
            mod $journey {
                #[tokio::test]
                async fn in_python() {
                    super::$journey(super::PYTHON).await;
                }

                #[tokio::test]
                async fn in_php() {
                    super::$journey(super::PHP).await;
                }

                #[tokio::test]
                async fn in_shell() {
                    super::$journey(super::SHELL).await;
                }
            }
        )+
    };
}

by_every_example![
    messages_links_and_pictures_are_published,
    a_broken_connection_shows_once,
    mistakes_are_said_clearly,
];

async fn messages_links_and_pictures_are_published(example: Example) {
    let server = Server::start().await;
    let origin = server.origin();
    let mut page = Joining::new(Transport::WebSocket, &origin).open().await;
    let text = "Grüße & „quotes“ = 100% *fine*";
    for arguments in [example.as_json, example.as_form] {
        let arguments: Vec<_> = arguments.iter().map(|part| part.replace("{}", text)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let output = example.run(&origin, &arguments).await;
        assert!(output.status.success(), "{}", stderr(&output));
        let event = page.next_event().await;
        assert_eq!(published_text(&event), text);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("at offset {}", event.offset)), "{said}");
    }

    let link = ["--link", "https://example.org/?a=1&b=2", "--title", "The programme"];
    let picture = ["--image", "https://example.org/a.jpg", "--alt", "The full house"];
    for (arguments, data) in [
        (link, json!({"url": "https://example.org/?a=1&b=2", "title": "The programme"})),
        (picture, json!({"url": "https://example.org/a.jpg", "alt": "The full house"})),
    ] {
        let output = example.run(&origin, &arguments).await;
        assert!(output.status.success(), "{}", stderr(&output));
        let event = serde_json::to_value(page.next_event().await.event).unwrap();
        assert_eq!(event["item"]["data"], data);
    }

    let mut piped = example.command(&origin, &["-"]);
    let mut child =
        piped.stdin(Stdio::piped()).spawn().unwrap_or_else(|error| example.is_missing(&error));
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all("From a pipe".as_bytes()).await.unwrap();
    drop(pipe);
    let output = in_time("the example ends", child.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(page.next_texts(1).await, ["From a pipe"]);
}

async fn a_broken_connection_shows_once(example: Example) {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    proxy.set(|rules| rules.stall = true);
    let origin = proxy.origin();
    let breaking = async {
        // It is published; that answer never arrives.
        assert_eq!(page.next_texts(1).await, ["Shows once"]);
        proxy.cut();
        proxy.set(|rules| rules.stall = false);
    };
    let (output, ()) = tokio::join!(example.run(&origin, &["Shows once"]), breaking);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(proxy.seen().len(), 2, "it was sent again");
    assert!(String::from_utf8_lossy(&output.stdout).contains("at offset 1"));

    server.publisher().say("The next one").await;
    assert_eq!(page.next_texts(1).await, ["The next one"]);
}

async fn mistakes_are_said_clearly(example: Example) {
    let server = Server::start().await;
    let origin = server.origin();
    let output = example.run(&origin, &["--help"]).await;
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["--token", "--room", "--key", "NOWCAST_URL", "NOWCAST_TOKEN"] {
        assert!(help.contains(word), "{word} is not in:\n{help}");
    }

    for (arguments, status, says) in [
        (&[][..], 2, "TEXT"),
        (&["--nonsense"][..], 2, "--nonsense"),
        (&["--image", "https://example.org/a.png"][..], 2, "--alt"),
        (&["--token", "wrong", "Hi"][..], 1, "token"),
        (&["--room", "nowhere", "Hi"][..], 1, "nowhere"),
        (&["--link", "javascript:alert(1)"][..], 1, "http"),
        (&["--url", "http://127.0.0.1:1", "--tries", "1", "Hi"][..], 1, "127.0.0.1"),
    ] {
        let output = example.run(&origin, arguments).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!said.contains("Traceback") && !said.contains("Warning"), "{said}");
    }
}

/// The chat of the examples, which needs nothing but curl.
fn chat(origin: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .arg(repository().join("examples/chat.sh"))
        .args(arguments)
        .env("NOWCAST_URL", origin)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in ["NOWCAST_ROOM", "NOWCAST_TOKEN", "NOWCAST_NAME", "NOWCAST_INVITATION"] {
        command.env_remove(variable);
    }
    command
}

async fn ran(mut command: Command) -> Output {
    let output = in_time("the program ends", command.output()).await;
    output.unwrap_or_else(|error| SHELL.is_missing(&error))
}

#[tokio::test]
async fn two_terminals_chat_with_each_other_and_with_a_page() {
    let mut server = Server::start().await;
    let origin = server.origin();
    let mut page = Joining::new(Transport::WebSocket, &origin).open().await;
    let position = page.position().to_string();
    let mut listener = chat(&origin, &["--listen", "--since", &position]).spawn().unwrap();
    let mut lines = BufReader::new(listener.stdout.take().unwrap()).lines();
    let text = "Gr\u{fc}\u{df}e & 100% *fine*";
    let output = ran(chat(&origin, &["--name", "Ana", text])).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let next = in_time("a line", lines.next_line()).await.unwrap();
    assert_eq!(next.as_deref(), Some(&*format!("Ana: {text}")));
    let said = serde_json::to_value(page.next_event().await.event).unwrap();
    assert_eq!((&said["name"], &said["text"]), (&json!("Ana"), &json!(text)));

    page.command(json!({"kind": "say", "text": "from the\npage"})).await.offset();
    let next = in_time("a line", lines.next_line()).await.unwrap().unwrap();
    assert!(next.ends_with(": from the page"), "{next}");

    // The listener goes on where it was.
    server.restart().await;
    let output = ran(chat(&origin, &["once more"])).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let next = in_time("a line", lines.next_line()).await.unwrap();
    assert_eq!(next.as_deref(), Some("Guest: once more"));
}

#[tokio::test]
async fn a_chat_by_curl_alone_is_as_simple_as_it_is_said_to_be() {
    let server = Server::start().await;
    let address = format!("{}/api/rooms/main/chat", server.origin());
    let curl = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        ran(command)
    };
    let lines = format!("{address}/lines");
    let answer = curl(&["--include", &format!("{lines}?wait=0")]).await;
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    let next = answer.lines().find_map(|line| line.strip_prefix("nowcast-next: ")).unwrap().trim();

    let waiting = format!("{lines}?since={next}");
    let saying = curl(&["--header", "Content-Type: text/plain", "--data", "Hello", &address]);
    let (heard, sent) = tokio::join!(curl(&[&waiting]), saying);
    assert!(sent.status.success(), "{}", stderr(&sent));
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "Guest: Hello\n");
}

#[tokio::test]
async fn what_a_terminal_cannot_say_is_explained() {
    let server = Server::start().await;
    let origin = server.origin();
    assert!(ran(chat(&origin, &["--help"])).await.status.success());
    for (arguments, status, says) in [
        (&[][..], 2, "TEXT"),
        (&["--listen", "a"][..], 2, "either"),
        (&["--nonsense"][..], 2, "--nonsense"),
        (&[" "][..], 1, "no words"),
        (&["--room", "nowhere", "Hi"][..], 1, "nowhere"),
        (&["--since", "yesterday", "--listen"][..], 1, "epoch:offset"),
        (&["--url", "http://127.0.0.1:1", "--tries", "1", "Hi"][..], 1, "127.0.0.1"),
    ] {
        let output = ran(chat(&origin, arguments)).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

//! An event that is made up by a seed: items of many kinds, edits, deletions, words of many people
//! in several languages, over several minutes.

use fastrand::Rng;
use nowcast_tests::api::{Api, Published, expect_problem, expect_status};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

/// How many steps it has, and how many minutes.
const STEPS: usize = 240;
const MINUTES: i64 = 6;

/// Words that say nothing in English, German, Spanish, French and Turkish, and words that no
/// language has.
pub(super) const LANGUAGES: [[&str; 6]; 5] = [
    ["the", "with", "from", "these", "because", "would"],
    ["und", "nicht", "auch", "werden", "zwischen", "durch"],
    ["pero", "también", "desde", "cuando", "porque", "hasta"],
    ["avec", "dans", "mais", "cette", "aussi", "leurs"],
    ["için", "çok", "daha", "gibi", "ancak", "kadar"],
];
const MEANING: [&str; 12] = [
    "hafenstrudel",
    "Seafrontia",
    "vélodromia",
    "ñandubay",
    "IŞIKLIK",
    "quayside’s",
    "Überfahrtler",
    "stormwatcher",
    "marinella",
    "trampolinade",
    "Øresundia",
    "kordonboyu",
];
const TAGS: [&str; 6] = ["#Harbour", "#festival2026", "#Été", "#2026", "#storm_watch", "#海"];
pub(super) const EMOJI: [&str; 5] = ["🎉", "👏", "❤️", "👍🏽", "👩‍🚒"];
const NAMES: [&str; 6] = ["Ana", "Ben", "Çağla", "Dörte", "Élodie", "Zoë"];

/// Has it happen.
pub(super) async fn happen(server: &Server, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let admin = server.admin().await;
    let publisher = server.publisher();
    let (mut items, mut said): (Vec<(Published, &str)>, Vec<Line>) = Default::default();
    for step in 0..STEPS {
        server
            .set_clock(i64::try_from(step).unwrap() * MINUTES * 60 / i64::try_from(STEPS).unwrap());
        match rng.u8(..100) {
            0..45 => {
                let (kind, data) = item(&mut rng);
                let by = if rng.u8(..4) == 0 { &admin } else { &publisher };
                items.push((by.publish(kind, data).await, kind));
            }
            45..55 if !items.is_empty() => {
                let (item, kind) = &items[rng.usize(..items.len())];
                let data = data(&mut rng, kind);
                command(&admin, json!({"kind": "edit", "item": item.id, "data": data})).await;
            }
            55..62 if !items.is_empty() => {
                let (item, _) = items.swap_remove(rng.usize(..items.len()));
                command(&admin, json!({"kind": "delete", "item": item.id})).await;
            }
            62..68 if !said.is_empty() => {
                let line = &said[rng.usize(..said.len())];
                let text = line_text(&mut rng);
                let edit = json!({"kind": "edit_said", "said": line.id, "text": text});
                let path = format!("/api/rooms/main/commands?client={}", line.page);
                let request = server.visitor().post(&path).json(&json!({"command": edit}));
                let answer = request.send().await.expect("an answer");
                // After some minutes words stay as they are.
                if answer.status() != 200 {
                    expect_problem(answer, 403, "too_late").await;
                }
            }
            68..72 if !said.is_empty() => {
                let line = said.swap_remove(rng.usize(..said.len()));
                command(&admin, json!({"kind": "delete_said", "said": line.id})).await;
            }
            _ => said.push(say(&mut rng, server).await),
        }
    }
}

async fn command(admin: &Api, command: Value) {
    let told = command.clone();
    let answer = admin.command(command).await;
    assert_eq!(answer.status(), 200, "{told}: {:?}", answer.text().await);
}

/// What somebody said, and the page that said it.
struct Line {
    id: String,
    page: String,
}

/// Somebody says something.
async fn say(rng: &mut Rng, server: &Server) -> Line {
    let name = NAMES[rng.usize(..NAMES.len())];
    let text = line_text(rng);
    let page = format!("a-page-that-speaks-{:016x}", rng.u64(..));
    let path = format!("/api/rooms/main/chat?client={page}");
    let request = server.visitor().post(&path).json(&json!({"text": text, "name": name}));
    let answer = request.send().await.expect("an answer to what was said");
    let answer: Value = expect_status(answer, 201).await.json().await.expect("JSON");
    let id = answer["id"].as_str().unwrap_or_else(|| panic!("{answer} has no id"));
    Line { id: id.to_owned(), page }
}

fn line_text(rng: &mut Rng) -> String {
    if rng.u8(..4) > 0 {
        return sentence(rng);
    }
    let mut text = String::new();
    for _ in 0..rng.usize(1..4) {
        text.push_str(EMOJI[rng.usize(..EMOJI.len())]);
        text.push_str(if rng.bool() { " " } else { "" });
    }
    text
}

fn item(rng: &mut Rng) -> (&'static str, Value) {
    let kind = ["message", "message", "link", "image", "post", "custom"][rng.usize(..6)];
    (kind, data(rng, kind))
}

fn data(rng: &mut Rng, kind: &str) -> Value {
    let place = format!("https://{}.example/{}", rng.alphabetic(), rng.u16(..));
    match kind {
        "message" => json!({"text": sentence(rng)}),
        "link" => {
            let language = rng.usize(..LANGUAGES.len());
            let (title, more) = (sentence_in(rng, language), sentence_in(rng, language));
            json!({"url": place, "title": title, "description": more})
        }
        "image" => json!({"url": place, "alt": sentence(rng)}),
        "post" => {
            let source = ["Mastodon", "Bluesky", "A feed"][rng.usize(..3)];
            json!({"user": NAMES[rng.usize(..NAMES.len())], "text": sentence(rng), "source": source})
        }
        _ if rng.bool() => {
            let option = |text: &str, votes: u8| json!({"text": text, "votes": votes});
            let options = [option("yes", rng.u8(..)), option("no", rng.u8(..))];
            let question = format!("Question {}?", rng.u16(..));
            json!({"type": "poll", "question": question, "options": options})
        }
        _ => {
            let text = format!("Question {}?", rng.u16(..));
            json!({"type": "question", "text": text, "votes": rng.u8(..), "answered": rng.bool()})
        }
    }
}

fn sentence(rng: &mut Rng) -> String {
    let language = rng.usize(..LANGUAGES.len());
    sentence_in(rng, language)
}

/// A sentence in one of the languages, with whatever sentences have.
fn sentence_in(rng: &mut Rng, language: usize) -> String {
    let nothing = LANGUAGES[language];
    let mut words = Vec::new();
    // So many of them that there is no doubt about the language.
    for place in 0..rng.usize(1..5) {
        words.extend(nothing.iter().skip(place).step_by(2).map(|word| (*word).to_owned()));
        let word = MEANING[rng.usize(..MEANING.len())];
        words.push(match rng.u8(..6) {
            0 => format!("{word},"),
            1 => format!("({word})"),
            2 => format!("“{word}”!"),
            3 => word.to_lowercase(),
            _ => word.to_owned(),
        });
        match rng.u8(..8) {
            0 => words.push(TAGS[rng.usize(..TAGS.len())].to_owned()),
            1 => words.push(format!("https://{}.example/{word}", rng.lowercase())),
            2 => words.push(format!("@{}", NAMES[rng.usize(..NAMES.len())])),
            3 => words.push(rng.u32(..).to_string()),
            _ => {}
        }
    }
    words.join(" ")
}

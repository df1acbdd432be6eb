//! What pages emit, as commands.

use super::moved::Step;
use crate::error::Problem;
use crate::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nowcast_shared::error::Code;
use serde_json::{Map, Value, json};

/// The events that a page may emit.
const KNOWN: &str = "register, position, chat, publish, command";

/// Names that the library of the pages keeps for itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// How deep values may be in each other: what a command is put into goes one deeper, and JSON is
/// read 127 deep.
const MOST_DEEP: usize = 126;

/// How much of a name that nobody knows is repeated, in characters.
const REPEATED: usize = 40;

/// What a page asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The command, which is looked at as any other.
    pub command: Value,
    /// What it does to a piece.
    pub step: Option<Step>,
}

/// Reads the arguments of an event, a JSON array of which the first is its name.
///
/// # Errors
/// If it is none, or nobody knows it.
pub fn read(arguments: &str) -> Result<Wish, Problem> {
    let bad = |detail: &'static str| Problem::new(Code::BadRequest, detail);
    let Value::Array(arguments) = json::read(arguments)? else {
        return Err(bad("An event is an array of its name and what it brings."));
    };
    let mut arguments = arguments.into_iter();
    let Some(Value::String(name)) = arguments.next() else {
        return Err(bad("An event begins with its name, a text."));
    };
    let first = arguments.next().unwrap_or_default();
    let object = |first: Value| match first {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::new(Code::BadRequest, format!("`{name}` brings an object."))),
    };
    let command = match name.as_str() {
        "register" => register(first, object)?,
        "chat" => match first {
            Value::String(text) => json!({"kind": "say", "text": text}),
            other => of("say", &["text", "name"], object(other)?),
        },
        "position" => {
            let fields = object(first)?;
            let drop = fields.get("drop") == Some(&Value::Bool(true));
            of(if drop { "drop" } else { "move" }, &["piece", "x", "y"], fields)
        }
        "publish" => {
            let item = object(first)?;
            json!({"kind": "publish", "item": item})
        }
        "command" => Value::Object(object(first)?),
        name if RESERVED.contains(&name) => {
            let detail = format!("`{name}` is the library's own event; nobody can emit it.");
            return Err(Problem::new(Code::BadRequest, detail));
        }
        name => {
            let name: String = name.chars().take(REPEATED).collect();
            let detail = format!("There is no event called {name:?}. Known are: {KNOWN}.");
            return Err(Problem::new(Code::UnknownKind, detail));
        }
    };
    if is_deeper(&command, MOST_DEEP) {
        let detail = format!("An event holds values in each other at most {MOST_DEEP} deep.");
        return Err(Problem::new(Code::BadJson, detail));
    }
    let step = step(&command);
    Ok(Wish { command, step })
}

/// Who somebody is: an id, a token, or both, of which the token proves the id.
fn register(
    first: Value,
    object: impl Fn(Value) -> Result<Map<String, Value>, Problem>,
) -> Result<Value, Problem> {
    if let Value::String(id) = first {
        return Ok(json!({"kind": "register", "id": id}));
    }
    let mut fields = object(first)?;
    // Pages fill in what they have.
    fields.retain(|_, value| !value.is_null() && *value != "");
    if fields.contains_key("token")
        && let Some(id) = fields.remove("id")
    {
        // Whether the token is good the command finds out; here only whose it says that it is.
        let token = fields.get("token").and_then(Value::as_str);
        if token.and_then(subject).is_some_and(|subject| id != subject) {
            let detail = "This token is not for the `id` that came with it.";
            return Err(Problem::new(Code::TokenForeign, detail));
        }
    }
    Ok(of("register", &["id", "token"], fields))
}

/// The user that a token says it is for.
fn subject(token: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    json::read(&claims).ok()?.get("sub")?.as_str().map(str::to_owned)
}

/// A command of this kind with those of the fields that it has.
fn of(kind: &str, names: &[&str], mut fields: Map<String, Value>) -> Value {
    fields.retain(|name, value| names.contains(&name.as_str()) && !value.is_null());
    fields.insert("kind".to_owned(), kind.into());
    Value::Object(fields)
}

/// Whether something holds values in each other deeper than this.
fn is_deeper(value: &Value, most: usize) -> bool {
    let deeper = |inner: &Value| most == 0 || is_deeper(inner, most - 1);
    match value {
        Value::Array(values) => most == 0 || values.iter().any(deeper),
        Value::Object(fields) => most == 0 || fields.values().any(deeper),
        _ => false,
    }
}

/// What a command does to a piece, by hand.
fn step(command: &Value) -> Option<Step> {
    let kind = command.get("kind")?.as_str()?;
    let piece = command.get("piece")?.as_str()?.parse().ok()?;
    match kind {
        "move" => Some(Step::Move(piece)),
        "drop" => Some(Step::Drop(piece)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(arguments: &Value) -> Value {
        read(&arguments.to_string()).unwrap().command
    }

    fn code(arguments: &str) -> Code {
        read(arguments).unwrap_err().code
    }

    #[test]
    fn events_become_commands() {
        for (event, expected) in [
            (json!(["chat", "Hi"]), json!({"kind": "say", "text": "Hi"})),
            (
                json!(["chat", {"text": "Hi", "name": "Ana", "kind": "delete"}]),
                json!({"kind": "say", "text": "Hi", "name": "Ana"}),
            ),
            (
                json!(["position", {"piece": "logo", "x": 0.5, "y": 1}]),
                json!({"kind": "move", "piece": "logo", "x": 0.5, "y": 1}),
            ),
            (
                json!(["position", {"piece": "logo", "x": 0.5, "y": 1, "drop": true}]),
                json!({"kind": "drop", "piece": "logo", "x": 0.5, "y": 1}),
            ),
            (json!(["register", {"id": "ana"}]), json!({"kind": "register", "id": "ana"})),
            (json!(["register", "ana"]), json!({"kind": "register", "id": "ana"})),
            (
                json!(["register", {"id": "ana", "token": ""}]),
                json!({"kind": "register", "id": "ana"}),
            ),
            (
                json!(["publish", {"kind": "message", "data": {"text": "Hi"}}]),
                json!({"kind": "publish", "item": {"kind": "message", "data": {"text": "Hi"}}}),
            ),
            (json!(["command", {"kind": "typing"}, 5]), json!({"kind": "typing"})),
        ] {
            assert_eq!(command(&event), expected, "{event}");
        }
    }

    #[test]
    fn a_token_proves_the_id_that_comes_with_it() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"ana"}"#);
        let token = format!("e30.{claims}.c2ln");
        let register = |id: &str, token: &str| {
            read(&json!(["register", {"id": id, "token": token}]).to_string())
        };
        let expected = json!({"kind": "register", "token": token});
        assert_eq!(register("ana", &token).unwrap().command, expected);
        assert_eq!(register("eva", &token).unwrap_err().code, Code::TokenForeign);
        // The command says what is wrong with it.
        let unreadable = json!({"kind": "register", "token": "x"});
        assert_eq!(register("ana", "x").unwrap().command, unreadable);
    }

    #[test]
    fn what_a_token_says_is_read_as_far_as_it_may_be_nested() {
        // A `Value` would read the text anew, as deep as it likes.
        let deep = json!({json::RAW: "[".repeat(20_000) + &"]".repeat(20_000)});
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(deep.to_string()));
        assert_eq!(subject(&token), None);
    }

    #[test]
    fn what_is_moved_is_known() {
        let step = |event: Value| read(&event.to_string()).unwrap().step;
        let logo = || "logo".parse().unwrap();
        let position = json!(["position", {"piece": "logo", "x": 0, "y": 0}]);
        assert_eq!(step(position), Some(Step::Move(logo())));
        let drop = json!(["command", {"kind": "drop", "piece": "logo"}]);
        assert_eq!(step(drop), Some(Step::Drop(logo())));
        assert_eq!(step(json!(["command", {"kind": "put", "piece": "logo"}])), None);
        assert_eq!(step(json!(["position", {"piece": "a b", "x": 0, "y": 0}])), None);
    }

    #[test]
    fn what_nobody_can_emit_has_a_name() {
        assert_eq!(code(r#"["dance"]"#), Code::UnknownKind);
        for reserved in RESERVED {
            assert_eq!(code(&json!([reserved, {}]).to_string()), Code::BadRequest, "{reserved}");
        }
        for bad in ["{}", "[]", "[5]", "[null]", r#"[["chat"]]"#, r#"["position"]"#] {
            assert_eq!(code(bad), Code::BadRequest, "{bad}");
        }
        assert_eq!(code(r#"["publish","text"]"#), Code::BadRequest);
        for bad in ["", "[", r#"["chat""#, &"[".repeat(5_000)] {
            assert_eq!(code(bad), Code::BadJson, "{bad:.20}");
        }
    }

    #[test]
    fn what_would_be_too_deep_for_a_command_is_refused_here() {
        let event = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"["command",{{"kind":{open}{close}}}]"#)
        };
        assert_eq!(read(&event(126)).unwrap_err().code, Code::BadJson);
        let command = json!({"t": "command", "command": read(&event(125)).unwrap().command});
        assert!(json::read(&command.to_string()).is_ok());
    }

    #[test]
    fn a_long_name_is_not_repeated_whole() {
        let problem = read(&json!(["é".repeat(10_000)]).to_string()).unwrap_err();
        assert!(problem.detail.len() < 300, "{}", problem.detail);
    }
}

//! An address with a method: what it takes, what it answers, why it refuses.

use nowcast_shared::error::Code;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What every request may meet.
pub(super) const ALWAYS: [Code; 3] = [Code::Internal, Code::Unavailable, Code::StoreFailed];

/// What is wrong with who asks.
const ASKS: [Code; 11] = [
    Code::BadQuery,
    Code::BadClient,
    Code::BadName,
    Code::BadRequest,
    Code::Unauthorized,
    Code::TokenInvalid,
    Code::TokenExpired,
    Code::TokenReplayed,
    Code::TokenForeign,
    // Also of who only reads: a plain id counts under `--open` alone, for pages of this server.
    Code::Forbidden,
    Code::ForeignOrigin,
];

/// What is wrong with a room, or with coming into it.
const ROOM: [Code; 5] =
    [Code::BadRoom, Code::UnknownRoom, Code::NotInvited, Code::Blocked, Code::Forbidden];

/// Why nothing was changed.
const CHANGES: [Code; 4] =
    [Code::ForeignOrigin, Code::StoreFull, Code::StoreLocked, Code::StoreReadOnly];

/// What is wrong with a body.
const BODY: [Code; 6] = [
    Code::BadRequest,
    Code::BadUtf8,
    Code::TimedOut,
    Code::TooLarge,
    Code::UnsupportedType,
    Code::BadJson,
];

/// Who may ask.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// Whoever may come in.
    Anybody,
    /// A program with the scope, or an admin.
    Scope(&'static str),
    /// An admin: somebody logged in, or a token with the scope `admin`.
    Admin,
}

/// An operation that is being described.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    value: Map<String, Value>,
    parameters: Vec<Value>,
    contents: Map<String, Value>,
    answers: BTreeMap<String, Value>,
    codes: Vec<Code>,
}

/// Begins with method and path, a name for programs and one for people.
pub(super) fn operation(
    method: &'static str,
    path: &'static str,
    id: &str,
    summary: &str,
) -> Operation {
    let value = Map::from_iter([
        ("operationId".to_owned(), id.into()),
        ("summary".to_owned(), summary.into()),
    ]);
    let new = Operation {
        method,
        path,
        value,
        parameters: Vec::new(),
        contents: Map::new(),
        answers: BTreeMap::new(),
        codes: Vec::new(),
    };
    let new = if path.starts_with("/api/") { new.refuses(&ALWAYS) } else { new };
    // What is in the path has to be given.
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).fold(
        new,
        |new, name| match name {
            "room" if path.starts_with("/api/") => new.shared("room"),
            "button" => new.inside(name, "The button."),
            "held" => new.inside(name, "The words that wait."),
            "id" => new.inside(name, "Its id."),
            name => new.inside(name, "Its name."),
        },
    )
}

impl Operation {
    /// More about it, as Markdown.
    pub(super) fn says(mut self, description: &str) -> Self {
        self.value.insert("description".to_owned(), description.into());
        self
    }

    /// It is in a room, which whoever asks has to be let into.
    pub(super) fn in_room(self) -> Self {
        self.shared("invitation").refuses(&ASKS).refuses(&ROOM)
    }

    /// It matters who asks.
    pub(super) fn asks(self, access: Access) -> Self {
        let this = self.refuses(&ASKS);
        this.access(access)
    }

    fn access(mut self, access: Access) -> Self {
        let (words, ways) = match access {
            Access::Anybody => ("Anybody", json!([{}, {"token": []}, {"session": []}])),
            Access::Scope(scope) => {
                let words = format!("A token with the scope `{scope}`, or an admin");
                self.value.insert("x-access".to_owned(), words.into());
                self.value.insert("security".to_owned(), json!([{"token": []}, {"session": []}]));
                return self.refuses(&[Code::Forbidden]);
            }
            Access::Admin => ("An admin", json!([{"session": []}, {"token": []}])),
        };
        self.value.insert("x-access".to_owned(), words.into());
        self.value.insert("security".to_owned(), ways);
        match access {
            Access::Anybody => self,
            _ => self.refuses(&[Code::Forbidden]),
        }
    }

    /// It changes something.
    pub(super) fn changes(self) -> Self {
        self.refuses(&CHANGES)
    }

    /// A parameter that several have in common; see the document's components.
    pub(super) fn shared(mut self, name: &str) -> Self {
        self.parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        self
    }

    fn inside(mut self, name: &str, description: &str) -> Self {
        let schema = json!({"type": "string"});
        self.parameters.push(json!({"name": name, "in": "path", "required": true,
            "description": description, "schema": schema}));
        self
    }

    /// A parameter of the query.
    pub(super) fn query(mut self, name: &str, schema: &Value, description: &str) -> Self {
        let parameter =
            json!({"name": name, "in": "query", "description": description, "schema": schema});
        self.parameters.push(parameter);
        self.refuses(&[Code::BadQuery])
    }

    /// A header.
    pub(super) fn header(mut self, name: &str, schema: &Value, description: &str) -> Self {
        self.parameters.push(
            json!({"name": name, "in": "header", "description": description, "schema": schema}),
        );
        self
    }

    /// A body of this type that it takes.
    pub(super) fn takes(mut self, media: &str, schema: &Value, example: &Value) -> Self {
        let content = json!({"schema": schema, "example": example});
        self.contents.insert(media.to_owned(), content);
        let this = self.refuses(&BODY);
        if media.contains("form") { this.refuses(&[Code::BadForm]) } else { this }
    }

    /// Bytes that it takes.
    pub(super) fn takes_bytes(mut self, media: &str) -> Self {
        self.contents.insert(media.to_owned(), json!({}));
        self.refuses(&BODY)
    }

    /// A JSON answer.
    pub(super) fn gives(
        self,
        status: u16,
        description: &str,
        schema: &Value,
        example: &Value,
    ) -> Self {
        let content = json!({"application/json": {"schema": schema, "example": example}});
        self.answers(status, description, Some(content))
    }

    /// An answer of another type.
    pub(super) fn gives_other(self, status: u16, description: &str, media: &str) -> Self {
        self.answers(status, description, Some(json!({media: {}})))
    }

    /// An answer without a body.
    pub(super) fn gives_nothing(self, status: u16, description: &str) -> Self {
        self.answers(status, description, None)
    }

    fn answers(mut self, status: u16, description: &str, content: Option<Value>) -> Self {
        let mut answer = json!({"description": description});
        if let Some(content) = content {
            answer["content"] = content;
        }
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// Headers that an answer has.
    pub(super) fn with_headers(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        if let Some(answer) = self.answers.get_mut(&status.to_string()) {
            for (name, description) in headers {
                answer["headers"][name] =
                    json!({"description": description, "schema": {"type": "string"}});
            }
        }
        self
    }

    /// Codes with which it refuses.
    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        for code in codes {
            if !self.codes.contains(code) {
                self.codes.push(*code);
            }
        }
        self
    }

    /// A command line that does it, where `SERVER` is the server's origin, `TOKEN` a token, and
    /// `cookies.txt` has the session of an admin.
    pub(super) fn example(mut self, curl: &str) -> Self {
        let samples = json!([{"lang": "Shell", "label": "curl", "source": curl}]);
        self.value.insert("x-codeSamples".to_owned(), samples);
        self
    }

    /// As OpenAPI has it. `meaning` says what a code means.
    pub(super) fn into_value(mut self, tag: &str, meaning: impl Fn(Code) -> String) -> Value {
        let mut refusals: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in self.codes {
            refusals.entry(code.status()).or_default().push(code);
        }
        for (status, codes) in refusals {
            let lines = codes.iter().map(|code| format!("- `{code}`: {}", meaning(*code)));
            let description = lines.collect::<Vec<_>>().join("\n");
            let schema = json!({"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"properties": {"code": {"enum": codes}}},
            ]});
            // The same status may mean something else, too, that is said in another type.
            let answer = self.answers.entry(status.to_string()).or_insert_with(|| json!({}));
            answer["description"] = match answer["description"].as_str() {
                Some(other) => format!("{other}\n\n{description}").into(),
                None => description.into(),
            };
            answer["content"]["application/problem+json"] = json!({"schema": schema});
        }
        self.value.insert("tags".to_owned(), json!([tag]));
        if !self.parameters.is_empty() {
            self.value.insert("parameters".to_owned(), self.parameters.into());
        }
        if !self.contents.is_empty() {
            let body = json!({"required": true, "content": self.contents});
            self.value.insert("requestBody".to_owned(), body);
        }
        self.value.insert("responses".to_owned(), json!(self.answers));
        self.value.into()
    }
}

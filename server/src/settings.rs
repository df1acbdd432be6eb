//! What a room may be set to.

use crate::error::Problem;
use nowcast_shared::error::Code;
use nowcast_shared::room::{Settings, Who};
use serde::Deserialize;

/// The longest slow mode, in seconds.
pub const MAX_SLOW: u32 = 3600;

/// How many patterns of variables may be listed.
const MAX_VARIABLES: usize = 64;

/// How long a pattern may be, in bytes.
const MAX_VARIABLE: usize = 64;

/// What is to be new about a room's settings; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Patch {
    chat: Option<Who>,
    drag: Option<Who>,
    variables: Option<Vec<String>>,
    private: Option<bool>,
    slow: Option<u32>,
    approval: Option<bool>,
}

impl Patch {
    /// Reads it; fields that nobody knows are left alone.
    ///
    /// # Errors
    /// `bad_settings` for values that no room can have.
    pub fn read(settings: serde_json::Value) -> Result<Self, Problem> {
        let object = settings.is_object();
        let patch: Option<Self> = serde_json::from_value(settings).ok();
        let patch = patch.filter(|_| object).ok_or_else(|| {
            bad("`chat` and `drag` are everyone, users or nobody; `variables` is a list of names; \
                 `slow` is a number of seconds; `private` and `approval` are true or false.")
        })?;
        if patch.slow.is_some_and(|slow| slow > MAX_SLOW) {
            return Err(bad("Slow mode has at most 3600 seconds."));
        }
        if let Some(variables) = &patch.variables
            && (variables.len() > MAX_VARIABLES || !variables.iter().all(|name| is_pattern(name)))
        {
            return Err(bad(
                "At most 64 names of variables may be listed, each of A-Z, a-z, 0-9, \
                            _, . and -; one that ends with * stands for all that begin so.",
            ));
        }
        Ok(patch)
    }

    /// The settings with what is new about them.
    pub fn apply(self, to: Settings) -> Settings {
        Settings {
            chat: self.chat.unwrap_or(to.chat),
            drag: self.drag.unwrap_or(to.drag),
            variables: self.variables.unwrap_or(to.variables),
            private: self.private.unwrap_or(to.private),
            slow: self.slow.unwrap_or(to.slow),
            approval: self.approval.unwrap_or(to.approval),
        }
    }
}

fn is_pattern(pattern: &str) -> bool {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !pattern.is_empty() && pattern.len() <= MAX_VARIABLE && name.bytes().all(legal)
}

fn bad(detail: &'static str) -> Problem {
    Problem::new(Code::BadSettings, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn applied(patch: Value) -> Settings {
        let before = Settings { slow: 7, private: true, ..Settings::default() };
        Patch::read(patch).unwrap().apply(before)
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_unknown_is_ignored() {
        let set = applied(json!({"chat": "users", "colour": "red"}));
        assert_eq!((set.chat, set.drag, set.slow), (Who::Users, Who::Everyone, 7));
        assert!(set.private);
        let set =
            applied(json!({"private": false, "slow": 0, "variables": ["a.b-c_1", "team-*", "*"]}));
        assert_eq!((set.private, set.slow, set.variables.len()), (false, 0, 3));
        assert!(applied(json!({"private": null})).private, "null leaves it as it is");
    }

    #[test]
    fn values_that_no_room_can_have_are_refused() {
        for bad in [
            json!([]),
            json!("private"),
            json!(null),
            json!({"chat": "some"}),
            json!({"chat": 1}),
            json!({"slow": 3601}),
            json!({"slow": -1}),
            json!({"slow": 1.5}),
            json!({"private": "yes"}),
            json!({"variables": "a"}),
            json!({"variables": [""]}),
            json!({"variables": ["a*b"]}),
            json!({"variables": ["a**"]}),
            json!({"variables": ["\u{e4}"]}),
            json!({"variables": ["x".repeat(65)]}),
            json!({"variables": vec!["a"; 65]}),
        ] {
            let refused = Patch::read(bad.clone()).map(|_| ()).unwrap_err();
            assert_eq!(refused.code, Code::BadSettings, "{bad}");
        }
    }
}

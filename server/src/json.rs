//! JSON from strangers.

use crate::error::Problem;
use nowcast_shared::error::Code;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What `serde_json` calls JSON that it passes on unread. An object with this key alone is taken
/// for such by every [`Value`]: its text is read anew, as deep as it likes, and put in its place.
pub const RAW: &str = "$serde_json::private::RawValue";

/// Reads JSON as it stands.
///
/// # Errors
/// `bad_json` if it is none, or has a key that would be taken for something else.
pub fn read(text: &str) -> Result<Value, Problem> {
    let not_json = |error| Problem::new(Code::BadJson, format!("This is not JSON: {error}."));
    // Written plainly or with escapes; mostly there is neither.
    if text.contains(RAW) || text.contains("\\u") {
        serde_json::from_str::<Plain>(text).map_err(not_json)?;
    }
    serde_json::from_str(text).map_err(not_json)
}

/// Any JSON without that key.
struct Plain;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_str<E>(self, _: &str) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
        while seq.next_element::<Plain>()?.is_some() {}
        Ok(Plain)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == RAW {
                return Err(A::Error::custom("this key cannot be used"));
            }
            map.next_value::<Plain>()?;
        }
        Ok(Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// JSON that grows by a hundred levels each time its text is read anew.
    fn bomb() -> String {
        let around = |inner: &str| format!("{}{inner}{}", "[".repeat(120), "]".repeat(120));
        let mut text = around("");
        for _ in 0..11 {
            text = around(&json!({ RAW: text }).to_string());
        }
        text
    }

    #[test]
    fn what_would_be_read_twice_is_refused() {
        let escaped = RAW.replace('$', "\\u0024");
        for bad in [
            bomb(),
            format!(r#"{{"{RAW}":"1"}}"#),
            format!(r#"{{"{escaped}":"1"}}"#),
            format!(r#"{{"a":[1.5,-1,2,null,true,"x",{{"b":1,"{escaped}":1}}]}}"#),
        ] {
            assert_eq!(read(&bad).unwrap_err().code, Code::BadJson, "{bad:.80}");
        }
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let text = format!(r#"{{"a\u00e9":[1.5,-1,2,null,true,"{RAW}"],"b":{{}}}}"#);
        let expected = json!({"aé": [1.5, -1, 2, null, true, RAW], "b": {}});
        assert_eq!(read(&text), Ok(expected));
        assert!(read(&"[".repeat(200)).is_err(), "too deep");
    }
}

//! Packets of Socket.IO: `<type>[<attachments>-][<namespace>,][<acknowledgement>][<JSON>]`
//! (<https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>).

use crate::error::Problem;
use serde_json::json;

/// A packet from a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for.
    pub kind: Kind,
    /// Where: `/`, or `/` and a name.
    pub namespace: &'a str,
    /// By which number the page knows the answer, if it asks for one.
    pub ack: Option<u64>,
    /// JSON, not looked at yet.
    pub data: &'a str,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To come into a namespace.
    Connect,
    /// To leave it.
    Disconnect,
    /// An event.
    Event,
    /// The answer to an event of the server's.
    Ack,
    /// A refusal.
    ConnectError,
    /// An event, or with `ack` an answer, of which parts follow as binary messages.
    Binary {
        /// How many.
        attachments: u32,
        /// Whether it is an answer.
        ack: bool,
    },
}

/// A text is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl Malformed {
    /// What is wrong with it, for people.
    pub fn why(self) -> &'static str {
        self.0
    }
}

/// Reads a packet.
///
/// # Errors
/// If it is none.
pub fn read(text: &str) -> Result<Packet<'_>, Malformed> {
    let mut rest = text;
    let kind = match rest.as_bytes().first() {
        Some(b'0') => Kind::Connect,
        Some(b'1') => Kind::Disconnect,
        Some(b'2') => Kind::Event,
        Some(b'3') => Kind::Ack,
        Some(b'4') => Kind::ConnectError,
        Some(b'5') => Kind::Binary { attachments: 0, ack: false },
        Some(b'6') => Kind::Binary { attachments: 0, ack: true },
        _ => return Err(Malformed("A packet begins with its type, a digit from 0 to 6.")),
    };
    rest = &rest[1..];
    let kind = match kind {
        Kind::Binary { ack, .. } => {
            let (count, after) = number(rest);
            let attachments = count.and_then(|count| u32::try_from(count).ok());
            let attachments = attachments.filter(|_| after.starts_with('-'));
            rest = after.get(1..).unwrap_or_default();
            let none = Malformed("A binary packet says how many attachments it has.");
            Kind::Binary { attachments: attachments.ok_or(none)?, ack }
        }
        kind => kind,
    };
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let (ack, data) = number(rest);
    if ack.is_none() && data.len() < rest.len() {
        return Err(Malformed("An acknowledgement has a number of at most 64 bits."));
    }
    Ok(Packet { kind, namespace, ack, data })
}

/// A number at the beginning of a text, and what follows its digits.
fn number(text: &str) -> (Option<u64>, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.parse().ok(), rest)
}

/// How a namespace stands in a packet.
fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// An event with these arguments, JSON.
pub fn event(namespace: &str, name: &str, arguments: &[&str]) -> String {
    let length = arguments.iter().map(|argument| argument.len() + 1).sum::<usize>();
    let mut packet = String::with_capacity(length + namespace.len() + name.len() + 8);
    packet.extend(["2", &prefix(namespace), "[\"", name, "\""]);
    for argument in arguments {
        packet.extend([",", argument]);
    }
    packet.push(']');
    packet
}

/// The answer to an event, JSON.
pub fn ack(namespace: &str, number: u64, answer: &str) -> String {
    format!("3{}{number}[{answer}]", prefix(namespace))
}

/// The page is in.
pub fn connected(namespace: &str, sid: &str) -> String {
    format!("0{}{}", prefix(namespace), json!({"sid": sid}))
}

/// The page may not come in.
pub fn connect_error(namespace: &str, problem: &Problem) -> String {
    let Problem { code, detail, retry_after } = problem;
    let data = json!({"code": code, "retry_after": retry_after});
    format!("4{}{}", prefix(namespace), json!({"message": detail, "data": data}))
}

/// The page is out.
pub fn disconnected(namespace: &str) -> String {
    format!("1{}", prefix(namespace))
}

/// What was refused, and why: an event of its own, and the answer to what was asked, if it wants
/// one.
pub fn refused(namespace: &str, number: Option<u64>, code: &str, message: &str) -> Vec<String> {
    let error = json!({"code": code, "message": message});
    let told = event(namespace, "error_message", &[&error.to_string()]);
    let answer = number.map(|number| ack(namespace, number, &json!({"error": error}).to_string()));
    answer.into_iter().chain([told]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(
        kind: Kind,
        namespace: &str,
        ack: Option<u64>,
        data: &'static str,
    ) -> Packet<'static> {
        let namespace = if namespace == "/" { "/" } else { "/finals" };
        Packet { kind, namespace, ack, data }
    }

    #[test]
    fn packets_are_read_as_clients_write_them() {
        let (main, room) = ("/", "/finals");
        for (text, expected) in [
            ("0", packet(Kind::Connect, main, None, "")),
            (r#"0{"since":5}"#, packet(Kind::Connect, main, None, r#"{"since":5}"#)),
            ("0/finals,", packet(Kind::Connect, room, None, "")),
            ("0/finals", packet(Kind::Connect, room, None, "")),
            (r#"0/finals,{"a":1}"#, packet(Kind::Connect, room, None, r#"{"a":1}"#)),
            ("1/finals,", packet(Kind::Disconnect, room, None, "")),
            (r#"2["chat","a,b"]"#, packet(Kind::Event, main, None, r#"["chat","a,b"]"#)),
            (r#"2/finals,17["chat"]"#, packet(Kind::Event, room, Some(17), r#"["chat"]"#)),
            ("3/finals,0[]", packet(Kind::Ack, room, Some(0), "[]")),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        let binary = read(r#"52-/finals,1["a",{"_placeholder":true,"num":0}]"#).unwrap();
        assert_eq!(binary.kind, Kind::Binary { attachments: 2, ack: false });
        assert_eq!((binary.namespace, binary.ack), ("/finals", Some(1)));
    }

    #[test]
    fn what_is_no_packet_is_refused_with_a_reason() {
        for bad in ["", "7", "x", "é", "5", "5-", "5x-[]", "6[]", "599999999999999999999-[]"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("299999999999999999999[\"chat\"]").is_err(), "no number");
    }

    #[test]
    fn packets_are_written_as_clients_read_them() {
        assert_eq!(event("/", "chat", &["1", "{}"]), r#"2["chat",1,{}]"#);
        assert_eq!(event("/finals", "chat", &[]), r#"2/finals,["chat"]"#);
        assert_eq!(ack("/finals", 3, "null"), "3/finals,3[null]");
        assert_eq!(connected("/", "x"), r#"0{"sid":"x"}"#);
        assert_eq!(disconnected("/finals"), "1/finals,");
        assert_eq!(
            refused("/", Some(1), "forbidden", "No."),
            [
                r#"31[{"error":{"code":"forbidden","message":"No."}}]"#,
                r#"2["error_message",{"code":"forbidden","message":"No."}]"#
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-6]?[0-9é,/\\-\\[\\]\"{}a-z]{0,40}") {
            if let Ok(packet) = read(&text) {
                prop_assert!(packet.namespace.starts_with('/'));
                prop_assert!(text.ends_with(packet.data));
            }
        }

        #[test]
        fn what_is_written_is_read_as_it_was(
            name in "[a-z0-9-]{0,64}",
            number in any::<u64>(),
            text in "\\PC{0,40}",
        ) {
            let namespace = format!("/{name}");
            let data = json!(text).to_string();
            let answer = ack(&namespace, number, &data);
            let again = read(&answer).unwrap();
            prop_assert_eq!((again.kind, again.ack), (Kind::Ack, Some(number)));
            prop_assert_eq!(again.namespace, namespace);
            prop_assert_eq!(again.data, format!("[{data}]"));
        }
    }
}

//! What is agreed on at the handshake: permessage-deflate (RFC 7692) and nothing else.

/// A `Sec-WebSocket-Extensions` that is not what RFC 6455, section 9.1 asks for; it also asks to
/// fail the connection then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the offer of extensions cannot be read")]
pub struct Malformed;

/// One extension that a client offers.
struct Offer {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

/// Reads what a client offers and gives what to answer, or `None` where none of it is taken.
///
/// Neither side keeps its window from one message to the next: the server's own choice for what it
/// sends, and one that it may make for the client (section 7.1.1.2). Frames are compressed once for
/// all sessions, so offers that would need a smaller window for one of them are declined.
///
/// # Errors
/// If the header is not of its grammar.
pub fn negotiate(offers: &str) -> Result<Option<String>, Malformed> {
    Ok(Reader { rest: offers }.offers()?.iter().find_map(Offer::answer))
}

impl Offer {
    /// What to answer, if the offer can be taken.
    fn answer(&self) -> Option<String> {
        if !self.name.eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let mut answer =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            if self.parameters[..index].iter().any(|(earlier, _)| earlier == name) {
                return None;
            }
            match (&**name, value.as_deref()) {
                (
                    "server_no_context_takeover"
                    | "client_no_context_takeover"
                    | "client_max_window_bits",
                    None,
                ) => {}
                // The inflater takes any window.
                ("client_max_window_bits", Some(bits)) => {
                    window_bits(bits)?;
                }
                // Whoever asks for it has to be told so (section 7.1.2.1).
                ("server_max_window_bits", Some("15")) => {
                    answer.push_str("; server_max_window_bits=15");
                }
                _ => return None,
            }
        }
        Some(answer)
    }
}

/// 8 to 15, without zeros before it.
fn window_bits(text: &str) -> Option<u8> {
    let bits = text.parse::<u8>().ok().filter(|bits| (8..=15).contains(bits))?;
    (bits.to_string() == text).then_some(bits)
}

/// Reads the header's grammar from left to right.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// All of it. List elements may be empty (RFC 9110, section 5.6.1.2).
    fn offers(&mut self) -> Result<Vec<Offer>, Malformed> {
        let mut offers = Vec::new();
        loop {
            if !self.takes(',') {
                if self.rest.is_empty() {
                    return Ok(offers);
                }
                offers.push(self.offer()?);
                if !self.rest.is_empty() && !self.takes(',') {
                    return Err(Malformed);
                }
            }
        }
    }

    fn offer(&mut self) -> Result<Offer, Malformed> {
        let name = self.token()?;
        let mut parameters = Vec::new();
        while self.takes(';') {
            let name = self.token()?;
            let value = if self.takes('=') { Some(self.value()?) } else { None };
            parameters.push((name, value));
        }
        Ok(Offer { name, parameters })
    }

    /// Whether this character comes next, spaces aside; it is behind us then.
    fn takes(&mut self, character: char) -> bool {
        let spaces = [' ', '\t'];
        self.rest = self.rest.trim_start_matches(spaces);
        let Some(rest) = self.rest.strip_prefix(character) else { return false };
        self.rest = rest.trim_start_matches(spaces);
        true
    }

    fn token(&mut self) -> Result<String, Malformed> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let end = self.rest.find(|c| !is_token(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token.to_owned()) }
    }

    /// A token, or one in quotes: what is quoted has to be a token too (RFC 6455, section 9.1).
    fn value(&mut self) -> Result<String, Malformed> {
        let Some(quoted) = self.rest.strip_prefix('"') else { return self.token() };
        let mut value = String::new();
        let mut characters = quoted.chars();
        loop {
            match characters.next().ok_or(Malformed)? {
                '"' => break,
                '\\' => value.push(characters.next().ok_or(Malformed)?),
                character => value.push(character),
            }
        }
        self.rest = characters.as_str();
        if !value.is_empty() && value.chars().all(is_token) { Ok(value) } else { Err(Malformed) }
    }
}

/// What a token is made of (RFC 9110, section 5.6.2).
pub(super) fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    fn answer(offers: &str) -> Option<String> {
        negotiate(offers).expect("an offer that can be read")
    }

    #[test]
    fn what_browsers_offer_is_taken() {
        for offers in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate;client_max_window_bits=10 ;server_no_context_takeover",
            "permessage-deflate; client_max_window_bits=\"15\"",
            "x-webkit-deflate-frame, permessage-deflate; client_no_context_takeover",
            "PerMessage-Deflate, ,",
        ] {
            assert_eq!(answer(offers).as_deref(), Some(PLAIN), "{offers}");
        }
    }

    #[test]
    fn an_offer_that_cannot_be_kept_is_declined_and_the_next_one_looked_at() {
        for offers in [
            "",
            "x-other; a=b",
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=08",
            "permessage-deflate; client_max_window_bits=+9",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; unknown",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
        ] {
            assert_eq!(answer(offers), None, "{offers}");
            let second = answer(&format!("{offers}, permessage-deflate"));
            assert_eq!(second.as_deref(), Some(PLAIN), "{offers}");
        }
    }

    #[test]
    fn a_window_that_is_asked_for_is_confirmed() {
        let told = answer("permessage-deflate; server_max_window_bits=15");
        assert_eq!(told, Some(format!("{PLAIN}; server_max_window_bits=15")));
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused() {
        for offers in [
            "permessage-deflate;",
            "permessage-deflate; a=",
            "permessage-deflate; a=\"\"",
            "permessage-deflate; a=\"x",
            "permessage-deflate; a=\"x y\"",
            "permessage-deflate x",
            "; a",
            "a=b",
            "\u{e4}",
        ] {
            assert_eq!(negotiate(offers), Err(Malformed), "{offers}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(offers in "[a-z;,=\" \\\\0-9]{0,40}|.*") {
            let _ = negotiate(&offers);
        }
    }
}

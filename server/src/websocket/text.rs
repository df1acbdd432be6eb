//! Text that comes in pieces: a character may be cut in two, but what can never become UTF-8 is
//! refused at once (RFC 6455, section 8.1), not when the message ends.

use super::Violation;

/// The text so far. At most the first three bytes of one character wait for the rest of it.
#[derive(Debug, Default)]
pub struct PartialText {
    text: String,
    tail: [u8; 4],
    held: usize,
}

impl PartialText {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.text.len() + self.held
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Violation::NotUtf8`] as soon as it is certain.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), Violation> {
        while self.held > 0 {
            let Some((&byte, rest)) = piece.split_first() else { return Ok(()) };
            piece = rest;
            self.tail[self.held] = byte;
            self.held += 1;
            match str::from_utf8(&self.tail[..self.held]) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.held = 0;
                }
                // Four bytes are a character or an error, so the tail never grows beyond them.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Violation::NotUtf8),
            }
        }
        let (whole, tail) = match str::from_utf8(piece) {
            Ok(whole) => (whole, &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (whole, tail) = piece.split_at(error.valid_up_to());
                (str::from_utf8(whole).map_err(|_| Violation::NotUtf8)?, tail)
            }
            Err(_) => return Err(Violation::NotUtf8),
        };
        self.text.push_str(whole);
        self.tail[..tail.len()].copy_from_slice(tail);
        self.held = tail.len();
        Ok(())
    }

    /// The whole text.
    ///
    /// # Errors
    /// [`Violation::NotUtf8`] if its last character is cut off.
    pub fn finish(self) -> Result<String, Violation> {
        if self.held == 0 { Ok(self.text) } else { Err(Violation::NotUtf8) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Result<String, Violation> {
        let mut text = PartialText::default();
        for piece in pieces {
            text.push(piece)?;
        }
        text.finish()
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        let text = "\u{fc}\u{20ac}\u{1f600}";
        let bytes = text.as_bytes();
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), Ok(text.to_owned()));
        for cut in 0..bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), Ok(text.to_owned()), "{cut}");
            let whole = text.is_char_boundary(cut);
            assert_eq!(read(&[&bytes[..cut]]).is_ok(), whole, "{cut}");
        }
    }

    #[test]
    fn what_can_never_be_a_character_is_refused_at_its_first_wrong_byte() {
        // Beyond the last character, surrogates, longer than needed, bytes that never occur.
        for bad in
            [&b"\xf4\x90"[..], b"\xed\xa0", b"\xe0\x80", b"\xf0\x8f", b"\xc0", b"\xf5", b"\x80"]
        {
            let mut text = PartialText::default();
            let (last, before) = bad.split_last().unwrap();
            assert_eq!(text.push(before), Ok(()), "{bad:x?}");
            assert_eq!(text.push(&[*last]), Err(Violation::NotUtf8), "{bad:x?}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_standard_library_wherever_it_is_cut(
            bytes in prop_oneof![
                any::<String>().prop_map(String::into_bytes),
                any::<Vec<u8>>(),
                prop::collection::vec(prop::sample::select(&b"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\xf4"[..]), 0..12),
            ],
            cut: prop::sample::Index,
        ) {
            let (first, rest) = bytes.split_at(cut.index(bytes.len() + 1));
            let expected = String::from_utf8(bytes.clone()).map_err(|_| Violation::NotUtf8);
            prop_assert_eq!(read(&[first, rest]), expected);
        }
    }
}

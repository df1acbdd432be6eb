//! Lines out of bytes that the network split anywhere.

/// Cuts bytes into lines: `\n` or `\r\n` ends one. Its memory is bounded by the longest line that is
/// allowed.
#[derive(Debug)]
pub struct Lines {
    begun: Vec<u8>,
    most: usize,
    /// The rest of a line that was too long is thrown away.
    skipping: bool,
}

/// What was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// A line had more bytes than are allowed.
    TooLong,
}

impl Lines {
    /// For lines of at most this many bytes.
    pub fn new(most: usize) -> Self {
        Self { begun: Vec::new(), most, skipping: false }
    }

    /// Takes bytes in, and tells each line that ends in them.
    pub fn feed(&mut self, mut bytes: &[u8], tell: &mut impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.skipping {
                self.skipping = false;
            } else if self.begun.is_empty() {
                self.tell(line, tell);
            } else if self.begun.len() + line.len() > self.most + 1 {
                self.begun.clear();
                tell(Line::TooLong);
            } else {
                self.begun.extend_from_slice(line);
                let begun = std::mem::take(&mut self.begun);
                self.tell(&begun, tell);
                self.begun = begun;
                self.begun.clear();
            }
        }
        if self.skipping {
            return;
        }
        // One more than allowed: it may be the `\r` of the end.
        if self.begun.len() + bytes.len() > self.most + 1 {
            self.begun = Vec::new();
            self.skipping = true;
            tell(Line::TooLong);
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    /// Tells what is left when no more comes: the last line of many files has no end.
    pub fn finish(&mut self, tell: &mut impl FnMut(Line<'_>)) {
        let begun = std::mem::take(&mut self.begun);
        if !std::mem::take(&mut self.skipping) && !begun.is_empty() {
            self.tell(&begun, tell);
        }
    }

    fn tell(&self, line: &[u8], tell: &mut impl FnMut(Line<'_>)) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.most { tell(Line::TooLong) } else { tell(Line::Whole(line)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, most: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(most);
        let mut told = Vec::new();
        for piece in pieces {
            lines.feed(piece, &mut |line| {
                told.push(match line {
                    Line::Whole(line) => Some(line.to_vec()),
                    Line::TooLong => None,
                });
            });
            assert!(lines.begun.len() <= most + 1);
        }
        told
    }

    #[test]
    fn both_ends_of_lines_are_known_and_what_is_not_ended_waits() {
        let told = cut([&b"a\r\n\nb"[..], b"\r", b"\nc"], 10);
        assert_eq!(told, [Some(b"a".to_vec()), Some(Vec::new()), Some(b"b".to_vec())]);
    }

    #[test]
    fn the_last_line_needs_no_end() {
        for (text, last) in [(&b"a\nb"[..], Some(&b"b"[..])), (b"b\r", Some(b"b")), (b"a\n", None)]
        {
            let (mut lines, mut told) = (Lines::new(4), None);
            lines.feed(text, &mut |_| {});
            lines.finish(&mut |line| told = Some(line == Line::Whole(last.unwrap_or_default())));
            assert_eq!(told, last.map(|_| true));
        }
        let mut lines = Lines::new(4);
        lines.feed(b"123456", &mut |line| assert_eq!(line, Line::TooLong));
        lines.finish(&mut |_| panic!("it was told already"));
    }

    #[test]
    fn a_line_that_is_too_long_costs_only_itself() {
        let told = cut([&b"123456\n1234\r\n12345"[..], b"\r\n12345", b"6", b"7\nok\n"], 4);
        let ok = |text: &[u8]| Some(text.to_vec());
        assert_eq!(told, [None, ok(b"1234"), None, None, ok(b"ok")]);
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..80),
            cuts in proptest::collection::vec(0..80_usize, 0..8),
        ) {
            let mut pieces = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..to]);
                from = to;
            }
            prop_assert_eq!(cut(pieces, 7), cut([&text[..]], 7));
        }
    }
}

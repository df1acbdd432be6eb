//! The marker in what is published: it says which publish a frame belongs to, wherever a server
//! puts the text in its own envelope.

use memchr::memmem::Finder;

/// What stands before the number. Nothing in it has a meaning in JSON, Markdown or HTML.
const SIGN: &[u8] = b"seq-";
/// How many digits the number has: always all of them, so that every frame is of the same size.
const DIGITS: usize = 8;
/// Where the text's number is written over, from its beginning.
const TEXT: &str = "seq-00000000 The doors are open, come in";

/// The text of a publish, without its number.
pub(crate) fn text() -> &'static str {
    TEXT
}

/// Writes a number over the one in `body`, which begins with the sign at `place`.
pub(crate) fn write(body: &mut [u8], place: usize, number: u32) {
    let mut rest = number;
    for digit in body[place + SIGN.len()..][..DIGITS].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Finds markers. Frames of one server have it in the same place, so that place is tried first.
pub(crate) struct Markers {
    finder: Finder<'static>,
    last: usize,
}

impl Markers {
    pub(crate) fn new() -> Self {
        Self { finder: Finder::new(SIGN), last: 0 }
    }

    /// Where the first sign stands.
    pub(crate) fn place(&self, bytes: &[u8]) -> Option<usize> {
        self.finder.find(bytes)
    }

    /// The number of the first marker.
    pub(crate) fn first(&mut self, bytes: &[u8]) -> Option<u32> {
        if let Some(number) = at(bytes, self.last) {
            return Some(number);
        }
        let place = self.finder.find(bytes)?;
        self.last = place;
        at(bytes, place)
    }

    /// Every number, in order. A text may stand twice in one element, as source and as HTML; that
    /// counts once.
    pub(crate) fn each(&self, bytes: &[u8], mut tell: impl FnMut(u32)) {
        let mut before = None;
        for place in self.finder.find_iter(bytes) {
            let number = at(bytes, place);
            if number != before
                && let Some(number) = number
            {
                tell(number);
            }
            before = number;
        }
    }
}

/// The number of the marker that stands at `place`, if one does.
fn at(bytes: &[u8], place: usize) -> Option<u32> {
    let marker = bytes.get(place..place + SIGN.len() + DIGITS)?;
    let digits = marker.strip_prefix(SIGN)?;
    let mut number = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number * 10 + u32::from(value);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_written_is_found_wherever_the_text_stands() {
        let mut markers = Markers::new();
        for (before, number) in [("", 7), ("{\"offset\":9,\"text\":\"", 1234), ("{", 99_999_999)] {
            let mut body = format!("{before}{}", text()).into_bytes();
            let place = markers.place(&body).expect("the text has a sign");
            write(&mut body, place, number);
            assert_eq!(markers.first(&body), Some(number));
        }
        assert_eq!(markers.first(b"seq-0000000"), None);
        assert_eq!(markers.first(b"seq-1234567x"), None);
    }

    #[test]
    fn a_text_that_stands_twice_in_an_element_counts_once() {
        let markers = Markers::new();
        let body = b"[seq-00000001 <p>seq-00000001</p>, seq-00000002 <p>seq-00000002</p>]";
        let mut numbers = Vec::new();
        markers.each(body, |number| numbers.push(number));
        assert_eq!(numbers, [1, 2]);
    }
}

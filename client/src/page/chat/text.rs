//! What words are made of: plain text, addresses that may be opened, names of people.
//!
//! It is text that comes out, never markup.

/// A part of somebody's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// To be shown as it is.
    Plain(&'a str),
    /// An address, `http:` or `https:`.
    Link(&'a str),
    /// A name with the `@` before it, as it was written.
    Mention(&'a str),
}

/// Takes words apart. `names` are those that somebody here goes by.
pub fn parts<'a>(text: &'a str, names: &[String]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let begins = text[..at].chars().next_back().is_none_or(|before| !in_word(before));
        let found = match rest.as_bytes()[0] {
            b'@' if begins => mention(rest, names).map(Part::Mention),
            b'h' | b'H' if begins => link(rest).map(Part::Link),
            _ => None,
        };
        let Some(found) = found else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if plain < at {
            parts.push(Part::Plain(&text[plain..at]));
        }
        at += found.text().len();
        plain = at;
        parts.push(found);
    }
    if plain < text.len() {
        parts.push(Part::Plain(&text[plain..]));
    }
    parts
}

impl<'a> Part<'a> {
    /// As it was written.
    pub fn text(self) -> &'a str {
        match self {
            Self::Plain(text) | Self::Link(text) | Self::Mention(text) => text,
        }
    }
}

/// Whether a letter is a part of words. Near enough: what Unicode says about each of them would
/// weigh more than all the rest of this.
fn in_word(letter: char) -> bool {
    match letter {
        '\0'..='\u{7f}' => letter.is_ascii_alphanumeric(),
        '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' => false,
        _ => true,
    }
}

/// Whether `text` begins with `start`, small and capital letters alike (as far as ASCII goes).
fn starts(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// The name at the beginning of `text`, behind its `@`: the longest that somebody goes by.
fn mention<'a>(text: &'a str, names: &[String]) -> Option<&'a str> {
    let behind = text.get(1..)?;
    let fits = |name: &&String| {
        let ends = |rest: &str| rest.chars().next().is_none_or(|next| !in_word(next));
        !name.is_empty() && starts(behind, name) && behind.get(name.len()..).is_some_and(ends)
    };
    let longest = names.iter().filter(fits).map(String::len).max()?;
    text.get(..=longest)
}

/// The address at the beginning of `text`, without what belongs to the sentence around it.
fn link(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| starts(text, scheme))?.len();
    let stops = |letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '<' | '>' | '"' | '`')
    };
    let mut address = &text[..text.find(stops).unwrap_or(text.len())];
    while let Some(last) = address.chars().next_back() {
        let count = |letter| address.matches(letter).count();
        let loose = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…' | '”' | '’' | '»' => {
                true
            }
            ')' => count(')') > count('('),
            ']' => count(']') > count('['),
            '}' => count('}') > count('{'),
            _ => false,
        };
        if !loose {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    // A place has to be named, and one that hides behind somebody's name is not opened.
    let host = address.get(scheme..)?.split(['/', '?', '#']).next()?;
    (host.starts_with(|first: char| in_word(first) || first == '[') && !host.contains('@'))
        .then_some(address)
}

/// Whether somebody of this name is meant by these words.
pub fn mentions(text: &str, name: &str) -> bool {
    // Another name may begin like this one; who else is here does not matter for that.
    let names = [name.to_owned()];
    !name.is_empty() && parts(text, &names).iter().any(|part| matches!(part, Part::Mention(_)))
}

/// What is being typed of a name: where its `@` stands in `text`, and what is behind it so far.
/// `caret` counts bytes.
pub fn name_begun(text: &str, caret: usize) -> Option<(usize, &str)> {
    let before = text.get(..caret)?;
    let at = before.rfind('@')?;
    let begun = &before[at + 1..];
    let begins = before[..at].chars().next_back().is_none_or(|letter| !in_word(letter));
    (begins && begun.len() <= 40 && !begun.contains('\n')).then_some((at, begun))
}

/// The names that what is being typed may become, those that begin like it.
pub fn completions(begun: &str, names: &[String]) -> Vec<String> {
    const MOST: usize = 6;
    let fits = |name: &&String| {
        let mut words = name.match_indices(' ').map(|(at, _)| &name[at + 1..]);
        starts(name, begun) || (!begun.is_empty() && words.any(|word| starts(word, begun)))
    };
    names.iter().filter(fits).take(MOST).cloned().collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;

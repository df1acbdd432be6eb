//! Reactions: lines of nothing but emoji.

use unicode_properties::UnicodeEmoji;
use unicode_properties::emoji::EmojiStatus;
use unicode_segmentation::UnicodeSegmentation;

/// Asks for the picture where a character can be a plain sign too.
const PICTURE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// How many different emoji of one line count.
const MOST: usize = 20;

/// The emoji of a line that has nothing else, each once.
pub(super) fn reaction(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for grapheme in text.graphemes(true).filter(|grapheme| !grapheme.trim().is_empty()) {
        let Some(emoji) = emoji(grapheme) else { return Vec::new() };
        if !found.contains(&emoji) && found.len() < MOST {
            found.push(emoji);
        }
    }
    found
}

/// What a reader takes for one character, if that is an emoji; written in one way.
fn emoji(grapheme: &str) -> Option<String> {
    let mut rest = grapheme.chars();
    let first = rest.next()?;
    let is_picture = match first.emoji_status() {
        // Digits are emoji with a cap alone.
        EmojiStatus::EmojiOtherAndEmojiComponent => {
            return grapheme.contains(KEYCAP).then(|| grapheme.to_owned());
        }
        EmojiStatus::EmojiOther | EmojiStatus::EmojiModifierBase => false,
        EmojiStatus::EmojiPresentation
        | EmojiStatus::EmojiPresentationAndModifierBase
        | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
        | EmojiStatus::EmojiPresentationAndEmojiComponent => true,
        _ => return None,
    };
    if is_picture || rest.as_str().contains(PICTURE) {
        return Some(grapheme.to_owned());
    }
    // Signs such as © are mostly meant as text.
    (first > '\u{2100}').then(|| format!("{first}{PICTURE}{}", rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_emoji_is_a_reaction() {
        assert_eq!(reaction("🎉🎉 👏"), ["🎉", "👏"]);
        assert_eq!(reaction("❤"), reaction("❤️"), "one heart, however it is written");
        for whole in ["👍🏽", "👩‍🚒", "🇹🇷", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
        {
            assert_eq!(reaction(whole), [whole], "one character to a reader");
        }
    }

    #[test]
    fn a_line_with_anything_else_is_none() {
        for line in ["", " ", "🎉 goal", "1", "2026", "#", ":)", "©", "é"] {
            assert_eq!(reaction(line), [] as [&str; 0], "{line}");
        }
    }
}

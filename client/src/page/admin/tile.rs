//! Display buttons: prepared items that one click shows.

use super::draft::Draft;
use crate::read::Json;
use nowcast_shared::id::ButtonId;
use nowcast_shared::item::Body;

/// The colours that a tile can wear. Each has a variable for light and for dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// The quiet one, and the first choice.
    #[default]
    Blue,
    /// Orange-red.
    Vermilion,
    /// Yellow-brown.
    Amber,
    /// Green.
    Green,
    /// Blue-green.
    Teal,
    /// Violet.
    Violet,
    /// Pink.
    Rose,
    /// Grey.
    Ink,
}

impl Color {
    /// In the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Blue,
        Self::Vermilion,
        Self::Amber,
        Self::Green,
        Self::Teal,
        Self::Violet,
        Self::Rose,
        Self::Ink,
    ];

    /// Its name, on the wire and in the style sheet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Vermilion => "vermilion",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Teal => "teal",
            Self::Violet => "violet",
            Self::Rose => "rose",
            Self::Ink => "ink",
        }
    }

    /// The one with this name; a colour of a newer server is shown as ink.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|color| color.name() == name).unwrap_or(Self::Ink)
    }
}

/// A display button without its name on the server: what is sent to make or change one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// What stands on it.
    pub label: String,
    /// What it wears.
    pub color: Color,
    /// The kind of the item that it shows, as on the wire.
    pub kind: String,
    /// The item.
    pub body: Body,
    /// All of its data, also what [`Self::body`] does not know.
    pub data: Json,
}

/// A display button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Its name on the server.
    pub id: ButtonId,
    /// All that can be changed.
    pub face: Face,
}

impl Face {
    /// With what a draft says, and with all else that `before` had of the same kind.
    pub fn of(label: String, color: Color, draft: &Draft, before: Option<&Self>) -> Self {
        let (kind, body) = (draft.kind.name().to_owned(), draft.body());
        let before = before.filter(|before| before.kind == kind).map(|before| &before.data);
        let data = draft.data(before.map(|data| data.0.as_str()));
        Self { label, color, kind, body, data }
    }
}

/// What became of the last click on a tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// There was none.
    #[default]
    Idle,
    /// It is on its way.
    Sending,
    /// It went out, at this time of day.
    Out(String),
    /// It did not, and why.
    Failed(String),
}

/// What an item says, line by line, without Markdown's marks.
fn said(body: &Body) -> Vec<String> {
    let words = match body {
        Body::Message { text } | Body::Post { text: Some(text), .. } => text,
        Body::Link { title: Some(title), .. } => title,
        Body::Link { url, .. } => url.split_once("//").map_or(url.as_str(), |(_, rest)| rest),
        Body::Image { alt, .. } => alt,
        Body::Post { picture, .. } => {
            picture.as_ref().and_then(|picture| picture.alt.as_deref()).unwrap_or_default()
        }
        Body::Custom { json } => json,
        Body::Unknown => "",
    };
    let is_markdown = matches!(body, Body::Message { .. });
    let lines = words.lines().map(|line| if is_markdown { plain(line) } else { line.to_owned() });
    let lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

/// A line of Markdown without its commonest marks. Good enough to recognise a text by.
fn plain(line: &str) -> String {
    let mut line = line.trim_start().trim_start_matches(['#', '>']).replace(['*', '`'], "");
    while let Some((begin, middle, end)) = link(&line) {
        let words = line[begin + 1..middle].to_owned();
        line.replace_range(begin..=end, &words);
    }
    line
}

/// What stands under the label of a tile: what its item says, without saying the label twice.
pub fn summary(face: &Face) -> String {
    let mut lines = said(&face.body);
    let bare = |text: &str| text.trim_end_matches(['.', ':', '…']).to_lowercase();
    if lines.first().is_some_and(|first| bare(first) == bare(&face.label)) {
        lines.remove(0);
    }
    lines.join(" · ")
}

/// Where the first `[words](address)` of a line begins, changes over and ends.
fn link(line: &str) -> Option<(usize, usize, usize)> {
    let middle = line.find("](")?;
    let begin = line[..middle].rfind(['[', ']']).filter(|&at| line[at..].starts_with('['))?;
    let end = middle + line[middle..].find(')')?;
    Some((begin, middle, end))
}

/// A label for a draft, to begin with: its first words.
pub fn suggested_label(draft: &Draft) -> String {
    let first = said(&draft.body()).into_iter().next().unwrap_or_default();
    let mut label = String::new();
    for word in first.split(' ') {
        if label.chars().count() + word.chars().count() >= 28 {
            break;
        }
        if !label.is_empty() {
            label.push(' ');
        }
        label.push_str(word);
    }
    label
}

#[cfg(test)]
mod tests {
    use super::super::draft::Kind;
    use super::*;

    #[test]
    fn colours_are_found_by_their_names() {
        for color in Color::ALL {
            assert_eq!(Color::from_name(color.name()), color);
        }
        assert_eq!(Color::from_name("infrared"), Color::Ink);
    }

    #[test]
    fn a_label_is_the_first_words_without_markdown() {
        let said = |text: &str| suggested_label(&Draft { text: text.into(), ..Draft::default() });
        assert_eq!(said("## **Doors** open\n\nat nine"), "Doors open");
        assert_eq!(
            said("See [the *plan*](https://a.b/c), [x] and ](.)"),
            "See the plan, [x] and ](.)"
        );
        assert_eq!(
            said("We are going to begin in a very few minutes"),
            "We are going to begin in a"
        );
        assert_eq!(said(""), "");
        let link = Draft {
            kind: Kind::Link,
            link_url: "https://example.org/a".into(),
            ..Draft::default()
        };
        assert_eq!(suggested_label(&link), "example.org/a");
    }

    #[test]
    fn a_display_button_keeps_what_its_form_does_not_have_as_long_as_it_is_of_its_kind() {
        let draft = Draft { text: "a".into(), ..Draft::default() };
        let mut face = Face::of("A".into(), Color::Blue, &draft, None);
        face.data = Json(r#"{"text":"a","mood":"calm"}"#.into());
        let draft = Draft { text: "b".into(), ..draft };
        let edited = Face::of("A".into(), Color::Blue, &draft, Some(&face));
        assert_eq!(edited.data.0, r#"{"mood":"calm","text":"b"}"#);
        let custom = Draft { kind: Kind::Custom, json: "[1, 2]".into(), ..draft };
        let other = Face::of("A".into(), Color::Blue, &custom, Some(&edited));
        assert_eq!((other.data.0.as_str(), other.kind.as_str()), ("[1,2]", "custom"));
    }

    #[test]
    fn a_tile_does_not_say_its_label_twice() {
        let face = |label: &str, text: &str| {
            let draft = Draft { text: text.into(), ..Draft::default() };
            Face::of(label.into(), Color::Blue, &draft, None)
        };
        assert_eq!(summary(&face("Break", "## Break\n\nBack in ten.")), "Back in ten.");
        assert_eq!(summary(&face("Pause", "## Break\n\nBack in ten.")), "Break · Back in ten.");
        assert_eq!(summary(&face("Break", "**Break.**")), "");
    }
}

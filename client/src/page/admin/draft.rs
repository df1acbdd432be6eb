//! What is being written: the composer's fields, before they are an item.
//!
//! Pure: text in, [`Body`] out; [`super::problem`] says what is wrong. Every kind has fields of its own, so that trying another tab loses
//! nothing.

use nowcast_shared::item::Body;

/// What can be composed, in the order of the tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Markdown.
    #[default]
    Message,
    /// Somewhere else.
    Link,
    /// A picture.
    Image,
}

impl Kind {
    /// In the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Message, Self::Link, Self::Image];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Link => "link",
            Self::Image => "image",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Message => "Message",
            Self::Link => "Link",
            Self::Image => "Image",
        }
    }

    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The field that is written first.
    pub const fn first_field(self) -> Field {
        match self {
            Self::Message => Field::Text,
            Self::Link => Field::LinkUrl,
            Self::Image => Field::ImageUrl,
        }
    }

    /// The tab `step` further, round and round.
    #[must_use]
    pub fn turned(self, step: isize) -> Self {
        let at = Self::ALL.iter().position(|&kind| kind == self).unwrap_or_default();
        let len = Self::ALL.len().cast_signed();
        Self::ALL[(at.cast_signed() + step).rem_euclid(len).cast_unsigned()]
    }
}

/// A field of the composer, to say which one is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A message's Markdown.
    Text,
    /// A link's address.
    LinkUrl,
    /// A link's title.
    Title,
    /// A link's description.
    Description,
    /// A picture's address.
    ImageUrl,
    /// What a picture shows, in words.
    Alt,
}

/// The fields of all tabs and which tab is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The chosen tab.
    pub kind: Kind,
    /// A message's Markdown.
    pub text: String,
    /// A link's address.
    pub link_url: String,
    /// A link's title.
    pub title: String,
    /// A link's description.
    pub description: String,
    /// A picture's address.
    pub image_url: String,
    /// What the picture shows, in words.
    pub alt: String,
    /// The picture's pixels, if it was uploaded here, and for which address they hold.
    pub size: Option<(String, u32, u32)>,
}

/// Separates the fields in the text that [`Draft::to_text`] makes; no keyboard types it.
const SEPARATOR: char = '\u{1f}';

impl Draft {
    /// The draft that shows this body in its fields; `None` for a kind that cannot be composed.
    pub fn of(body: &Body) -> Option<Self> {
        let mut draft = Self::default();
        match body.clone() {
            Body::Message { text } => draft.text = text,
            Body::Link { url, title, description } => {
                draft.kind = Kind::Link;
                draft.link_url = url;
                draft.title = title.unwrap_or_default();
                draft.description = description.unwrap_or_default();
            }
            Body::Image { url, alt, size } => {
                draft.kind = Kind::Image;
                draft.size = size.map(|(width, height)| (url.clone(), width, height));
                draft.image_url = url;
                draft.alt = alt;
            }
            Body::Post { .. } | Body::Custom { .. } | Body::Unknown => return None,
        }
        Some(draft)
    }

    /// What the chosen tab says, as it goes out.
    pub fn body(&self) -> Body {
        match self.kind {
            Kind::Message => Body::Message { text: self.text.trim_end().to_owned() },
            Kind::Link => Body::Link {
                url: address(&self.link_url),
                title: filled(&self.title),
                description: filled(&self.description),
            },
            Kind::Image => {
                let url = address(&self.image_url);
                // The size belongs to the upload: another address typed over it has another size.
                let size = match &self.size {
                    Some((of, width, height)) if *of == url => Some((*width, *height)),
                    _ => None,
                };
                Body::Image { url, alt: self.alt.trim().to_owned(), size }
            }
        }
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::Text => &self.text,
            Field::LinkUrl => &self.link_url,
            Field::Title => &self.title,
            Field::Description => &self.description,
            Field::ImageUrl => &self.image_url,
            Field::Alt => &self.alt,
        }
    }

    /// Types into a field.
    pub fn set(&mut self, field: Field, value: String) {
        match field {
            Field::Text => self.text = value,
            Field::LinkUrl => self.link_url = value,
            Field::Title => self.title = value,
            Field::Description => self.description = value,
            Field::ImageUrl => self.image_url = value,
            Field::Alt => self.alt = value,
        }
    }

    /// Empties the chosen tab, and leaves the others as they are.
    pub fn clear(&mut self) {
        match self.kind {
            Kind::Message => self.text.clear(),
            Kind::Link => {
                self.link_url.clear();
                self.title.clear();
                self.description.clear();
            }
            Kind::Image => {
                self.image_url.clear();
                self.alt.clear();
                self.size = None;
            }
        }
    }

    /// Whether nothing is written in the chosen tab.
    pub fn is_empty(&self) -> bool {
        let fields: &[&str] = match self.kind {
            Kind::Message => &[&self.text],
            Kind::Link => &[&self.link_url, &self.title, &self.description],
            Kind::Image => &[&self.image_url, &self.alt],
        };
        fields.iter().all(|text| text.trim().is_empty())
    }

    /// Whether there is enough to show a preview of.
    pub fn previewable(&self) -> bool {
        match self.kind {
            // A picture can be looked at before its words are found.
            Kind::Image => !self.image_url.trim().is_empty(),
            _ => self.missing().is_none(),
        }
    }

    /// As one text, for the browser's session storage.
    pub fn to_text(&self) -> String {
        let size = self.size.as_ref();
        let size = size.map(|(url, width, height)| format!("{width}x{height} {url}"));
        let fields = [
            self.kind.name(),
            &self.text,
            &self.link_url,
            &self.title,
            &self.description,
            &self.image_url,
            &self.alt,
            size.as_deref().unwrap_or_default(),
        ];
        fields.map(|field| field.replace(SEPARATOR, " ")).join(&SEPARATOR.to_string())
    }

    /// Reads what [`Self::to_text`] wrote; `None` if it is something else.
    pub fn from_text(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(SEPARATOR).collect();
        let &[kind, text, link_url, title, description, image_url, alt, size] = fields.as_slice()
        else {
            return None;
        };
        Some(Self {
            kind: Kind::from_name(kind)?,
            text: text.to_owned(),
            link_url: link_url.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            image_url: image_url.to_owned(),
            alt: alt.to_owned(),
            size: read_size(size),
        })
    }
}

/// An address as it was meant: people leave out the beginning that is always the same.
fn address(text: &str) -> String {
    let text = text.trim();
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.') && !host.starts_with('.') && !host.contains([':', '@', ' ']);
    if is_host { format!("https://{text}") } else { text.to_owned() }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn read_size(text: &str) -> Option<(String, u32, u32)> {
    let (pixels, url) = text.split_once(' ')?;
    let (width, height) = pixels.split_once('x')?;
    Some((url.to_owned(), width.parse().ok()?, height.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(url: &str, alt: &str) -> Draft {
        Draft {
            kind: Kind::Image,
            image_url: url.into(),
            alt: alt.into(),
            size: Some(("/uploads/a.png".into(), 640, 480)),
            ..Draft::default()
        }
    }

    #[test]
    fn a_body_comes_back_out_of_its_fields() {
        for body in [
            Body::Message { text: "**Hello**\n\n- one".into() },
            Body::Link { url: "https://example.org/".into(), title: None, description: None },
            Body::Link {
                url: "https://example.org/".into(),
                title: Some("Example".into()),
                description: Some("For examples".into()),
            },
            Body::Image { url: "/uploads/a.png".into(), alt: "A hall".into(), size: Some((4, 3)) },
            Body::Image { url: "https://a.b/c.png".into(), alt: "A hall".into(), size: None },
        ] {
            assert_eq!(Draft::of(&body).unwrap().body(), body);
        }
        assert_eq!(Draft::of(&Body::Unknown), None);
    }

    #[test]
    fn blanks_around_fields_do_not_go_out_but_leading_code_indents_do() {
        let draft = Draft { text: "    let x;\n".into(), ..Draft::default() };
        assert_eq!(draft.body(), Body::Message { text: "    let x;".into() });
        let draft = Draft {
            kind: Kind::Link,
            link_url: " https://a.b ".into(),
            title: "  ".into(),
            ..Draft::default()
        };
        let link = Body::Link { url: "https://a.b".into(), title: None, description: None };
        assert_eq!(draft.body(), link);
    }

    #[test]
    fn an_address_may_be_given_without_its_beginning() {
        for (typed, meant) in [
            ("example.org", "https://example.org"),
            (" example.org/a?b ", "https://example.org/a?b"),
            ("http://example.org", "http://example.org"),
            ("/uploads/a.png", "/uploads/a.png"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("mailto:a@b.org", "mailto:a@b.org"),
            ("somewhere", "somewhere"),
            ("", ""),
        ] {
            assert_eq!(address(typed), meant);
        }
    }

    #[test]
    fn an_uploads_size_does_not_stick_to_another_address() {
        let sized = |draft: Draft| matches!(draft.body(), Body::Image { size: Some(_), .. });
        assert!(sized(image("/uploads/a.png", "x")));
        assert!(!sized(image("https://elsewhere.example/b.png", "x")));
    }

    #[test]
    fn clearing_a_tab_leaves_the_others() {
        let mut draft = Draft { text: "stays".into(), ..image("/uploads/a.png", "x") };
        draft.clear();
        assert!(draft.is_empty());
        assert_eq!(draft.text, "stays");
        assert_eq!(draft.size, None);
    }

    #[test]
    fn a_draft_survives_the_session_storage() {
        let draft = Draft {
            text: "line\nline \u{1f} end".into(),
            title: "ä".into(),
            ..image("/uploads/a b.png", "x")
        };
        let back = Draft::from_text(&draft.to_text()).unwrap();
        assert_eq!(back, Draft { text: "line\nline   end".into(), ..draft });
        assert_eq!(Draft::from_text(""), None);
        assert_eq!(Draft::from_text("nonsense"), None);
    }

    #[test]
    fn tabs_go_round() {
        assert_eq!(Kind::Message.turned(-1), Kind::Image);
        assert_eq!(Kind::Image.turned(1), Kind::Message);
    }
}

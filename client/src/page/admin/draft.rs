//! What is being written: the composer's fields, before they are an item.
//!
//! Pure: text in, [`Body`] out; [`super::problem`] says what is wrong. Every kind has fields of its own, so that trying another tab loses
//! nothing.

use super::json::{laid, merged, tight};
use crate::read::Json;
use crate::write;
use nowcast_shared::item::{Body, Picture};

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
    /// What somebody said elsewhere.
    Post,
    /// Any JSON.
    Custom,
}

impl Kind {
    /// In the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Message, Self::Link, Self::Image, Self::Post, Self::Custom];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Link => "link",
            Self::Image => "image",
            Self::Post => "post",
            Self::Custom => "custom",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Message => "Message",
            Self::Link => "Link",
            Self::Image => "Image",
            Self::Post => "Post",
            Self::Custom => "Custom",
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
            Self::Post => Field::PostText,
            Self::Custom => Field::Json,
        }
    }

    /// What is written in its tab.
    pub const fn entries(self) -> &'static [Field] {
        match self {
            Self::Message => &[Field::Text],
            Self::Link => &[Field::LinkUrl, Field::Title, Field::Description],
            Self::Image => &[Field::ImageUrl, Field::Alt],
            Self::Post => &[
                Field::PostText,
                Field::User,
                Field::Source,
                Field::PostUrl,
                Field::PostPicture,
                Field::PostAlt,
            ],
            Self::Custom => &[Field::Json],
        }
    }

    /// The fields that it has on the wire. Others may be there as well, and stay.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Message => &["text"],
            Self::Link => &["url", "title", "description"],
            Self::Image => &["url", "alt", "width", "height"],
            Self::Post => &["user", "text", "picture", "alt", "width", "height", "source", "url"],
            Self::Custom => &[],
        }
    }

    /// The fields for a picture's address and for what it shows, if it has a picture.
    pub const fn picture_fields(self) -> Option<(Field, Field)> {
        match self {
            Self::Image => Some((Field::ImageUrl, Field::Alt)),
            Self::Post => Some((Field::PostPicture, Field::PostAlt)),
            Self::Message | Self::Link | Self::Custom => None,
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
    /// A post's text.
    PostText,
    /// Who wrote a post.
    User,
    /// Where a post comes from.
    Source,
    /// Where a post stands.
    PostUrl,
    /// The address of a post's picture.
    PostPicture,
    /// What a post's picture shows, in words.
    PostAlt,
    /// Any JSON.
    Json,
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
    /// A post's text.
    pub post_text: String,
    /// Who wrote the post.
    pub user: String,
    /// Where the post comes from.
    pub source: String,
    /// Where the post stands.
    pub post_url: String,
    /// The address of the post's picture.
    pub post_picture: String,
    /// What the post's picture shows, in words.
    pub post_alt: String,
    /// As [`Self::size`], of the post's picture.
    pub post_size: Option<(String, u32, u32)>,
    /// Any JSON.
    pub json: String,
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
            Body::Post { user, text, picture, source, url } => {
                draft.kind = Kind::Post;
                draft.user = user.unwrap_or_default();
                draft.post_text = text.unwrap_or_default();
                draft.source = source.unwrap_or_default();
                draft.post_url = url.unwrap_or_default();
                if let Some(Picture { url, alt, size }) = picture {
                    draft.post_size = size.map(|(width, height)| (url.clone(), width, height));
                    draft.post_picture = url;
                    draft.post_alt = alt.unwrap_or_default();
                }
            }
            Body::Custom { json } => {
                draft.kind = Kind::Custom;
                draft.json = laid(&json);
            }
            Body::Unknown => return None,
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
                let size = size_of(&url, self.size.as_ref());
                Body::Image { url, alt: self.alt.trim().to_owned(), size }
            }
            Kind::Post => Body::Post {
                user: filled(&self.user),
                text: filled(self.post_text.trim_end()),
                picture: filled(&address(&self.post_picture)).map(|url| Picture {
                    size: size_of(&url, self.post_size.as_ref()),
                    alt: filled(&self.post_alt),
                    url,
                }),
                source: filled(&self.source),
                url: filled(&address(&self.post_url)),
            },
            // What is no JSON does not go out, see [`Self::missing`].
            Kind::Custom => Body::Custom { json: tight(&self.json).unwrap_or_default() },
        }
    }

    /// As [`Self::body`], as JSON, with the fields of `before` that the form does not have.
    pub fn data(&self, before: Option<&str>) -> Json {
        let now = write::body(&self.body());
        Json(match before {
            // All of it is in the form.
            None => now,
            Some(_) if self.kind == Kind::Custom => now,
            Some(before) => merged(before, self.kind.fields(), &now),
        })
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
            Field::PostText => &self.post_text,
            Field::User => &self.user,
            Field::Source => &self.source,
            Field::PostUrl => &self.post_url,
            Field::PostPicture => &self.post_picture,
            Field::PostAlt => &self.post_alt,
            Field::Json => &self.json,
        }
    }

    /// Types into a field.
    pub fn set(&mut self, field: Field, value: String) {
        *self.place(field) = value;
    }

    fn place(&mut self, field: Field) -> &mut String {
        match field {
            Field::Text => &mut self.text,
            Field::LinkUrl => &mut self.link_url,
            Field::Title => &mut self.title,
            Field::Description => &mut self.description,
            Field::ImageUrl => &mut self.image_url,
            Field::Alt => &mut self.alt,
            Field::PostText => &mut self.post_text,
            Field::User => &mut self.user,
            Field::Source => &mut self.source,
            Field::PostUrl => &mut self.post_url,
            Field::PostPicture => &mut self.post_picture,
            Field::PostAlt => &mut self.post_alt,
            Field::Json => &mut self.json,
        }
    }

    /// Puts an uploaded picture into the field of an address.
    pub fn bring(&mut self, field: Field, url: String, size: Option<(u32, u32)>) {
        let size = size.map(|(width, height)| (url.clone(), width, height));
        if field == Field::PostPicture {
            self.post_size = size;
        } else {
            self.size = size;
        }
        self.set(field, url);
    }

    /// Empties the chosen tab, and leaves the others as they are.
    pub fn clear(&mut self) {
        for &field in self.kind.entries() {
            self.place(field).clear();
        }
        match self.kind {
            Kind::Image => self.size = None,
            Kind::Post => self.post_size = None,
            Kind::Message | Kind::Link | Kind::Custom => {}
        }
    }

    /// Whether nothing is written in the chosen tab.
    pub fn is_empty(&self) -> bool {
        self.kind.entries().iter().all(|&field| self.get(field).trim().is_empty())
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
        let size = |size: &Option<(String, u32, u32)>| {
            let size = size.as_ref();
            size.map(|(url, width, height)| format!("{width}x{height} {url}")).unwrap_or_default()
        };
        let mut text = self.kind.name().to_owned();
        let mut add = |field: &str| {
            text.push(SEPARATOR);
            text.push_str(&field.replace(SEPARATOR, " "));
        };
        add(&size(&self.size));
        add(&size(&self.post_size));
        for &field in Kind::ALL.iter().flat_map(|kind| kind.entries()) {
            add(self.get(field));
        }
        text
    }

    /// Reads what [`Self::to_text`] wrote; `None` if it is something else.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut fields = text.split(SEPARATOR);
        let mut draft = Self { kind: Kind::from_name(fields.next()?)?, ..Self::default() };
        draft.size = read_size(fields.next()?);
        draft.post_size = read_size(fields.next()?);
        for &field in Kind::ALL.iter().flat_map(|kind| kind.entries()) {
            draft.set(field, fields.next()?.to_owned());
        }
        fields.next().is_none().then_some(draft)
    }
}

/// The size of a picture. It belongs to the upload: another address typed over it has another one.
fn size_of(url: &str, known: Option<&(String, u32, u32)>) -> Option<(u32, u32)> {
    known.filter(|(of, ..)| of == url).map(|(_, width, height)| (*width, *height))
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
#[path = "draft_tests.rs"]
mod tests;

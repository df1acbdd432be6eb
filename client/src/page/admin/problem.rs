//! What is wrong with a draft, and at which field: what is plainly missing, and what the server
//! refused. Pure.

use super::draft::{Draft, Field, Kind};
use super::json::tight;
use nowcast_shared::error::Code;

/// Something that is wrong with a field, or with the whole where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub field: Option<Field>,
    /// What, as a sentence.
    pub text: String,
}

impl Problem {
    fn at(field: Field, text: &str) -> Self {
        Self { field: Some(field), text: text.to_owned() }
    }
}

impl Draft {
    /// What is plainly missing, so that nobody has to ask the server for it.
    pub fn missing(&self) -> Option<Problem> {
        let empty = |text: &str| text.trim().is_empty();
        match self.kind {
            Kind::Message if empty(&self.text) => {
                Some(Problem::at(Field::Text, "Write something first."))
            }
            Kind::Link if empty(&self.link_url) => {
                Some(Problem::at(Field::LinkUrl, "Where does the link go?"))
            }
            Kind::Image if empty(&self.image_url) => {
                Some(Problem::at(Field::ImageUrl, "Choose a picture, or give its address."))
            }
            Kind::Image if empty(&self.alt) => Some(Problem::at(
                Field::Alt,
                "Say in a few words what the picture shows, for those who do not see it.",
            )),
            Kind::Post if empty(&self.post_text) && empty(&self.post_picture) => {
                Some(Problem::at(Field::PostText, "A post needs a text or a picture."))
            }
            Kind::Custom => tight(&self.json)
                .err()
                .map(|wrong| Problem { field: Some(Field::Json), text: wrong.to_string() }),
            _ => None,
        }
    }

    /// The field that a refusal speaks of.
    pub fn blame(&self, code: Option<Code>, detail: &str) -> Problem {
        let detail_low = detail.to_lowercase();
        let field = match (self.kind, code) {
            (Kind::Link, Some(Code::BadUrl)) => Some(Field::LinkUrl),
            (Kind::Image, Some(Code::BadUrl | Code::NotAnImage)) => Some(Field::ImageUrl),
            (Kind::Message, Some(Code::BadItem | Code::TooLarge)) => Some(Field::Text),
            (Kind::Link, Some(Code::BadItem | Code::TooLarge)) => {
                Some(if detail_low.contains("description") {
                    Field::Description
                } else if detail_low.contains("title") {
                    Field::Title
                } else {
                    Field::LinkUrl
                })
            }
            (Kind::Image, Some(Code::BadItem | Code::TooLarge)) => {
                Some(if detail_low.contains("alt") { Field::Alt } else { Field::ImageUrl })
            }
            (Kind::Post, Some(Code::BadItem | Code::BadUrl | Code::TooLarge)) => {
                let named = [
                    ("`picture`", Field::PostPicture),
                    ("`width`", Field::PostPicture),
                    ("`height`", Field::PostPicture),
                    ("`url`", Field::PostUrl),
                    ("`user`", Field::User),
                    ("`source`", Field::Source),
                    ("`alt`", Field::PostAlt),
                ];
                let named = named.into_iter().find(|(name, _)| detail.contains(name));
                Some(named.map_or(Field::PostText, |(_, field)| field))
            }
            (Kind::Post, Some(Code::NotAnImage)) => Some(Field::PostPicture),
            (Kind::Custom, Some(Code::BadItem | Code::TooLarge | Code::BadJson)) => {
                Some(Field::Json)
            }
            _ => None,
        };
        Problem { field, text: humane(detail) }
    }
}

/// A refusal's detail with the names that people know the fields by.
fn humane(detail: &str) -> String {
    [
        ("`url`", "The address"),
        ("`text`", "The text"),
        ("`user`", "The name"),
        ("`source`", "The source"),
        ("`picture`", "The picture’s address"),
        ("`title`", "The title"),
        ("`description`", "The description"),
        ("`alt`", "The text on what it shows"),
    ]
    .into_iter()
    .fold(detail.to_owned(), |detail, (name, words)| detail.replace(name, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(url: &str, alt: &str) -> Draft {
        Draft { kind: Kind::Image, image_url: url.into(), alt: alt.into(), ..Draft::default() }
    }

    #[test]
    fn what_is_missing_is_said_at_its_field() {
        let field = |draft: Draft| draft.missing().and_then(|problem| problem.field);
        assert_eq!(field(Draft::default()), Some(Field::Text));
        assert_eq!(field(Draft { kind: Kind::Link, ..Draft::default() }), Some(Field::LinkUrl));
        assert_eq!(field(image("", "x")), Some(Field::ImageUrl));
        assert_eq!(field(image("/uploads/a.png", " ")), Some(Field::Alt));
        assert_eq!(field(image("/uploads/a.png", "A hall")), None);
        assert_eq!(field(Draft { kind: Kind::Post, ..Draft::default() }), Some(Field::PostText));
        let pictured =
            Draft { kind: Kind::Post, post_picture: "/uploads/a.png".into(), ..Draft::default() };
        assert_eq!(field(pictured), None);
        let custom =
            |json: &str| Draft { kind: Kind::Custom, json: json.into(), ..Draft::default() };
        assert_eq!(field(custom("{\"a\": 1,}")), Some(Field::Json));
        assert!(!custom("{").previewable());
        assert_eq!(field(custom("[1]")), None);
        assert!(image("/uploads/a.png", "").previewable());
        assert!(!Draft::default().previewable());
    }

    #[test]
    fn a_refusal_is_shown_where_it_belongs() {
        let link = Draft { kind: Kind::Link, ..Draft::default() };
        assert_eq!(link.blame(Some(Code::BadUrl), "No.").field, Some(Field::LinkUrl));
        assert_eq!(
            link.blame(Some(Code::BadItem), "The title is too long.").field,
            Some(Field::Title)
        );
        let image = image("", "");
        let unsaid = image.blame(Some(Code::BadItem), "`alt` is too long.");
        assert_eq!(unsaid.field, Some(Field::Alt));
        assert_eq!(unsaid.text, "The text on what it shows is too long.");
        let post = Draft { kind: Kind::Post, ..Draft::default() };
        for (code, detail, field) in [
            (Code::BadUrl, "`picture` cannot be read: …", Field::PostPicture),
            (Code::BadUrl, "`url` cannot be read: …", Field::PostUrl),
            (Code::BadItem, "`user` is too long.", Field::User),
            (Code::BadItem, "`source` is too long.", Field::Source),
            (Code::TooLarge, "The item is too large.", Field::PostText),
        ] {
            assert_eq!(post.blame(Some(code), detail).field, Some(field));
        }
        assert_eq!(image.blame(Some(Code::Forbidden), "Not you.").field, None);
    }
}

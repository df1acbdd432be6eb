//! Items: what a feed shows.

use crate::id::{ItemId, PublicId};
use crate::offset::Offset;
use serde::{Deserialize, Serialize};

/// A thing shown in the feed, as pages and programs get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Item"))]
pub struct Item<J> {
    /// Its name for good.
    pub id: ItemId,
    /// Where it was published in the room's log; an edit does not change it.
    pub offset: Offset,
    /// When it was published, in Unix milliseconds.
    pub at: i64,
    /// `message`, `link`, `post`, …; see [`Body`].
    pub kind: String,
    /// What was posted.
    pub data: J,
    /// The Markdown of a message as sanitised HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Who published it.
    pub by: Author,
    /// When it was last edited, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
}

/// What a command brings to make an item of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "NewItem"))]
pub struct NewItem<J> {
    /// One of [`KINDS`].
    pub kind: String,
    /// What the kind asks for; see [`Body`].
    pub data: J,
}

/// The data of the item kinds that are known, typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Markdown.
    Message {
        /// As it was written.
        text: String,
    },
    /// Somewhere else.
    Link {
        /// `http:` or `https:`.
        url: String,
        /// What is there.
        title: Option<String>,
        /// More about it.
        description: Option<String>,
    },
    /// A picture.
    Image {
        /// `http:`, `https:` or an upload's own path.
        url: String,
        /// What is to be seen, for those who do not see it.
        alt: String,
        /// Width and height in pixels, where they are known, so that its place can be kept free.
        size: Option<(u32, u32)>,
    },
    /// What somebody said elsewhere. A text or a picture is there.
    Post {
        /// Who wrote it.
        user: Option<String>,
        /// Plain text.
        text: Option<String>,
        /// Its picture.
        picture: Option<Picture>,
        /// Where it comes from, as people call it.
        source: Option<String>,
        /// Where it stands there: `http:` or `https:`.
        url: Option<String>,
    },
    /// Anything else.
    Custom {
        /// The data as JSON.
        json: String,
    },
    /// Of a kind that this version does not know.
    Unknown,
}

/// The picture of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `http:`, `https:` or an upload's own path.
    pub url: String,
    /// What is to be seen, for those who do not see it.
    pub alt: Option<String>,
    /// Width and height in pixels, where they are known, so that its place can be kept free.
    pub size: Option<(u32, u32)>,
}

/// The item kinds that can be published, in the order in which forms offer them.
pub const KINDS: [&str; 5] = ["message", "link", "image", "post", "custom"];

/// How long a post's `user` and `source` may be, in characters.
pub const MOST_NAME: usize = 100;

/// How deep lists and objects may stand in each other in the data of a custom item.
pub const MOST_DEPTH: usize = 64;

/// Who did something, as others see it. Stamped by the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Author {
    /// What gave them the right to.
    pub role: Role,
    /// Stays the same for the same person or program.
    pub id: PublicId,
    /// What they go by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What somebody is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Logged in with the password, or a token with the scope `admin`.
    Admin,
    /// A program with a token.
    Publisher,
    /// A registered identity.
    User,
    /// Anybody else.
    Viewer,
}

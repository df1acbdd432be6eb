//! Small drawings, all in one weight, in the colour of the text beside them.

use leptos::prelude::*;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Lines of text.
    Message,
    /// An arrow that leaves its box.
    Link,
    /// A picture in its frame.
    Image,
    /// A bubble with lines of text.
    Post,
    /// Something that this page does not know.
    Other,
    /// A plus.
    Plus,
    /// Four tiles.
    Board,
    /// A pen.
    Pen,
    /// A rail with items.
    Feed,
    /// Towards the beginning.
    Earlier,
    /// Towards the end.
    Later,
    /// A small arrow, for what folds out.
    Down,
    /// A bin.
    Bin,
    /// An arrow that leaves for another page.
    Out,
    /// Two sheets.
    Copy,
    /// A cross.
    Close,
    /// Sliders.
    Settings,
    /// A door.
    Rooms,
    /// A lock.
    Lock,
    /// A bubble.
    Chat,
    /// Somebody.
    Person,
    /// Braces.
    Braces,
    /// A tick.
    Check,
    /// A bubble that is struck out.
    Mute,
    /// A circle that is struck out.
    Block,
    /// An envelope.
    Letter,
    /// An arrow that goes back.
    Undo,
    /// A sheet over another.
    Raise,
    /// An arrow that points at something.
    Pointer,
    /// A surface with something on it.
    Stage,
}

impl Icon {
    /// The mark of a kind of item.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "message" => Self::Message,
            "link" => Self::Link,
            "image" => Self::Image,
            "post" => Self::Post,
            "custom" => Self::Braces,
            _ => Self::Other,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Message => "M3.5 5.5h13M3.5 10h13M3.5 14.5h8",
            Self::Link => {
                "M8.6 11.4a3.2 3.2 0 0 0 4.6 0l2.6-2.6a3.25 3.25 0 0 0-4.6-4.6L10 5.4\
                 M11.4 8.6a3.2 3.2 0 0 0-4.6 0l-2.6 2.6a3.25 3.25 0 0 0 4.6 4.6L10 14.6"
            }
            Self::Image => "M3.5 4.5h13v11h-13zM3.5 13.5l4-4 3.5 3.5 2-2 3.5 3.5M13 8h.01",
            Self::Post => "M4 4.5h12v9H9.5L6 16.5v-3H4zM7 7.5h6M7 10.5h4",
            Self::Other => "M10 3.5l6.5 6.5-6.5 6.5L3.5 10z",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Board => "M4 4h5v5H4zM11.5 4h5v5h-5zM4 11.5h5v5H4zM11.5 11.5h5v5h-5z",
            Self::Pen => "M4 16l.8-3.4 8.4-8.4a1.8 1.8 0 0 1 2.6 2.6l-8.4 8.4zM11.6 5.8l2.6 2.6",
            Self::Feed => "M4.5 4v12M8.5 5.5h8M8.5 10h8M8.5 14.5h5",
            Self::Earlier => "M16 10H4.5M9 5l-5 5 5 5",
            Self::Later => "M4 10h11.5M11 5l5 5-5 5",
            Self::Down => "M6.5 8.5l3.5 3.5 3.5-3.5",
            Self::Bin => "M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10M8.5 9v4M11.5 9v4",
            Self::Out => "M8 5h7v7M15 5l-9.5 9.5",
            Self::Copy => "M7 7h9v9H7zM13 7V4H4v9h3",
            Self::Raise => "M10 12V4M6.5 7.5L10 4l3.5 3.5M4 12v4h12v-4",
            Self::Pointer => "M5 4l10.5 4.6-4.6 1.8-1.9 4.6z",
            Self::Stage => "M3.5 5h13v10h-13zM10.5 10h4v3h-4z",
            Self::Close => "M5 5l10 10M15 5L5 15",
            Self::Settings => {
                "M3.5 6h7M15 6h1.5M3.5 14H5M9.5 14h7M12.75 3.75a2.25 2.25 0 1 1 0 4.5 2.25 2.25 0 0 1 0-4.5z\
                 M7.25 11.75a2.25 2.25 0 1 1 0 4.5 2.25 2.25 0 0 1 0-4.5z"
            }
            Self::Rooms => "M5 16.5v-13h7.5v13M12.5 5H15v11.5M3.5 16.5h13M10 10h.01",
            Self::Lock => "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9",
            Self::Chat => "M4 4.5h12v9H9.5L6 16.5v-3H4z",
            Self::Person => {
                "M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5"
            }
            Self::Braces => {
                "M8 3.5H7A1.5 1.5 0 0 0 5.5 5v3L4 10l1.5 2v3A1.5 1.5 0 0 0 7 16.5h1\
                 M12 3.5h1A1.5 1.5 0 0 1 14.5 5v3l1.5 2-1.5 2v3a1.5 1.5 0 0 1-1.5 1.5h-1"
            }
            Self::Check => "M4.5 10.5l3.5 3.5 7.5-8",
            Self::Mute => "M4 4.5h12v9H9.5L6 16.5v-3H4zM8 7l4 4M12 7l-4 4",
            Self::Block => "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5.5 5.5l9 9",
            Self::Letter => "M3.5 5h13v10h-13zM3.5 6l6.5 5 6.5-5",
            Self::Undo => "M4 8h8a4 4 0 0 1 0 8H8M7 4.5L3.5 8 7 11.5",
        }
    }
}

/// Draws it; what it means stands beside it, or is the name of the control around it.
pub fn icon(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
}

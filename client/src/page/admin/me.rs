//! Who the server takes this page for, and what it may.

use nowcast_shared::item::Role;

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Show items, and click display buttons.
    Publish,
    /// Change items.
    Edit,
    /// Take items from the feed.
    Delete,
    /// Bring pictures.
    Upload,
    /// Make and change display buttons.
    Buttons,
    /// Change the room's title and the like.
    Settings,
}

impl Right {
    /// The one with this name on the wire; a right of a newer server is none of ours.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "publish" => Self::Publish,
            "edit" => Self::Edit,
            "delete" => Self::Delete,
            "upload" => Self::Upload,
            "buttons" => Self::Buttons,
            "settings" => Self::Settings,
            _ => return None,
        })
    }
}

/// The answer to `GET /api/me`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// What gives the rights.
    pub role: Role,
    /// Shown with what this page publishes.
    pub name: Option<String>,
    /// What is allowed.
    pub may: Vec<Right>,
    /// The server runs with `--open`: anybody may publish.
    pub open: bool,
    /// What the server is built with, by its names for it.
    pub features: Vec<String>,
}

impl Me {
    /// Whether this is allowed.
    pub fn may(&self, right: Right) -> bool {
        self.may.contains(&right)
    }

    /// Whether the server is built with this, and there is something to lead to.
    pub fn serves(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether somebody logged in, or is let in as a guest of an open server.
    pub fn is_guest(&self) -> bool {
        self.role != Role::Admin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_of_an_open_server_may_what_it_lists() {
        let me = Me {
            role: Role::Viewer,
            name: None,
            may: ["publish", "edit", "fly"].into_iter().filter_map(Right::from_name).collect(),
            open: true,
            features: vec!["stats".to_owned()],
        };
        assert!(me.is_guest());
        assert!(me.may(Right::Publish) && me.may(Right::Edit));
        assert!(!me.may(Right::Buttons) && !me.may(Right::Settings));
        assert!(me.serves("stats") && !me.serves("sources"));
    }
}

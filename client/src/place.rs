//! Which page and which room an address means. Two pages need no router.

use nowcast_shared::id::RoomName;

/// What the path of an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A room's feed.
    Feed(RoomName),
    /// A room's admin page.
    Admin(RoomName),
    /// Nothing that exists.
    Nowhere,
}

impl Place {
    /// Reads a path: `/`, `/admin`, `/r/{room}` or `/r/{room}/admin`.
    pub fn of(path: &str) -> Self {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Self::Feed(RoomName::main());
        }
        if path == "admin" {
            return Self::Admin(RoomName::main());
        }
        let Some(rest) = path.strip_prefix("r/") else {
            return Self::Nowhere;
        };
        let (room, admin) = match rest.strip_suffix("/admin") {
            Some(room) => (room, true),
            None => (rest, false),
        };
        match room.parse() {
            Ok(room) if admin => Self::Admin(room),
            Ok(room) => Self::Feed(room),
            Err(_) => Self::Nowhere,
        }
    }

    /// What the address bar says.
    pub fn here() -> Self {
        Self::of(&crate::dom::window().location().pathname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_a_page_or_nowhere() {
        let room = |name: &str| name.parse::<RoomName>().unwrap();
        for (path, place) in [
            ("/", Place::Feed(RoomName::main())),
            ("/admin", Place::Admin(RoomName::main())),
            ("/admin/", Place::Admin(RoomName::main())),
            ("/r/final-2026", Place::Feed(room("final-2026"))),
            ("/r/final-2026/", Place::Feed(room("final-2026"))),
            ("/r/x/admin", Place::Admin(room("x"))),
            ("/r/admin", Place::Feed(room("admin"))),
            ("/r/", Place::Nowhere),
            ("/r/Über", Place::Nowhere),
            ("/r/a/b", Place::Nowhere),
            ("/about", Place::Nowhere),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}

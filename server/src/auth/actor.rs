//! Who asks, as the rest of the server knows them.

use super::Hash;
use crate::hub::Claim;
use nowcast_shared::id::{ClientId, PersonId, RoomName};
use nowcast_shared::item::Role;
use std::sync::Arc;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Logged in with the password.
    Admin {
        /// What the admin goes by.
        name: String,
        /// Which login.
        login: Hash,
    },
    /// A program with a token.
    Token(Arc<Token>),
    /// A page that is registered as a user; also on a page of another site, which had to be given
    /// the user's token for that.
    User(Arc<Visitor>),
    /// Anybody else.
    Viewer(Arc<Visitor>),
    /// As a viewer, but on a page of another site: has none of the rights that `--open` gives.
    Foreign(Arc<Visitor>),
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name for good, not secret.
    pub id: String,
    /// The sender's name shown with what it publishes.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Where; everywhere if absent.
    pub rooms: Option<Vec<RoomName>>,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Publish, and edit and delete what it published.
    Publish,
    /// Push to users.
    Push,
    /// All that an admin does.
    Admin,
}

impl Scope {
    /// The scope of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "publish" => Some(Self::Publish),
            "push" => Some(Self::Push),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// What is known of a page, beside any credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    /// Which page.
    pub client: Option<ClientId>,
    /// Whose browser, where it said so.
    pub person: Option<PersonId>,
    /// What it goes by.
    pub name: Option<String>,
    /// As which user it is registered.
    pub user: Option<Arc<User>>,
}

/// A registered identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id that pushes are addressed to.
    pub id: String,
    /// What the owner of the page says that the user is called; then no page of theirs is called
    /// anything else.
    pub name: Option<String>,
    /// Until when, in Unix milliseconds; without an end under `--open`.
    pub until: Option<i64>,
}

impl Visitor {
    /// All names that whoever this is has, or had before saying more.
    pub fn subjects(&self) -> Vec<String> {
        let user = self.user.as_ref().map(|user| format!("user:{}", user.id));
        let person = self.person.as_ref().map(|person| format!("person:{person}"));
        let client = self.client.as_ref().map(|client| format!("client:{client}"));
        let known: Vec<_> = [user, person, client].into_iter().flatten().collect();
        if known.is_empty() { vec![self.subject()] } else { known }
    }

    /// Names whoever this is among all: the user, else the person, else the page.
    pub fn subject(&self) -> String {
        match self {
            Self { user: Some(user), .. } => format!("user:{}", user.id),
            Self { person: Some(person), .. } => format!("person:{person}"),
            Self { client: Some(client), .. } => format!("client:{client}"),
            _ => "anyone".to_owned(),
        }
    }
}

impl Visitor {
    /// Registers the page as a user. What the owner of the page calls that user is its name.
    pub fn be(&mut self, user: Arc<User>) {
        if user.name.is_some() {
            self.name.clone_from(&user.name);
        }
        self.user = Some(user);
    }

    /// Whether both are registered as the same user, perhaps by different tokens.
    pub fn is_user_of(&self, other: &Self) -> bool {
        let ids = self.user.as_ref().zip(other.user.as_ref());
        ids.is_some_and(|(user, other)| user.id == other.id)
    }

    /// What the owner of the page calls it, if they do.
    pub fn given(&self) -> Option<Claim> {
        self.user.as_ref().and_then(|user| user.name.clone()).map(Claim::Given)
    }

    fn claim(&self) -> Option<Claim> {
        self.given().or_else(|| self.name.clone().map(Claim::Wish))
    }
}

impl Actor {
    /// What it is to be called, and by whose word.
    pub fn claim(&self) -> Option<Claim> {
        match self {
            Self::Admin { name, .. } => Some(Claim::Own(name.clone())),
            Self::Token(_) => None,
            Self::User(visitor) | Self::Viewer(visitor) | Self::Foreign(visitor) => visitor.claim(),
        }
    }

    /// Names this actor among all: what it owns and its idempotency keys are filed under it.
    pub fn subject(&self) -> String {
        match self {
            Self::Admin { .. } => "admin".to_owned(),
            Self::Token(token) => format!("token:{}", token.id),
            Self::User(visitor) | Self::Viewer(visitor) | Self::Foreign(visitor) => {
                visitor.subject()
            }
        }
    }

    /// The login that makes it an admin, if one does.
    pub fn login(&self) -> Option<&Hash> {
        if let Self::Admin { login, .. } = self { Some(login) } else { None }
    }

    /// What gave it its rights.
    pub fn role(&self) -> Role {
        match self {
            Self::Admin { .. } => Role::Admin,
            Self::Token(token) if token.scopes.contains(&Scope::Admin) => Role::Admin,
            Self::Token(_) => Role::Publisher,
            Self::User(_) | Self::Viewer(_) | Self::Foreign(_) => Role::Viewer,
        }
    }

    /// Whether its commands are limited in number: admins and programs publish as they like.
    pub fn is_limited(&self) -> bool {
        matches!(self, Self::User(_) | Self::Viewer(_) | Self::Foreign(_))
    }

    /// What it goes by.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Admin { name, .. } => Some(name),
            Self::Token(token) => Some(&token.name),
            Self::User(visitor) | Self::Viewer(visitor) | Self::Foreign(visitor) => {
                visitor.name.as_deref()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_counts_more_than_a_person_and_a_person_more_than_a_page() {
        let mut visitor = Visitor::default();
        assert_eq!(visitor.subject(), "anyone");
        visitor.client = "abcdefghijklmnop".parse().ok();
        assert_eq!(visitor.subject(), "client:abcdefghijklmnop");
        visitor.person = "ponmlkjihgfedcba".parse().ok();
        assert_eq!(visitor.subject(), "person:ponmlkjihgfedcba");
        visitor.user = Some(Arc::new(User { id: "ana".to_owned(), name: None, until: None }));
        assert_eq!(visitor.subject(), "user:ana");
    }
}

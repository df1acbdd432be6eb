//! What is to be seen.
//!
//! - [`feed`]: the viewers' page. [`layout`]: where its parts stand.
//! - [`chat`]: what people say. [`people`]: who they are.
//! - [`list`]: the items, also for the desk; [`item`]: one of them; [`post`], [`custom`] and
//!   [`table`]: what some hold.
//! - [`notice`]: what is for this user alone. [`embed`]: what scripts beside the page hear.
//! - [`stage`]: the pieces that people drag.
//! - [`admin`]: the desk, a program of its own. [`popup`]: the browser extension's, another one.
//! - [`pill`]: how the connection stands. [`clock`]: times that stay fresh. [`menu`]: light and dark.
//! - [`part`]: how views stay small.

pub mod admin;
pub mod chat;
pub mod clock;
pub mod custom;
pub mod embed;
pub mod feed;
pub mod item;
pub mod layout;
pub mod list;
pub mod menu;
pub mod notice;
pub mod part;
pub mod people;
pub mod pill;
pub mod popup;
pub mod post;
pub mod stage;
pub mod table;

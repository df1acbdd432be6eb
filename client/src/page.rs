//! What is to be seen.
//!
//! - [`feed`]: the viewers' page. [`layout`]: where its parts stand.
//! - [`list`]: the items, also for the desk; [`item`]: one of them.
//! - [`admin`]: the desk, a program of its own.
//! - [`pill`]: how the connection stands. [`clock`]: times that stay fresh. [`menu`]: light and dark.
//! - [`part`]: how views stay small.

pub mod admin;
pub mod clock;
pub mod feed;
pub mod item;
pub mod layout;
pub mod list;
pub mod menu;
pub mod part;
pub mod pill;

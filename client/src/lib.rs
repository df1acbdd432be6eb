//! Nowcast's pages. One library, three thin binaries: `feed` is what viewers load, `admin` the desk,
//! `popup` the browser extension's.
//!
//! Read in this order:
//! - [`place`]: which page and which room an address means.
//! - [`person`]: whose page it is.
//! - [`store`]: what a page knows, as signals; [`store::apply`] is the only place where what the
//!   server says changes it. [`keep`] carries it over a reload.
//! - [`link`]: the connection. [`link::plan`] decides (purely), three transports do.
//! - [`read`] and [`mod@write`]: between JSON and the types of `nowcast_shared`; the browser parses.
//! - [`api`]: single requests. [`counted`]: what a page tells for statistics.
//! - [`drag`]: what hands do with pieces, purely.
//! - [`page`]: what is to be seen. [`time`] words moments, [`people_color`] colours people.
//! - [`dom`] is the browser's side; [`stored`] are the small texts that it stores for a page.
//!
//! Size is a feature: what viewers load is measured in README. So there is no JSON crate, no router,
//! no HTTP crate; look at `wasm-opt`'s output before adding anything.

pub mod api;
pub mod counted;
pub mod dom;
pub mod drag;
pub mod keep;
pub mod link;
pub mod page;
pub mod people_color;
pub mod person;
pub mod place;
pub mod read;
pub mod store;
pub mod stored;
pub mod time;
pub mod write;

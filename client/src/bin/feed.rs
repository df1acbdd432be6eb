//! The feed page.

fn main() {}

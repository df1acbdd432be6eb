//! What everybody in a room is called: no two the same.

use crate::name;
use crate::random;
use nowcast_shared::chat::MAX_NAME;
use nowcast_shared::id::PublicId;
use std::collections::HashMap;

/// A name that somebody is to go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// What they ask for.
    Wish(String),
    /// What the owner of the page says they are called. They cannot change it; where somebody else
    /// is called so already, it is told apart all the same.
    Given(String),
    /// An admin's, which is nobody else's.
    Own(String),
}

impl Claim {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Wish(name) | Self::Given(name) | Self::Own(name) => name,
        }
    }

    /// Whether whoever goes by it may choose another.
    pub fn is_wish(&self) -> bool {
        matches!(self, Self::Wish(_))
    }
}

/// Up to which number suffixes count on; from there they are drawn, so that a crowd of the same
/// name is told apart without looking at each of them.
const COUNTED: u32 = 50;

/// Who goes by which name.
#[derive(Default)]
pub(super) struct Names {
    by: HashMap<String, PublicId>,
}

impl Names {
    /// Gives somebody, who has none, a name as near to `wanted` as can be: with a number after it
    /// where it is somebody else's, or `reserved`.
    pub(super) fn take(
        &mut self,
        who: &PublicId,
        wanted: &str,
        reserved: &dyn Fn(&str) -> bool,
    ) -> String {
        let shown = self.free(wanted, reserved);
        self.by.insert(name::fold(&shown), who.clone());
        shown
    }

    /// The name that somebody would get who is not here.
    pub(super) fn free(&self, wanted: &str, reserved: &dyn Fn(&str) -> bool) -> String {
        let is_free = |name: &str| {
            let folded = name::fold(name);
            !self.by.contains_key(&folded) && !reserved(&folded)
        };
        if is_free(wanted) {
            return wanted.to_owned();
        }
        let counted = (2..=COUNTED).map(|number| number.to_string());
        let drawn = std::iter::repeat_with(|| random::name("", 6));
        let mut suffixed = counted.chain(drawn).map(|suffix| {
            let room = MAX_NAME - 1 - suffix.len();
            let base: String = wanted.chars().take(room).collect();
            format!("{} {suffix}", base.trim_end())
        });
        // Of what is drawn one is free sooner or later.
        suffixed.find(|name| is_free(name)).unwrap_or_default()
    }

    /// Who goes by this name.
    pub(super) fn holder(&self, name: &str) -> Option<&PublicId> {
        self.by.get(&name::fold(name))
    }

    /// Somebody goes by this name no more.
    pub(super) fn release(&mut self, name: &str) {
        self.by.remove(&name::fold(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody(_: &str) -> bool {
        false
    }

    #[test]
    fn the_second_of_a_name_gets_a_number_whatever_its_case() {
        let mut names = Names::default();
        assert_eq!(names.take(&"p1".into(), "Ana", &nobody), "Ana");
        assert_eq!(names.take(&"p2".into(), "ANA", &nobody), "ANA 2");
        assert_eq!(names.take(&"p3".into(), "ana 2", &nobody), "ana 2 2");
        names.release("ana");
        assert_eq!(names.take(&"p4".into(), "Ana", &nobody), "Ana");
        assert_eq!(names.holder("aNa"), Some(&"p4".into()));
    }

    #[test]
    fn a_suffixed_name_is_no_longer_than_others() {
        let mut names = Names::default();
        let long = "x".repeat(MAX_NAME);
        names.take(&"p1".into(), &long, &nobody);
        let second = names.take(&"p2".into(), &long, &nobody);
        assert_eq!(second.chars().count(), MAX_NAME);
        assert!(second.ends_with("x 2"));
    }

    #[test]
    fn a_crowd_of_one_name_is_told_apart() {
        let mut names = Names::default();
        let mut seen = std::collections::HashSet::new();
        for number in 0..1_000 {
            let who = PublicId(format!("p{number}"));
            assert!(seen.insert(names.take(&who, "Ana", &nobody)));
        }
    }

    #[test]
    fn what_is_reserved_is_not_taken() {
        let reserved = |name: &str| name == "host";
        assert_eq!(Names::default().take(&"p1".into(), "Host", &reserved), "Host 2");
    }
}

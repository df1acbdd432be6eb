//! Putting things in another order. Pure.

/// Which way a thing moves by one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Towards the beginning.
    Earlier,
    /// Towards the end.
    Later,
}

impl Step {
    /// The other way.
    #[must_use]
    pub const fn back(self) -> Self {
        match self {
            Self::Earlier => Self::Later,
            Self::Later => Self::Earlier,
        }
    }
}

/// The place to which a step leads; `None` at the ends.
pub fn stepped(from: usize, step: Step, len: usize) -> Option<usize> {
    match step {
        Step::Earlier => from.checked_sub(1),
        Step::Later => (from + 1 < len).then_some(from + 1),
    }
}

/// The list with the thing at `from` moved to `to`; the others keep their order. As it was if
/// there is no such place.
pub fn moved<T: Clone>(list: &[T], from: usize, to: usize) -> Vec<T> {
    let mut list = list.to_vec();
    if from < list.len() && to < list.len() {
        let thing = list.remove(from);
        list.insert(to, thing);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_moves_and_the_others_keep_their_order() {
        assert_eq!(moved(&[1, 2, 3, 4], 0, 2), [2, 3, 1, 4]);
        assert_eq!(moved(&[1, 2, 3, 4], 3, 0), [4, 1, 2, 3]);
        assert_eq!(moved(&[1, 2, 3, 4], 1, 1), [1, 2, 3, 4]);
        assert_eq!(moved(&[1, 2], 2, 0), [1, 2]);
        assert_eq!(moved(&[1, 2], 0, 2), [1, 2]);
        assert!(moved::<i32>(&[], 0, 0).is_empty());
    }

    #[test]
    fn steps_end_at_the_ends() {
        assert_eq!(stepped(0, Step::Earlier, 3), None);
        assert_eq!(stepped(1, Step::Earlier, 3), Some(0));
        assert_eq!(stepped(2, Step::Later, 3), None);
        assert_eq!(stepped(1, Step::Later, 3), Some(2));
    }
}

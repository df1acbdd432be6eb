//! Which of the eight colours somebody has, on every page the same.

use nowcast_shared::id::PublicId;

/// The class that gives an element the colour of a person as `--who` (see `style/base.css`).
///
/// From the public id alone, so that nobody has to agree on anything; two people may share one.
pub fn color_of(id: &PublicId) -> &'static str {
    const CLASSES: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    // FNV-1a: small, and one letter changes all of it.
    let hash =
        id.0.bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    CLASSES[(hash >> 16) as usize % CLASSES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn people_have_one_colour_each_and_all_colours_are_used() {
        let mut used = BTreeMap::new();
        for number in 0..800 {
            let id = PublicId(format!("p{number:x}aZ-{number}"));
            assert_eq!(color_of(&id), color_of(&id));
            *used.entry(color_of(&id)).or_insert(0) += 1;
        }
        assert_eq!(used.len(), 8);
        assert!(used.values().all(|count| (50..200).contains(count)), "{used:?}");
    }
}

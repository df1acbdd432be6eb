//! Where a piece is drawn between the places that are known of it. Pure: places and times go in.

use crate::drag::Millis;
use crate::store::stage::Spot;

/// The way of a piece from one place to the next. It never leads beyond either of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glide {
    from: Spot,
    to: Spot,
    begun: Millis,
    lasts: Millis,
    /// Whether it slows down towards its end: for one that is the only one.
    eases: bool,
    /// When the last place became known.
    told: Millis,
}

/// A glide between two places of one movement takes about as long as it took to hear of the second,
/// but not so long that the piece would be seen where it was long ago.
const LONGEST: Millis = 100.0;
const SHORTEST: Millis = 4.0;
/// Less this: a place that comes between two frames waits for the next one anyway.
const WAIT: Millis = 12.0;
/// After so long, a place is no longer one of the same movement.
const PAUSE: Millis = 250.0;
/// How long a piece takes that goes to its place on its own.
const ALONE: Millis = 180.0;

impl Glide {
    /// Rests here.
    pub(super) fn rest(spot: Spot) -> Self {
        let (begun, told) = (0.0, f64::NEG_INFINITY);
        Self { from: spot, to: spot, begun, lasts: 0.0, eases: false, told }
    }

    /// Goes on to the next place of a movement, of which it hears now.
    pub(super) fn follow(&mut self, to: Spot, now: Millis) {
        let gap = now - self.told;
        let lasts = if gap < PAUSE { (gap - WAIT).clamp(SHORTEST, LONGEST) } else { SHORTEST };
        *self = Self { from: self.at(now), to, begun: now, lasts, eases: false, told: now };
    }

    /// Goes to a place of which it hears now, as part of a movement that was just going on, or on
    /// its own.
    pub(super) fn settle(&mut self, to: Spot, now: Millis) {
        if now - self.told < PAUSE {
            return self.follow(to, now);
        }
        *self = Self { from: self.at(now), to, begun: now, lasts: ALONE, eases: true, told: now };
    }

    /// Is here at once, and not as part of a movement.
    pub(super) fn jump(&mut self, to: Spot) {
        *self = Self::rest(to);
    }

    /// Where it is.
    pub(super) fn at(&self, now: Millis) -> Spot {
        if self.is_over(now) {
            return self.to;
        }
        let part = ((now - self.begun) / self.lasts).clamp(0.0, 1.0);
        let part = if self.eases { 1.0 - (1.0 - part).powi(3) } else { part };
        let between = |from: f64, to: f64| from + (to - from) * part;
        Spot { x: between(self.from.x, self.to.x), y: between(self.from.y, self.to.y) }
    }

    /// Whether it has arrived.
    pub(super) fn is_over(&self, now: Millis) -> bool {
        now >= self.begun + self.lasts
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spot(x: f64) -> Spot {
        Spot { x, y: 0.5 }
    }

    #[test]
    fn a_place_is_reached_before_the_next_one_comes_and_the_way_there_has_no_jump() {
        let mut glide = Glide::rest(spot(0.0));
        for frame in 1..=10 {
            let now = 1_000.0 + 20.0 * f64::from(frame);
            let before = glide.at(now);
            if frame > 1 {
                assert!((before.x - 0.01 * f64::from(frame - 1)).abs() < 1e-9, "{before:?}");
            }
            glide.follow(spot(0.01 * f64::from(frame)), now);
            assert_eq!(glide.at(now), before, "no jump");
        }
    }

    #[test]
    fn one_that_goes_alone_takes_its_time_and_slows_down() {
        let mut glide = Glide::rest(spot(0.0));
        glide.settle(spot(1.0), 1_000.0);
        assert!(glide.at(1_000.0 + ALONE / 2.0).x > 0.8);
        assert!(!glide.is_over(1_000.0 + ALONE - 1.0));
        assert_eq!(glide.at(1_000.0 + ALONE), spot(1.0));
    }

    #[test]
    fn a_drop_at_the_end_of_a_movement_is_a_part_of_it() {
        let mut glide = Glide::rest(spot(0.0));
        glide.follow(spot(0.1), 1_000.0);
        glide.follow(spot(0.2), 1_020.0);
        glide.settle(spot(0.21), 1_040.0);
        assert!(glide.is_over(1_060.0));
    }

    #[test]
    fn a_jump_is_seen_at_once() {
        let mut glide = Glide::rest(spot(0.0));
        glide.follow(spot(0.1), 1_000.0);
        glide.jump(spot(0.9));
        assert_eq!(glide.at(1_000.0), spot(0.9));
    }

    proptest! {
        #[test]
        fn whatever_comes_whenever_nothing_overshoots_and_it_arrives(
            told in prop::collection::vec((0.0_f64..=1.0, 0.0_f64..400.0, any::<bool>()), 1..20),
        ) {
            let mut glide = Glide::rest(spot(0.5));
            let mut now = 1_000.0;
            for (x, gap, alone) in told {
                let before = glide.at(now);
                if alone { glide.settle(spot(x), now) } else { glide.follow(spot(x), now) }
                let (low, high) = (before.x.min(x), before.x.max(x));
                let mut way = 0.0_f64;
                for step in 0..=20 {
                    let at = glide.at(now + gap * f64::from(step) / 20.0).x;
                    prop_assert!((low - 1e-9..=high + 1e-9).contains(&at));
                    let gone = (at - before.x).abs();
                    prop_assert!(gone >= way - 1e-9, "it never turns back");
                    way = gone;
                }
                prop_assert_eq!(glide.at(now + ALONE), spot(x));
                now += gap;
            }
        }
    }
}

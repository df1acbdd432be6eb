//! How values spread: counts in buckets that grow with the value, so that a microsecond and an hour
//! stand in one small table, each within a few hundredths of what it was (as `HdrHistogram` has it).

/// Buckets of every doubling: values in one differ by a sixteenth at most.
const FINE: u64 = 16;

/// How many buckets there are: 40 doublings, which are some days in microseconds. What is beyond
/// counts as the largest.
pub(super) const BUCKETS: usize = 16 * (40 + 1);

/// The bucket of a value.
pub(super) fn bucket(value: u64) -> u16 {
    let number = if value < FINE {
        value
    } else {
        // The highest bit says which doubling, the four after it which part of that.
        let doubling = u64::from(value.ilog2() - FINE.ilog2());
        FINE * (doubling + 1) + (value >> doubling) - FINE
    };
    u16::try_from(number.min(BUCKETS as u64 - 1)).unwrap_or(u16::MAX)
}

/// A value for all in a bucket: its middle.
pub(super) fn value(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < FINE {
        return bucket;
    }
    let (doubling, part) = (bucket / FINE - 1, bucket % FINE);
    ((FINE + part) << doubling) + (1 << doubling) / 2
}

/// Counts by bucket, in the order of the values.
pub(super) type Spread = std::collections::BTreeMap<u16, u64>;

/// How many values there are.
pub(super) fn count(spread: &Spread) -> u64 {
    spread.values().sum()
}

/// The value that so many of a thousand do not exceed; nothing where there is none.
pub(super) fn quantile(spread: &Spread, of_thousand: u64) -> Option<u64> {
    let count = count(spread);
    let rank = (count * of_thousand).div_ceil(1000).max(1);
    let mut seen = 0;
    spread.iter().find_map(|(bucket, count)| {
        seen += count;
        (seen >= rank).then(|| value(*bucket))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut last = 0;
        for number in 0..200_000 {
            let bucket = bucket(number);
            assert!(bucket == last || bucket == last + 1, "{number}");
            last = bucket;
        }
        assert_eq!(usize::from(bucket(u64::MAX)), BUCKETS - 1);
    }

    #[test]
    fn a_quantile_of_nothing_is_nothing() {
        assert_eq!(quantile(&Spread::new(), 500), None);
        assert_eq!(quantile(&Spread::from([(5, 1)]), 999), Some(5));
    }

    proptest! {
        #[test]
        fn a_value_is_near_what_its_bucket_stands_for(number in 0..1_u64 << 40) {
            let near = value(bucket(number));
            prop_assert!(near.abs_diff(number) * 32 <= number.max(32), "{} for {}", near, number);
        }

        #[test]
        fn a_quantile_is_near_the_one_of_the_values(
            mut values in prop::collection::vec(0..10_000_000_u64, 1..200),
            of_thousand in 1..=1000_u64,
        ) {
            let mut spread = Spread::new();
            for value in &values {
                *spread.entry(bucket(*value)).or_default() += 1;
            }
            values.sort_unstable();
            let rank = (values.len() * usize::try_from(of_thousand).unwrap()).div_ceil(1000);
            let exact = values[rank - 1];
            let told = quantile(&spread, of_thousand).unwrap();
            prop_assert!(told.abs_diff(exact) * 32 <= exact.max(32), "{} for {}", told, exact);
        }
    }
}

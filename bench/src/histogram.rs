//! How long deliveries took: counted in buckets less than one per cent wide, so that millions cost
//! nothing to keep.

/// Buckets to each doubling.
const STEPS: u64 = 128;
const STEP_BITS: u32 = STEPS.ilog2();

/// Lengths of time, in nanoseconds.
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; bucket(u64::MAX) + 1], count: 0, max: 0 }
    }

    #[inline]
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.buckets[bucket(nanoseconds)] += 1;
        self.count += 1;
        self.max = self.max.max(nanoseconds);
    }

    pub(crate) fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.max = 0;
    }

    /// The largest of all.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// What so many of a thousand did not exceed: 500 is the median. 0 when there is none.
    pub(crate) fn per_mille(&self, part: u64) -> u64 {
        let wanted = (self.count * part).div_ceil(1000);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return ceiling(index).min(self.max);
            }
        }
        0
    }
}

/// Exact below [`STEPS`]; above, a bucket for each value of the leading bits.
#[inline]
fn bucket(value: u64) -> usize {
    let bits = value.max(1).ilog2();
    let index = match bits.checked_sub(STEP_BITS) {
        None => value,
        Some(shift) => (u64::from(shift) + 1) * STEPS + ((value >> shift) - STEPS),
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn ceiling(index: usize) -> u64 {
    let index = index as u64;
    match (index / STEPS).checked_sub(1) {
        None => index,
        Some(shift) => {
            let next = u128::from(index % STEPS + STEPS + 1) << shift;
            u64::try_from(next - 1).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_less_than_one_per_cent_wide() {
        for value in
            (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, (1 << bit) + 1, 3 << bit])
        {
            let top = ceiling(bucket(value));
            assert!(top >= value, "{value} in a bucket up to {top}");
            assert!(top - value <= value / 100, "{value} in a bucket up to {top}");
            assert!(top == u64::MAX || bucket(top + 1) == bucket(value) + 1);
        }
    }

    #[test]
    fn the_median_has_half_below_it_and_the_maximum_is_exact() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.per_mille(500), 0);
        for value in 1..=100 {
            histogram.add(value);
        }
        histogram.add(1_000_003);
        assert_eq!(histogram.per_mille(500), 51);
        assert_eq!(histogram.per_mille(990), 100);
        assert_eq!((histogram.per_mille(1000), histogram.max()), (1_000_003, 1_000_003));
        histogram.clear();
        assert_eq!((histogram.per_mille(500), histogram.max()), (0, 0));
    }
}

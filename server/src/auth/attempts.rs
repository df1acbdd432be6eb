//! Slows down whoever guesses passwords.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many wrong passwords an address may try at once.
const BURST: u32 = 5;

/// After how long it may try once more.
const REFILL: Duration = Duration::from_secs(15);

/// How many addresses are remembered.
const REMEMBERED: usize = 10_000;

/// Attempts by address: each costs one, each success and each [`REFILL`] gives back.
#[derive(Default)]
pub(super) struct Attempts {
    spent: Mutex<HashMap<IpAddr, Spent>>,
}

struct Spent {
    /// When all attempts will be free again.
    free_at: Instant,
}

impl Attempts {
    /// Takes one attempt.
    ///
    /// # Errors
    /// The seconds to wait, if none is left.
    pub(super) fn begin(&self, from: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let mut all = self.lock();
        if all.len() >= REMEMBERED {
            all.retain(|_, spent| spent.free_at > now);
            // Rather forget one than refuse everybody.
            if all.len() >= REMEMBERED
                && let Some(any) = all.keys().next().copied()
            {
                all.remove(&any);
            }
        }
        let spent = all.entry(group(from)).or_insert(Spent { free_at: now });
        let free_at = spent.free_at.max(now) + REFILL;
        let most = now + REFILL * BURST;
        if free_at > most {
            return Err((free_at - most).as_secs() + 1);
        }
        spent.free_at = free_at;
        Ok(())
    }

    /// The password was right.
    pub(super) fn succeeded(&self, from: IpAddr) {
        self.lock().remove(&group(from));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Spent>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One household: an IPv4 address, or the /64 that an IPv6 host may choose its addresses from.
fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test(start_paused = true)]
    async fn five_guesses_then_one_every_quarter_minute() {
        let attempts = Attempts::default();
        (0..BURST).for_each(|_| attempts.begin(HERE).unwrap());
        let wait = attempts.begin(HERE).unwrap_err();
        assert!((1..=REFILL.as_secs() + 1).contains(&wait), "{wait}");
        tokio::time::advance(REFILL).await;
        attempts.begin(HERE).unwrap();
        attempts.begin(HERE).unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_password_clears_the_count() {
        let attempts = Attempts::default();
        (0..BURST).for_each(|_| attempts.begin(HERE).unwrap());
        attempts.succeeded(HERE);
        attempts.begin(HERE).unwrap();
    }

    #[test]
    fn an_ipv6_host_cannot_hide_in_its_own_network() {
        let [a, b] = ["2001:db8::1", "2001:db8::ffff:1"].map(|ip| group(ip.parse().unwrap()));
        assert_eq!(a, b);
    }
}

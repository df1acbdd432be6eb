//! Which addresses may be connected to: those of the public internet alone, unless private ones are
//! allowed.
//!
//! It is asked at the moment of connecting, about the very address that is connected to. So neither
//! a redirect nor a name that changes its address gets around it.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use url::{Host, Url};

/// Looks names up.
pub trait Names: Send + Sync {
    /// The addresses of this name.
    fn look_up(&self, name: String) -> LookUp;
}

/// A look-up under way.
pub type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// As the machine does it.
pub struct System;

impl Names for System {
    fn look_up(&self, name: String) -> LookUp {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// An address, or all of a name's addresses, are not of the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("It is an address of this machine or of a private network, which sources may not follow.")]
pub struct Private;

/// Lets through what may be connected to.
#[derive(Clone)]
pub struct Guard {
    permits: fn(IpAddr) -> bool,
    names: Arc<dyn Names>,
}

impl Guard {
    /// A guard who lets private addresses through or not, and looks names up in this way.
    pub fn new(private: bool, names: Arc<dyn Names>) -> Self {
        Self::permitting(if private { |_| true } else { is_public }, names)
    }

    /// A guard with a rule of its own.
    pub(super) fn permitting(permits: fn(IpAddr) -> bool, names: Arc<dyn Names>) -> Self {
        Self { permits, names }
    }

    /// Looks at an address that is written into a URL; names are looked at when they are looked up.
    ///
    /// # Errors
    /// If it may not be connected to.
    pub fn look_at(&self, url: &Url) -> Result<(), Private> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    fn check(&self, address: IpAddr) -> Result<(), Private> {
        if (self.permits)(address) { Ok(()) } else { Err(Private) }
    }

    /// The addresses of a URL's host that may be connected to.
    ///
    /// # Errors
    /// If it has none, or none that may be.
    pub async fn addresses(&self, url: &Url) -> io::Result<Vec<SocketAddr>> {
        let port = url.port_or_known_default().unwrap_or_default();
        let found = match url.host() {
            Some(Host::Ipv4(address)) => self.permitted(vec![address.into()])?,
            Some(Host::Ipv6(address)) => self.permitted(vec![address.into()])?,
            Some(Host::Domain(name)) => self.look_up(name.to_owned()).await?,
            None => return Err(io::Error::other("The address names no host.")),
        };
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn look_up(&self, name: String) -> io::Result<Vec<IpAddr>> {
        self.permitted(self.names.look_up(name).await?)
    }

    /// Those that may be connected to; a name with none of them is refused as a whole.
    fn permitted(&self, mut addresses: Vec<IpAddr>) -> io::Result<Vec<IpAddr>> {
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "The name has no address."));
        }
        addresses.retain(|address| self.check(*address).is_ok());
        if addresses.is_empty() { Err(io::Error::other(Private)) } else { Ok(addresses) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.look_up(name.as_str().to_owned()).await?;
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet. The ranges are those of IANA's registries for
/// special purposes that are not globally reachable, with all that carry an IPv4 address inside an
/// IPv6 one: these reach whatever the inner address does.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        // This host, private networks, loopback.
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // NAT64's well-known prefix and 6to4 reach the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Teredo and other protocol assignments, ORCHID, documentation in both its ranges.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All else that is global is here; mapped and compatible IPv4, loopback, NAT64 within a
        // network, discarding, segment routing, unique local, link-local, site-local and multicast
        // are outside.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn the_public_internet_is_let_through() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.88.98.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn no_other_network_is_reached_however_its_address_is_dressed() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }
}

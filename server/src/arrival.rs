//! Where a page comes from, as far as its request says so without being asked: enough to count by
//! class, never enough to know anybody again.

use axum::http::HeaderMap;

/// The longest host that is taken down, in bytes (RFC 1035, section 2.3.4), with a port.
const MAX_HOST: usize = 253 + 6;

/// What a request that joins says of where the page comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// What sort of device shows the page.
    pub device: Device,
    /// The host of the page that led here, if it was another.
    pub referrer: Option<Box<str>>,
    /// Whether whoever looks at it asked not to be tracked (`DNT: 1`, `Sec-GPC: 1`).
    pub quiet: bool,
}

/// What sort of device shows a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// A browser on a computer; tablets that say they are one are among them.
    Desktop,
    /// A telephone.
    Phone,
    /// A tablet.
    Tablet,
    /// No browser.
    #[default]
    Program,
}

impl Device {
    /// Its name in counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Program => "program",
        }
    }
}

impl Arrival {
    /// Reads the headers, and what the page's query says: `from`, the host of the page that led to
    /// it, and `dnt`, where the browser tells only scripts that nobody wants to be tracked.
    pub fn read(headers: &HeaderMap, from: Option<&str>, dnt: Option<&str>) -> Self {
        let says = |name| headers.get(name).is_some_and(|value| value == "1");
        if says("dnt") || says("sec-gpc") || dnt == Some("1") {
            return Self { quiet: true, device: device(headers), referrer: None };
        }
        let referrer = from.and_then(host).or_else(|| around(headers));
        Self { quiet: false, device: device(headers), referrer }
    }
}

/// A host as it is taken down, if this is one.
fn host(text: &str) -> Option<Box<str>> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let fine = (1..=MAX_HOST).contains(&text.len()) && text.bytes().all(legal);
    let named = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    (fine && named).then(|| text.to_ascii_lowercase().into())
}

/// The host of the site that has this one's feed in its own page.
fn around(headers: &HeaderMap) -> Option<Box<str>> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let (_, origin) = text("origin")?.split_once("://")?;
    host(origin).filter(|origin| Some(&**origin) != text("host"))
}

/// What the client hints and the name of the browser say. Of the name nothing but these words
/// matters, and nothing of it is kept.
fn device(headers: &HeaderMap) -> Device {
    let text =
        |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let agent = text("user-agent").unwrap_or_default();
    // Every browser says that it is a Mozilla; some small ones are an Opera.
    if !agent.starts_with("Mozilla/") && !agent.starts_with("Opera/") {
        return Device::Program;
    }
    let says = |word| agent.contains(word);
    if says("bot") || says("Bot") || says("crawl") || says("spider") {
        return Device::Program;
    }
    let tablet = says("iPad")
        || says("Tablet")
        || says("PlayBook")
        || says("Silk/") && !says("Mobile")
        || says("Android") && !says("Mobi");
    match text("sec-ch-ua-mobile") {
        _ if tablet => Device::Tablet,
        Some("?1") => Device::Phone,
        _ if says("Mobi") || says("iPhone") || says("iPod") => Device::Phone,
        _ => Device::Desktop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn devices_are_told_apart_by_what_browsers_say() {
        let of = |agent: &str| device(&headers(&[("user-agent", agent)]));
        let desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       HeadlessChrome/140.0.0.0 Safari/537.36";
        assert_eq!(of(desktop), Device::Desktop);
        for tablet in [
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
            "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Android 13; Tablet; rv:130.0) Gecko/130.0 Firefox/130.0",
        ] {
            assert_eq!(of(tablet), Device::Tablet, "{tablet}");
        }
        for phone in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Android 13; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0",
        ] {
            assert_eq!(of(phone), Device::Phone, "{phone}");
        }
        for program in
            ["", "curl/8.5.0", "nowcast-sdk/1.0", "Mozilla/5.0 (compatible; Googlebot/2.1)"]
        {
            assert_eq!(of(program), Device::Program, "{program}");
        }
        let hint = headers(&[("user-agent", desktop), ("sec-ch-ua-mobile", "?1")]);
        assert_eq!(device(&hint), Device::Phone);
    }

    #[test]
    fn of_who_led_here_only_the_host_is_taken_down() {
        let from = |text| Arrival::read(&HeaderMap::new(), Some(text), None).referrer;
        assert_eq!(from("News.Example:8080").as_deref(), Some("news.example:8080"));
        assert_eq!(from("[2001:db8::1]:80").as_deref(), Some("[2001:db8::1]:80"));
        let long = "x".repeat(300);
        for bad in ["", "news.example/path", "a b", "n\u{f6}", "...", "<script>", long.as_str()] {
            assert_eq!(from(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_feed_in_another_sites_page_comes_from_there() {
        let origin = |origin| {
            let headers = headers(&[("origin", origin), ("host", "live.example")]);
            Arrival::read(&headers, None, None).referrer
        };
        assert_eq!(origin("https://club.example").as_deref(), Some("club.example"));
        assert_eq!(origin("https://live.example"), None, "its own page");
        assert_eq!(origin("null"), None);
    }

    #[test]
    fn who_asks_not_to_be_tracked_is_heard_whichever_way_it_is_said() {
        for said in ["dnt", "sec-gpc"] {
            let arrival = Arrival::read(&headers(&[(said, "1")]), Some("news.example"), None);
            assert!(arrival.quiet && arrival.referrer.is_none(), "{said}");
            assert!(!Arrival::read(&headers(&[(said, "0")]), None, None).quiet, "{said}");
        }
        assert!(Arrival::read(&HeaderMap::new(), None, Some("1")).quiet);
    }
}

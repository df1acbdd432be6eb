//! The frame around the report: the head, the choice of the span, what keeps it true.

use super::super::calendar::Zone;
use super::super::figures::Figures;
use super::Choice;
use super::chart::escape;
use super::sections;
use crate::error::Problem;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The look of all pages, and what this one adds.
const STYLE: &str =
    concat!(include_str!("../../../../../style/base.css"), "\n", include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

/// HTML, and the policy under which a browser shows it.
pub(super) struct Page {
    pub(super) html: String,
    pub(super) policy: String,
}

/// The report. If it is to stay as it is, nothing in it asks for anything.
pub(super) fn page(figures: &Figures, choice: Choice, zone: Zone, still: bool, now: i64) -> Page {
    let title = escape(&figures.title);
    let mut body =
        format!("<header class=\"top\"><p class=\"kind\">Statistics</p><h1>{title}</h1>");
    let _ = write!(
        body,
        "<p class=\"when\">{} – {} <span>({})</span></p>",
        zone.full(figures.from),
        zone.full(figures.to.min(now)),
        zone.name()
    );
    if still {
        let _ = write!(body, "<p class=\"made\">Made {}.</p>", zone.full(now));
    } else {
        body.push_str(&choices(figures, choice, zone));
    }
    body.push_str("</header><main>");
    body.push_str(&state(figures, choice, still));
    body.push_str(&sections::all(figures, zone, (!still).then(|| tables(figures)).as_deref()));
    body.push_str("</main>");
    let script = if still { String::new() } else { format!("<script>{SCRIPT}</script>") };
    let policy = policy(still);
    let meta = if still {
        // A file has no headers.
        format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", self::still())
    } else {
        String::new()
    };
    let live = if still || choice == Choice::Own { "" } else { " data-keeps=\"5000\"" };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n{meta}\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: statistics</title>\n<style>{STYLE}</style>\n\
         <body{live} data-zone=\"{}\">{body}{script}\n",
        zone.minutes()
    );
    Page { html, policy }
}

/// Where the tables of this span are, up to their name.
fn tables(figures: &Figures) -> String {
    format!("/api/rooms/{}/stats/|?from={}&amp;to={}", figures.room, figures.from, figures.to)
}

fn policy(still: bool) -> String {
    if still {
        return self::still();
    }
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn still() -> String {
    format!("default-src 'none'; style-src 'sha256-{}'", hash(STYLE))
}

fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// The address of the report on this room.
fn address(room: &str) -> String {
    if room == RoomName::main().as_str() {
        "/statistics".to_owned()
    } else {
        format!("/r/{room}/statistics")
    }
}

/// The choice of the span, and what else can be done.
fn choices(figures: &Figures, choice: Choice, zone: Zone) -> String {
    let (address, minutes) = (address(&figures.room), zone.minutes());
    let mut out = String::from("<nav aria-label=\"Time\"><ul class=\"spans\">");
    for (one, name, label) in [
        (Choice::Hour, "hour", "Last hour"),
        (Choice::Today, "today", "Today"),
        (Choice::All, "all", "All"),
    ] {
        let current = if one == choice { " aria-current=\"page\"" } else { "" };
        let _ = write!(
            out,
            "<li><a href=\"{address}?span={name}&amp;zone={minutes}\"{current}>{label}</a></li>"
        );
    }
    let open = if choice == Choice::Own { " open" } else { "" };
    let (since, until) = (zone.field(figures.from), zone.field(figures.to));
    let _ = write!(
        out,
        "<li><details class=\"own\"{open}><summary>Own span</summary>\
         <form action=\"{address}\"><input type=\"hidden\" name=\"span\" value=\"own\">\
         <input type=\"hidden\" name=\"zone\" value=\"{minutes}\">\
         <label>From <input type=\"datetime-local\" name=\"since\" value=\"{since}\" required></label>\
         <label>To <input type=\"datetime-local\" name=\"until\" value=\"{until}\" required></label>\
         <button>Show</button></form></details></li></ul>"
    );
    let span = match choice {
        Choice::Hour => "span=hour".to_owned(),
        Choice::Today => "span=today".to_owned(),
        Choice::All => "span=all".to_owned(),
        Choice::Own => format!("span=own&amp;since={since}&amp;until={until}"),
    };
    let desk = if figures.room == RoomName::main().as_str() {
        "/admin".to_owned()
    } else {
        format!("/r/{}/admin", figures.room)
    };
    let _ = write!(
        out,
        "<ul class=\"ways\"><li><a href=\"{address}?{span}&amp;zone={minutes}&amp;download\">Keep as a file</a></li>\
         <li><a href=\"{desk}\">Desk</a></li></ul></nav>"
    );
    out
}

/// Whether what is shown is all, and grows.
fn state(figures: &Figures, choice: Choice, still: bool) -> String {
    let lacks = figures.counted.head - figures.counted.offset;
    if !figures.collecting {
        return "<p class=\"state\">Nothing is counted at the moment: collecting is off.</p>"
            .to_owned();
    }
    if lacks > 0 {
        return format!(
            "<p class=\"state\">Counting goes on: {} to come.</p>",
            sections::some(lacks, "event", "events")
        );
    }
    if still || choice == Choice::Own {
        return String::new();
    }
    "<p class=\"state live\">Live</p>".to_owned()
}

/// A page that says why there is no report.
pub(super) fn refused(problem: &Problem, room: &RoomName) -> Page {
    let main = *room == RoomName::main();
    let desk = if main { "/admin".to_owned() } else { format!("/r/{room}/admin") };
    let (head, told, way) = match problem.code {
        Code::Unauthorized | Code::TokenInvalid | Code::TokenExpired => (
            "Statistics are for the desk",
            "Log in there, then come back.".to_owned(),
            format!("<p><a class=\"button\" href=\"{desk}\">Log in</a></p>"),
        ),
        Code::UnknownRoom | Code::BadRoom => (
            "There is no such room",
            "It may have another name.".to_owned(),
            "<p><a href=\"/statistics\">Statistics of the main room</a></p>".to_owned(),
        ),
        _ => (
            "Statistics are for the desk",
            escape(&problem.detail),
            format!("<p><a href=\"{desk}\">To the desk</a></p>"),
        ),
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{head}</title>\n<style>{STYLE}</style>\n\
         <body><main class=\"page nowhere\"><h1>{head}</h1><p>{told}</p>{way}</main>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(STYLE)
    );
    Page { html, policy }
}

//! Whether pages may be shown an event: it is as it would have been checked where it was asked for.
//! Whether its author was allowed to is not looked at, since rights are no part of a log.

use super::{Refused, refuse};
use crate::error::Problem;
use crate::log::past::Past;
use crate::settings::Patch;
use crate::{item, json, markdown, words};
use nowcast_shared::event::Event;
use nowcast_shared::item::{Author, Item, NewItem};
use nowcast_shared::stage::{KINDS, MIN_WIDTH, MOST_TEXT, Piece};
use nowcast_shared::{stage, variable};
use serde_json::value::RawValue;

/// How many characters a name or a title has at most: more than any server allows.
const MOST_NAME: usize = 1000;

pub(super) fn check(past: &Past, author: &Author) -> Result<(), Refused> {
    is_id(&author.id.0)?;
    author.name.as_deref().map_or(Ok(()), is_name)?;
    if let Some(item) = past.item() {
        return match item {
            Ok(item) => check_item(&item, past, author),
            Err(error) => refuse(format!("its item cannot be read: {error}")),
        };
    }
    match &past.event {
        Event::RoomTitled { title } => is_name(title),
        Event::RoomSet { settings } => {
            let settings = serde_json::to_value(settings).unwrap_or_default();
            Patch::read(settings).map(|_| ()).map_err(|problem| said(&problem))
        }
        Event::Said { id, name, text } => {
            is_id(&id.0)?;
            is_name(name)?;
            check_words(text)
        }
        Event::SaidEdited { text, .. } => check_words(text),
        Event::PiecePut { piece } => check_piece(piece),
        Event::PieceMoved { x, y, .. } if !stage::is_place(*x, *y) => {
            refuse("its piece is not on the stage")
        }
        Event::VariableSet { name, .. } if !variable::is_name(name) => {
            refuse("no variable can have this name")
        }
        _ => Ok(()),
    }
}

/// Whether it could be what a server calls something.
fn is_id(id: &str) -> Result<(), Refused> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) {
        Ok(())
    } else {
        refuse("an id in it is none that a server gives")
    }
}

fn is_name(name: &str) -> Result<(), Refused> {
    if name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
        return refuse("a name or title in it is too long, or not on one line");
    }
    Ok(())
}

fn check_words(text: &str) -> Result<(), Refused> {
    words::check(text).map(|_| ()).map_err(|problem| said(&problem))
}

fn check_piece(piece: &Piece) -> Result<(), Refused> {
    if !stage::is_place(piece.x, piece.y) {
        return refuse("its piece is not on the stage");
    }
    if !(MIN_WIDTH..=1.0).contains(&piece.width) {
        return refuse("its piece is too narrow or too wide");
    }
    if !KINDS.contains(&piece.kind.as_str()) {
        return refuse("there are no pieces of this kind");
    }
    if piece.text.chars().count() > MOST_TEXT {
        return refuse("the text of its piece is too long");
    }
    let url = piece.url.as_deref().filter(|url| !url.is_empty());
    url.map_or(Ok(()), item::check_picture).map_err(|problem| said(&problem))
}

fn check_item(item: &Item<Box<RawValue>>, past: &Past, author: &Author) -> Result<(), Refused> {
    is_id(&item.id.0)?;
    is_id(&item.by.id.0)?;
    item.by.name.as_deref().map_or(Ok(()), is_name)?;
    if matches!(past.event, Event::ItemPublished { .. }) && item.by != *author {
        return refuse("its item is by somebody else");
    }
    let data = json::read(item.data.get()).map_err(|problem| said(&problem))?;
    let new = NewItem { kind: item.kind.clone(), data };
    // It was within the limits of the server that it comes from.
    let content = item::check_now(new, usize::MAX).map_err(|problem| said(&problem))?;
    let same = content.html == item.html;
    // Another version may have made other HTML of the text, but none that does harm.
    let harmless = || item.html.as_deref().is_some_and(markdown::is_safe);
    if same || content.html.is_some() && harmless() {
        Ok(())
    } else {
        refuse("the HTML of its item is not what Nowcast makes of the text")
    }
}

fn said(problem: &Problem) -> Refused {
    Refused::Line(problem.detail.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(by: &str, event: &str) -> Result<(), String> {
        let (author, past) = (serde_json::from_str(by).unwrap(), Past::read(event).unwrap());
        check(&past, &author).map_err(|refused| refused.to_string())
    }

    #[test]
    fn what_no_server_would_have_kept_is_refused() {
        let by = r#"{"role":"viewer","id":"p1"}"#;
        let said = r#"{"kind":"said","id":"s1","name":"Ana","text":"Hi"}"#;
        let put = r#"{"kind":"piece_put","piece":{"id":"a","x":0.5,"y":0.5,"kind":"text","text":"T","width":0.25,"z":0}}"#;
        let item = r#"{"kind":"item_published","item":{"id":"i1","offset":1,"at":1,"kind":"custom","data":{"a":1},"by":{"role":"viewer","id":"p1"}}}"#;
        for event in [said, put, item] {
            assert_eq!(outcome(by, event), Ok(()), "{event}");
        }
        let long = "x".repeat(3000);
        for (event, from, to) in [
            (said, "s1", "../../x"),
            (said, "s1", ""),
            (said, "Hi", &long),
            (said, "Ana", &long),
            (said, "Ana", r"A\na"),
            (put, "0.25", "1e300"),
            (put, "0.25", "-1"),
            (put, r#""text","#, r#""<script>","#),
            (put, "T", &long),
            (item, "i1", "<script>"),
            (item, "p1", "p2"),
            (item, "viewer", "admin"),
        ] {
            let changed = event.replace(from, to);
            assert_ne!(changed, event);
            assert!(outcome(by, &changed).is_err(), "{to}");
        }
        assert!(outcome(r#"{"role":"viewer","id":"p 1"}"#, said).is_err());
    }
}

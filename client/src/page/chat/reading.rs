//! How far the reader of the chat is: what is new, what is loaded, and that nothing jumps.

use super::Talk;
use super::text::mentions;
use crate::dom::{self, Listener, find};
use crate::page::layout::Panel;
use crate::page::part::effect;
use crate::store::feed::Older;
use crate::store::set;
use crate::{api, read};
use leptos::prelude::*;
use nowcast_shared::id::RoomName;
use std::cell::Cell;
use std::iter::successors;
use web_sys::Element;

/// What the words scroll in.
const BOX: &str = ".talk";
/// Nearer to the end than this is at the end, in pixels.
const END: i32 = 40;
/// Nearer to the beginning than this, older words are loaded.
const NEAR: i32 = 500;

thread_local! {
    /// Whether the place of the words is being held until the next frame.
    static HOLDING: Cell<bool> = const { Cell::new(false) };
}

/// Follows the reader.
pub(super) fn follow(talk: Talk, room: RoomName) {
    let chat = talk.store.chat;
    effect(move || count(talk));
    let mut heard = None;
    effect(move || {
        // What is short has room for more.
        let more = chat.said.with(Vec::len) > 0 && chat.older.get() == Older::More;
        let Some(view) = find(BOX) else {
            return;
        };
        if heard.is_none() {
            let (room, within) = (room.clone(), view.clone());
            let scrolled = Listener::on(&view, "scroll", move |_| look(talk, &room, &within));
            let resized = Listener::on(&dom::window(), "resize", move |_| stay(talk));
            heard = Some((scrolled, resized));
        }
        if more {
            let room = room.clone();
            request_animation_frame(move || look(talk, &room, &view));
        }
    });
    // A part of the page that comes up has perhaps another size.
    effect(move || {
        if talk.layout.shows(Panel::Chat) {
            stay(talk);
        }
    });
}

/// Counts what is new.
fn count(talk: Talk) {
    let chat = talk.store.chat;
    let newest = chat.newest();
    let looking = talk.at_end.get() && talk.visible.get() && talk.layout.shows(Panel::Chat);
    if !chat.ready.get() {
        return;
    }
    let me = talk.store.me.id.get();
    let last_is_own =
        chat.said.with_untracked(|all| all.last().is_some_and(|entry| entry.by.id == me));
    let seen = chat.seen.get_untracked().filter(|_| !looking && !last_is_own).unwrap_or(newest);
    let name = talk.store.me.called();
    let (unseen, meant) = chat.unseen(seen, &me, |text| mentions(text, &name));
    if last_is_own {
        set(talk.mark, None);
    } else if unseen > 0 && talk.unseen.get_untracked() == 0 {
        set(talk.mark, Some(seen));
    }
    set(chat.seen, Some(seen));
    set(talk.unseen, unseen);
    set(talk.meant, meant);
}

/// Notices how far the reader has scrolled.
fn look(talk: Talk, room: &RoomName, view: &Element) {
    let below = view.scroll_height() - view.scroll_top() - view.client_height();
    set(talk.at_end, below < END);
    if below < END {
        talk.store.chat.trim();
    } else if view.scroll_top() < NEAR && talk.store.chat.older.get_untracked() == Older::More {
        load_older(talk, room);
    }
    if view.scroll_height() <= view.client_height() {
        load_older(talk, room);
    }
}

fn load_older(talk: Talk, room: &RoomName) {
    let chat = talk.store.chat;
    if matches!(chat.older.get_untracked(), Older::Failed(_)) {
        return;
    }
    let Some(request) = chat.ask_older() else {
        return;
    };
    let url = format!("/api/rooms/{room}/chat?before={}&limit=50", request.before);
    dom::spawn(async move {
        let answer = match api::get(&url).await {
            Ok(page) => {
                Ok((read::list(&page, "said", read::chat::said), read::truth(&page, "more")))
            }
            Err(problem) => Err(problem.detail),
        };
        chat.got_older(request, answer);
    });
}

/// Keeps what is read in its place while the words are about to be drawn anew: at the end, the end;
/// elsewhere, the first line in view. Changes until the next frame count as one.
pub(super) fn hold(talk: Talk) {
    if HOLDING.get() {
        return;
    }
    let Some(view) = find(BOX) else {
        return;
    };
    let top = move |of: &Element| of.get_bounding_client_rect().top();
    let edge = top(&view);
    let in_view = |line: &Element| line.get_bounding_client_rect().bottom() > edge;
    let line = successors(find(".talk > ol > li"), Element::next_element_sibling)
        .find(in_view)
        .filter(|_| !talk.at_end.get_untracked());
    let before = line.as_ref().map(|line| top(line) + f64::from(view.scroll_top()));
    HOLDING.set(true);
    request_animation_frame(move || {
        HOLDING.set(false);
        if talk.at_end.get_untracked() {
            view.set_scroll_top(view.scroll_height());
        } else if let Some((line, before)) =
            line.zip(before).filter(|(line, _)| line.is_connected())
        {
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a page")]
            let moved = (top(&line) + f64::from(view.scroll_top()) - before).round() as i32;
            view.set_scroll_top(view.scroll_top() + moved);
        }
    });
}

/// Stays at the end where the view is at the end and about to change its size.
pub(super) fn stay(talk: Talk) {
    if talk.at_end.get_untracked() {
        hold(talk);
    }
}

/// The next words are at the end, and the reader wants to see them there.
pub(super) fn to_newest(talk: Talk) {
    set(talk.at_end, true);
    hold(talk);
}

/// Goes to the newest words.
pub(super) fn to_end(talk: Talk) {
    if let Some(view) = find(BOX) {
        view.set_scroll_top(view.scroll_height());
        set(talk.at_end, true);
        // The button goes away; without this the keyboard would be nowhere.
        dom::focus(&view);
    }
}

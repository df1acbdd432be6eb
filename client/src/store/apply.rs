//! How frames change what a page knows: the only place where they do.
//!
//! Every event is applied exactly once, in the order of offsets, whatever transport it comes by and
//! however often it comes.

use super::chat::Words;
use super::notices::Notice;
use super::stage::{Holder, Spot};
use super::{News, Store, set};
use crate::read::{Frame, Json, Read};
use nowcast_shared::chat::Said;
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::{ServerFrame, Variable, Welcome};
use nowcast_shared::item::Body;
use nowcast_shared::offset::{Offset, Position};
use nowcast_shared::signal::Signal;

/// What the link has to do about a frame that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing.
    Fine,
    /// It does not continue what the page has: resume from there.
    Gap,
}

/// Takes in a frame.
pub fn apply(store: Store, read: Read) -> Applied {
    match read {
        Read::Frame(frame) => apply_frame(store, *frame),
        Read::Event(offset) => in_order(store, offset, || {}),
        Read::Answer(..) | Read::Other => Applied::Fine,
    }
}

fn apply_frame(store: Store, frame: Frame) -> Applied {
    match frame {
        ServerFrame::Welcome(welcome) => return apply_welcome(store, welcome),
        ServerFrame::Event(logged) => {
            return in_order(store, logged.offset, || apply_event(store, logged));
        }
        ServerFrame::Signal { signal } => apply_signal(store, signal),
        ServerFrame::Push { id, data } => {
            if store.notices.add(Notice { id: id.clone(), data: data.clone() }) {
                store.tell(News::Push { id: &id, data: &data });
                // A page that is loaded again must not show it again.
                store.feed.changes.update(|changes| *changes += 1);
            }
        }
        ServerFrame::Ack { .. }
        | ServerFrame::Reject { .. }
        | ServerFrame::Pong
        | ServerFrame::Goodbye { .. } => {}
    }
    Applied::Fine
}

fn apply_event(store: Store, logged: Logged<Body, Json>) {
    let Logged { offset, at, by, event } = logged;
    match event {
        Event::ItemPublished { item } => store.feed.publish(item),
        Event::ItemEdited { item } => store.feed.edit(item),
        Event::ItemDeleted { item } => store.feed.delete(&item),
        Event::RoomTitled { title } => set(store.title, title),
        Event::RoomSet { settings } => set(store.settings, settings),
        Event::PiecePut { piece } => store.stage.put(piece),
        Event::PieceMoved { piece, x, y } => store.stage.moved(&piece, Spot { x, y }, by.name),
        Event::PieceRemoved { piece } => store.stage.remove(&piece),
        Event::Said { id, name, text } => {
            let own = store.me.id.with_untracked(|me| *me == by.id);
            store.chat.say(Said { id, offset, at, by, name, text, edited_at: None }, own);
        }
        Event::SaidEdited { id, text } => {
            store.chat.edit(&id, Words { text, edited_at: Some(at) });
        }
        Event::SaidDeleted { id } => store.chat.delete(&id),
        Event::VariableSet { name, value, version } => {
            let variable = Variable { value, version };
            store.tell(News::Variable { name: &name, variable: Some(&variable) });
            store.variables.set(name, variable);
        }
        Event::VariableUnset { name } => {
            store.tell(News::Variable { name: &name, variable: None });
            store.variables.unset(&name);
        }
    }
}

fn apply_signal(store: Store, signal: Signal) {
    match signal {
        Signal::PieceHeld { piece, by, name } => {
            store.stage.held(&piece, by.map(|id| Holder { id, name }));
        }
        Signal::PieceMoving { piece, x, y, .. } => store.stage.moving(&piece, Spot { x, y }),
        Signal::Presence(presence) => {
            let news = store.people.update(presence);
            store.chat.note(news.without(&store.me.id.get_untracked()));
        }
        Signal::Typing { by, name } => {
            // Another tab of the same person is no company.
            if store.me.id.with_untracked(|me| *me != by) {
                store.chat.writes(by, name);
            }
        }
        Signal::You { you, name, user } => {
            set(store.me.id, you);
            set(store.me.name, name);
            set(store.me.user, user);
        }
        Signal::Held { count } => store.tell(News::Held(count)),
        Signal::Queued { count } => store.tell(News::Queued(count)),
    }
}

/// Does what the event at `offset` asks for, if it is the next one.
fn in_order(store: Store, offset: Offset, then: impl FnOnce()) -> Applied {
    let Some(mut position) = store.feed.position() else {
        return Applied::Gap;
    };
    if offset <= position.offset {
        return Applied::Fine;
    }
    if offset != position.offset.next() {
        return Applied::Gap;
    }
    then();
    position.offset = offset;
    store.feed.set_position(position);
    Applied::Fine
}

fn apply_welcome(store: Store, welcome: Welcome<Body, Json>) -> Applied {
    set(store.open, welcome.open);
    set(store.counts, welcome.counts);
    set(store.me.id, welcome.you);
    let begin = Position { epoch: welcome.epoch, offset: welcome.offset };
    if let Some(snapshot) = welcome.snapshot {
        set(store.title, snapshot.title);
        set(store.settings, snapshot.settings);
        store.people.reset(snapshot.presence);
        store.chat.replace(snapshot.chat);
        store.tell(News::Variables(&snapshot.variables));
        store.variables.replace(snapshot.variables);
        store.stage.replace(snapshot.pieces, begin.offset);
        store.feed.replace(begin, snapshot.items.into_iter(), snapshot.more);
        return Applied::Fine;
    }
    store.people.forget_version();
    store.stage.forget_signals();
    match store.feed.position() {
        // An earlier beginning is fine: what the page has already is passed over.
        Some(known) if known.epoch == begin.epoch && begin.offset <= known.offset => Applied::Fine,
        _ => Applied::Gap,
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "apply_properties.rs"]
mod properties;

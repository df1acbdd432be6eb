//! Saying something: the field, what it refuses and why, editing and taking back.

use super::{Talk, complete, reading};
use crate::api::Problem;
use crate::dom::{self, Listener, Timer, find};
use crate::link::sending::Taken;
use crate::page::layout::focus;
use crate::page::part::{effect, fixed, nothing, part, sentence, words};
use crate::page::people;
use crate::store::chat::Entry;
use crate::store::{set, signal};
use leptos::prelude::*;
use nowcast_shared::chat::{EDITABLE, MAX_TEXT};
use nowcast_shared::command::Command;
use nowcast_shared::id::SaidId;
use nowcast_shared::item::Role;
use nowcast_shared::room::Who;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlTextAreaElement, KeyboardEvent};

/// Fewer characters left than this are told.
const FEW: i64 = 200;
/// Others hear of somebody writing at most this often, in milliseconds.
const TYPING: i64 = 2_000;

thread_local! {
    /// What was in the field when an edit began.
    static DRAFT: RefCell<String> = const { RefCell::new(String::new()) };
    /// When others last heard that this page is writing.
    static TYPED: Cell<i64> = const { Cell::new(0) };
    /// When slow mode lets this page speak again.
    static FREE: Cell<i64> = const { Cell::new(0) };
}

/// Who may write here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    Users,
    Hosts,
}

/// The composer, or why there is none.
pub(super) fn composer(talk: Talk) -> AnyView {
    let store = talk.store;
    let door = signal(Door::Open);
    effect(move || {
        let who = store.settings.with(|settings| settings.chat);
        let user = store.me.user.with(Option::is_some);
        let open = store.open.get();
        let now = match who {
            Who::Users if !user && !open => Door::Users,
            Who::Nobody => Door::Hosts,
            _ => Door::Open,
        };
        set(door, now);
    });
    count_down(talk);
    part(move || match door.get() {
        Door::Open => field(talk),
        Door::Users => sentence("closed", "Only registered people write here.".to_owned(), None),
        Door::Hosts => sentence("closed", "Only the hosts write here.".to_owned(), None),
    })
    .into_any()
}

fn field(talk: Talk) -> AnyView {
    let mut heard = None;
    effect(move || {
        let Some(field) = textarea().filter(|_| heard.is_none()) else {
            return;
        };
        let keys = Listener::on(&field, "keydown", move |event| {
            let key: &KeyboardEvent = event.unchecked_ref();
            // What an input method is still composing is not finished by its own Enter.
            if !key.is_composing() && key.key_code() != 229 && pressed(talk, key) {
                event.prevent_default();
            }
        });
        let input = Listener::on(&field, "input", move |_| typed(talk));
        let caret = Listener::on(&field, "click", move |_| complete::look(talk));
        let left = Listener::on(&field, "blur", move |_| complete::close(talk));
        heard = Some([keys, input, caret, left]);
    });
    let above = part(move || above(talk));
    let why = words(move || match (talk.wait.get(), talk.why.get()) {
        (0, why) => why,
        (1, _) => "Slow mode: you can write again in a second.".to_owned(),
        (wait, _) => format!("Slow mode: you can write again in {wait} seconds."),
    });
    let left =
        words(move || talk.left.get().map(|left| format!("{left} left")).unwrap_or_default());
    view! {
        <div class="composer">
            {above} <p class="why" role="status">{why}</p> {complete::names(talk)}
            <div class="field">
                <textarea
                    id="say"
                    rows="1"
                    dir="auto"
                    placeholder="Say something"
                    aria-label="Say something"
                    aria-controls="say-names"
                    enterkeyhint="send"
                    autocomplete="off"
                ></textarea>
                <span class="left">{left}</span>
                {fixed("<button class='send' data-do='send' aria-label='Send'></button>")}
            </div>
        </div>
    }
    .into_any()
}

/// What stands above the field: what is being edited, or the question for a name.
fn above(talk: Talk) -> AnyView {
    if talk.asking.get() {
        return fixed(
            "<form class='ask'><label for='say-name'>What should others call you?\
             </label><input id='say-name' maxlength='40' autocomplete='nickname' dir='auto'>\
             <button class='solid'>Send</button>\
             <button type='button' data-do='guest'>Go on as Guest</button></form>",
        );
    }
    if talk.editing.with(Option::is_some) {
        return fixed(
            "<p class='edits'>Editing your words <button data-do='leave'>Cancel</button></p>",
        );
    }
    nothing()
}

/// What a button in the chat does; `said`: the words that it stands at.
pub(super) fn act(talk: Talk, act: &str, said: Option<SaidId>, button: &Element) {
    match act {
        "send" => {
            submit(talk);
            focus("#say");
        }
        "edit" => {
            if let Some(entry) = said.and_then(|said| talk.store.chat.find(&said)) {
                edit(talk, &entry);
            }
        }
        "delete" => {
            let again =
                format!("[data-said=\"{}\"] [data-do=no]", said.as_ref().map_or("", |id| &id.0));
            set(talk.doomed, said);
            request_animation_frame(move || focus(&again));
        }
        "yes" => {
            set(talk.doomed, None);
            if let Some(said) = said {
                take_back(talk, said);
            }
            focus("#say");
        }
        "no" => {
            set(talk.doomed, None);
            focus("#say");
        }
        "leave" => leave(talk),
        "guest" => go_by(talk, String::new()),
        "name" => complete::choose(talk, button),
        _ => {}
    }
}

fn textarea() -> Option<HtmlTextAreaElement> {
    find("#say")?.dyn_into().ok()
}

fn written() -> String {
    textarea().map(|field| field.value()).unwrap_or_default()
}

fn write(talk: Talk, text: &str) {
    if let Some(field) = textarea() {
        field.set_value(text);
    }
    look(talk, text);
}

/// Notices how much is in the field.
fn look(talk: Talk, text: &str) {
    let most = i64::try_from(MAX_TEXT).unwrap_or(i64::MAX);
    let left = most - i64::try_from(text.trim().chars().count()).unwrap_or(most);
    set(talk.left, (left < FEW).then_some(left));
    reading::stay(talk);
}

fn typed(talk: Talk) {
    let text = written();
    look(talk, &text);
    set(talk.why, String::new());
    complete::look(talk);
    let now = dom::now();
    let writes = !text.trim().is_empty() && talk.editing.with_untracked(Option::is_none);
    if writes && now - TYPED.get() >= TYPING {
        TYPED.set(now);
        talk.link.with_value(|link| link.hint("typing", &Command::Typing {}));
    }
}

/// Whether the key was meant for the chat, and not for the field.
fn pressed(talk: Talk, key: &KeyboardEvent) -> bool {
    let name = key.key();
    if complete::pressed(talk, &name) {
        return true;
    }
    match name.as_str() {
        "Enter" if !key.shift_key() => submit(talk),
        "Escape" if talk.editing.with_untracked(Option::is_some) => leave(talk),
        "ArrowUp" if written().is_empty() => {
            let me = talk.store.me.id.get_untracked();
            let last = talk.store.chat.said.with_untracked(|all| {
                let own =
                    |entry: &&Entry| entry.by.id == me && dom::now() - entry.heard <= EDITABLE;
                all.iter().rev().find(own).cloned()
            });
            match last {
                Some(entry) => edit(talk, &entry),
                None => return false,
            }
        }
        _ => return false,
    }
    true
}

/// Sends what is in the field.
fn submit(talk: Talk) {
    let text = written().trim().to_owned();
    let over = text.chars().count().saturating_sub(MAX_TEXT);
    if over > 0 {
        let why = format!(
            "That is too long by {over} {}.",
            if over == 1 { "character" } else { "characters" }
        );
        return set(talk.why, why);
    }
    if let Some(said) = talk.editing.get_untracked() {
        return change(talk, said, text);
    }
    if text.is_empty() || talk.wait.get_untracked() > 0 {
        return;
    }
    if talk.store.me.wish.with_untracked(Option::is_none)
        && talk.store.me.name.with_untracked(Option::is_none)
    {
        set(talk.asking, true);
        request_animation_frame(|| focus("#say-name"));
        return;
    }
    say(talk, text);
}

fn say(talk: Talk, text: String) {
    write(talk, "");
    TYPED.set(0);
    set(talk.why, String::new());
    reading::to_newest(talk);
    let chat = talk.store.chat;
    let number = chat.begin(text.clone());
    let command = Command::Say { text: text.clone(), name: None };
    talk.link.with_value(|link| {
        link.send(&command, move |answer| match answer {
            Ok(Taken { offset, held }) => {
                chat.taken(number, offset, held);
                slow_down(talk, offset);
            }
            Err(problem) => {
                chat.forget(number);
                refused(talk, &text, &problem);
            }
        });
    });
}

/// Puts words that were refused back, and says why.
fn refused(talk: Talk, text: &str, problem: &Problem) {
    let now = written();
    let back = if now.trim().is_empty() { text.to_owned() } else { format!("{text}\n{now}") };
    write(talk, &back);
    set(talk.why, problem.detail.clone());
    if let Some(wait) = problem.wait.filter(|_| problem.code == "slow_mode") {
        free_at(talk, dom::now() + i64::from(wait) * 1000);
    }
}

fn edit(talk: Talk, entry: &Entry) {
    if talk.editing.with_untracked(Option::is_none) {
        DRAFT.set(written());
    }
    set(talk.editing, Some(entry.id.clone()));
    write(talk, &entry.words.with_untracked(|words| words.text.clone()));
    focus("#say");
}

/// Leaves the edit, and goes on with what was being written before.
fn leave(talk: Talk) {
    set(talk.editing, None);
    set(talk.why, String::new());
    write(talk, &DRAFT.take());
    focus("#say");
}

fn change(talk: Talk, said: SaidId, text: String) {
    if text.is_empty() {
        set(talk.doomed, Some(said));
        return leave(talk);
    }
    let before = talk.store.chat.find(&said);
    let same = before.is_some_and(|entry| entry.words.with_untracked(|words| words.text == text));
    leave(talk);
    if same {
        return;
    }
    let command = Command::EditSaid { said: said.clone(), text: text.clone() };
    talk.link.with_value(|link| {
        link.send(&command, move |answer| match answer {
            Ok(Taken { held: true, .. }) => {
                set(talk.why, "Your change waits for approval.".to_owned());
            }
            Ok(_) => {}
            Err(problem) => refused(talk, &text, &problem),
        });
    });
}

fn take_back(talk: Talk, said: SaidId) {
    if talk.editing.with_untracked(|editing| editing.as_ref() == Some(&said)) {
        leave(talk);
    }
    talk.link.with_value(|link| {
        link.send(&Command::DeleteSaid { said }, move |answer| {
            if let Err(problem) = answer {
                set(talk.why, problem.detail);
            }
        });
    });
}

/// Takes the name that was asked for, and sends what waited for it.
pub(super) fn named(talk: Talk) {
    let name = people::typed("#say-name");
    if name.is_empty() {
        return focus("#say-name");
    }
    go_by(talk, name);
}

fn go_by(talk: Talk, name: String) {
    set(talk.asking, false);
    people::go_by(talk.store, talk.link, name, move |problem| {
        set(talk.why, problem.detail);
    });
    focus("#say");
    submit(talk);
}

/// After own words, slow mode makes this page wait; not a host's.
fn slow_down(talk: Talk, offset: Option<nowcast_shared::offset::Offset>) {
    let slow = talk.store.settings.with_untracked(|settings| settings.slow);
    let host = talk.store.chat.said.with_untracked(|all| {
        let this = all.iter().rev().find(|entry| Some(entry.offset) == offset);
        this.is_some_and(|entry| entry.by.role == Role::Admin)
    });
    if slow > 0 && !host {
        free_at(talk, dom::now() + i64::from(slow) * 1000);
    }
}

fn free_at(talk: Talk, at: i64) {
    FREE.set(at);
    set(talk.wait, seconds_left());
}

fn seconds_left() -> u64 {
    u64::try_from(FREE.get() - dom::now()).unwrap_or(0).div_ceil(1000)
}

/// Counts the seconds of slow mode down.
fn count_down(talk: Talk) {
    let again: Rc<Timer> = Timer::new(move || set(talk.wait, seconds_left()));
    effect(move || {
        if talk.wait.get() > 0 {
            again.after(200.0);
        }
    });
}

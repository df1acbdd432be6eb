//! How a line of the chat looks.

use super::Talk;
use super::reading;
use super::rows::{Row, in_words};
use super::text::{Part, mentions, parts};
use crate::dom;
use crate::page::clock::{Clock, Time};
use crate::page::item::safe;
use crate::page::part::{fixed, nothing, part, sentence};
use crate::people_color::color_of;
use crate::store::chat::{Entry, Mine};
use leptos::prelude::*;
use nowcast_shared::chat::EDITABLE;
use nowcast_shared::item::Role;

/// Draws a line.
pub(super) fn row(talk: Talk, row: &Row) -> AnyView {
    match row {
        Row::New => fixed("<li class='new'><span>New</span></li>"),
        Row::Note(note) => {
            let words = sentence("note", in_words(note), None);
            view! { <li dir="auto">{words}</li> }.into_any()
        }
        Row::Said { entry, first, own } => said(talk, entry, *first, *own),
        Row::Mine { mine, first } => on_its_way(talk, mine, *first),
    }
}

fn said(talk: Talk, entry: &Entry, first: bool, own: bool) -> AnyView {
    let mut class = format!("said {}", color_of(&entry.by.id));
    if own {
        class.push_str(" own");
    }
    if first {
        class.push_str(" first");
    }
    let head = if first {
        let host = (entry.by.role == Role::Admin).then(|| fixed("<i>Host</i>"));
        let name = if own { "You".to_owned() } else { entry.name.clone() };
        view! {
            <header>
                <b dir="auto">{name}</b>
                {host}
                <Time at=entry.at />
            </header>
        }
        .into_any()
    } else {
        nothing()
    };
    let words = entry.words.clone();
    let shown = part(move || {
        reading::hold(talk);
        words.with(|words| {
            let edited = words.edited_at.map(|_| fixed("<i>edited</i>"));
            text(talk, &words.text, edited)
        })
    });
    let tools = if own { tools(talk, entry.clone()) } else { nothing() };
    view! {
        <li class=class data-said=entry.id.0.clone()>
            {head} <div class="words">{shown} {tools}</div>
        </li>
    }
    .into_any()
}

/// Words in their parts.
fn text(talk: Talk, text: &str, after: Option<AnyView>) -> AnyView {
    let names = if text.contains('@') { untrack(|| talk.known_names()) } else { Vec::new() };
    let me = untrack(|| talk.store.me.called());
    let shown = parts(text, &names).into_iter().map(|part| match part {
        Part::Plain(text) => text.to_owned().into_any(),
        Part::Link(url) => match safe(url) {
            Some(href) => view! {
                <a href=href.to_owned() target="_blank" rel="noopener nofollow ugc">
                    {url.to_owned()}
                </a>
            }
            .into_any(),
            None => url.to_owned().into_any(),
        },
        Part::Mention(name) => {
            let class = if mentions(name, &me) { "at me" } else { "at" };
            view! { <b class=class>{name.to_owned()}</b> }.into_any()
        }
    });
    view! { <p dir="auto">{shown.collect_view()} {after}</p> }.into_any()
}

/// What can be done with own words, as long as it can.
fn tools(talk: Talk, entry: Entry) -> AnyView {
    if dom::now() - entry.heard > EDITABLE {
        return nothing();
    }
    part(move || {
        if Clock::now() - entry.heard > EDITABLE {
            return nothing();
        }
        let this = Some(&entry.id);
        if talk.doomed.with(|doomed| doomed.as_ref() == this) {
            fixed(
                "<span class='do asked'>Delete these words? <button data-do='yes'>Delete</button>\
                 <button data-do='no'>Keep</button></span>",
            )
        } else if talk.editing.with(|editing| editing.as_ref() == this) {
            fixed("<span class='do asked'>Being edited</span>")
        } else {
            fixed(
                "<span class='do'><button data-do='edit'>Edit</button>\
                 <button data-do='delete'>Delete</button></span>",
            )
        }
    })
    .into_any()
}

fn on_its_way(talk: Talk, mine: &Mine, first: bool) -> AnyView {
    let class = if first { "said own mine first" } else { "said own mine" };
    let state =
        if mine.held { "<i>Waits for approval</i>" } else { "<i class='sending'>Sending…</i>" };
    let words = text(talk, &mine.text, Some(fixed(state)));
    view! {
        <li class=class>
            <div class="words">{words}</div>
        </li>
    }
    .into_any()
}

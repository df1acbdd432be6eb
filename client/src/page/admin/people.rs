//! Who is here, who may not speak or not be here, and a word to one of them ([`push`]).

pub mod push;

use super::ask::people::{Roster, Sanction, SanctionKind, Somebody};
use super::broken::Broken;
use super::desk::{Desk, Fetched, LoginReason};
use super::form::focus;
use super::icon::{Icon, icon};
use super::me::Right;
use super::moderation::sanction::{Doing, SanctionQuestion};
use super::words::{NAMELESS, holds};
use crate::dom;
use crate::page::clock::Clock;
use crate::people_color::color_of;
use leptos::prelude::*;
use leptos::task::spawn_local;
use push::Push;
use std::time::Duration;

/// Changes of who is here are gathered this long before they are asked for.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is asked even so: other admins mute and block, too.
const AGAIN: Duration = Duration::from_secs(30);

/// The panel.
#[component]
pub fn People() -> impl IntoView {
    let desk = Desk::here();
    let may = Memo::new(move |_| desk.may(Right::Settings));
    keep_fresh(desk, may);
    let shown = Memo::new(move |_| {
        desk.roster.with(|roster| match roster {
            Fetched::Loading => Fetched::Loading,
            Fetched::Failed(why) => Fetched::Failed(why.clone()),
            Fetched::Here(_) => Fetched::Here(()),
        })
    });
    let again = Callback::new(move |()| {
        desk.roster.set(Fetched::Loading);
        desk.load_roster();
    });
    view! {
        <div class="people">
            <Show when=move || may.get() fallback=|| view! { <Closed/> }>
                {move || match shown.get() {
                    Fetched::Loading => {
                        view! { <p class="faint" role="status">"Looking who is here"</p> }.into_any()
                    }
                    Fetched::Failed(why) => {
                        view! { <Broken what="Nobody could say who is here." why again/> }.into_any()
                    }
                    Fetched::Here(()) => view! { <Here/> }.into_any(),
                }}
            </Show>
            <Push/>
        </div>
    }
}

/// Asks again when somebody came or went.
fn keep_fresh(desk: Desk, may: Memo<bool>) {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let people = desk.store.people;
    Effect::new(move |asked: Option<bool>| {
        people.count();
        people.transports();
        desk.store.status.track();
        if asked != Some(true) {
            if may.get() {
                desk.load_roster();
            }
            return may.get();
        }
        if timer.with_value(Option::is_none) {
            let then = move || {
                timer.set_value(None);
                desk.load_roster();
            };
            timer.set_value(set_timeout_with_handle(then, PAUSE).ok());
        }
        may.get()
    });
    let every = set_interval_with_handle(
        move || {
            if dom::visible() {
                desk.load_roster();
            }
        },
        AGAIN,
    );
    on_cleanup(move || {
        if let Ok(every) = every {
            every.clear();
        }
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
}

/// For guests of an open server.
#[component]
fn Closed() -> impl IntoView {
    let desk = Desk::here();
    view! {
        <div class="blank">
            <p>"Who is here is for hosts to see."</p>
            <button
                type="button"
                class="quiet"
                on:click=move |_| desk.login.set(Some(LoginReason::Asked))
            >
                "Log in"
            </button>
        </div>
    }
}

/// Who is here, and who may not be.
#[component]
fn Here() -> impl IntoView {
    let desk = Desk::here();
    let named = Memo::new(move |_| {
        let mut people = with_roster(desk, |roster| roster.people.clone());
        people.retain(|person| !person.name.is_empty() || person.user.is_some());
        people.sort_by_key(|person| person.name.to_lowercase());
        people
    });
    let sanctions = Memo::new(move |_| with_roster(desk, |roster| roster.sanctions.clone()));
    let others = move || {
        let pages = desk.store.people.count().unwrap_or_default();
        // This page is named, too, but counts as no viewer.
        let me = desk.store.me.id.get();
        let named =
            named.with(|named| named.iter().filter(|person| person.id != me).count()) as u64;
        match (named, pages) {
            (0, 0) => "Nobody is here yet. Names come up as people arrive.".to_owned(),
            (0, 1) => "One page is open. Whoever it is goes by no name.".to_owned(),
            (0, pages) => format!("{pages} pages are open. Nobody there goes by a name."),
            (named, pages) if pages > named => match pages - named {
                1 => "And one more page.".to_owned(),
                more => format!("And {more} more pages."),
            },
            _ => String::new(),
        }
    };
    view! {
        <section aria-labelledby="people-title">
            <h3 class="over" id="people-title">
                "Here now"
            </h3>
            <ul class="person-list">
                <For each=move || named.get() key=Clone::clone let:person>
                    <Person person/>
                </For>
            </ul>
            <p class="faint small-text">{others}</p>
        </section>
        <Show when=move || !sanctions.with(Vec::is_empty)>
            <section aria-labelledby="sanctions-title">
                <h3 class="over" id="sanctions-title">
                    "Muted and blocked"
                </h3>
                <ul class="person-list">
                    <For each=move || sanctions.get() key=Clone::clone let:sanction>
                        <Sanctioned sanction/>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

fn with_roster<T: Default>(desk: Desk, read: impl FnOnce(&Roster) -> T) -> T {
    desk.roster.with(|roster| roster.here().map(read).unwrap_or_default())
}

/// Somebody who is here, and what can be done about it.
#[component]
fn Person(person: Somebody) -> impl IntoView {
    let desk = Desk::here();
    let Somebody { id, name, user } = person;
    // Nobody mutes or blocks themselves.
    let own = desk.store.me.id.with_untracked(|me| *me == id);
    let doing = RwSignal::new(Doing::Nothing);
    let name = if name.is_empty() { NAMELESS.to_owned() } else { name };
    let color = color_of(&id);
    let (shown, asked) = (name.clone(), StoredValue::new((id, name)));
    let tool = move |what: Doing, label: &'static str| {
        view! {
            <button type="button" class="quiet small" on:click=move |_| doing.set(what)>
                {label}
            </button>
        }
    };
    let letter = user.clone().map(|user| {
        let write = move |_| {
            desk.push_to.set(user.clone());
            focus("push-text");
        };
        view! {
            <button type="button" class="quiet small" on:click=write>
                {icon(Icon::Letter)}
                "Send"
            </button>
        }
    });
    view! {
        <li class=format!("person {color}")>
            <span class="person-dot"></span>
            <span class="person-name">
                <b dir="auto">{shown}</b>
                {user.map(|user| view! { <span class="faint mono" dir="auto">{user}</span> })}
                {own.then(|| view! { <span class="faint">"You"</span> })}
            </span>
            <span class="row-tools">
                {letter} {(!own).then(|| tool(Doing::Muting, "Mute"))}
                {(!own).then(|| tool(Doing::Blocking, "Block"))}
            </span>
            {move || {
                let (person, name) = asked.get_value();
                (doing.get() != Doing::Nothing)
                    .then(|| view! { <SanctionQuestion person name doing/> })
            }}
        </li>
    }
}

/// Somebody who may not speak, or not be here, and the way back.
#[component]
fn Sanctioned(sanction: Sanction) -> impl IntoView {
    let desk = Desk::here();
    let name = desk.name_of(&sanction);
    let (mark, word, act) = match sanction.kind {
        SanctionKind::Mute => (Icon::Mute, "Muted", "Let speak"),
        SanctionKind::Block => (Icon::Block, "Blocked", "Let back in"),
    };
    let until = sanction.until;
    let problem = RwSignal::new(None::<String>);
    let forgive = move |_| {
        let sanction = sanction.clone();
        spawn_local(async move {
            let done = desk.forgive(&sanction).await;
            // The row goes with the list that is fetched then.
            let _ = problem.try_set(done.err());
        });
    };
    view! {
        <li class="person">
            <span class="person-mark">{icon(mark)}</span>
            <span class="person-name">
                <b dir="auto">{name}</b>
                <span class="faint">{move || format!("{word} {}", holds(until, Clock::now()))}</span>
            </span>
            <span class="row-tools shown">
                <button type="button" class="quiet small" on:click=forgive>
                    {act}
                </button>
            </span>
            <p class="problem" role="alert">{problem}</p>
        </li>
    }
}

//! What a source would bring: the next few records, each as viewers would see it, and what would
//! become of it.

use super::draft::Draft;
use super::row::hook;
use super::source::Kind;
use super::words::{tested, why};
use crate::page::admin::ask::sources::{SHOWN, Trial, Tried, Would};
use crate::page::admin::json::laid;
use crate::page::item::content;
use leptos::prelude::*;
use nowcast_shared::item::Body;

/// How far a test is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Trying {
    /// None was asked for.
    #[default]
    Not,
    /// It listens.
    Now,
    /// It could not be made, and why.
    Failed(String),
    /// What it came to.
    Done(Trial),
}

/// What a test came to.
#[component]
pub fn TrialView(
    /// How far it is.
    trying: RwSignal<Trying>,
    /// What is tested.
    draft: RwSignal<Draft>,
    /// What stands beside an item that names nobody.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    view! {
        <section class="trial" id="source-trial" aria-label="What it would bring" tabindex="-1">
            {move || match trying.get() {
                Trying::Not => ().into_any(),
                Trying::Now => listening(&draft.get_untracked()).into_any(),
                Trying::Failed(why) => {
                    view! { <p class="problem" role="alert">{why}</p> }.into_any()
                }
                Trying::Done(trial) => {
                    let kind = draft.with_untracked(|draft| draft.source.kind);
                    done(trial, kind, &name.get_untracked()).into_any()
                }
            }}
        </section>
    }
}

/// That it listens; what is delivered here has to be sent by somebody.
fn listening(draft: &Draft) -> impl IntoView + use<> {
    let address =
        (draft.source.kind == Kind::Webhook && !draft.is_new()).then(|| hook(&draft.source.id));
    let says = match address {
        Some(_) => format!("Send something to this source now: the next {SHOWN} are shown here."),
        None => format!("Listening for the next {SHOWN}."),
    };
    view! {
        <p class="trial-says" role="status">{says} " This takes fifteen seconds at most."</p>
        <progress aria-label="Listening"></progress>
        {address}
    }
}

fn done(trial: Trial, kind: Kind, name: &str) -> impl IntoView + use<> {
    let Trial { connected, seen, malformed, items, error, timed_out } = trial;
    let says = match (connected, kind) {
        (true, _) => tested(kind, seen, malformed, items.len(), SHOWN, timed_out),
        (false, Kind::Webhook) => "Nobody can send to it yet.".to_owned(),
        (false, _) => "It could not connect.".to_owned(),
    };
    let items = items.into_iter().map(|tried| item(&tried, name)).collect_view();
    view! {
        <p class="trial-says" role="status">{says}</p>
        {error.map(|error| view! { <p class="problem" role="alert" dir="auto">{error}</p> })}
        <ul class="trial-list">{items}</ul>
    }
}

fn item(tried: &Tried, name: &str) -> impl IntoView + use<> {
    let (mark, verdict) = match (tried.would, &tried.why) {
        (Would::Publish, _) => ("publish", "Would be shown.".to_owned()),
        (Would::Hold, _) => ("hold", "Would wait for approval.".to_owned()),
        (Would::Drop, Some(reason)) => ("drop", why(reason)),
        (Would::Drop, None) => ("drop", "Would be left out.".to_owned()),
    };
    let who = match &tried.data {
        Body::Post { user: Some(user), .. } => user.clone(),
        _ => name.to_owned(),
    };
    // What makes no item can hardly look like one.
    let shown = (tried.data != Body::Unknown).then(|| {
        view! {
            <div class="preview feed">
                <article class="item">
                    <div class="what">
                        <header>
                            <b dir="auto">{who}</b>
                        </header>
                        {content(&tried.data, tried.html.as_deref())}
                    </div>
                </article>
            </div>
        }
    });
    // To make a map for it, one has to see what it is made of.
    let record = tried.record.as_ref().map(|record| {
        view! {
            <pre class="value" tabindex="0" aria-label="The record as it came">
                {laid(&record.0)}
            </pre>
        }
    });
    view! {
        <li data-would=mark>
            <p class="verdict">{verdict}</p>
            {shown}
            {record}
        </li>
    }
}

//! One source: what it follows, how it fares, and what can be done with it.

use super::Editing;
use super::draft::Draft;
use super::source::{Followed, Kind, Phase, Source};
use super::words::{count, dropped, every, rate, short, state};
use crate::dom;
use crate::page::admin::clipboard::Paste;
use crate::page::admin::desk::Desk;
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::question::Question;
use crate::page::clock::Time;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// A row of the list.
#[component]
pub fn SourceRow(
    /// Of which source.
    id: String,
) -> impl IntoView {
    let desk = Desk::here();
    let id = StoredValue::new(id);
    let all = Memo::new(move |_| {
        desk.sources.with(|sources| {
            let mut all = sources.here().into_iter().flatten();
            all.find(|it| id.with_value(|id| it.source.id == *id)).cloned().unwrap_or_default()
        })
    });
    let source = Memo::new(move |_| all.with(|it| it.source.clone()));
    let phase = Memo::new(move |_| all.with(|it| it.state.phase));
    let says = move || {
        // The moment moves on also where nothing else does.
        let now = desk.sources_at.get();
        all.with(|it| state(&it.state, it.source.kind == Kind::Feed, now))
    };
    let title = format!("source-{}", id.get_value());
    view! {
        <li class="source" data-state=move || phase.get().name() aria-labelledby=title.clone()>
            <header>
                <h3 id=title.clone() dir="auto">{move || source.with(|source| source.name.clone())}</h3>
                <span class="source-state">{says}</span>
            </header>
            <p class="source-what">{move || source.with(what)}</p>
            <Wrong all/>
            <Figures all/>
            {move || {
                let source = source.get();
                (source.kind == Kind::Webhook).then(|| hook(&source.id))
            }}
            <Tools source phase/>
        </li>
    }
}

/// What it follows and how, in one line.
fn what(source: &Source) -> String {
    let from = match source.kind {
        Kind::Webhook => "sent here".to_owned(),
        _ => format!("from {}", source.host()),
    };
    let mut parts = vec![format!("{} {from}", source.format.label())];
    if !source.topics.is_empty() && source.kind.takes_topics() {
        parts.push(format!("about {}", source.topics.join(", ")));
    }
    if !source.filter.words.is_empty() {
        parts.push(format!("with {}", source.filter.words.join(" or ")));
    }
    if !source.filter.languages.is_empty() {
        parts.push(format!("in {}", source.filter.languages.join(", ")));
    }
    if source.approval {
        parts.push("waits for approval".to_owned());
    }
    if let Some(most) = source.per_minute {
        parts.push(format!("{} a minute at most", count(most)));
    }
    if let (Kind::Feed, Some(seconds)) = (source.kind, source.every) {
        parts.push(every(seconds));
    }
    parts.join(" · ")
}

/// What went wrong last.
#[component]
fn Wrong(all: Memo<Followed>) -> impl IntoView {
    let error = Memo::new(move |_| {
        all.with(|it| it.state.error.clone().map(|(text, at)| (text, at, it.state.phase)))
    });
    move || {
        error.get().map(|(text, at, phase)| {
            // What is over by now is told, but does not alarm.
            let past = matches!(phase, Phase::Following | Phase::Stopped);
            let class = if past { "source-error past" } else { "source-error" };
            view! {
                <p class=class>
                    {past.then_some("Last problem: ")} <span dir="auto">{text}</span> " "
                    {(at > 0).then(|| view! { <Time at/> })}
                </p>
            }
        })
    }
}

/// What it counted.
#[component]
fn Figures(all: Memo<Followed>) -> impl IntoView {
    let figure = move |name: &'static str, of: fn(&Followed) -> Option<String>| {
        let value = Memo::new(move |_| all.with(of));
        move || {
            value.get().map(|value| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                }
            })
        }
    };
    let left = Memo::new(move |_| all.with(|it| dropped(&it.state.dropped)));
    let last = Memo::new(move |_| all.with(|it| it.state.last_at));
    view! {
        <dl class="figures">
            {figure("a minute", |Followed { state, .. }| {
                (state.phase == Phase::Following || state.per_minute > 0.0)
                    .then(|| rate(state.per_minute))
            })}
            {figure("behind", |Followed { state, .. }| {
                state.lag.filter(|_| state.phase != Phase::Stopped).map(short)
            })}
            {figure("came", |all| Some(count(all.state.seen)))}
            {figure("shown at once", |all| {
                (all.state.published > 0 || !all.source.approval)
                    .then(|| count(all.state.published))
            })}
            {figure("to the queue", |all| {
                (all.state.held > 0 || all.source.approval).then(|| count(all.state.held))
            })}
            {figure("left out", |all| {
                dropped(&all.state.dropped).map(|(all, _)| count(all))
            })}
            {move || {
                last.get()
                    .map(|at| {
                        view! {
                            <div>
                                <dt>"last one"</dt>
                                <dd>
                                    <Time at/>
                                </dd>
                            </div>
                        }
                    })
            }}
        </dl>
        {move || {
            left.get().map(|(_, why)| view! { <p class="source-left">"Left out: " {why} "."</p> })
        }}
    }
}

/// Where to send to, what is for the source with this id.
pub fn hook(id: &str) -> impl IntoView + use<> {
    let origin = dom::window().location().origin().unwrap_or_default();
    let text = format!("{origin}/api/sources/{id}");
    let id = format!("hook-{id}");
    view! {
        <div class="hook">
            <p class="hint">"Deliveries go to this address:"</p>
            <Paste id label="The address for deliveries" text/>
        </div>
    }
}

/// Start or stop, test, edit, delete.
#[component]
fn Tools(source: Memo<Source>, phase: Memo<Phase>) -> impl IntoView {
    let desk = Desk::here();
    // What has given up begins anew when it is started.
    let idle = move || phase.get() == Phase::Failed || source.with(|source| !source.running);
    let says = move || match phase.get() {
        Phase::Failed => "Try again",
        _ if idle() => "Start",
        _ => "Stop",
    };
    let busy = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let give = move |done: Result<(), String>| {
        let _ = busy.try_set(false);
        let _ = problem.try_set(done.err());
    };
    let run = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let (id, to) = (source.with_untracked(|source| source.id.clone()), untrack(idle));
        spawn_local(async move { give(desk.run_source(&id, to).await) });
    };
    let delete = move || {
        busy.set(true);
        let (id, name) = source.with_untracked(|source| (source.id.clone(), source.name.clone()));
        spawn_local(async move { give(desk.delete_source(&id, &name).await) });
    };
    let edit = move |test: bool| {
        let draft = source.with_untracked(Draft::of);
        desk.source_in_work.set(Some(Editing::begin(draft, test)));
    };
    let edit_id = source.with_untracked(|source| format!("edit-{}", source.id));
    view! {
        <Show
            when=move || asking.get()
            fallback=move || {
                view! {
                    <div class="row-tools shown">
                        <button type="button" class="edged small" disabled=busy on:click=run>
                            {says}
                        </button>
                        <button
                            type="button"
                            class="quiet small"
                            id=edit_id.clone()
                            on:click=move |_| edit(false)
                        >
                            {icon(Icon::Pen)}
                            "Edit"
                        </button>
                        <button
                            type="button"
                            class="quiet small"
                            on:click=move |_| edit(true)
                        >
                            "Test"
                        </button>
                        <button
                            type="button"
                            class="quiet small"
                            on:click=move |_| {
                                problem.set(None);
                                asking.set(true);
                            }
                        >
                            {icon(Icon::Bin)}
                            "Delete"
                        </button>
                    </div>
                    <p class="problem" role="alert">
                        {problem}
                    </p>
                }
            }
        >
            <Question
                says="Delete this source? What it published stays."
                answers=&["Delete"]
                busy
                problem
                on_answer=move |_| delete()
                on_keep=move |()| asking.set(false)
            />
        </Show>
    }
}

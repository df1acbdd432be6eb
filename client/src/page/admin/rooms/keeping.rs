//! How long this room keeps what happened in it, with what it keeps now. What is set is a limit; a
//! lower one asks first, as what leaves does not come back.

use super::keeping_form::{Keeping, Kept, Limit, size};
use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::broken::Broken;
use crate::page::admin::desk::{Desk, Fetched};
use crate::page::admin::form::focus;
use crate::page::admin::question::Question;
use crate::page::admin::sources::words::count;
use crate::page::clock::Time;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};

/// What is typed, and what became of it.
#[derive(Clone, Copy)]
struct Work {
    desk: Desk,
    typed: RwSignal<[String; 3]>,
    statistics: RwSignal<bool>,
    /// What is set, and what is kept.
    known: RwSignal<Fetched<(Keeping, Kept)>>,
    problem: RwSignal<Option<(Option<Limit>, String)>>,
    /// It was asked whether something may leave.
    asking: RwSignal<bool>,
    busy: RwSignal<bool>,
}

impl Work {
    fn load(self) {
        spawn_local(async move {
            let answer = ask::keeping::keeping(&self.desk.room()).await;
            let known = match answer {
                Ok(known) => Fetched::Here(known),
                Err(failure) => Fetched::Failed(self.desk.explain(&failure)),
            };
            self.see(known);
        });
    }

    fn see(self, known: Fetched<(Keeping, Kept)>) {
        // By now the dialog may be closed.
        if let Some((keeping, _)) = known.here() {
            let _ = self.typed.try_set(Limit::ALL.map(|limit| limit.say(keeping.get(limit))));
            let _ = self.statistics.try_set(keeping.statistics);
        }
        let _ = self.known.try_set(known);
    }

    /// What is typed, or where it is wrong.
    fn read(self) -> Result<Keeping, (Limit, String)> {
        let mut keeping =
            Keeping { statistics: self.statistics.get_untracked(), ..Keeping::default() };
        for (n, limit) in Limit::ALL.into_iter().enumerate() {
            let read = self.typed.with_untracked(|typed| limit.read(&typed[n]));
            keeping.set(limit, read.map_err(|why| (limit, why))?);
        }
        Ok(keeping)
    }

    fn changed(self) -> bool {
        self.typed.track();
        self.statistics.track();
        let set = self.known.with(|known| known.here().map(|(keeping, _)| *keeping));
        set.is_some_and(|set| self.read().ok() != Some(set))
    }

    fn save(self, asked: bool) {
        if self.busy.get_untracked() {
            return;
        }
        self.problem.set(None);
        let keeping = match self.read() {
            Ok(keeping) => keeping,
            Err((limit, why)) => {
                self.problem.set(Some((Some(limit), why)));
                return focus(limit.id());
            }
        };
        let kept = self.known.with_untracked(|known| known.here().map(|(_, kept)| *kept));
        if !asked && kept.is_some_and(|kept| keeping.removes(&kept, dom::now())) {
            return self.asking.set(true);
        }
        self.busy.set(true);
        spawn_local(async move {
            let answer = ask::keeping::keep(&self.desk.room(), keeping).await;
            let _ = self.busy.try_set(false);
            let _ = self.asking.try_set(false);
            match answer {
                Ok(known) => {
                    self.see(Fetched::Here(known));
                    self.desk.tell("Saved how long things are kept.", None);
                }
                Err(failure) => {
                    let why = self.desk.explain(&failure);
                    let _ = self.problem.try_set(Some((None, why)));
                }
            }
        });
    }

    fn problem_at(self, place: Option<Limit>) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|(at, _)| *at == place);
            problem.map(|(_, why)| why.clone())
        })
    }
}

/// The part of the settings.
#[component]
pub fn KeepingForm() -> impl IntoView {
    let work = Work {
        desk: Desk::here(),
        typed: RwSignal::new(Default::default()),
        statistics: RwSignal::new(true),
        known: RwSignal::new(Fetched::Loading),
        problem: RwSignal::new(None),
        asking: RwSignal::new(false),
        busy: RwSignal::new(false),
    };
    work.load();
    let again = Callback::new(move |()| {
        work.known.set(Fetched::Loading);
        work.load();
    });
    let how = Memo::new(move |_| {
        work.known.with(|known| match known {
            Fetched::Loading => Fetched::Loading,
            Fetched::Failed(why) => Fetched::Failed(why.clone()),
            Fetched::Here(_) => Fetched::Here(()),
        })
    });
    view! {
        <section class="keeping" aria-labelledby="keeping-title">
            <h3 id="keeping-title">"What is kept"</h3>
            {move || match how.get() {
                Fetched::Loading => {
                    view! { <p class="faint" role="status">"Fetching what is kept"</p> }.into_any()
                }
                Fetched::Failed(why) => {
                    view! { <Broken what="What is kept could not be fetched." why again/> }
                        .into_any()
                }
                Fetched::Here(()) => view! { <Form work/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Form(work: Work) -> impl IntoView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        work.save(false);
    };
    view! {
        <form class="fields" on:submit=submit novalidate>
            <Now work/>
            <div class="limits">
                {Limit::ALL
                    .into_iter()
                    .enumerate()
                    .map(|(n, limit)| view! { <LimitField work n limit/> })
                    .collect_view()}
            </div>
            <p class="hint">
                "Such as 30 days, 10,000 events, 50 MB; empty for no limit. What passes one of them leaves for good, the oldest first."
            </p>
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    id="keeping-statistics"
                    prop:checked=work.statistics
                    on:change=move |event| work.statistics.set(event_target_checked(&event))
                />
                <span>
                    "Count what happens here"
                    <span class="hint">
                        "For the statistics: no addresses, no cookies, nobody is followed."
                    </span>
                </span>
            </label>
            <Show
                when=move || work.asking.get()
                fallback=move || {
                    view! {
                        <div>
                            <button
                                type="submit"
                                class="edged"
                                disabled=move || work.busy.get() || !work.changed()
                            >
                                "Save what is kept"
                            </button>
                        </div>
                    }
                }
            >
                <Question
                    says="Something is older or more than that. It leaves for good."
                    answers=&["Let it leave"]
                    keep="Keep it"
                    busy=work.busy
                    problem=Signal::derive(|| None::<String>)
                    on_answer=move |_| work.save(true)
                    on_keep=move |()| work.asking.set(false)
                />
            </Show>
            <p class="problem" role="alert">{move || work.problem_at(None)}</p>
        </form>
    }
}

/// What there is now.
#[component]
fn Now(work: Work) -> impl IntoView {
    let kept = Memo::new(move |_| {
        work.known.with(|known| known.here().map(|(_, kept)| *kept).unwrap_or_default())
    });
    let says = move || {
        let Kept { events, bytes, .. } = kept.get();
        match events {
            0 => "Nothing is kept yet.".to_owned(),
            1 => format!("Now: one event, {}.", size(bytes)),
            _ => format!("Now: {} events, {}.", count(events), size(bytes)),
        }
    };
    view! {
        <p class="kept">
            {says}
            {move || {
                kept.get().oldest.map(|at| view! { <span>" The oldest: " <Time at/></span> })
            }}
        </p>
    }
}

#[component]
fn LimitField(work: Work, n: usize, limit: Limit) -> impl IntoView {
    let id = limit.id();
    let note = format!("{id}-note");
    view! {
        <div class="field">
            <label for=id>{limit.label()}</label>
            <input
                id=id
                type="text"
                autocomplete="off"
                placeholder=limit.unlimited()
                prop:value=move || work.typed.with(|typed| typed[n].clone())
                on:input=move |event| {
                    let value = event_target_value(&event);
                    work.typed.update(|typed| typed[n] = value);
                    work.problem.set(None);
                    work.asking.set(false);
                }
                aria-invalid=move || work.problem_at(Some(limit)).map(|_| "true")
                aria-describedby=note.clone()
            />
            <p class="problem" id=note role="alert">{move || work.problem_at(Some(limit))}</p>
        </div>
    }
}

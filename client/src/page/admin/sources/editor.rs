//! The form of a source. It leads by the way in which a source gets what it follows: the rest of the
//! form is what that way needs, and what most need not is folded away.

pub mod access;
pub mod more;
pub mod parts;
pub mod ways;

use super::draft::{Draft, Field, Problem, blame};
use super::source::{Format, Kind};
use super::trial::{TrialView, Trying};
use crate::page::admin::ask;
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::icon::{Icon, icon};
use access::Auth;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use more::More;
use parts::{Fold, SwitchField, Text, choice};
use ways::{Kinds, Topics};

/// A form in work, as all of its parts have it.
#[derive(Clone, Copy)]
pub struct Work {
    desk: Desk,
    /// What stands in it.
    pub draft: RwSignal<Draft>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    trying: RwSignal<Trying>,
    /// Which test was asked for last: an answer to an older one says nothing any more.
    tries: StoredValue<u32>,
    /// What most do not need is shown.
    more: RwSignal<bool>,
}

impl Work {
    /// Types something.
    pub fn change(self, change: impl FnOnce(&mut Draft)) {
        self.draft.update(change);
        // What was wrong is being mended; the next try says whether it is.
        if self.problem.with_untracked(Option::is_some) {
            self.problem.set(None);
        }
    }

    /// What is wrong with a field.
    pub fn problem_at(self, field: Field) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| problem.field == Some(field));
            problem.map(|problem| problem.text.clone())
        })
    }

    fn problem_elsewhere(self) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| problem.field.is_none());
            problem.map(|problem| problem.text.clone())
        })
    }

    /// Says what is wrong, where it is, and goes there.
    fn blame(self, problem: Problem) {
        let field = problem.field;
        if self.problem.try_set(Some(problem)).is_some() {
            return;
        }
        if let Some(field) = field {
            if field.is_folded() {
                self.more.set(true);
            }
            // What was folded away can take the focus once it is drawn.
            request_animation_frame(move || focus(field.id()));
        }
    }

    /// What is to be sent, if the page itself finds nothing wrong with it.
    fn written(self) -> Option<String> {
        self.problem.set(None);
        if let Some(problem) = self.draft.with_untracked(Draft::problem) {
            self.blame(problem);
            return None;
        }
        let room = self.desk.room();
        self.draft.with_untracked(|draft| {
            let ready = untrack(|| self.desk.map_of(draft.source.format));
            Some(draft.write(room.as_str(), ready.as_ref()))
        })
    }

    fn test(self) {
        let Some(body) = self.written() else { return };
        self.tries.update_value(|tries| *tries += 1);
        let number = self.tries.get_value();
        self.trying.set(Trying::Now);
        show_trial();
        spawn_local(async move {
            let done = ask::sources::test(&body).await;
            // By now the form may be closed, or another test be asked for.
            if self.tries.try_get_value() != Some(number) {
                return;
            }
            match done {
                Ok(trial) => {
                    self.trying.set(Trying::Done(trial));
                    show_trial();
                }
                Err(failure) => {
                    let problem = blame(&self.desk.explain(&failure));
                    if problem.field.is_some() {
                        self.trying.set(Trying::Not);
                        self.blame(problem);
                    } else {
                        self.trying.set(Trying::Failed(problem.text));
                    }
                }
            }
        });
    }

    fn save(self) {
        if self.busy.get_untracked() {
            return;
        }
        let Some(body) = self.written() else { return };
        self.busy.set(true);
        let id = self.draft.with_untracked(|draft| draft.source.id.clone());
        spawn_local(async move {
            let saved = self.desk.save_source(&id, &body).await;
            let gone = self.busy.try_set(false).is_some();
            match saved {
                Ok(followed) => {
                    let name = followed.source.name;
                    let done = if id.is_empty() { "is made" } else { "is saved" };
                    self.desk.tell(format!("{name} {done}."), None);
                    if !gone {
                        self.close();
                    }
                }
                Err(failure) => {
                    let why = self.desk.explain(&failure);
                    if gone { self.desk.tell(why, None) } else { self.blame(blame(&why)) }
                }
            }
        });
    }

    fn close(self) {
        let id = self.draft.with_untracked(|draft| draft.source.id.clone());
        self.desk.source_in_work.set(None);
        let back = if id.is_empty() { "new-source".to_owned() } else { format!("edit-{id}") };
        request_animation_frame(move || focus(&back));
    }
}

/// Brings into view what a test came to, once it is drawn.
fn show_trial() {
    request_animation_frame(|| {
        if let Some(place) = document().get_element_by_id("source-trial") {
            place.scroll_into_view();
        }
    });
}

/// The form, in place of the list.
#[component]
pub fn Editor() -> impl IntoView {
    let desk = Desk::here();
    let editing = desk.source_in_work.get_untracked();
    let (draft, test) = editing.map(|it| (it.draft, it.test)).unwrap_or_default();
    let new = draft.is_new();
    let was = draft.source.name.clone();
    let work = Work {
        desk,
        draft: RwSignal::new(draft),
        problem: RwSignal::new(None),
        busy: RwSignal::new(false),
        trying: RwSignal::new(Trying::Not),
        tries: StoredValue::new(0),
        more: RwSignal::new(false),
    };
    keep_up(work);
    Effect::new(move |_| {
        let first = if new { "source-kind-feed" } else { Field::Name.id() };
        if test {
            work.test();
        } else {
            focus(first);
        }
    });
    let kind = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
    let format = Memo::new(move |_| work.draft.with(|draft| draft.source.format));
    let name = Signal::derive(move || {
        work.draft.with(|draft| match draft.source.name.trim() {
            "" => draft.suggested_name(),
            name => name.to_owned(),
        })
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        work.save();
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            work.save();
        }
    };
    let title = if new { "New source".to_owned() } else { was };
    view! {
        <header class="panel-head">
            <h2 id="sources-title" dir="auto">{title}</h2>
            <button type="button" class="quiet" on:click=move |_| work.close()>
                {icon(Icon::Earlier)}
                "All sources"
            </button>
        </header>
        <form class="fields source-form" on:submit=submit on:keydown=on_key novalidate>
            {if new { view! { <Kinds work/> }.into_any() } else { ().into_any() }}
            <Show when=move || kind.get() != Kind::Webhook>
                <Text
                    work
                    field=Field::Url
                    label="Address"
                    placeholder=Signal::derive(move || kind.get().example().to_owned())
                    get=|draft| &draft.source.url
                    set=|draft, to| draft.source.url = to
                />
            </Show>
            {move || {
                let choices = kind.get().formats();
                choice(
                    "What it brings",
                    "source-format",
                    choices,
                    Format::label,
                    Signal::derive(move || format.get()),
                    move |to| work.change(|draft| draft.source.format = to),
                )
            }}
            <Auth work/>
            <Show when=move || kind.get().takes_topics()>
                <Topics work/>
            </Show>
            <Text
                work
                field=Field::Name
                label="What it is called here"
                placeholder=name
                get=|draft| &draft.source.name
                set=|draft, to| draft.source.name = to
            />
            <Shown work/>
            <Fold open=work.more>
                <More work/>
            </Fold>
            <Foot work/>
        </form>
        <TrialView trying=work.trying draft=work.draft name/>
    }
}

/// Keeps the draft for whoever comes back to it, and shows the map of the format that is chosen.
fn keep_up(work: Work) {
    let desk = work.desk;
    // It waits with what was typed while the desk shows something else.
    Effect::new(move |_| {
        let draft = work.draft.get();
        desk.source_in_work.try_update_untracked(|editing| {
            if let Some(editing) = editing {
                (editing.draft, editing.test) = (draft, false);
            }
        });
    });
    spawn_local(desk.load_formats());
    // What a format brings along is shown where nothing else was set.
    let format = Memo::new(move |_| work.draft.with(|draft| draft.source.format));
    Effect::new(move |before: Option<(Format, bool)>| {
        let format = format.get();
        let ready = desk.map_of(format);
        let chosen = before.is_some_and(|(before, _)| before != format);
        let empty = work.draft.with_untracked(|draft| draft.source.map.fields.is_empty());
        let own = format == Format::Own;
        if let Some(ready) = ready.clone().filter(|_| empty || chosen && !own) {
            work.draft.update(|draft| draft.source.map = ready);
        }
        (format, ready.is_some())
    });
}

/// What of it is let through.
#[component]
fn Shown(work: Work) -> impl IntoView {
    view! {
            <h3 class="over">"What of it is shown"</h3>
            <Text
                work
                field=Field::Words
                label="Only with one of these words"
                hint="Whole words, with commas between them. Case and accents do not matter."
                placeholder="Everything".to_owned()
                get=|draft| &draft.words
                set=|draft, to| draft.words = to
            />
            <SwitchField
                work
                label="Wait for approval"
                hint="It stands in the queue first, and is shown when somebody lets it through."
                get=|draft| draft.source.approval
                set=|draft, on| draft.source.approval = on
            />
            <Text
                work
                field=Field::PerMinute
                label="How many a minute at most"
                hint="What comes beyond is left out, and counted."
                placeholder="No limit".to_owned()
                get=|draft| &draft.per_minute
                set=|draft, to| draft.per_minute = to
            />
    }
}

/// What can be done with the form.
#[component]
fn Foot(work: Work) -> impl IntoView {
    let new = move || work.draft.with_untracked(Draft::is_new);
    view! {
            <div class="form-foot">
                <button type="submit" class="solid" disabled=work.busy>
                    {if new() { "Make the source" } else { "Save" }}
                </button>
                <button
                    type="button"
                    class="edged"
                    disabled=move || work.trying.with(|trying| *trying == Trying::Now)
                    on:click=move |_| work.test()
                >
                    "Show me the next 5"
                </button>
                <button type="button" class="quiet cancel" on:click=move |_| work.close()>
                    "Cancel"
                </button>
                <p class="problem" role="alert">{move || work.problem_elsewhere()}</p>
            </div>
    }
}

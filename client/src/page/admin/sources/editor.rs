//! The form of a source. It leads by the way in which a source gets what it follows: the rest of the
//! form is what that way needs, and what most need not is folded away.

pub mod parts;

use super::draft::{Draft, Field, Header, Problem, blame};
use super::map::MapFields;
use super::source::{AuthKind, Kind, TopicsAs};
use super::trial::{TrialView, Trying};
use crate::page::admin::ask;
use crate::page::admin::desk::Desk;
use crate::page::admin::form::focus;
use crate::page::admin::icon::{Icon, icon};
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use parts::{Fold, SwitchField, Text, choice};

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
        request_animation_frame(|| {
            if let Some(place) = document().get_element_by_id("source-trial") {
                place.scroll_into_view();
            }
        });
        spawn_local(async move {
            let done = ask::sources::test(&body).await;
            // By now the form may be closed, or another test be asked for.
            if self.tries.try_get_value() != Some(number) {
                return;
            }
            match done {
                Ok(trial) => self.trying.set(Trying::Done(trial)),
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
    Effect::new(move |before: Option<(super::source::Format, bool)>| {
        let format = format.get();
        let ready = desk.map_of(format);
        let chosen = before.is_some_and(|(before, _)| before != format);
        let empty = work.draft.with_untracked(|draft| draft.source.map.fields.is_empty());
        let own = format == super::source::Format::Own;
        if let Some(ready) = ready.clone().filter(|_| empty || chosen && !own) {
            work.draft.update(|draft| draft.source.map = ready);
        }
        (format, ready.is_some())
    });
    Effect::new(move |_| {
        let first = if new { "source-kind-feed" } else { Field::Name.id() };
        if test {
            work.test();
        } else {
            focus(first);
        }
    });
    let kind = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
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
                    |format| format.label(),
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
            <Fold open=work.more>
                <More work/>
            </Fold>
            <div class="form-foot">
                <button type="submit" class="solid" disabled=work.busy>
                    {if new { "Make the source" } else { "Save" }}
                </button>
                <Show when=move || kind.get() != Kind::Webhook>
                    <button
                        type="button"
                        class="edged"
                        disabled=move || work.trying.with(|trying| *trying == Trying::Now)
                        on:click=move |_| work.test()
                    >
                        "Show me the next 5"
                    </button>
                </Show>
                <button type="button" class="quiet cancel" on:click=move |_| work.close()>
                    "Cancel"
                </button>
                <p class="problem" role="alert">{move || work.problem_elsewhere()}</p>
            </div>
        </form>
        <TrialView trying=work.trying name/>
    }
}

/// By which way: what everything else depends on.
#[component]
fn Kinds(work: Work) -> impl IntoView {
    let chosen = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
    view! {
        <fieldset class="choice">
            <legend>"What shall be followed?"</legend>
            <div class="ways">
                {Kind::ALL
                    .into_iter()
                    .map(|kind| {
                        view! {
                            <label>
                                <input
                                    type="radio"
                                    name="source-kind"
                                    id=format!("source-kind-{}", kind.name())
                                    prop:checked=move || chosen.get() == kind
                                    on:change=move |_| {
                                        work.trying.set(Trying::Not);
                                        work.change(|draft| draft.choose(kind));
                                    }
                                />
                                <b>{kind.label()}</b>
                                <span>{kind.says()}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
}

/// How it proves who it is, or whoever sends to it; and the secret of that, which is never shown.
#[component]
fn Auth(work: Work) -> impl IntoView {
    let kind = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
    let auth = Memo::new(move |_| work.draft.with(|draft| draft.source.auth));
    let hook = move || kind.get() == Kind::Webhook;
    view! {
        {move || {
            let legend = if hook() { "How senders prove who they are" } else { "How it signs in" };
            choice(
                legend,
                "source-auth",
                kind.get().auths(),
                |auth| auth.label(),
                Signal::derive(move || auth.get()),
                move |to| work.change(|draft| draft.source.auth = to),
            )
        }}
        <Show when=move || auth.get() != AuthKind::None>
            <div class="pair">
                <Show when=move || auth.get() == AuthKind::Basic>
                    <Text
                        work
                        field=Field::User
                        label="Name"
                        get=|draft| &draft.source.user
                        set=|draft, to| draft.source.user = to
                    />
                </Show>
                <Secret work/>
            </div>
        </Show>
    }
}

#[component]
fn Secret(work: Work) -> impl IntoView {
    let auth = Memo::new(move |_| work.draft.with(|draft| draft.source.auth));
    let kept = Memo::new(move |_| work.draft.with(Draft::keeps_secret));
    let id = Field::Secret.id();
    view! {
        <div class="field">
            <label for=id>{move || auth.get().secret()}</label>
            <input
                id=id
                type="password"
                autocomplete="new-password"
                placeholder=move || if kept.get() { "Kept; type to replace" } else { "" }
                prop:value=move || work.draft.with(|draft| draft.secret.clone())
                on:input=move |event| {
                    let value = event_target_value(&event);
                    work.change(|draft| draft.secret = value);
                }
                aria-invalid=move || work.problem_at(Field::Secret).map(|_| "true")
                aria-describedby="source-secret-note"
            />
            <div id="source-secret-note">
                <p class="problem" role="alert">{move || work.problem_at(Field::Secret)}</p>
                <p class="hint">
                    {move || match auth.get() {
                        AuthKind::Hmac => {
                            "The same as at the sender, who signs with it as GitHub does. It is kept encrypted and never shown again."
                        }
                        _ => "It is kept encrypted and never shown again.",
                    }}
                </p>
            </div>
        </div>
    }
}

/// What is asked for.
#[component]
fn Topics(work: Work) -> impl IntoView {
    let sent = Memo::new(move |_| {
        work.draft.with(|draft| {
            let field = draft.source.topics_field.trim();
            let topics = draft.topics.split(',').map(str::trim).filter(|topic| !topic.is_empty());
            let topics = topics.collect::<Vec<_>>().join(",");
            let topics = if topics.is_empty() { "harbour,festival".to_owned() } else { topics };
            match draft.source.topics_as {
                TopicsAs::Query => format!("Sent behind the address, as ?{field}={topics}"),
                TopicsAs::Form => format!("Sent as a form with {field}={topics}"),
                TopicsAs::None => "Not sent, but looked for here.".to_owned(),
            }
        })
    });
    view! {
        <Text
            work
            field=Field::Topics
            label="Topics to ask for"
            hint=sent
            placeholder="Whatever it sends".to_owned()
            get=|draft| &draft.topics
            set=|draft, to| draft.topics = to
        />
    }
}

/// What most do not need.
#[component]
fn More(work: Work) -> impl IntoView {
    let kind = Memo::new(move |_| work.draft.with(|draft| draft.source.kind));
    let topics_as = Memo::new(move |_| work.draft.with(|draft| draft.source.topics_as));
    view! {
        <div class="pair">
            <Text
                work
                field=Field::Languages
                label="Only in these languages"
                hint="By their codes: en, de, pt-br."
                placeholder="Any".to_owned()
                get=|draft| &draft.languages
                set=|draft, to| draft.languages = to
            />
            <Text
                work
                field=Field::Blocked
                label="Nothing by these authors"
                hint="Their names there, with commas between them."
                placeholder="Nobody".to_owned()
                get=|draft| &draft.blocked
                set=|draft, to| draft.blocked = to
            />
        </div>
        <SwitchField
            work
            label="Leave out repeats"
            hint="The same text once more, or nearly the same, as when many pass something on."
            get=|draft| draft.source.filter.repeats
            set=|draft, on| draft.source.filter.repeats = on
        />
        <Show when=move || kind.get() == Kind::Feed>
            <Text
                work
                field=Field::Every
                label="Minutes between two looks"
                placeholder="The feed's own pace".to_owned()
                get=|draft| &draft.every
                set=|draft, to| draft.every = to
            />
        </Show>
        <Show when=move || kind.get().takes_topics()>
            {move || {
                choice(
                    "Topics are sent",
                    "source-topics-as",
                    kind.get().topics(),
                    |way| match way {
                        TopicsAs::Query => "Behind the address",
                        TopicsAs::Form => "As a form",
                        TopicsAs::None => "Not at all",
                    },
                    Signal::derive(move || topics_as.get()),
                    move |to| work.change(|draft| draft.source.topics_as = to),
                )
            }}
            <Show when=move || topics_as.get() != TopicsAs::None>
                <Text
                    work
                    field=Field::TopicsField
                    label="In the field"
                    get=|draft| &draft.source.topics_field
                    set=|draft, to| draft.source.topics_field = to
                />
            </Show>
        </Show>
        <Show when=move || kind.get() != Kind::Webhook>
            <Headers work/>
        </Show>
        <MapFields work/>
    }
}

/// Headers that are sent along. Their values are never shown.
#[component]
fn Headers(work: Work) -> impl IntoView {
    let count = Memo::new(move |_| work.draft.with(|draft| draft.headers.len()));
    let header = move |n: usize| {
        let read = move |get: fn(&Header) -> String| {
            work.draft.with(|draft| draft.headers.get(n).map(get)).unwrap_or_default()
        };
        let write = move |set: &dyn Fn(&mut Header)| {
            work.change(|draft| {
                if let Some(header) = draft.headers.get_mut(n) {
                    set(header);
                }
            });
        };
        let kept = move || work.draft.with(|draft| draft.headers.get(n).is_some_and(|it| it.kept));
        view! {
            <div class="header-row">
                <input
                    type="text"
                    class="mono"
                    aria-label="Name of the header"
                    placeholder="X-Key"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || read(|header| header.name.clone())
                    on:input=move |event| {
                        let value = event_target_value(&event);
                        write(&|header| {
                            // Another name has no value that is kept.
                            header.kept = false;
                            value.clone_into(&mut header.name);
                        });
                    }
                />
                <input
                    type="password"
                    aria-label="Value of the header"
                    autocomplete="new-password"
                    placeholder=move || if kept() { "Kept; type to replace" } else { "Value" }
                    prop:value=move || read(|header| header.value.clone())
                    on:input=move |event| {
                        let value = event_target_value(&event);
                        write(&|header| value.clone_into(&mut header.value));
                    }
                />
                <button
                    type="button"
                    class="quiet square"
                    aria-label="Take the header out"
                    on:click=move |_| {
                        work.change(|draft| {
                            if n < draft.headers.len() {
                                draft.headers.remove(n);
                            }
                        });
                    }
                >
                    {icon(Icon::Close)}
                </button>
            </div>
        }
    };
    view! {
        <fieldset class="choice">
            <legend>"Headers that are sent along"</legend>
            {move || (0..count.get()).map(header).collect_view()}
            <button
                type="button"
                class="quiet small"
                id=Field::Headers.id()
                on:click=move |_| work.change(|draft| draft.headers.push(Header::default()))
            >
                {icon(Icon::Plus)}
                "Add a header"
            </button>
            <p class="problem" role="alert">{move || work.problem_at(Field::Headers)}</p>
        </fieldset>
    }
}

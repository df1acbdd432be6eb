//! What most sources do not need.

use super::Work;
use super::parts::{SwitchField, Text, choice};
use crate::page::admin::icon::{Icon, icon};
use crate::page::admin::sources::draft::{Field, Header};
use crate::page::admin::sources::map::MapFields;
use crate::page::admin::sources::source::{Kind, TopicsAs};
use leptos::prelude::*;

/// What most do not need.
#[component]
pub fn More(
    /// The form that it is a part of.
    work: Work,
) -> impl IntoView {
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

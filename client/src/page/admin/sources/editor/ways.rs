//! By which way a source gets what it follows, and what it asks for there.

use super::Work;
use super::parts::Text;
use crate::page::admin::sources::draft::Field;
use crate::page::admin::sources::source::{Kind, TopicsAs};
use crate::page::admin::sources::trial::Trying;
use leptos::prelude::*;

/// By which way: what everything else depends on.
#[component]
pub fn Kinds(
    /// The form that it is a part of.
    work: Work,
) -> impl IntoView {
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

/// What is asked for.
#[component]
pub fn Topics(
    /// The form that it is a part of.
    work: Work,
) -> impl IntoView {
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

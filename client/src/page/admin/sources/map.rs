//! What becomes of a record: which of its places goes into which field of the item.

use super::draft::Field;
use super::editor::Work;
use super::source::Map;
use crate::page::admin::draft::Kind as ItemKind;
use crate::page::admin::icon::{Icon, icon};
use leptos::{ev, prelude::*};

/// The fields of a kind of item, as the contract and as people call them.
const fn fields(kind: ItemKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ItemKind::Post => &[
            ("user", "Who wrote it"),
            ("text", "The text"),
            ("url", "Its address"),
            ("picture", "A picture"),
            ("alt", "The picture in words"),
            ("source", "Where it comes from"),
        ],
        ItemKind::Message => &[("text", "The text")],
        ItemKind::Link => {
            &[("url", "Its address"), ("title", "The title"), ("description", "More about it")]
        }
        ItemKind::Image => &[("url", "The picture"), ("alt", "The picture in words")],
        ItemKind::Custom => &[],
    }
}

/// Names of fields that a map has and its kind of item does not know, in their order.
fn others(map: &Map) -> Vec<String> {
    let known = fields(kind_of(map));
    let names = map.fields.iter().map(|(name, _)| name);
    names.filter(|name| !known.iter().any(|(known, _)| known == name)).cloned().collect()
}

/// The kind of item that a map makes.
fn kind_of(map: &Map) -> ItemKind {
    ItemKind::from_name(&map.kind).unwrap_or(ItemKind::Post)
}

/// The form of a map.
#[component]
pub fn MapFields(
    /// The form that it is a part of.
    work: Work,
) -> impl IntoView {
    let draft = work.draft;
    let kind = Memo::new(move |_| draft.with(|draft| kind_of(&draft.source.map)));
    let others = Memo::new(move |_| draft.with(|draft| others(&draft.source.map)));
    let adding = RwSignal::new(String::new());
    let add = move || {
        let name = adding.with_untracked(|name| name.trim().to_owned());
        if !name.is_empty() {
            work.change(|draft| draft.source.map.set_place(&name, &format!("/{name}")));
            adding.set(String::new());
        }
    };
    view! {
        <fieldset class="choice map" id=Field::Map.id() tabindex="-1">
            <legend>"What becomes of a record"</legend>
            <div class="segments" role="group" aria-label="As which kind of item">
                {ItemKind::ALL
                    .into_iter()
                    .map(|choice| {
                        view! {
                            <label>
                                <input
                                    type="radio"
                                    name="source-map-kind"
                                    prop:checked=move || kind.get() == choice
                                    on:change=move |_| {
                                        work.change(|draft| {
                                            choice.name().clone_into(&mut draft.source.map.kind);
                                        });
                                    }
                                />
                                <span>{choice.label()}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="places">
                {move || {
                    fields(kind.get())
                        .iter()
                        .map(|(name, label)| place(work, label, name))
                        .collect_view()
                }}
                <For each=move || others.get() key=Clone::clone let:name>
                    <Other work name/>
                </For>
                <Show when=move || kind.get() == ItemKind::Custom>
                    <div class="place-add">
                        <input
                            type="text"
                            class="mono"
                            aria-label="The name of another field"
                            placeholder="name of a field"
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck="false"
                            prop:value=adding
                            on:input=move |event| adding.set(event_target_value(&event))
                            on:keydown=move |event| {
                                if event.key() == "Enter" {
                                    event.prevent_default();
                                    add();
                                }
                            }
                        />
                        <button type="button" class="quiet small" on:click=move |_| add()>
                            {icon(Icon::Plus)}
                            "Add"
                        </button>
                    </div>
                </Show>
            </div>
            <p class="over-line">"For filters, and so that nothing comes twice"</p>
            <div class="places">
                {beside(work, "Its id", "id", |map| &map.id, |map, to| map.id = to)}
                {beside(work, "When it was written", "at", |map| &map.at, |map, to| map.at = to)}
                {beside(work, "Its language", "lang", |map| &map.lang, |map, to| map.lang = to)}
                {beside(work, "Its author", "author", |map| &map.author, |map, to| map.author = to)}
            </div>
            <p class="problem" role="alert">{move || work.problem_at(Field::Map)}</p>
            <p class="hint">
                <code>"/user/name"</code> " is a place in the record, " <code>"html:/content"</code>
                " one whose tags are taken out, " <code>"=Mastodon"</code> " a fixed text, and "
                <code>"/a | /b"</code> " the first of two that is there."
            </p>
        </fieldset>
    }
}

/// A field of the item.
fn place(work: Work, label: &'static str, name: &str) -> impl IntoView + use<> {
    let id = format!("source-place-{name}");
    view! {
        <label for=id.clone()>{label}</label>
        {input(work, id, ev::input, of(name), put(name))}
    }
}

/// A field that the kind of item does not know by itself.
#[component]
fn Other(work: Work, name: String) -> impl IntoView {
    let id = format!("source-place-{name}");
    // While it is typed it may be empty, and stays all the same.
    let typed = input(work, id.clone(), ev::change, of(&name), put(&name));
    let take_out = put(&name);
    view! {
        <label for=id class="mono">{name}</label>
        <span class="place-other">
            {typed}
            <button
                type="button"
                class="quiet square"
                aria-label="Take it out"
                on:click=move |_| work.change(|draft| take_out(&mut draft.source.map, String::new()))
            >
                {icon(Icon::Close)}
            </button>
        </span>
    }
}

/// A place that does not go into the item.
fn beside(
    work: Work,
    label: &'static str,
    name: &'static str,
    get: fn(&Map) -> &String,
    set: fn(&mut Map, String),
) -> impl IntoView {
    let id = format!("source-beside-{name}");
    view! {
        <label for=id.clone()>{label}</label>
        {input(work, id, ev::input, move |map| get(map).clone(), set)}
    }
}

/// Reads the place of this field.
fn of(name: &str) -> impl Fn(&Map) -> String + Send + use<> {
    let name = name.to_owned();
    move |map| map.place(&name).to_owned()
}

/// Writes the place of this field.
fn put(name: &str) -> impl Fn(&mut Map, String) + use<> {
    let name = name.to_owned();
    move |map, to| map.set_place(&name, &to)
}

/// Where a place in the record is typed; it counts whenever `when` comes.
fn input<E>(
    work: Work,
    id: String,
    when: E,
    get: impl Fn(&Map) -> String + Send + 'static,
    set: impl Fn(&mut Map, String) + 'static,
) -> impl IntoView
where
    E: ev::EventDescriptor<EventType = ev::Event> + Send + 'static,
{
    let typed = ev::on(when, move |event: ev::Event| {
        let value = event_target_value(&event).trim().to_owned();
        work.change(|draft| set(&mut draft.source.map, value));
    });
    view! {
        <input
            id=id
            type="text"
            class="mono"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            placeholder="nothing"
            prop:value=move || work.draft.with(|draft| get(&draft.source.map))
            {..typed}
        />
    }
}

//! Sources: streams from elsewhere that are followed, and what matters of them published here. The
//! list says how each fares, live while somebody looks; [`editor`] makes and changes one, and
//! [`trial`] shows what it would bring.
//!
//! Pure: [`source`] (what one is), [`draft`] (what is typed), [`words`] (how one fares).

pub mod draft;
pub mod editor;
pub mod map;
pub mod row;
pub mod source;
pub mod trial;
pub mod words;

use super::broken::Broken;
use super::desk::{Desk, Fetched, Panel};
use super::form::focus;
use super::icon::{Icon, icon};
use super::me::Right;
use crate::dom::{self, Listener, Timer};
use draft::Draft;
use editor::Editor;
use leptos::prelude::*;
use leptos::task::spawn_local;
use row::SourceRow;
use source::Kind;

/// How long after an answer the next one is asked for, in milliseconds.
const PACE: f64 = 2_000.0;

/// A source in its form.
#[derive(Clone, Debug, PartialEq)]
pub struct Editing {
    /// What stands in the form.
    pub draft: Draft,
    /// What stood in it to begin with.
    pub begun: Draft,
    /// What it would bring is shown at once.
    pub test: bool,
}

impl Editing {
    /// Begins with this.
    pub fn begin(draft: Draft, test: bool) -> Self {
        Self { begun: draft.clone(), draft, test }
    }
}

/// The panel, while it is what the desk shows.
#[component]
pub fn SourcesPanel() -> impl IntoView {
    let desk = Desk::here();
    let open = Memo::new(move |_| desk.panel.get() == Panel::Sources && desk.may(Right::Settings));
    let editing = Memo::new(move |_| desk.source_in_work.with(Option::is_some));
    view! {
        <section class="panel sources" aria-labelledby="sources-title">
            {move || match (open.get(), editing.get()) {
                (false, _) => ().into_any(),
                (true, true) => view! { <Editor/> }.into_any(),
                (true, false) => view! { <List/> }.into_any(),
            }}
        </section>
    }
}

/// Begins a new source.
fn begin(desk: Desk) {
    desk.source_in_work.set(Some(Editing::begin(Draft::new(Kind::Feed), false)));
}

#[component]
fn List() -> impl IntoView {
    let desk = Desk::here();
    follow(desk);
    let ids = Memo::new(move |_| {
        desk.sources.with(|sources| {
            let all = sources.here().into_iter().flatten();
            all.map(|followed| followed.source.id.clone()).collect::<Vec<_>>()
        })
    });
    let how = Memo::new(move |_| {
        desk.sources.with(|sources| match sources {
            Fetched::Loading => Fetched::Loading,
            Fetched::Failed(why) => Fetched::Failed(why.clone()),
            Fetched::Here(sources) => Fetched::Here(sources.is_empty()),
        })
    });
    let again = Callback::new(move |()| {
        desk.sources.set(Fetched::Loading);
        spawn_local(desk.load_sources());
    });
    let some = move || how.with(|how| matches!(how, Fetched::Here(false)));
    view! {
        <header class="panel-head">
            <h2 id="sources-title">"Sources"</h2>
            <Show when=some>
                <button type="button" class="solid" id="new-source" on:click=move |_| begin(desk)>
                    {icon(Icon::Plus)}
                    "New source"
                </button>
            </Show>
        </header>
        <Late/>
        {move || match how.get() {
            Fetched::Loading => {
                view! { <p class="faint" role="status">"Fetching the sources"</p> }.into_any()
            }
            Fetched::Failed(why) => {
                view! { <Broken what="The sources could not be fetched." why again/> }.into_any()
            }
            Fetched::Here(true) => view! { <Nothing/> }.into_any(),
            Fetched::Here(false) => {
                view! {
                    <ul class="source-list" aria-label="Sources of this room">
                        <For each=move || ids.get() key=Clone::clone let:id>
                            <SourceRow id/>
                        </For>
                    </ul>
                }
                    .into_any()
            }
        }}
    }
}

/// Says that what is below is not as it is now.
#[component]
fn Late() -> impl IntoView {
    let desk = Desk::here();
    move || {
        desk.sources_late.get().map(|why| {
            view! {
                <p class="cut" role="status">"This may be out of date. " {why}</p>
            }
        })
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let desk = Desk::here();
    Effect::new(move |_| focus("new-source"));
    view! {
        <div class="blank">
            <p>"No sources yet."</p>
            <p class="faint">
                "A source follows something elsewhere, a news feed, a hashtag on Mastodon, a stream of your own, and shows here what matters of it: at once, or after you have looked."
            </p>
            <button type="button" class="solid" id="new-source" on:click=move |_| begin(desk)>
                {icon(Icon::Plus)}
                "New source"
            </button>
        </div>
    }
}

/// Asks again and again how the sources fare, as long as this view is there and can be seen.
fn follow(desk: Desk) {
    let asking = StoredValue::new(false);
    let timer = StoredValue::new_local(None::<std::rc::Rc<Timer>>);
    let look = move || {
        // The view may be gone, or an answer be on its way.
        if asking.try_get_value() != Some(false) {
            return;
        }
        asking.set_value(true);
        spawn_local(async move {
            desk.load_sources().await;
            if asking.try_set_value(false).is_none() && dom::visible() {
                let _ = timer.try_with_value(|timer| {
                    if let Some(timer) = timer {
                        timer.after(PACE);
                    }
                });
            }
        });
    };
    timer.set_value(Some(Timer::new(look)));
    let listener = Listener::on(&dom::document(), "visibilitychange", move |_| {
        if dom::visible() {
            look();
        } else {
            timer.with_value(|timer| {
                if let Some(timer) = timer {
                    timer.stop();
                }
            });
        }
    });
    let listener = StoredValue::new_local(Some(listener));
    on_cleanup(move || {
        listener.update_value(|listener| *listener = None);
        timer.update_value(|timer| *timer = None);
    });
    look();
}

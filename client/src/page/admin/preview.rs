//! What viewers will see, as the server would make it, while it is being written.

use super::ask;
use super::desk::Desk;
use super::draft::Draft;
use super::form::Form;
use crate::page::item::{author, content};
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::error::Code;
use nowcast_shared::id::PublicId;
use nowcast_shared::item::{Author, Body, Role};
use std::time::Duration;

/// How long a writer must pause before the server is asked.
const PAUSE: Duration = Duration::from_millis(250);

/// What there is to show.
#[derive(Clone, PartialEq)]
enum Shown {
    /// Nothing is written yet.
    Nothing,
    /// As the server made it: the data, and the HTML of a message.
    Item(Body, Option<String>),
    /// The server would not show it, and why.
    Refused(String),
}

/// The item that this form makes, kept up with what is typed.
#[component]
pub fn Preview(
    /// What is written.
    form: Form,
) -> impl IntoView {
    let desk = Desk::here();
    let shown = RwSignal::new(Shown::Nothing);
    // Answers may overtake each other: only the one to the last question counts.
    let asked = StoredValue::new(0_u32);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    let saying = Memo::new(move |_| {
        form.draft.with(|draft| draft.previewable().then(|| (draft.kind, draft.body())))
    });
    // After a login the question is asked again.
    let role = Memo::new(move |_| desk.me.with(|me| me.as_ref().map(|me| me.role)));
    Effect::new(move |before: Option<bool>| {
        role.track();
        stop();
        asked.update_value(|asked| *asked += 1);
        let question = asked.get_value();
        if saying.with(Option::is_none) {
            shown.set(Shown::Nothing);
            return false;
        }
        let ask = move || {
            // The form may be gone by the time that the timer rings.
            let Some(draft) = form.draft.try_get_untracked() else { return };
            spawn_local(async move {
                let answer = look(desk, &draft).await;
                if asked.try_get_value() == Some(question) {
                    shown.set(answer);
                }
            });
        };
        // What is there from the beginning is shown at once.
        if before.is_none() {
            ask();
        } else {
            timer.set_value(set_timeout_with_handle(ask, PAUSE).ok());
        }
        true
    });
    let who = move || {
        desk.me.with(|me| {
            let (role, name) =
                me.as_ref().map_or((Role::Viewer, None), |me| (me.role, me.name.clone()));
            author(&Author { role, id: PublicId(String::new()), name })
        })
    };
    view! {
        <section class="preview" aria-label="Preview">
            {move || match shown.get() {
                Shown::Nothing => {
                    view! { <p class="faint">"What you write shows here as viewers will see it."</p> }
                        .into_any()
                }
                Shown::Refused(why) => view! { <p class="problem">{why}</p> }.into_any(),
                Shown::Item(data, html) => {
                    let who = match &data {
                        Body::Post { user: Some(user), .. } => user.clone(),
                        _ => who(),
                    };
                    view! {
                        <div class="feed">
                            <article class="item">
                                <div class="what">
                                    <header>
                                        <b dir="auto">{who}</b>
                                        <time>"now"</time>
                                    </header>
                                    {content(&data, html.as_deref())}
                                </div>
                            </article>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

async fn look(desk: Desk, draft: &Draft) -> Shown {
    let mut body = draft.body();
    let unsaid = matches!(&body, Body::Image { alt, .. } if alt.is_empty());
    if let (true, Body::Image { alt, .. }) = (unsaid, &mut body) {
        // The words for a picture often come last; until then it is looked at without them.
        "A picture".clone_into(alt);
    }
    match ask::preview(&desk.room(), draft.kind.name(), &body).await {
        Ok((data, html)) => Shown::Item(data, html),
        Err(failure) => {
            // An address that is being typed is wrong most of the time; that needs no alarm.
            let halfway = failure.is(Code::BadUrl) || failure.is(Code::BadItem);
            if halfway { Shown::Nothing } else { Shown::Refused(failure.detail) }
        }
    }
}

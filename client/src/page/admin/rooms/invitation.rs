//! The link that lets people into a private room.

use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::clipboard::Paste;
use crate::page::admin::desk::{Desk, Fetched};
use crate::page::admin::question::Question;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// What is to be done with the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Renewing,
    TakingAway,
}

/// Shows the link, and changes it after one question.
#[component]
pub fn Invitation() -> impl IntoView {
    let desk = Desk::here();
    let link = RwSignal::new(Fetched::<Option<String>>::Loading);
    let doing = RwSignal::new(Doing::Nothing);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let load = move || {
        spawn_local(async move {
            let answer = match ask::rooms::invitation(&desk.room()).await {
                Ok(url) => Fetched::Here(url),
                Err(failure) => Fetched::Failed(desk.explain(&failure)),
            };
            let _ = link.try_set(answer);
        });
    };
    load();
    let act = move |take_away: bool| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let room = desk.room();
            let answer = if take_away {
                ask::rooms::uninvite(&room).await.map(|()| None)
            } else {
                ask::rooms::invite_anew(&room).await
            };
            let _ = busy.try_set(false);
            match answer {
                Ok(url) => {
                    let said = if take_away { "The link is taken away." } else { "A new link." };
                    desk.said.set(said.to_owned());
                    let _ = link.try_set(Fetched::Here(url));
                    let _ = doing.try_set(Doing::Nothing);
                }
                Err(failure) => {
                    let _ = problem.try_set(Some(desk.explain(&failure)));
                }
            }
        });
    };
    let origin = dom::window().location().origin().unwrap_or_default();
    let full = Signal::derive(move || {
        let path = link.with(|link| link.here().cloned().flatten());
        path.map(|path| format!("{origin}{path}")).unwrap_or_default()
    });
    let there = Memo::new(move |_| link.with(|link| link.here().map(Option::is_some)));
    let failed = move || {
        link.with(|link| match link {
            Fetched::Failed(why) => Some(why.clone()),
            _ => None,
        })
    };
    let ask_for = move |what: Doing| {
        problem.set(None);
        doing.set(what);
    };
    view! {
        <div class="invitation" role="group" aria-label="Invitation link">
            {move || match there.get() {
                None => {
                    view! {
                        <p class="hint" role="status">
                            {failed().unwrap_or_else(|| "Fetching the link".to_owned())}
                        </p>
                    }
                        .into_any()
                }
                Some(false) => {
                    view! {
                        <p class="hint">"There is no link: nobody new can come in."</p>
                        <button
                            type="button"
                            class="quiet small edged"
                            disabled=busy
                            on:click=move |_| act(false)
                        >
                            "Make a link"
                        </button>
                        <p class="problem" role="alert">{problem}</p>
                    }
                        .into_any()
                }
                Some(true) => {
                    view! {
                        <p class="hint">"Whoever has this link may come in."</p>
                        <Paste id="invitation-link" label="Invitation link" text=full/>
                        {move || match doing.get() {
                            Doing::Nothing => {
                                view! {
                                    <div class="row-tools">
                                        <button
                                            type="button"
                                            class="quiet small"
                                            on:click=move |_| ask_for(Doing::Renewing)
                                        >
                                            "New link"
                                        </button>
                                        <button
                                            type="button"
                                            class="quiet small"
                                            on:click=move |_| ask_for(Doing::TakingAway)
                                        >
                                            "Take the link away"
                                        </button>
                                    </div>
                                }
                                    .into_any()
                            }
                            Doing::Renewing => {
                                view! {
                                    <Question
                                        says="Who came by this link has to leave, and it opens nothing any more."
                                        answers=&["Make a new link"]
                                        busy
                                        problem
                                        on_answer=move |_| act(false)
                                        on_keep=move |()| doing.set(Doing::Nothing)
                                    />
                                }
                                    .into_any()
                            }
                            Doing::TakingAway => {
                                view! {
                                    <Question
                                        says="Who came by this link has to leave, and nobody new can come in."
                                        answers=&["Take it away"]
                                        busy
                                        problem
                                        on_answer=move |_| act(true)
                                        on_keep=move |()| doing.set(Doing::Nothing)
                                    />
                                }
                                    .into_any()
                            }
                        }}
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

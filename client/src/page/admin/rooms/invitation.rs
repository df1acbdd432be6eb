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

/// The link, and what is being done about it.
#[derive(Clone, Copy)]
struct Work {
    desk: Desk,
    /// Its path on this server; `None` where there is none.
    link: RwSignal<Fetched<Option<String>>>,
    doing: RwSignal<Doing>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
}

impl Work {
    fn load(self) {
        spawn_local(async move {
            let answer = match ask::rooms::invitation(&self.desk.room()).await {
                Ok(path) => Fetched::Here(path),
                Err(failure) => Fetched::Failed(self.desk.explain(&failure)),
            };
            let _ = self.link.try_set(answer);
        });
    }

    /// Makes another link, or takes the one there is away.
    fn act(self, what: Doing) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let room = self.desk.room();
            let (answer, said) = match what {
                Doing::TakingAway => {
                    let gone = ask::rooms::uninvite(&room).await;
                    (gone.map(|()| None), "The link is taken away.")
                }
                Doing::Nothing | Doing::Renewing => {
                    (ask::rooms::invite_anew(&room).await, "There is a new link.")
                }
            };
            // By now the dialog may be closed.
            let _ = self.busy.try_set(false);
            match answer {
                Ok(path) => {
                    self.desk.said.set(said.to_owned());
                    let _ = self.link.try_set(Fetched::Here(path));
                    let _ = self.doing.try_set(Doing::Nothing);
                }
                Err(failure) => {
                    let _ = self.problem.try_set(Some(self.desk.explain(&failure)));
                }
            }
        });
    }

    fn ask_for(self, what: Doing) {
        self.problem.set(None);
        self.doing.set(what);
    }
}

/// Shows the link, and changes it after one question.
#[component]
pub fn Invitation() -> impl IntoView {
    let work = Work {
        desk: Desk::here(),
        link: RwSignal::new(Fetched::Loading),
        doing: RwSignal::new(Doing::Nothing),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    work.load();
    let there = Memo::new(move |_| work.link.with(|link| link.here().map(Option::is_some)));
    let failed = move || {
        work.link.with(|link| match link {
            Fetched::Failed(why) => Some(why.clone()),
            _ => None,
        })
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
                            disabled=work.busy
                            on:click=move |_| work.act(Doing::Nothing)
                        >
                            "Make a link"
                        </button>
                        <p class="problem" role="alert">
                            {work.problem}
                        </p>
                    }
                        .into_any()
                }
                Some(true) => view! { <Link work/> }.into_any(),
            }}
        </div>
    }
}

/// The link to give to people, and the question before it changes.
#[component]
fn Link(work: Work) -> impl IntoView {
    let origin = dom::window().location().origin().unwrap_or_default();
    let full = Signal::derive(move || {
        let path = work.link.with(|link| link.here().cloned().flatten());
        path.map(|path| format!("{origin}{path}")).unwrap_or_default()
    });
    let question = move |what: Doing, says: &'static str, answers: &'static [&'static str]| {
        view! {
            <Question
                says
                answers
                busy=work.busy
                problem=work.problem
                on_answer=move |_| work.act(what)
                on_keep=move |()| work.doing.set(Doing::Nothing)
            />
        }
    };
    let tool = move |what: Doing, label: &'static str| {
        view! {
            <button type="button" class="quiet small" on:click=move |_| work.ask_for(what)>
                {label}
            </button>
        }
    };
    view! {
        <p class="hint">"Whoever has this link may come in."</p>
        <Paste id="invitation-link" label="Invitation link" text=full/>
        {move || match work.doing.get() {
            Doing::Nothing => {
                view! {
                    <div class="row-tools">
                        {tool(Doing::Renewing, "New link")}
                        {tool(Doing::TakingAway, "Take the link away")}
                    </div>
                }
                    .into_any()
            }
            Doing::Renewing => {
                question(
                        Doing::Renewing,
                        "Whoever came by this link has to leave, and it opens nothing any more.",
                        &["Make a new link"],
                    )
                    .into_any()
            }
            Doing::TakingAway => {
                question(
                        Doing::TakingAway,
                        "Whoever came by this link has to leave, and nobody new can come in.",
                        &["Take it away"],
                    )
                    .into_any()
            }
        }}
    }
}

//! The questions before somebody's words or somebody go.

use crate::page::admin::desk::Desk;
use crate::page::admin::question::Question;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::id::PublicId;

/// What is being done about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing.
    Nothing,
    /// Their words are to go.
    Deleting,
    /// They are not to speak.
    Muting,
    /// They are to go.
    Blocking,
}

/// For how long somebody may be muted, in seconds, and how that is called.
const SPANS: [Option<u64>; 3] = [Some(5 * 60), Some(60 * 60), None];
const SPAN_LABELS: &[&str] = &["5 min", "1 hour", "For good"];

/// Mutes somebody for some time, or blocks them, after one question.
#[component]
pub fn SanctionQuestion(
    /// Whom.
    person: PublicId,
    /// What they go by.
    name: String,
    /// Muting or blocking; becomes nothing when that is done.
    doing: RwSignal<Doing>,
) -> impl IntoView {
    let desk = Desk::here();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let blocking = doing.get_untracked() == Doing::Blocking;
    let (says, answers, key): (_, &'static [&'static str], _) = if blocking {
        (format!("Send {name} out, for good?"), &["Block"], "b")
    } else {
        (format!("Mute {name}: for how long?"), SPAN_LABELS, "m")
    };
    let whom = StoredValue::new((person, name));
    let answer = move |n: usize| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let (person, name) = whom.get_value();
            let done = if blocking {
                desk.block(person, &name).await
            } else {
                desk.mute(person, &name, SPANS.get(n).copied().flatten()).await
            };
            // Whoever was blocked is gone from the list by now, and this with them.
            let _ = busy.try_set(false);
            match done {
                Ok(()) => {
                    let _ = doing.try_set(Doing::Nothing);
                }
                Err(why) => {
                    let _ = problem.try_set(Some(why));
                }
            }
        });
    };
    view! {
        <Question
            says
            answers
            key
            busy
            problem
            on_answer=answer
            on_keep=move |()| doing.set(Doing::Nothing)
        />
    }
}

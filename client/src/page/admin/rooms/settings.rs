//! The settings of this room in a dialog: what it is called, who may do what, who may come in.

use super::invitation::Invitation;
use super::keeping::KeepingForm;
use super::patterns;
use super::settings_form::{Meanwhile, Setting, SettingsForm, slow, slow_steps, who};
use crate::page::admin::desk::Desk;
use crate::page::admin::dialog::Dialog;
use crate::page::admin::form::focus;
use leptos::task::spawn_local;
use leptos::{ev, prelude::*};
use nowcast_shared::error::Code;
use nowcast_shared::room::Who;

/// The settings in a dialog.
#[component]
pub fn RoomSettings() -> impl IntoView {
    let desk = Desk::here();
    let changed = RwSignal::new(false);
    let known = Memo::new(move |_| desk.store.feed.ready.get());
    view! {
        <Dialog open=desk.settings title="Room settings".to_owned() class="editor" held=changed>
            <Show
                when=move || known.get()
                fallback=|| view! { <p class="faint" role="status">"Waiting for the room"</p> }
            >
                <Form changed/>
                <KeepingForm/>
            </Show>
        </Dialog>
    }
}

/// A form in work, as all of its rows have it.
#[derive(Clone, Copy)]
struct Work {
    form: RwSignal<SettingsForm>,
    /// What is wrong, and where; nowhere in particular if `None`.
    problem: RwSignal<Option<(Option<Setting>, String)>>,
}

impl Work {
    fn change(self, change: impl FnOnce(&mut SettingsForm)) {
        self.form.update(change);
        self.problem.set(None);
    }

    fn problem_at(self, place: Option<Setting>) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|(at, _)| *at == place);
            problem.map(|(_, why)| why.clone())
        })
    }
}

#[component]
fn Form(changed: RwSignal<bool>) -> impl IntoView {
    let desk = Desk::here();
    let work = Work {
        form: RwSignal::new(SettingsForm::new(untrack(|| desk.room_state()))),
        problem: RwSignal::new(None),
    };
    let Work { form, problem } = work;
    // As they are typed: what is no list yet is not lost.
    let typed =
        RwSignal::new(form.with_untracked(|form| patterns::write(&form.mine.settings.variables)));
    Effect::new(move |_| {
        let now = desk.room_state();
        let before = form.with_untracked(|form| form.mine.settings.variables.clone());
        form.update(|form| form.hear(now));
        let after = form.with_untracked(|form| form.mine.settings.variables.clone());
        if before != after {
            typed.set(patterns::write(&after));
        }
    });
    Effect::new(move |_| changed.set(form.with(SettingsForm::changed)));
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        match typed.with_untracked(|typed| patterns::read(typed)) {
            Ok(patterns) => work.change(|form| form.mine.settings.variables = patterns),
            Err(why) => {
                problem.set(Some((Some(Setting::Variables), why)));
                return focus("setting-variables");
            }
        }
        form.update(|form| form.mine.title = form.mine.title.trim().to_owned());
        if form.with_untracked(|form| form.mine.title.is_empty()) {
            problem.set(Some((Some(Setting::Title), "A room needs a name.".to_owned())));
            return focus("setting-title");
        }
        let Some(patch) = form.with_untracked(SettingsForm::patch) else {
            return desk.settings.set(false);
        };
        let newly_private = form.with_untracked(|form| form.mine.settings.private)
            && !desk.store.settings.with_untracked(|settings| settings.private);
        busy.set(true);
        spawn_local(async move {
            let saved = desk.set_room(&patch).await;
            // By now the dialog may be closed.
            let gone = busy.try_set(false).is_some();
            match saved {
                Ok(()) => {
                    desk.tell("Settings saved.", None);
                    let now = untrack(|| desk.room_state());
                    let _ = form.try_set(SettingsForm::new(now));
                    // The link is what one needs next.
                    if !gone && !newly_private {
                        desk.settings.set(false);
                    }
                }
                Err(failure) => {
                    let why = desk.explain(&failure);
                    if gone {
                        return desk.tell(why, None);
                    }
                    let about = why.to_lowercase();
                    let place = match Code::from_name(&failure.code) {
                        Some(Code::BadRequest) if about.contains("title") => Some(Setting::Title),
                        Some(Code::BadSettings | Code::BadVariable)
                            if about.contains("variable") =>
                        {
                            Some(Setting::Variables)
                        }
                        _ => None,
                    };
                    problem.set(Some((place, why)));
                }
            }
        });
    };
    let private = Memo::new(move |_| form.with(|form| form.mine.settings.private));
    let is_private = Memo::new(move |_| desk.store.settings.with(|settings| settings.private));
    view! {
        <form class="editor-form settings" on:submit=submit novalidate>
            <div class="field">
                <label for="setting-title">"Title"</label>
                <input
                    id="setting-title"
                    type="text"
                    autocomplete="off"
                    maxlength="120"
                    dir="auto"
                    prop:value=move || form.with(|form| form.mine.title.clone())
                    on:input=move |event| {
                        let value = event_target_value(&event);
                        work.change(|form| form.mine.title = value);
                    }
                    aria-invalid=move || work.problem_at(Some(Setting::Title)).map(|_| "true")
                    aria-describedby="setting-title-note"
                />
                <Notes work setting=Setting::Title id="setting-title-note"/>
            </div>
            <WhoRow
                work
                setting=Setting::Chat
                legend="Who may chat"
                get=|form| form.mine.settings.chat
                set=|form, who| form.mine.settings.chat = who
            />
            <SlowRow work/>
            <SwitchRow
                work
                setting=Setting::Approval
                label="Words wait for approval"
                hint="Nobody sees them before an admin lets them through."
                get=|form| form.mine.settings.approval
                set=|form, on| form.mine.settings.approval = on
            />
            <WhoRow
                work
                setting=Setting::Drag
                legend="Who may drag pieces on the stage"
                get=|form| form.mine.settings.drag
                set=|form, who| form.mine.settings.drag = who
            />
            <div class="field">
                <label for="setting-variables">"Shared variables that pages may write"</label>
                <textarea
                    id="setting-variables"
                    class="mono"
                    rows="2"
                    style="--lines: 2"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="None"
                    prop:value=typed
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        let list = typed.with_untracked(|typed| patterns::read(typed));
                        work.change(|form| {
                            if let Ok(list) = list {
                                form.mine.settings.variables = list;
                            }
                        });
                    }
                    aria-invalid=move || work.problem_at(Some(Setting::Variables)).map(|_| "true")
                    aria-describedby="setting-variables-note setting-variables-hint"
                ></textarea>
                <Notes
                    work
                    setting=Setting::Variables
                    id="setting-variables-note"
                    yielded=move |()| {
                        typed.set(form.with_untracked(|form| patterns::write(&form.mine.settings.variables)));
                    }
                />
                <p class="hint" id="setting-variables-hint">
                    "One name a line. " <code>"vote.*"</code> " stands for all that begin so."
                </p>
            </div>
            <SwitchRow
                work
                setting=Setting::Private
                label="Only with an invitation"
                hint="Nobody else sees anything of this room."
                get=|form| form.mine.settings.private
                set=|form, on| form.mine.settings.private = on
            />
            {move || match (private.get(), is_private.get()) {
                (true, true) => view! { <Invitation/> }.into_any(),
                (true, false) => {
                    view! { <p class="hint">"Save, and the link to give to people is here."</p> }
                        .into_any()
                }
                _ => ().into_any(),
            }}
            <div class="form-foot">
                <button type="submit" class="solid" disabled=busy>
                    "Save settings"
                </button>
                <button type="button" class="quiet" on:click=move |_| desk.settings.set(false)>
                    {move || if changed.get() { "Cancel" } else { "Close" }}
                </button>
                <p class="problem" role="alert">{move || work.problem_at(None)}</p>
            </div>
        </form>
    }
}

/// What is wrong with a setting, and what others did to it meanwhile.
#[component]
fn Notes(
    work: Work,
    setting: Setting,
    id: &'static str,
    /// What others made of it was taken.
    #[prop(optional, into)]
    yielded: Option<Callback<()>>,
) -> impl IntoView {
    let Work { form, .. } = work;
    let meanwhile = Memo::new(move |_| form.with(|form| form.meanwhile(setting)));
    let theirs = move || form.with(|form| form.theirs(setting));
    let take = move |_| {
        work.change(|form| form.yield_to_theirs(setting));
        if let Some(yielded) = yielded {
            yielded.run(());
        }
    };
    view! {
        <div id=id role="status">
            <p class="problem">{move || work.problem_at(Some(setting))}</p>
            {move || match meanwhile.get() {
                Meanwhile::Same => ().into_any(),
                Meanwhile::Taken => {
                    view! { <p class="meanwhile">"Somebody else just changed this."</p> }.into_any()
                }
                Meanwhile::Differs => {
                    view! {
                        <p class="meanwhile">
                            "Somebody else just made this “" <bdi>{theirs}</bdi>
                            "”. Saving makes it yours. "
                            <button type="button" class="as-link" on:click=take>
                                "Take theirs"
                            </button>
                        </p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// Everyone, registered users, or nobody.
#[component]
fn WhoRow(
    work: Work,
    setting: Setting,
    legend: &'static str,
    get: fn(&SettingsForm) -> Who,
    set: fn(&mut SettingsForm, Who),
) -> impl IntoView {
    let chosen = Memo::new(move |_| work.form.with(get));
    let name = if setting == Setting::Chat { "setting-chat" } else { "setting-drag" };
    view! {
        <fieldset class="choice">
            <legend>{legend}</legend>
            <div class="segments">
                {[Who::Everyone, Who::Users, Who::Nobody]
                    .into_iter()
                    .map(|choice| {
                        view! {
                            <label>
                                <input
                                    type="radio"
                                    name=name
                                    prop:checked=move || chosen.get() == choice
                                    on:change=move |_| work.change(|form| set(form, choice))
                                />
                                <span>{who(choice)}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            <Notes work setting id=name/>
        </fieldset>
    }
}

/// How long people wait between two words.
#[component]
fn SlowRow(work: Work) -> impl IntoView {
    let chosen = Memo::new(move |_| work.form.with(|form| form.mine.settings.slow));
    // Another one that was chosen elsewhere is offered, too, but the row does not jump under a key.
    let steps = Memo::new(move |steps: Option<&Vec<u32>>| {
        let now = chosen.get();
        steps.filter(|steps| steps.contains(&now)).cloned().unwrap_or_else(|| slow_steps(now))
    });
    let choices = move || {
        let choice = |step: u32| {
            view! {
                <label>
                    <input
                        type="radio"
                        name="setting-slow"
                        prop:checked=move || chosen.get() == step
                        on:change=move |_| work.change(|form| form.mine.settings.slow = step)
                    />
                    <span>{slow(step)}</span>
                </label>
            }
        };
        steps.get().into_iter().map(choice).collect_view()
    };
    view! {
        <fieldset class="choice">
            <legend>"Slow mode: how long people wait between two words"</legend>
            <div class="segments">{choices}</div>
            <Notes work setting=Setting::Slow id="setting-slow"/>
        </fieldset>
    }
}

/// On or off.
#[component]
fn SwitchRow(
    work: Work,
    setting: Setting,
    label: &'static str,
    hint: &'static str,
    get: fn(&SettingsForm) -> bool,
    set: fn(&mut SettingsForm, bool),
) -> impl IntoView {
    let on = Memo::new(move |_| work.form.with(get));
    let id = if setting == Setting::Private { "setting-private" } else { "setting-approval" };
    view! {
        <div>
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    id=id
                    prop:checked=on
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        work.change(|form| set(form, on));
                    }
                />
                <span>
                    {label}
                    <span class="hint">{hint}</span>
                </span>
            </label>
            <Notes work setting id=""/>
        </div>
    }
}

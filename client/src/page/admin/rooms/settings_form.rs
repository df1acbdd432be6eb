//! A room's settings while somebody changes them: what they were, what was typed, and what others
//! make of them meanwhile. Pure.

use crate::write::{Object, array, string};
use nowcast_shared::room::{Settings, Who};

/// A room's title and settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomState {
    /// What it is called.
    pub title: String,
    /// What it is set to.
    pub settings: Settings,
}

/// One of the things that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// What the room is called.
    Title,
    /// Who may chat.
    Chat,
    /// How long people wait between two words.
    Slow,
    /// Whether words wait for approval.
    Approval,
    /// Who may drag pieces.
    Drag,
    /// The variables that pages may write.
    Variables,
    /// Whether one has to be invited.
    Private,
}

impl Setting {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 7] = [
        Self::Title,
        Self::Chat,
        Self::Slow,
        Self::Approval,
        Self::Drag,
        Self::Variables,
        Self::Private,
    ];
}

impl RoomState {
    /// Whether both say the same about one setting.
    pub fn agrees(&self, other: &Self, setting: Setting) -> bool {
        let (a, b) = (&self.settings, &other.settings);
        match setting {
            Setting::Title => self.title == other.title,
            Setting::Chat => a.chat == b.chat,
            Setting::Slow => a.slow == b.slow,
            Setting::Approval => a.approval == b.approval,
            Setting::Drag => a.drag == b.drag,
            Setting::Variables => a.variables == b.variables,
            Setting::Private => a.private == b.private,
        }
    }

    /// Takes over one setting.
    pub fn take(&mut self, other: &Self, setting: Setting) {
        let (mine, theirs) = (&mut self.settings, &other.settings);
        match setting {
            Setting::Title => other.title.clone_into(&mut self.title),
            Setting::Chat => mine.chat = theirs.chat,
            Setting::Slow => mine.slow = theirs.slow,
            Setting::Approval => mine.approval = theirs.approval,
            Setting::Drag => mine.drag = theirs.drag,
            Setting::Variables => theirs.variables.clone_into(&mut mine.variables),
            Setting::Private => mine.private = theirs.private,
        }
    }

    /// One setting, in words.
    pub fn say(&self, setting: Setting) -> String {
        let settings = &self.settings;
        let yes = |yes: bool| (if yes { "yes" } else { "no" }).to_owned();
        match setting {
            Setting::Title => self.title.clone(),
            Setting::Chat => who(settings.chat).to_owned(),
            Setting::Drag => who(settings.drag).to_owned(),
            Setting::Slow => slow(settings.slow),
            Setting::Approval => yes(settings.approval),
            Setting::Private => yes(settings.private),
            Setting::Variables if settings.variables.is_empty() => "none".to_owned(),
            Setting::Variables => settings.variables.join(", "),
        }
    }
}

/// What became of a setting while the form was open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing.
    #[default]
    Same,
    /// Somebody else changed it, and the form shows what they made of it.
    Taken,
    /// Somebody else changed it, too, to something else than was typed here.
    Differs,
}

/// Settings that are being changed here, and perhaps elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsForm {
    /// As they were when the form was opened, with what others changed where nobody typed here.
    base: RoomState,
    /// As they are to become.
    pub mine: RoomState,
    /// As they are now.
    theirs: RoomState,
    meanwhile: [Meanwhile; Setting::ALL.len()],
}

impl SettingsForm {
    /// A form that shows the room as it is.
    pub fn new(now: RoomState) -> Self {
        Self { base: now.clone(), mine: now.clone(), theirs: now, meanwhile: Default::default() }
    }

    /// The room was changed, by this form or by somebody else.
    pub fn hear(&mut self, now: RoomState) {
        for (n, setting) in Setting::ALL.into_iter().enumerate() {
            if now.agrees(&self.theirs, setting) {
                continue;
            }
            let untouched = self.mine.agrees(&self.base, setting);
            self.meanwhile[n] = if now.agrees(&self.mine, setting) {
                Meanwhile::Same
            } else if untouched {
                self.mine.take(&now, setting);
                Meanwhile::Taken
            } else {
                Meanwhile::Differs
            };
            self.base.take(&now, setting);
        }
        self.theirs = now;
    }

    /// What others did to a setting.
    pub fn meanwhile(&self, setting: Setting) -> Meanwhile {
        Setting::ALL
            .iter()
            .position(|known| *known == setting)
            .map_or(Meanwhile::Same, |n| self.meanwhile[n])
    }

    /// What others made of it, in words.
    pub fn theirs(&self, setting: Setting) -> String {
        self.theirs.say(setting)
    }

    /// Gives up what was typed for what others made of it.
    pub fn yield_to_theirs(&mut self, setting: Setting) {
        self.mine.take(&self.theirs.clone(), setting);
        if let Some(n) = Setting::ALL.iter().position(|known| *known == setting) {
            self.meanwhile[n] = Meanwhile::Taken;
        }
    }

    /// Whether anything is to be saved.
    pub fn changed(&self) -> bool {
        Setting::ALL.into_iter().any(|setting| !self.mine.agrees(&self.theirs, setting))
    }

    /// What is to be saved: only what differs from what holds, so that nothing that others do at
    /// the same time is taken back. `None` if there is nothing.
    pub fn patch(&self) -> Option<String> {
        self.changed().then(|| patch(&self.theirs, &self.mine))
    }
}

/// The JSON that makes one of the other.
pub fn patch(from: &RoomState, to: &RoomState) -> String {
    let new = |setting| !to.agrees(from, setting);
    let settings = &to.settings;
    let name = |setting, who| Some(who_name(who)).filter(|_| new(setting));
    let mut fields = Object::new()
        .text_if("chat", name(Setting::Chat, settings.chat))
        .text_if("drag", name(Setting::Drag, settings.drag))
        .number_if("slow", new(Setting::Slow).then_some(settings.slow.into()))
        .flag_if("approval", new(Setting::Approval).then_some(settings.approval))
        .flag_if("private", new(Setting::Private).then_some(settings.private));
    if new(Setting::Variables) {
        let patterns = settings.variables.iter().map(|pattern| {
            let mut text = String::new();
            string(&mut text, pattern);
            text
        });
        fields = fields.json("variables", &array(patterns));
    }
    let fields = fields.end();
    let mut body = Object::new().text_if("title", new(Setting::Title).then_some(&to.title));
    if fields != "{}" {
        body = body.json("settings", &fields);
    }
    body.end()
}

/// The name on the wire.
const fn who_name(who: Who) -> &'static str {
    match who {
        Who::Everyone => "everyone",
        Who::Users => "users",
        Who::Nobody => "nobody",
    }
}

/// Who may, in words.
pub const fn who(who: Who) -> &'static str {
    match who {
        Who::Everyone => "Everyone",
        Who::Users => "Registered users",
        Who::Nobody => "Nobody",
    }
}

/// The steps of the slow mode, in seconds.
pub const SLOW: [u32; 6] = [0, 5, 10, 30, 60, 300];

/// A step of the slow mode, in words; a program may have set any other.
pub fn slow(seconds: u32) -> String {
    match seconds {
        0 => "Off".to_owned(),
        1..60 => format!("{seconds} s"),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// The steps that the form offers: the usual ones, and the one that holds if it is another.
pub fn slow_steps(now: u32) -> Vec<u32> {
    let mut steps = SLOW.to_vec();
    if let Err(place) = steps.binary_search(&now) {
        steps.insert(place, now);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(title: &str, slow: u32) -> RoomState {
        RoomState { title: title.into(), settings: Settings { slow, ..Settings::default() } }
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let mut form = SettingsForm::new(room("Quay", 0));
        assert_eq!(form.patch(), None);
        form.mine.settings.slow = 10;
        assert_eq!(form.patch().unwrap(), r#"{"settings":{"slow":10}}"#);
        form.mine.title = "The quay".into();
        form.mine.settings = Settings {
            chat: Who::Users,
            drag: Who::Nobody,
            variables: vec!["vote.*".into()],
            private: true,
            slow: 0,
            approval: true,
        };
        assert_eq!(
            form.patch().unwrap(),
            r#"{"title":"The quay","settings":{"chat":"users","drag":"nobody","approval":true,"private":true,"variables":["vote.*"]}}"#
        );
    }

    #[test]
    fn what_others_change_is_shown_where_nobody_typed() {
        let mut form = SettingsForm::new(room("Quay", 0));
        form.mine.title = "The quay".into();
        form.hear(room("Quay", 30));
        assert_eq!(form.mine, room("The quay", 30));
        assert_eq!(form.meanwhile(Setting::Slow), Meanwhile::Taken);
        assert_eq!(form.meanwhile(Setting::Title), Meanwhile::Same);
        assert_eq!(form.patch().unwrap(), r#"{"title":"The quay"}"#, "theirs is not sent back");
    }

    #[test]
    fn what_both_change_waits_for_a_choice() {
        let mut form = SettingsForm::new(room("Quay", 0));
        form.mine.settings.slow = 10;
        form.hear(room("Quay", 300));
        assert_eq!(form.meanwhile(Setting::Slow), Meanwhile::Differs);
        assert_eq!(form.theirs(Setting::Slow), "5 min");
        assert_eq!(form.patch().unwrap(), r#"{"settings":{"slow":10}}"#, "mine still counts");
        form.yield_to_theirs(Setting::Slow);
        assert_eq!((form.mine.settings.slow, form.patch()), (300, None));
    }

    #[test]
    fn ones_own_save_is_no_news() {
        let mut form = SettingsForm::new(room("Quay", 0));
        form.mine.settings.slow = 10;
        form.hear(room("Quay", 10));
        assert_eq!(form.meanwhile(Setting::Slow), Meanwhile::Same);
        assert!(!form.changed());
    }

    #[test]
    fn a_step_that_a_program_chose_is_offered_too() {
        assert_eq!(slow_steps(30), SLOW);
        assert_eq!(slow_steps(90), [0, 5, 10, 30, 60, 90, 300]);
        assert_eq!(slow(90), "1 min 30 s");
        assert_eq!(slow(0), "Off");
    }
}

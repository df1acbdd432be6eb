//! What the desk does to the shared variables.

use super::{Desk, Undo};
use crate::api::Problem as Failure;
use crate::page::admin::ask;
use crate::read::Json;
use crate::write;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::command::Command;
use nowcast_shared::frame::Variable;

impl Desk {
    /// Gives a variable a value, if it still has this version; 0 stands for none.
    pub async fn set_variable(self, name: &str, value: &str, version: u64) -> Result<(), Failure> {
        self.give(&set(name, value, version)).await
    }

    /// Takes a variable away; the notice brings it back.
    pub fn unset_variable(self, name: String, was: Variable<Json>) {
        spawn_local(async move {
            // Whatever it is by now is looked at before it goes: only what was seen is deleted.
            let command = Command::<Json>::Unset { name, version: Some(was.version) };
            match self.give(&write::command(&command, |json| json.0.clone())).await {
                Ok(()) => {
                    let Command::Unset { name, .. } = command else { return };
                    let back = Undo::Give(set(&name, &was.value.0, 0), format!("{name} is back."));
                    self.tell(format!("{name} deleted."), Some(back));
                }
                Err(failure) => self.tell(self.explain(&failure), None),
            }
        });
    }

    /// Asks how the variables are, where what was heard of them is behind.
    pub async fn look_at_variables(self) {
        if let Ok(now) = ask::variables::variables(&self.room()).await {
            self.variables.update(|known| known.see(now));
        }
    }
}

fn set(name: &str, value: &str, version: u64) -> String {
    let value = Json(value.to_owned());
    let command = Command::Set { name: name.to_owned(), value, version: Some(version) };
    write::command(&command, |json| json.0.clone())
}

#[cfg(test)]
mod tests {
    use super::set;

    #[test]
    fn a_variable_is_set_as_the_contract_says() {
        assert_eq!(
            set("score", "{\"home\":1}", 7),
            r#"{"kind":"set","name":"score","value":{"home":1},"version":7}"#
        );
    }
}

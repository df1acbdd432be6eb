//! What the desk does to its room: title, settings, invitation.

use super::Desk;
use crate::api::Problem as Failure;
use crate::page::admin::ask;
use crate::page::admin::rooms::settings_form::RoomState;

impl Desk {
    /// What the room is called and set to. Follows both.
    pub fn room_state(self) -> RoomState {
        RoomState { title: self.store.title.get(), settings: self.store.settings.get() }
    }

    /// Sets the room otherwise; `patch` is JSON of what is to change.
    pub async fn set_room(self, patch: &str) -> Result<(), Failure> {
        let RoomState { title, settings } = ask::rooms::set_room(&self.room(), patch).await?;
        // The room says it too, but perhaps not while this page is cut off from it.
        self.store.title.set(title);
        self.store.settings.set(settings);
        Ok(())
    }
}

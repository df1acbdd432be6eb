//! A session's place in a room, as far as who sits there matters for what it asks for.

use crate::auth::Visitor;
use crate::engine::mailbox::SessionId;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by the hub and whoever reads what the page sends, so that a name or a registration
/// counts for the next command, whichever way that comes.
pub struct Seat {
    session: SessionId,
    visitor: Mutex<Arc<Visitor>>,
}

impl Seat {
    pub(super) fn new(session: SessionId, visitor: Arc<Visitor>) -> Self {
        Self { session, visitor: Mutex::new(visitor) }
    }

    /// Whose it is.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What is known of the page now.
    pub fn visitor(&self) -> Arc<Visitor> {
        Arc::clone(&self.visitor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, visitor: Arc<Visitor>) {
        *self.visitor.lock().unwrap_or_else(PoisonError::into_inner) = visitor;
    }
}

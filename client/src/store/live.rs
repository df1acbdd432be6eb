//! Values that views follow.

use leptos::prelude::{ArcTrigger, Notify, Track};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A value that redraws what reads it when it changes; a handle, and `Copy`.
///
/// As `RwSignal` of Leptos, but what depends on the type of the value is a few instructions here
/// and some kilobytes there, and the page has dozens of types. In exchange it lives for ever: for
/// what a page makes once.
pub struct Live<T: 'static>(&'static Inner<T>);

struct Inner<T> {
    trigger: ArcTrigger,
    value: RwLock<T>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

impl<T: Send + Sync> Live<T> {
    /// A new one.
    pub fn new(value: T) -> Self {
        Self(Box::leak(Box::new(Inner { trigger: ArcTrigger::new(), value: RwLock::new(value) })))
    }

    fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.value.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What reads it is redrawn when the value changes, without a look at it now.
    pub fn track(&self) {
        self.0.trigger.track();
    }

    /// Looks at the value. Whatever reads it is redrawn when it changes.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.0.trigger.track();
        look(&self.read())
    }

    /// Looks at the value, once.
    pub fn with_untracked<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.read())
    }

    /// A copy of the value. Whatever reads it is redrawn when it changes.
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.0.trigger.track();
        self.read().clone()
    }

    /// A copy of the value, once.
    pub fn get_untracked(&self) -> T
    where
        T: Clone,
    {
        self.read().clone()
    }

    /// Changes the value. It must not look at it by this handle meanwhile.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.write());
        self.0.trigger.notify();
    }

    /// Takes another value.
    pub fn set(&self, value: T) {
        // What was there before may look at this when it is dropped.
        let before = std::mem::replace(&mut *self.write(), value);
        drop(before);
        self.0.trigger.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leptos::prelude::{Get, Memo, Owner};

    #[test]
    fn what_reads_it_follows_it() {
        let owner = Owner::new();
        owner.with(|| {
            let value = Live::new(1);
            let double = Memo::new(move |_| value.get() * 2);
            assert_eq!(double.get(), 2);
            value.set(5);
            assert_eq!(double.get(), 10);
            value.update(|value| *value += 1);
            assert_eq!((double.get(), value.get_untracked()), (12, 6));
        });
    }
}

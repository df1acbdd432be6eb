//! A Chromium that a test drives.

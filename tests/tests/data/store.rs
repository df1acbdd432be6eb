//! Retention, backup, export and import, checks, upgrades.

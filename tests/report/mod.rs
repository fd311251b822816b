//! How `vmflow check` reports: what is shown, in which form, and what is done about it.

mod selection;
mod suppression;

//! How `vmflow check` reports: what is shown, in which form, and what is done about it.

mod baseline;
mod fixes;
mod formats;
mod selection;
mod suppression;

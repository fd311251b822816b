//! Query literals: SQL and PromQL texts with typed holes, read where they stand in a file.
//!
//! A literal is read once, when checking: its holes become names that the checker resolves like
//! any other, its errors point into the `.flow` file. Nothing is ever spliced into a text.

pub mod promql;
pub mod sql;

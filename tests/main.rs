//! All integration tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that meets the unexpected should end there"
)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::needless_for_each,
    reason = "short texts, read once"
)]

mod architecture;
mod check;
mod cli;
mod doc;
mod docs;
mod eval;
mod faults;
mod files;
mod forecast;
mod format;
mod fuzz;
mod http;
mod language;
mod lifecycle;
mod metrics;
mod package;
mod plan;
mod plot;
mod primitives;
mod report;
mod sql;
mod start;
mod store;
mod support;
mod testing;
mod variants;
mod workflows;

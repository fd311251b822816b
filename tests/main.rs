//! All integration tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that meets the unexpected should end there"
)]

mod architecture;
mod check;
mod cli;
mod docs;
mod faults;
mod http;
mod metrics;
mod primitives;
mod sql;
mod support;
mod variants;
mod workflows;

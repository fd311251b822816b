//! All integration tests, in one binary.

mod architecture;
mod check;
mod cli;
mod docs;
mod faults;
mod http;
mod metrics;
mod sql;
mod support;
mod variants;
mod workflows;

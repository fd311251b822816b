//! All integration tests, in one binary.

mod architecture;
mod check;
mod cli;
mod docs;
mod faults;
mod support;
mod variants;
mod workflows;

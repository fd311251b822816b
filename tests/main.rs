//! All integration tests, in one binary.

mod sql;
mod support;

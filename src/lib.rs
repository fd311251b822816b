//! vmflow: declarative workflows over SQL, VictoriaMetrics and HTTP.

// What pest derives names its boxes by it.
extern crate alloc;

pub mod abort;
pub mod calendar;
pub mod check;
pub mod cli;
pub mod config;
pub mod connection;
pub mod diagnostic;
pub mod doc;
pub mod external;
pub mod forecast;
pub mod format;
pub mod lifecycle;
pub mod lookback;
mod memory;
mod operation;
pub mod outlook;
pub mod package;
mod parallel;
pub mod plan;
pub mod plot;
pub mod preview;
pub mod primitive;
pub mod query;
pub mod run;
pub mod schema;
pub mod source;
pub mod stdlib;
pub mod store;
pub mod syntax;
pub mod testing;
pub mod value;

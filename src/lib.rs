//! vmflow: declarative workflows over SQL, VictoriaMetrics and HTTP.
pub mod calendar;
pub mod check;
pub mod connection;
pub mod diagnostic;
pub mod primitive;
pub mod query;
pub mod source;
pub mod stdlib;
pub mod syntax;
pub mod value;

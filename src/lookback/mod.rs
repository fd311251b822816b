//! Looking into a run on record: it is gone through once more, with what it had read and without any write.
//!
//! ```text
//! retrace   answers for the world from what is on record
//! course    goes through a program, and keeps what each of its steps gave
//! lineage   where a value came from: steps, queries with their parameters, rows
//! frozen    a test that is the run
//! compare   what another program makes of what the run had read
//! marks     how each step went, for a drawing
//! ```

mod brief;
mod compare;
mod course;
pub mod frozen;
mod lineage;
mod marks;
mod part;
mod retrace;

pub use brief::{brief, count};
pub use compare::{Change, Comparison, Unread, Written};
pub use course::{Course, Stand, Where, go_through};
pub use lineage::{How, Kind, Lineage, Named, Past, Refusal, Rows, find, of};
pub use marks::marks;
pub use retrace::{Retrace, error_of};

//! Parquet: rows in columns.
//!
//! The library decodes and encodes values. What a file says about itself, where its pages lie and how large they are is
//! looked at here first, because the library believes what it is told: a file of a hundred bytes can make it ask for more
//! memory than there is, and that ends the process. Should it still panic, that is an error like any other.

mod delta;
mod footer;
mod guard;
mod header;
mod kind;
mod leaf;
mod pages;
mod read;
mod shape;
mod stored;
mod thrift;
mod values;
mod write;

use std::io;

use parquet::errors::ParquetError;

pub(super) use read::read;
pub(super) use write::write;

use super::failure::{cannot_read, data};
use crate::value::StepError;

/// How many rows are decoded or encoded at once.
const BATCH: usize = 8192;

/// Why a file cannot be read.
#[derive(Debug)]
enum Broken {
    /// The system says no.
    Io(io::Error),
    /// What it holds is not as it should be.
    Told(String),
    /// A value does not fit, or the run was stopped.
    Step(StepError),
}

fn broken(why: String) -> Broken {
    Broken::Told(why)
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<StepError> for Broken {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<ParquetError> for Broken {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::General(why) | ParquetError::EOF(why) | ParquetError::NYI(why) => Self::Told(why),
            ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(error) => Self::Io(*error),
                Err(cause) => Self::Told(cause.to_string()),
            },
            other => Self::Told(other.to_string()),
        }
    }
}

impl Broken {
    /// As the step's error; `place` is the file, or a column of it.
    fn told(self, path: &str, place: &str) -> StepError {
        match self {
            Self::Io(error) => cannot_read(path, &error),
            Self::Step(error) => error,
            Self::Told(why) => data(place, why),
        }
    }
}

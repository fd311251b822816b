//! Which runs somebody asks for.

use uuid::Uuid;

use super::Status;

/// Which runs, newest first. What is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The first letters of their ids, hyphens left out.
    pub prefix: Option<String>,
    /// Started at or after this instant, in milliseconds.
    pub since_ms: Option<i64>,
    /// In one of these states.
    pub statuses: Vec<Status>,
    /// Of this job, or of the workflow with this name.
    pub job: Option<String>,
    /// Of this back-fill.
    pub batch: Option<Uuid>,
    /// At most so many.
    pub most: u32,
}

impl Selection {
    /// All of them, up to a number.
    pub fn newest(most: u32) -> Self {
        Self { most, ..Self::default() }
    }

    /// One run.
    pub fn one(id: Uuid) -> Self {
        Self { prefix: Some(id.simple().to_string()), ..Self::newest(1) }
    }
}

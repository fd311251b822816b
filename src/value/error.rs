//! What went wrong in the world while a step ran.

use std::fmt;

/// The families of failure; the `kind` of a result's `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A server could not be reached, or the connection broke.
    Connection,
    /// An answer did not come in time.
    Timeout,
    /// The server refused the query.
    Query,
    /// The server did not take a write, or took it and does not have it.
    Write,
    /// The server cannot say whether a write happened.
    Ambiguous,
    /// What came back does not have the stated type.
    Data,
    /// A value does not exist: a key, an index, a row.
    Missing,
    /// An operation has no result: division by zero, an overflow, an impossible date.
    Arithmetic,
    /// A `require` did not hold.
    Require,
    /// The environment is at fault: credentials, a missing setting, a missing file.
    Configuration,
    /// The run was interrupted.
    Cancelled,
    /// A value is known only once something was written; a plan stops here, a run never does.
    Unknown,
    /// A defect of vmflow.
    Internal,
}

impl ErrorKind {
    /// All of them.
    const ALL: [Self; 13] = [
        Self::Connection,
        Self::Timeout,
        Self::Query,
        Self::Write,
        Self::Ambiguous,
        Self::Data,
        Self::Missing,
        Self::Arithmetic,
        Self::Require,
        Self::Configuration,
        Self::Cancelled,
        Self::Unknown,
        Self::Internal,
    ];

    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The word in results and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Query => "query",
            Self::Write => "write",
            Self::Ambiguous => "ambiguous",
            Self::Data => "data",
            Self::Missing => "missing",
            Self::Arithmetic => "arithmetic",
            Self::Require => "require",
            Self::Configuration => "configuration",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Internal => "internal",
        }
    }
}

/// A step's failure. It has no position: the interpreter knows the step, the item and the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepError {
    /// The family.
    pub kind: ErrorKind,
    /// What happened, without secrets.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether trying again may help. The effect of a write decides whether it is allowed.
    pub retryable: bool,
    /// How long the server asked to wait before the next attempt, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl StepError {
    /// A failure that trying again will not mend.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, retryable: false, retry_after_ms: None }
    }

    /// A failure that may pass.
    pub fn transient(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(kind, message) }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StepError {}

//! The states of a run, and which one may follow which: the one place that knows.

use crate::run::RunStatus;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Somebody runs it.
    Running,
    /// It ended well.
    Success,
    /// Items of loops failed.
    Partial,
    /// A step failed.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It broke off, or a write keeps it from going on of which nobody knows whether it happened.
    Crashed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Success, Self::Partial, Self::Failed, Self::Cancelled, Self::Crashed];

    /// The word in the store, in listings and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Crashed => "crashed",
        }
    }

    /// The state with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// How a run that is over ended.
    pub const fn of(status: RunStatus, is_unsettled: bool) -> Self {
        match status {
            _ if is_unsettled => Self::Crashed,
            RunStatus::Success => Self::Success,
            RunStatus::Partial => Self::Partial,
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// Whether a run in one state may come into another.
pub const fn may_become(from: Status, to: Status) -> bool {
    match (from, to) {
        // Whoever runs it ends it; whoever takes it over runs it under an epoch of his own.
        (Status::Running, _) => true,
        // What is over can be taken up again, and in no other way become anything else.
        (_, Status::Running) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_as_it_is_until_somebody_runs_it_again() {
        for from in Status::ALL {
            for to in Status::ALL {
                let is_allowed = from == Status::Running || to == Status::Running;
                assert_eq!(may_become(from, to), is_allowed, "{from:?} to {to:?}");
            }
            assert_eq!(Status::find(from.name()), Some(from));
        }
        assert_eq!(Status::of(RunStatus::Failed, true), Status::Crashed);
    }
}

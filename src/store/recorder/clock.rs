//! A clock that nobody sets, and that goes on while the machine sleeps.

use std::ops::Add;
use std::time::Duration;

/// An instant of that clock: how long ago the machine was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(Duration);

impl Moment {
    pub(super) fn now() -> Self {
        // Not the standard library's instants: on Linux they stand still while the machine sleeps, and a lease does not.
        #[cfg(target_os = "linux")]
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime).try_into().unwrap_or_default();
        #[cfg(not(target_os = "linux"))]
        let now = {
            static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
            START.elapsed()
        };
        Self(now)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, longer: Duration) -> Self {
        Self(self.0.saturating_add(longer))
    }
}

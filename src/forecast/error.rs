//! Why there is no forecast: said about one series, in the words of the caller's columns.

use std::fmt;

/// Why a series was not fitted or not forecast. Another series is not touched by it.
#[derive(Debug, Clone, PartialEq)]
pub enum ForecastError {
    /// Fewer points with a value than the model needs.
    TooFewPoints {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A value is infinite.
    Infinite {
        /// The column.
        column: String,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// A value is missing where none may be.
    Missing {
        /// The column.
        column: String,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// All points have the same time.
    OneTime {
        /// That time, in seconds since 1970.
        at_s: i64,
    },
    /// Values too large, too small or times too far apart to compute with.
    OutOfRange {
        /// What is.
        what: String,
    },
    /// A column is not as long as the times.
    Length {
        /// The column.
        column: String,
        /// Its length.
        found: usize,
        /// The number of times.
        wanted: usize,
    },
    /// A column that the settings ask for is not there.
    NoColumn {
        /// What it is: `cap`, `regressor`, `condition`, `floor`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Whether it is missing from the times to forecast, else from the observations.
        future: bool,
    },
    /// The cap is not above the floor.
    CapBelowFloor {
        /// The cap.
        cap: f64,
        /// The floor.
        floor: f64,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// A given changepoint lies outside the history.
    ChangepointOutside {
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// A setting is not one that can be fitted.
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No times to forecast.
    NoTimes,
    /// The optimiser could not begin or found no way on.
    NotFitted {
        /// What it met.
        reason: String,
    },
    /// The fit took longer than it may.
    TookTooLong {
        /// How long it may take.
        limit_ms: u64,
        /// The iterations until then.
        iterations: usize,
    },
}

impl fmt::Display for ForecastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewPoints { found, needed } => write!(f, "{found} points with a value, but {needed} are needed"),
            Self::Infinite { column, at_s } => write!(f, "`{column}` is infinite at {}", Instant(*at_s)),
            Self::Missing { column, at_s } => write!(f, "`{column}` has no value at {}", Instant(*at_s)),
            Self::OneTime { at_s } => write!(f, "all points have the same time, {}", Instant(*at_s)),
            Self::OutOfRange { what } => write!(f, "{what}"),
            Self::Length { column, found, wanted } => {
                write!(f, "`{column}` has {found} values for {wanted} times")
            }
            Self::NoColumn { kind, name, future } => {
                let of = if *future { "times to forecast" } else { "observations" };
                write!(f, "the {kind} `{name}` is missing from the {of}")
            }
            Self::CapBelowFloor { cap, floor, at_s } => {
                write!(f, "the cap {cap} is not above the floor {floor} at {}", Instant(*at_s))
            }
            Self::ChangepointOutside { at_s } => {
                write!(f, "the changepoint {} lies outside the history", Instant(*at_s))
            }
            Self::Setting { name, reason } => write!(f, "`{name}` {reason}"),
            Self::NoTimes => write!(f, "no times to forecast"),
            Self::NotFitted { reason } => write!(f, "the model could not be fitted: {reason}"),
            Self::TookTooLong { limit_ms, iterations } => {
                write!(f, "the fit took longer than {limit_ms} ms ({iterations} iterations)")
            }
        }
    }
}

impl std::error::Error for ForecastError {}

/// Seconds since 1970 as a date, with the time of day unless it is midnight.
struct Instant(i64);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if second == 0 {
            return Ok(());
        }
        write!(f, "T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
    }
}

/// The date of a day counted since 1970, in the proleptic Gregorian calendar: years begin in March, so that leap days end them.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_dates() {
        let at = |second| Instant(second).to_string();
        assert_eq!(at(0), "1970-01-01");
        assert_eq!(at(951_782_400), "2000-02-29");
        assert_eq!(at(-1), "1969-12-31T23:59:59Z");
        assert_eq!(at(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}

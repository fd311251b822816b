//! What writing to the server would do.

use super::VictoriaMetrics;
use crate::connection::metrics::{batch, preview};
use crate::connection::preview::Change;
use crate::value::{Series, StepError};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl VictoriaMetrics {
    /// Compares series with what the server has. Fails where a write would fail before sending anything.
    pub(super) async fn foresee(&self, given: &[Series]) -> Result<Change, StepError> {
        let now = self.clock.now().timestamp_millis();
        let batch = batch::prepare(given, Some(now.saturating_add(self.future_retention_ms)))?;
        let mut change = preview::compare(self, &batch.series).await?;
        let kept = self.flags().await.get("retentionPeriod").and_then(retention_ms);
        let Some(first) = kept.map(|kept| now.saturating_sub(kept)) else { return Ok(change) };
        let instants = batch.series.iter().flat_map(|one| &one.points.at_ms);
        let beyond = instants.filter(|at_ms| **at_ms < first).count() as u64;
        change.counts.beyond = beyond.min(change.counts.created);
        change.counts.created -= change.counts.beyond;
        Ok(change)
    }
}

/// How long a server keeps samples, in milliseconds: `100y`, `30d`, `36h`, and a number of months of 31 days.
fn retention_ms(flag: &str) -> Option<i64> {
    let digits = flag.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(flag.len());
    let (number, unit) = flag.split_at_checked(digits)?;
    let unit = match unit {
        "h" => HOUR_MS,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        "" | "M" => 31 * DAY_MS,
        "y" => 365 * DAY_MS,
        _ => return None,
    };
    let whole: i64 = number.parse().ok()?;
    whole.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_as_the_server_reads_them() {
        assert_eq!(retention_ms("1"), Some(31 * DAY_MS));
        assert_eq!(retention_ms("36h"), Some(36 * HOUR_MS));
        assert_eq!(retention_ms("100y"), Some(36_500 * DAY_MS));
        for unknown in ["", "x", "1s", "999999999999999y"] {
            assert_eq!(retention_ms(unknown), None, "{unknown}");
        }
    }
}

//! Windows that reach back to the beginning of 1970, where a server answers as if there were nothing at all.

use crate::query::promql::{Length, Node, NodeKind};
use crate::value::{ErrorKind, StepError};

/// A server looks five minutes further back than a window.
const FURTHER_MS: i64 = 300_000;

/// Refuses a window that begins so early that a server finds nothing, not even what lies later.
pub(super) fn refuse_early(from_ms: i64) -> Result<(), StepError> {
    if from_ms > FURTHER_MS {
        return Ok(());
    }
    let message = "a window begins before 1970-01-01T00:05Z, where a server finds nothing, not even what lies later";
    Err(StepError::new(ErrorKind::Query, message).help("shorten the window"))
}

/// The same for all windows of an expression that is evaluated at an instant.
pub(super) fn refuse_early_windows(node: &Node, at_ms: i64) -> Result<(), StepError> {
    // A window excludes its start and includes its end.
    let mut waiting = vec![(node, at_ms.saturating_add(1))];
    while let Some((node, at_ms)) = waiting.pop() {
        let from_ms = match &node.kind {
            // Where that is, is in the expression itself.
            NodeKind::Rolled { at: Some(_), .. } => continue,
            NodeKind::Rolled { window, offset, .. } => {
                let range = window.as_ref().and_then(|window| window.range.as_ref());
                let from_ms = back(back(at_ms, offset.as_ref()), range);
                if range.is_some() {
                    refuse_early(from_ms)?;
                }
                from_ms
            }
            _ => at_ms,
        };
        waiting.extend(node.kind.children().map(|child| (child, from_ms)));
    }
    Ok(())
}

/// So much earlier; lengths in steps are short.
fn back(at_ms: i64, length: Option<&Length>) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "too long a time is as long as can be")]
    match length {
        Some(Length::Fixed { ms, .. }) => at_ms.saturating_sub(*ms as i64),
        _ => at_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::promql::read_finished;

    #[test]
    fn windows_that_reach_too_far_back_are_found() {
        let day = 86_400_000;
        let is_refused = |query: &str, at_ms| refuse_early_windows(&read_finished(query).unwrap(), at_ms).is_err();
        for query in ["sum(count_over_time(m[10d]))", "rate(m[9d] offset 1d)", "max_over_time(rate(m[6d])[4d:1h])"] {
            assert!(is_refused(query, 10 * day) && !is_refused(query, 11 * day), "{query}");
        }
        for query in ["m", "1 + 1", "last_over_time(m[9d] offset -5d)", "count_over_time(m[90d] @ 1736467200)"] {
            assert!(!is_refused(query, 10 * day), "{query}");
        }
    }
}

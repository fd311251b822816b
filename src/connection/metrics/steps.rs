//! The instants of a range at which an expression is evaluated, in pieces that a server takes.

use crate::query::promql::{Node, NodeKind};
use crate::value::{ErrorKind, StepError};

/// Steps of one query. VictoriaMetrics refuses more than 30,000, Prometheus more than 11,000; fewer, so that a thousand
/// series fit into one answer.
pub(super) const MOST_STEPS: u64 = 5_000;

/// Evaluations in one range; more is a mistake in the step.
const MOST: u64 = 50_000_000;

/// The first instant, and every one `step_ms` after it that lies before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first, in milliseconds since 1970.
    pub from_ms: i64,
    /// The end, which is excluded.
    pub to_ms: i64,
    /// From one to the next, in milliseconds.
    pub step_ms: i64,
}

impl Steps {
    /// How many there are.
    pub fn count(self) -> u64 {
        let length = u64::try_from(self.to_ms.saturating_sub(self.from_ms)).unwrap_or(0);
        u64::try_from(self.step_ms).map_or(0, |step| if step == 0 { 0 } else { length.div_ceil(step) })
    }

    /// The instants.
    pub fn instants(self) -> impl Iterator<Item = i64> {
        let step = usize::try_from(self.step_ms).unwrap_or(1).max(1);
        (self.from_ms..self.to_ms).step_by(step)
    }

    /// The last one; that of no instants is the first's place.
    pub(super) fn last_ms(self) -> i64 {
        let steps = i64::try_from(self.count().saturating_sub(1)).unwrap_or(0);
        self.from_ms.saturating_add(steps.saturating_mul(self.step_ms))
    }

    /// The same instants in pieces of at most `most`.
    pub(super) fn pieces(self, most: u64) -> impl Iterator<Item = Self> {
        let length = self.step_ms.saturating_mul(i64::try_from(most).unwrap_or(i64::MAX)).max(1);
        let starts = std::iter::successors(Some(self.from_ms), move |from| from.checked_add(length));
        starts.take_while(move |from| *from < self.to_ms).map(move |from_ms| Self {
            from_ms,
            to_ms: self.to_ms.min(from_ms.saturating_add(length)),
            ..self
        })
    }

    /// Refuses what nobody can have meant, and what cannot be evaluated in pieces of `most`.
    pub(super) fn check(self, query: Option<&Node>, most: u64) -> Result<(), StepError> {
        let count = self.count();
        let refuse = |message: String, help: &str| Err(StepError::new(ErrorKind::Query, message).help(help));
        if self.step_ms < 1 {
            return refuse("a `step` of less than a millisecond".to_owned(), "write a step such as `5m`");
        }
        if count > MOST {
            return refuse(format!("{count} steps in one range"), "make the step longer or the range shorter");
        }
        let Some(name) = query.filter(|_| count > most).and_then(needs_whole_range) else { return Ok(()) };
        let message = format!("`{name}` looks at its whole range, of {count} steps; a server evaluates {most} at once");
        refuse(message, "make the step longer or the range shorter")
    }
}

/// A function of the expression whose value at one step depends on what other steps there are.
fn needs_whole_range(query: &Node) -> Option<String> {
    const NAMES: [&str; 12] = [
        "start",
        "end",
        "keep_last_value",
        "keep_next_value",
        "interpolate",
        "remove_resets",
        "smooth_exponential",
        "outliersk",
        "limitk",
        "limit_offset",
        "buckets_limit",
        "drop_common_labels",
    ];
    let mut found = None;
    query.visit(&mut |node| {
        if let NodeKind::Call(call) = &node.kind {
            let name = call.name.to_ascii_lowercase();
            let is_prefixed = ["range_", "running_", "topk_", "bottomk_"].iter().any(|start| name.starts_with(start));
            if is_prefixed || NAMES.contains(&&*name) {
                found.get_or_insert(name);
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::promql::read_finished;

    #[test]
    fn a_range_is_cut_without_gaps() {
        for (from_ms, to_ms, step_ms) in [(0, 100, 7), (5, 6, 10), (-50, 50, 1), (0, 70, 7), (3, 3, 1), (9, 3, 1)] {
            let steps = Steps { from_ms, to_ms, step_ms };
            let all: Vec<i64> = steps.instants().collect();
            assert_eq!(all.len() as u64, steps.count());
            let pieces: Vec<i64> = steps.pieces(4).flat_map(Steps::instants).collect();
            assert_eq!(pieces, all, "{steps:?}");
            assert!(steps.pieces(4).all(|piece| piece.count() <= 4 && piece.last_ms() < piece.to_ms));
        }
    }

    #[test]
    fn what_needs_the_whole_is_not_cut() {
        let check = |query: &str, count| {
            let steps = Steps { from_ms: 0, to_ms: count, step_ms: 1 };
            steps.check(Some(&read_finished(query).unwrap()), 10).map_err(|error| error.message)
        };
        assert_eq!(check("sum(rate(m[5m]))", 1000), Ok(()));
        assert_eq!(check("running_sum(m)", 10), Ok(()));
        assert!(check("1 + running_sum(m)", 11).unwrap_err().starts_with("`running_sum` looks at"));
        assert!(check("m", 100_000_000).unwrap_err().contains("100000000 steps"));
        assert!(Steps { from_ms: 0, to_ms: 1, step_ms: 0 }.check(None, 10).is_err());
    }
}

//! How often and how long a step may try: `with { … }` and `defaults { … }`, evaluated.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::eval::{Env, Locals, eval};
use super::fault::{Fault, Ran};
use super::scope::Held;
use crate::check::program::{Expr, Policy};
use crate::connection::Clock;
use crate::source::Span;
use crate::value::{ErrorKind, Record, StepError, Value};

/// The longest wait between attempts when `backoff` states none.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The longest wait that a server may ask for when the step states no `timeout`.
const LONGEST_ASKED_MS: u64 = 3_600_000;

/// How waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backoff {
    initial_ms: u64,
    factor: f64,
    max_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial_ms: 1000, factor: 2.0, max_ms: LONGEST_WAIT_MS }
    }
}

/// So many starts in so much time, spread evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    interval_us: u64,
    site: usize,
}

/// What a step may do; `None` where nobody said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Limits {
    /// The longest an attempt may take.
    pub(crate) timeout_ms: Option<u64>,
    /// Attempts after the first.
    pub(crate) retry: Option<u32>,
    /// Waits between attempts.
    pub(crate) backoff: Option<Backoff>,
    /// Starts in time.
    pub(crate) rate: Option<Rate>,
    /// What tells one write from another.
    pub(crate) key: Option<Value>,
    /// How old a value of an earlier run may be.
    pub(crate) cache_ms: Option<u64>,
}

impl Limits {
    /// Evaluates a policy. `site` is where it stands: loop items share the pace of a site.
    pub(crate) fn of(policy: &Policy, env: Env<'_>, depth: usize, site: usize) -> Ran<Self> {
        let locals = &mut Locals::at(depth);
        Ok(Self {
            timeout_ms: read(policy.timeout.as_ref(), env, locals, ABOVE_ZERO, above_zero)?,
            retry: read(policy.retry.as_ref(), env, locals, "an int from 0 to 1000", retries)?,
            backoff: read(
                policy.backoff.as_ref(),
                env,
                locals,
                "a backoff such as `exponential(1s, max: 30s)`",
                backoff,
            )?,
            rate: read(policy.rate.as_ref(), env, locals, "a rate such as `per_minute(10)`", |v| rate(v, site))?,
            key: read(policy.key.as_ref(), env, locals, "a key", |v| Some(v.clone()))?,
            cache_ms: read(policy.cache.as_ref(), env, locals, ABOVE_ZERO, above_zero)?,
        })
    }

    /// These limits, and those of `defaults` where these say nothing. A key is never a default, nor is a cache.
    #[must_use]
    pub(crate) fn or(self, defaults: &Self, site: usize) -> Self {
        Self {
            timeout_ms: self.timeout_ms.or(defaults.timeout_ms),
            retry: self.retry.or(defaults.retry),
            backoff: self.backoff.or(defaults.backoff),
            rate: self.rate.or(defaults.rate.map(|rate| Rate { site, ..rate })),
            key: self.key,
            cache_ms: self.cache_ms,
        }
    }

    /// The longest wait that a server may ask for. Who states no `timeout` has time.
    pub(crate) fn longest_wait(&self) -> u64 {
        self.timeout_ms.unwrap_or(LONGEST_ASKED_MS).max(self.backoff.unwrap_or_default().max_ms)
    }

    /// How long to wait after the attempt with this number, in milliseconds: growing, at most a tenth longer by
    /// chance so that steps which failed together do not come back together, never shorter than the server asked.
    pub(crate) fn wait_after(&self, attempt: u32, asked_ms: Option<u64>) -> u64 {
        let backoff = self.backoff.unwrap_or_default();
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = backoff.initial_ms as f64 * backoff.factor.powi(exponent);
        let bounded = grown.clamp(0.0, backoff.max_ms as f64);
        // Bounded above by a u64, below by zero.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let wait = bounded as u64;
        let jitter = RandomState::new().hash_one(attempt) % (wait / 10 + 1);
        (wait + jitter).max(asked_ms.unwrap_or(0))
    }
}

fn read<T>(
    expr: Option<&Expr>,
    env: Env<'_>,
    locals: &mut Locals,
    wanted: &str,
    take: impl Fn(&Value) -> Option<T>,
) -> Ran<Option<T>> {
    let Some(expr) = expr else { return Ok(None) };
    let value = match eval(expr, env, locals) {
        Err(fault) if fault.is_unknown() => return Ok(None),
        value => value?,
    };
    take(&value).map(Some).ok_or_else(|| misfit(wanted, &value, expr.span))
}

fn misfit(wanted: &str, value: &Value, span: Span) -> Box<Fault> {
    Fault::at(StepError::new(ErrorKind::Data, format!("expected {wanted}, found `{value}`")), span)
}

const ABOVE_ZERO: &str = "a duration above zero";

fn above_zero(value: &Value) -> Option<u64> {
    milliseconds(value).filter(|ms| *ms > 0)
}

fn milliseconds(value: &Value) -> Option<u64> {
    if let Value::Duration(ms) = value { u64::try_from(*ms).ok() } else { None }
}

fn retries(value: &Value) -> Option<u32> {
    if let Value::Int(n) = value { u32::try_from(*n).ok().filter(|n| *n <= 1000) } else { None }
}

fn fields(value: &Value) -> Option<&Record> {
    if let Value::Record(record) = value { Some(record) } else { None }
}

fn backoff(value: &Value) -> Option<Backoff> {
    let record = fields(value)?;
    let factor = match record.get("factor") {
        Some(Value::Float(x)) => *x,
        Some(Value::Int(n)) => *n as f64,
        _ => return None,
    };
    let max_ms = match record.get("max") {
        None | Some(Value::None) => LONGEST_WAIT_MS,
        Some(max) => milliseconds(max)?,
    };
    let initial_ms = milliseconds(record.get("initial")?)?;
    (factor.is_finite() && factor >= 1.0).then_some(Backoff { initial_ms, factor, max_ms })
}

fn rate(value: &Value, site: usize) -> Option<Rate> {
    let record = fields(value)?;
    let Some(Value::Int(count)) = record.get("count") else { return None };
    let count = u64::try_from(*count).ok().filter(|count| *count > 0)?;
    let per_ms = milliseconds(record.get("per")?)?;
    Some(Rate { interval_us: per_ms.saturating_mul(1000) / count, site })
}

/// The result of the write with a key, once it is there.
pub(crate) type Remembered = Arc<OnceCell<Held>>;

/// What steps remember between attempts, loop items and calls. A site is a step of the program.
#[derive(Default)]
pub(crate) struct Sites {
    next_start_us: Mutex<HashMap<usize, i64>>,
    keyed: Mutex<HashMap<usize, HashMap<Value, Remembered>>>,
}

impl Sites {
    /// How long to wait for the next start at this rate; the start is taken.
    pub(crate) fn take_start(&self, rate: Rate, clock: &dyn Clock) -> u64 {
        let now = clock.now().timestamp_micros();
        let mut starts = self.next_start_us.lock().unwrap_or_else(PoisonError::into_inner);
        let next = starts.entry(rate.site).or_insert(now);
        let start = (*next).max(now);
        *next = start.saturating_add(i64::try_from(rate.interval_us).unwrap_or(i64::MAX));
        u64::try_from(start.saturating_sub(now)).unwrap_or(0).div_ceil(1000)
    }

    /// The place for the result of the write with this key at this site; equal keys share it.
    pub(crate) fn remembered(&self, site: usize, key: Value) -> Remembered {
        let mut keyed = self.keyed.lock().unwrap_or_else(PoisonError::into_inner);
        keyed.entry(site).or_default().entry(key).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_heed_the_server() {
        let backoff = Some(Backoff { initial_ms: 1000, factor: 2.0, max_ms: 30_000 });
        let limits = Limits { backoff, ..Limits::default() };
        for (attempt, least) in [(1, 1000), (2, 2000), (3, 4000), (6, 30_000), (4_000_000_000, 30_000)] {
            let wait = limits.wait_after(attempt, None);
            assert!((least..=least + least / 10).contains(&wait), "attempt {attempt} waits {wait}");
        }
        assert_eq!(limits.wait_after(1, Some(90_000)), 90_000);
        assert_eq!(limits.longest_wait(), LONGEST_ASKED_MS);
        assert_eq!(Limits { timeout_ms: Some(20_000), ..limits.clone() }.longest_wait(), 30_000);
        assert_eq!(Limits { timeout_ms: Some(120_000), ..limits }.longest_wait(), 120_000);
    }

    #[test]
    fn the_rate_of_the_defaults_is_kept_by_each_step_for_itself() {
        let defaults = Limits { rate: Some(Rate { interval_us: 6_000_000, site: 0 }), ..Limits::default() };
        let of_step = Limits::default().or(&defaults, 7);
        assert_eq!(of_step.rate, Some(Rate { interval_us: 6_000_000, site: 7 }));
        let own = Limits { rate: Some(Rate { interval_us: 1, site: 8 }), ..Limits::default() };
        assert_eq!(own.clone().or(&defaults, 8).rate, own.rate);
    }

    #[test]
    fn backoffs_and_rates_are_records() {
        let value =
            Value::record([("initial", Value::Duration(500)), ("factor", Value::Float(3.0)), ("max", Value::None)]);
        assert_eq!(backoff(&value), Some(Backoff { initial_ms: 500, factor: 3.0, max_ms: LONGEST_WAIT_MS }));
        let value = Value::record([("count", Value::Int(10)), ("per", Value::Duration(60_000))]);
        assert_eq!(rate(&value, 7), Some(Rate { interval_us: 6_000_000, site: 7 }));
        assert_eq!(above_zero(&Value::Duration(0)), None);
        assert_eq!(retries(&Value::Int(-1)), None);
    }
}

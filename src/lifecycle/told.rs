//! What sinks are told.

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// One event of a run's story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The same however often the event is sent; no two events share one.
    pub id: String,
    /// When it happened; in JSON as RFC 3339 with all digits that the clock gave.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// Whose story.
    pub run: RunFacts,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What is known of a run from its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Its id, a UUID.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The job that it is a run of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The environment.
    pub environment: String,
    /// The W3C `traceparent` of who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl RunFacts {
    /// The job, or the workflow of a run that is nobody's.
    pub fn name(&self) -> &str {
        self.job.as_deref().unwrap_or(&self.workflow)
    }

    /// Twelve characters of `0-9A-Za-z` that stand for the run's id where there is no room for it.
    pub fn short_id(&self) -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let digest = Sha256::digest(self.id.as_bytes());
        let digit = |byte: &u8| DIGITS.get(usize::from(*byte) % DIGITS.len()).copied().map_or('0', char::from);
        digest.iter().take(12).map(digit).collect()
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndStatus {
    /// Well.
    Success,
    /// In part.
    Partial,
    /// With a failure that a value stood in for.
    Recovered,
    /// With a failure.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It never began.
    Skipped,
}

impl EndStatus {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether what ended so has not done what it was for.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }
}

/// A failure, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldError {
    /// Its family, such as `connection`.
    pub kind: String,
    /// What happened.
    pub message: String,
}

/// One attempt of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempted {
    /// When it began.
    #[serde(with = "instant")]
    pub started_at: DateTime<Utc>,
    /// When it was over.
    #[serde(with = "instant")]
    pub ended_at: DateTime<Utc>,
    /// Why it failed; nothing when it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ToldError>,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum What {
    /// The run began.
    #[serde(rename = "run.started")]
    RunStarted {
        /// Its parameters, masked.
        params: Map<String, Json>,
    },
    /// A step was over.
    #[serde(rename = "step.ended")]
    StepEnded {
        /// The step's name after those of the steps around it, with dots between.
        step: String,
        /// The items of the loops around it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<String>,
        /// How.
        status: EndStatus,
        /// When it began.
        #[serde(with = "instant")]
        started_at: DateTime<Utc>,
        /// Its attempts, in order; empty when that is not known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attempts: Vec<Attempted>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ToldError>,
    },
    /// The run was over.
    #[serde(rename = "run.ended")]
    RunEnded {
        /// How.
        status: EndStatus,
        /// In a sentence.
        message: String,
        /// When it began.
        #[serde(with = "instant")]
        started_at: DateTime<Utc>,
        /// How many of the workflow's own steps were done or tried.
        #[serde(default)]
        steps: u64,
        /// What it counted: the outputs that are numbers.
        #[serde(serialize_with = "plainly", deserialize_with = "numbers")]
        counters: IndexMap<String, f64>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ToldError>,
    },
}

impl Told {
    /// How long what ended had taken, in milliseconds; nothing of what begins.
    pub fn duration_ms(&self) -> Option<i64> {
        match &self.what {
            What::RunStarted { .. } => None,
            What::StepEnded { started_at, .. } | What::RunEnded { started_at, .. } => {
                Some((self.at - *started_at).num_milliseconds().max(0))
            }
        }
    }

    /// Nanoseconds since 1970.
    pub(super) fn at_ns(&self) -> i64 {
        nanoseconds(self.at)
    }
}

/// Nanoseconds since 1970; the last that there are for what lies beyond the year 2262.
pub(super) fn nanoseconds(at: DateTime<Utc>) -> i64 {
    at.timestamp_nanos_opt().unwrap_or(i64::MAX)
}

/// RFC 3339 with nine digits of a second at most.
pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A count without a fraction is written without one: `12`, not `12.0`.
fn plainly<S: Serializer>(counters: &IndexMap<String, f64>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(counters.iter().map(|(name, value)| (name, plain(*value))))
}

#[allow(clippy::cast_possible_truncation, reason = "it has been looked at")]
fn plain(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 { Json::from(value as i64) } else { Json::from(value) }
}

/// By way of JSON values: a number inside a flattened member is a map to serde while `serde_json` keeps all digits.
fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<IndexMap<String, f64>, D::Error> {
    let given = IndexMap::<String, Json>::deserialize(from)?;
    let number = |(name, value): (String, Json)| match value.as_f64() {
        Some(number) => Ok((name, number)),
        None => Err(de::Error::custom(format!("the counter `{name}` is no number"))),
    };
    given.into_iter().map(number).collect()
}

mod instant {
    use super::{DateTime, Deserialize, Deserializer, Serializer, Utc, de, shown};

    pub(super) fn serialize<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&shown(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(from)?;
        DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Utc)).map_err(de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An instant, so many milliseconds into a run.
    pub(in crate::lifecycle) fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_000_000_000 + ms).unwrap()
    }

    /// An event of one run.
    pub(in crate::lifecycle) fn told(id: &str, ms: i64, what: What) -> Told {
        let run = RunFacts {
            id: "01990000-0000-7000-8000-000000000001".to_owned(),
            workflow: "extractor".to_owned(),
            job: Some("update bytemark, tickets".to_owned()),
            environment: "prod".to_owned(),
            traceparent: None,
        };
        Told { id: id.to_owned(), at: at(ms), run, what }
    }

    pub(in crate::lifecycle) fn started() -> Told {
        told("1", 0, What::RunStarted { params: Map::new() })
    }

    pub(in crate::lifecycle) fn ended(status: EndStatus) -> Told {
        let error =
            status.is_failure().then(|| ToldError { kind: "connection".to_owned(), message: "it\nbroke".to_owned() });
        let counters = IndexMap::from([("items_created".to_owned(), 12.0), ("ratio".to_owned(), 0.5)]);
        told(
            "3",
            412,
            What::RunEnded { status, message: "done".to_owned(), started_at: at(0), steps: 3, counters, error },
        )
    }

    pub(in crate::lifecycle) fn step() -> Told {
        let failed = ToldError { kind: "timeout".to_owned(), message: "late".to_owned() };
        let attempts = vec![
            Attempted { started_at: at(1), ended_at: at(5), error: Some(failed) },
            Attempted { started_at: at(6), ended_at: at(9), error: None },
        ];
        let (step, item) = ("copies.rows".to_owned(), Some("day=2026-11-02".to_owned()));
        let what = What::StepEnded { step, item, status: EndStatus::Success, started_at: at(1), attempts, error: None };
        told("2", 9, what)
    }

    #[test]
    fn events_survive_json() {
        for event in [started(), step(), ended(EndStatus::Success), ended(EndStatus::Failed)] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), event, "{text}");
        }
        let text = serde_json::to_string(&ended(EndStatus::Partial)).unwrap();
        assert!(text.contains(r#""event":"run.ended""#) && text.contains(r#""status":"partial""#), "{text}");
    }

    #[test]
    fn a_short_id_is_the_same_each_time_and_of_the_right_form() {
        let (first, second) = (started().run.short_id(), ended(EndStatus::Success).run.short_id());
        assert_eq!(first, second);
        assert!(first.len() == 12 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{first}");
        let other = RunFacts { id: "01990000-0000-7000-8000-000000000002".to_owned(), ..started().run };
        assert_ne!(first, other.short_id());
    }

    #[test]
    fn a_clock_that_was_put_back_gives_no_negative_duration() {
        let mut event = ended(EndStatus::Success);
        event.at = at(-5);
        assert_eq!((event.duration_ms(), started().duration_ms()), (Some(0), None));
    }
}

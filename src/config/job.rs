//! Jobs: a workflow with parameters, and when it runs by itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::Value;

use super::cron::{self, Cron};
use super::reading::{Reading, optional, or_default, suggest};
use super::yaml::{Content, Field, Shape, fields};
use crate::diagnostic::{Diagnostic, Severity, closest, codes};
use crate::source::{Span, Spanned};

/// The keys of a job.
const KEYS: &[&str] = &[
    "id",
    "name",
    "description",
    "workflow",
    "enabled",
    "environment",
    "params",
    "labels",
    "schedule",
    "timeout",
    "after",
];

/// The keys of a schedule.
const SCHEDULE_KEYS: &[&str] = &["cron", "timezone", "calendar", "overlap", "catch_up"];

/// A job, with everything in it substituted and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What it is called by.
    pub id: Arc<str>,
    /// What people call it; the id unless the configuration says otherwise.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// The file its workflow is in.
    pub workflow: PathBuf,
    /// The workflow's name, when the file holds several: `workflows/a.flow:b`.
    pub workflow_name: Option<Spanned<Arc<str>>>,
    /// Where the file, and the workflow, are named.
    pub workflow_span: Span,
    /// Whether its schedule counts.
    pub enabled: bool,
    /// The environment it runs in unless a flag or a variable says otherwise.
    pub environment: Option<Spanned<Arc<str>>>,
    /// The values of its parameters.
    pub params: IndexMap<Arc<str>, JobParam>,
    /// What tells it from others: `team: data`.
    pub labels: IndexMap<Arc<str>, Arc<str>>,
    /// When it runs by itself.
    pub schedule: Option<Schedule>,
    /// How long a run may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// The jobs that must have succeeded for the same date.
    pub after: Vec<Spanned<Arc<str>>>,
    /// Where its id stands in the configuration.
    pub span: Span,
    /// What is odd without keeping it from working.
    pub warnings: Vec<Diagnostic>,
}

/// The value that a job gives to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct JobParam {
    /// The value. Where a variable was substituted it is a text, to be read as the text behind `-p name=` is.
    pub value: Value,
    /// Whether a variable was substituted somewhere in it.
    pub substituted: bool,
    /// Whether it must not be shown, by its name or by a variable's that was substituted.
    pub is_secret: bool,
    /// Where the name stands.
    pub key_span: Span,
    /// Where the value stands.
    pub span: Span,
}

/// When a job runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// A cron expression, as written.
    pub cron: Spanned<Arc<str>>,
    /// The zone in which it is read.
    pub timezone: Tz,
    /// The name of the calendar on whose open days alone it runs.
    pub calendar: Option<Spanned<Arc<str>>>,
    /// What happens when the run before has not ended.
    pub overlap: Overlap,
    /// What happens with times at which nothing was there to run it.
    pub catch_up: CatchUp,
    due: Cron,
}

impl Schedule {
    /// The first instant after `now` at which it is due, on a day that `is_open`. A time of day that the clocks of its zone
    /// skip is due when they have jumped, one that comes twice the first time.
    pub fn next(&self, now: DateTime<Utc>, is_open: &dyn Fn(NaiveDate) -> bool) -> Option<DateTime<Tz>> {
        self.due.next(now, self.timezone, is_open).map(|at| at.with_timezone(&self.timezone))
    }
}

/// What happens when a run is due and the one before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// It is left out.
    Skip,
    /// It waits.
    Queue,
    /// The one before is cancelled.
    CancelOld,
}

/// What happens with runs that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// They are left out.
    None,
    /// The latest is made up for.
    Latest,
    /// All are made up for, oldest first.
    All,
}

const OVERLAPS: [(&str, Overlap); 3] =
    [("skip", Overlap::Skip), ("queue", Overlap::Queue), ("cancel_old", Overlap::CancelOld)];

const CATCH_UPS: [(&str, CatchUp); 3] = [("none", CatchUp::None), ("latest", CatchUp::Latest), ("all", CatchUp::All)];

/// The workflow that a job is of.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The file.
    pub(super) path: PathBuf,
    /// The workflow, when the file holds several.
    pub(super) name: Option<Spanned<Arc<str>>>,
    /// Where both are named.
    pub(super) span: Span,
}

/// Types the job in `field`, whose key is its id; `known` are all jobs. `None` when a finding says why not.
pub(super) fn job(reading: &mut Reading<'_>, job: Field<'_>, known: &[&str]) -> Option<Job> {
    let map = reading.map(job)?;
    reading.check_keys(map, KEYS, &format!("job `{}`", job.key));
    let workflow = reading.required(map, "workflow", job.key_span, &format!("job `{}`", job.key));
    let target = workflow.and_then(|field| target(reading, field));
    settings(reading, job, job.key, target, known)
}

/// Types a job of a package: `id` is its whole name, and `target` what it is of.
pub(super) fn packaged(
    reading: &mut Reading<'_>,
    job: Field<'_>,
    id: &str,
    target: Target,
    known: &[&str],
) -> Option<Job> {
    let map = reading.map(job)?;
    reading.check_keys(map, KEYS, &format!("job `{}`", job.key));
    settings(reading, job, id, Some(target), known)
}

/// Everything but the workflow; what is wrong with it is told also when the workflow is.
fn settings(
    reading: &mut Reading<'_>,
    job: Field<'_>,
    id: &str,
    target: Option<Target>,
    known: &[&str],
) -> Option<Job> {
    let map = reading.map(job)?;
    let name = optional(map, "name", |field| reading.name(field));
    let description = optional(map, "description", |field| reading.text(field));
    let enabled = or_default(map, "enabled", true, |field| reading.boolean(field));
    let environment = optional(map, "environment", |field| spanned(reading, field));
    let params = or_default(map, "params", IndexMap::new(), |field| params(reading, field));
    let labels = or_default(map, "labels", IndexMap::new(), |field| labels(reading, field));
    let schedule = optional(map, "schedule", |field| schedule(reading, field));
    let timeout_ms = optional(map, "timeout", |field| reading.duration_ms(field));
    let after = or_default(map, "after", Vec::new(), |field| predecessors(reading, job.key, field, known));
    let target = target?;
    Some(Job {
        name: name?.unwrap_or_else(|| Arc::from(job.key)),
        id: Arc::from(id),
        description: description?,
        workflow: target.path,
        workflow_name: target.name,
        workflow_span: target.span,
        enabled: enabled?,
        environment: environment?,
        params: params?,
        labels: labels?,
        schedule: schedule?,
        timeout_ms: timeout_ms?,
        after: after?,
        span: job.key_span,
        warnings: Vec::new(),
    })
}

/// `workflows/a.flow` or `workflows/a.flow:name`.
pub(super) fn target(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Target> {
    let text = reading.name(field)?;
    let split = text.rsplit_once(':').filter(|(path, name)| has_flow_extension(path) && is_name(name));
    let place = |name: &str| reading.part_span(field, &text, text.len() - name.len()..text.len());
    let named = |name: &str| Spanned::new(Arc::from(name), place(name));
    let (path, name) = split.map_or((&*text, None), |(path, name)| (path, Some(named(name))));
    if !has_flow_extension(path) {
        reading.mismatch(field, "a path such as `workflows/name.flow`", "something else");
        return None;
    }
    Some(Target { path: reading.directory.join(path), name, span: field.node.span })
}

fn has_flow_extension(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "flow")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn params(reading: &mut Reading<'_>, field: Field<'_>) -> Option<IndexMap<Arc<str>, JobParam>> {
    let map = reading.map(field)?;
    let read: Vec<_> = fields(map).map(|field| (Arc::from(field.key), param(reading, field))).collect();
    read.into_iter().map(|(name, param)| Some((name, param?))).collect()
}

fn param(reading: &mut Reading<'_>, field: Field<'_>) -> Option<JobParam> {
    let mut substituted = false;
    let secrets = reading.secrets.len();
    let value = json(reading, field, &mut substituted)?;
    let is_secret = reading.secrets.len() > secrets;
    Some(JobParam { value, substituted, is_secret, key_span: field.key_span, span: field.node.span })
}

fn labels(reading: &mut Reading<'_>, field: Field<'_>) -> Option<IndexMap<Arc<str>, Arc<str>>> {
    let map = reading.map(field)?;
    let read: Vec<_> = fields(map).map(|field| (Arc::from(field.key), reading.name(field))).collect();
    read.into_iter().map(|(name, value)| Some((name, value?))).collect()
}

/// The JSON of a node, variables filled in; the nesting of nodes is bounded when they are read.
fn json(reading: &mut Reading<'_>, given: Field<'_>, substituted: &mut bool) -> Option<Value> {
    match &given.node.content {
        Content::Scalar(_, Shape::Null) => Some(Value::Null),
        Content::Scalar(..) => {
            let scalar = reading.scalar(given, "a value")?;
            *substituted |= scalar.substituted;
            Some(match scalar.shape {
                Shape::Bool(value) => Value::Bool(value),
                Shape::Number(number) => Value::Number(number),
                Shape::Null | Shape::Text => Value::from(&*scalar.text),
            })
        }
        Content::List(items) => {
            let items = items.iter().map(|node| json(reading, Field { node, ..given }, substituted));
            items.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Content::Map(map) => {
            let entries = fields(map).map(|field| (field.key.to_owned(), json(reading, field, substituted)));
            let entries: Vec<_> = entries.collect();
            let entries: Option<serde_json::Map<_, _>> = entries.into_iter().map(|(k, v)| Some((k, v?))).collect();
            entries.map(Value::Object)
        }
    }
}

fn schedule(reading: &mut Reading<'_>, given: Field<'_>) -> Option<Schedule> {
    let map = reading.map(given)?;
    reading.check_keys(map, SCHEDULE_KEYS, "a schedule");
    let read = reading.required(map, "cron", given.key_span, "a schedule").and_then(|field| cron(reading, field));
    let timezone = or_default(map, "timezone", Tz::UTC, |field| timezone(reading, field));
    let calendar = optional(map, "calendar", |field| spanned(reading, field));
    let overlap = or_default(map, "overlap", Overlap::Skip, |field| reading.word(field, &OVERLAPS));
    let catch_up = or_default(map, "catch_up", CatchUp::Latest, |field| reading.word(field, &CATCH_UPS));
    let (cron, due) = read?;
    let (timezone, calendar) = (timezone?, calendar?);
    let schedule = Schedule { cron, timezone, calendar, overlap: overlap?, catch_up: catch_up?, due };
    reading.findings.extend(never_due(&schedule, &due).or_else(|| skipped(&schedule, &due)));
    Some(schedule)
}

/// A cron text, as written and as read.
fn cron(reading: &mut Reading<'_>, field: Field<'_>) -> Option<(Spanned<Arc<str>>, Cron)> {
    let text = spanned(reading, field)?;
    match cron::parse(&text.node) {
        Ok(due) => Some((text, due)),
        Err(wrong) => {
            let span = reading.part_span(field, &text.node, wrong.at);
            reading.report(span, wrong.message, wrong.help);
            None
        }
    }
}

/// The one calendar that is open from Monday to Friday whatever its holidays.
fn is_weekdays(schedule: &Schedule) -> bool {
    schedule.calendar.as_ref().is_some_and(|calendar| &*calendar.node == "weekdays")
}

/// VF306: the cron text names days on which the calendar is never open.
fn never_due(schedule: &Schedule, due: &Cron) -> Option<Diagnostic> {
    let calendar = schedule.calendar.as_ref().filter(|_| is_weekdays(schedule) && due.is_weekend_only())?;
    let message = "this is due on weekends only, when the calendar is closed, so it never runs";
    let finding =
        Diagnostic::new(&codes::VF306, schedule.cron.span, message).label(calendar.span, "closed on weekends");
    Some(finding.help("name a weekday, or leave the calendar out"))
}

/// VF303: once a year the clocks skip the time.
fn skipped(schedule: &Schedule, due: &Cron) -> Option<Diagnostic> {
    let time = due.skipped_time(schedule.timezone, is_weekdays(schedule))?;
    let message = format!(
        "{} does not exist in {} on a day that this is due: the clocks skip it",
        time.format("%H:%M"),
        schedule.timezone
    );
    let mut finding = Diagnostic::new(&codes::VF303, schedule.cron.span, message);
    finding.severity = Severity::Warning;
    Some(finding.help("choose another hour, or `timezone: UTC`, where every time exists"))
}

fn timezone(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Tz> {
    let name = reading.name(field)?;
    if let Ok(zone) = name.parse() {
        return Some(zone);
    }
    let near = closest(&name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    let help = near.map_or_else(
        || "write a name such as `Europe/London` or `UTC`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    reading.report(field.node.span, format!("no time zone `{name}`"), help);
    None
}

/// `after: [a, b]` or `after: a`; each a job that exists, and not this one.
fn predecessors(
    reading: &mut Reading<'_>,
    id: &str,
    after: Field<'_>,
    known: &[&str],
) -> Option<Vec<Spanned<Arc<str>>>> {
    let items = match &after.node.content {
        Content::Scalar(..) => vec![after],
        _ => reading.items(after, "a list of jobs"),
    };
    let names: Vec<_> = items.into_iter().map(|item| predecessor(reading, id, item, known)).collect();
    names.into_iter().collect()
}

fn predecessor(reading: &mut Reading<'_>, id: &str, item: Field<'_>, known: &[&str]) -> Option<Spanned<Arc<str>>> {
    let name = spanned(reading, item)?;
    if &*name.node == id {
        reading.report(name.span, format!("job `{id}` waits for itself"), "remove it from `after`");
        return None;
    }
    if !known.contains(&&*name.node) {
        let help = suggest(&name.node, known.iter().copied(), "jobs");
        reading.report(name.span, format!("no job `{}` to wait for", name.node), help);
        return None;
    }
    Some(name)
}

fn spanned(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Spanned<Arc<str>>> {
    let name = reading.name(field)?;
    Some(Spanned::new(name, field.node.span))
}

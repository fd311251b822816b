//! `vmflow runs`.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::time::{instant, second, span};
use super::{History, Refused};
use crate::cli::Exit;
use crate::cli::arguments::{ListFormat, RunsList};
use crate::cli::table;
use crate::cli::terminal::Terminal;
use crate::store::{RunRow, Selection, Status};

/// How much of an id is shown: the instant that it begins with, to the millisecond.
const SHORT: usize = 13;

/// The longest message in a listing.
const LONGEST: usize = 60;

pub(super) fn list(command: &RunsList, history: &History, now_ms: i64, terminal: &Terminal) -> Result<String, Refused> {
    let last =
        command.last.as_deref().map(span).transpose().map_err(|why| (Exit::Usage, format!("`--last`: {why}")))?;
    let selection = Selection {
        since_ms: last.map(|last| now_ms.saturating_sub(last)),
        statuses: command.status.iter().map(|status| Status::from(*status)).collect(),
        job: command.job.clone(),
        ..Selection::newest(command.limit)
    };
    let runs = history.ask(history.store.runs(&selection))?;
    Ok(match command.format {
        ListFormat::Json => format!("{:#}\n", json!({ "runs": runs.iter().map(as_json).collect::<Vec<_>>() })),
        ListFormat::Human if runs.is_empty() => "no runs\n".to_owned(),
        ListFormat::Human => table::aligned(&rows(&runs), terminal.width.max(140)),
    })
}

fn rows(runs: &[RunRow]) -> Vec<Vec<String>> {
    let head = ["RUN", "STATUS", "STARTED", "TOOK", "WHAT", "MESSAGE"];
    let head = head.map(str::to_owned).to_vec();
    std::iter::once(head).chain(runs.iter().map(row)).collect()
}

fn row(run: &RunRow) -> Vec<String> {
    let begin = &run.begin;
    let what = match &begin.job {
        Some(job) => format!("{job} ({})", begin.environment),
        None => format!("{} ({})", begin.workflow, begin.environment),
    };
    let message = match (&run.message, run.status) {
        (Some(message), _) => cut(message),
        (None, Status::Crashed) if run.is_broken_off => "its record broke off; how it ended is not known".to_owned(),
        (None, Status::Crashed) => format!("broke off; `vmflow resume {}` goes on", short(run)),
        (None, _) => String::new(),
    };
    vec![short(run), run.status.name().to_owned(), second(begin.started_at), took(run), what, message]
}

fn cut(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The beginning of a run's id.
pub(in crate::cli) fn short(run: &RunRow) -> String {
    run.begin.id.to_string().chars().take(SHORT).collect()
}

/// When a run started.
pub(in crate::cli) fn started(run: &RunRow) -> String {
    second(run.begin.started_at)
}

/// How long a run took, from its first start to its last end.
pub(super) fn took(run: &RunRow) -> String {
    let Some(finished) = run.finished_at else { return String::new() };
    let ms = (finished - run.begin.started_at).max(0);
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A run in a listing.
pub(in crate::cli) fn as_json(run: &RunRow) -> Json {
    let begin = &run.begin;
    json!({
        "run_id": begin.id.to_string(),
        "workflow": begin.workflow,
        "job_id": begin.job,
        "environment": begin.environment,
        "status": run.status.name(),
        "message": run.message,
        "started_at": instant(begin.started_at),
        "completed_at": run.finished_at.map(instant),
        "duration_ms": run.finished_at.map(|finished| (finished - begin.started_at).max(0)),
        "trigger": begin.trigger,
        "attempts": run.epoch,
        "is_broken_off": run.is_broken_off,
        "batch": begin.batch.map(|batch| batch.to_string()),
    })
}

/// The newest run of each of some jobs.
pub(in crate::cli) fn last_of_jobs<'a>(
    history: &History,
    jobs: impl Iterator<Item = &'a str>,
) -> HashMap<String, RunRow> {
    let newest = |job: &str| {
        let selection = Selection { job: Some(job.to_owned()), ..Selection::newest(1) };
        history.ask(history.store.runs(&selection)).ok()?.pop()
    };
    jobs.filter_map(|job| Some((job.to_owned(), newest(job)?))).collect()
}

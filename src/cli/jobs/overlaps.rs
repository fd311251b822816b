//! Jobs that are due again before they are usually done.

use chrono::{DateTime, Utc};

use crate::cli::history::History;
use crate::config::{Job, Overlap, Schedule};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::diagnostic::{Diagnostic, codes};
use crate::package::{Due, next_due};
use crate::store::{RunRow, Selection, Status};
use crate::value::Value;

/// How many of a job's last runs are looked at, and how many there must be for them to say something.
const LOOKED_AT: u32 = 20;
const ENOUGH: usize = 5;

/// How many times at which a job is due are compared: a schedule that is irregular is so within a few days.
const DUES: usize = 200;

/// VF805: jobs whose last runs took longer than what lies between two times at which they are due.
pub(in crate::cli) fn overlaps<'j>(jobs: impl Iterator<Item = &'j Job>, history: &History) -> Vec<Diagnostic> {
    let now = SystemClock.now();
    jobs.filter(|job| job.enabled).filter_map(|job| overlap(job, job.schedule.as_ref()?, history, now)).collect()
}

fn overlap(job: &Job, schedule: &Schedule, history: &History, now: DateTime<Utc>) -> Option<Diagnostic> {
    let between = shortest_wait(schedule, now)?;
    let most = LOOKED_AT;
    let selection = Selection { job: Some(job.id.to_string()), statuses: ENDED.to_vec(), ..Selection::newest(most) };
    // Without a store that can be read nothing is known of the job.
    let runs = history.ask(history.store.runs(&selection)).ok()?;
    let mut took: Vec<i64> = runs.iter().filter_map(duration_ms).collect();
    took.sort_unstable();
    let usual = *took.get((took.len() * 95).div_ceil(100).checked_sub(1)?).filter(|_| took.len() >= ENOUGH)?;
    if usual <= between {
        return None;
    }
    let shown = |ms: i64| Value::Duration(ms - ms % 1000);
    let message = format!(
        "`{}` is due {} after the time before, and 95 % of its last {} runs took up to {}",
        job.id,
        shown(between),
        took.len(),
        shown(usual)
    );
    let then = match schedule.overlap {
        Overlap::Skip => "a run that is due meanwhile is left out",
        Overlap::Queue => "runs that are due meanwhile wait, and ever more of them",
        Overlap::CancelOld => "each is cancelled by the next",
    };
    let finding = Diagnostic::new(&codes::VF805, schedule.cron.span, message);
    Some(finding.help(format!("{then}; let it be due less often, or give each run less to do")))
}

const ENDED: [Status; 3] = [Status::Success, Status::Partial, Status::Failed];

/// How long a run took; `None` of one that was taken up later, which waited in between.
fn duration_ms(run: &RunRow) -> Option<i64> {
    run.finished_at.filter(|_| run.epoch == 1).map(|end| end - run.begin.started_at)
}

/// The shortest time between two at which it is due, in milliseconds; `None` when it is not due twice.
fn shortest_wait(schedule: &Schedule, now: DateTime<Utc>) -> Option<i64> {
    let next = |from: DateTime<Utc>| match next_due(schedule, from) {
        Due::At(at) | Due::Perhaps(at) => Some(at.with_timezone(&Utc)),
        Due::Never => None,
    };
    let dues: Vec<DateTime<Utc>> = std::iter::successors(next(now), |at| next(*at)).take(DUES).collect();
    dues.windows(2).filter_map(|pair| if let [a, b] = pair { Some((*b - *a).num_milliseconds()) } else { None }).min()
}

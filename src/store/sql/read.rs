//! What only looks at the tables.

use serde_json::Value as Json;
use uuid::Uuid;

use super::home::LeaseLeft;
use super::link::{Done, Link, Row, binds};
use crate::store::{Begin, EffectRow, EventRow, Program, RunRow, Selection, Status, StepRow, StepState};

const RUN: &str = "id, workflow, job, target, environment, connections, program, params, now, trigger, batch, status,
  epoch, worker, started_at, finished_at, message, result";

/// The runs that a selection means; where it names runs that go on or crashed, too many, since which of the two is not known
/// here.
pub(super) async fn runs(link: &mut Link, selection: &Selection) -> Done<Vec<(RunRow, LeaseLeft)>> {
    let unsure = [Status::Running, Status::Crashed];
    let is_sure = !selection.statuses.iter().any(|status| unsure.contains(status));
    let most = if is_sure { i64::from(selection.most) } else { i64::MAX };
    let stored = Status::ALL.into_iter().filter(|status| {
        selection.statuses.is_empty() || selection.statuses.contains(status) || (!is_sure && unsure.contains(status))
    });
    let stored: Vec<String> = stored.map(|status| format!("'{}'", status.name())).collect();
    let sql = format!(
        "select {RUN}, lease_until - {} as lease_left from runs
         where ($1 is null or substr(replace(id, '-', ''), 1, length($1)) = $1)
           and ($2 is null or started_at >= $2)
           and ($3 is null or job = $3 or workflow = $3)
           and ($4 is null or batch = $4) and status in ({})
         order by started_at desc, id desc limit $5",
        link.words().now,
        stored.join(", ")
    );
    let batch = selection.batch.map(|batch| batch.to_string());
    let rows = link
        .rows(&sql, binds![selection.prefix.clone(), selection.since_ms, selection.job.clone(), batch, most])
        .await?;
    rows.iter().map(|row| Ok((run(row)?, row.maybe_int("lease_left")?))).collect()
}

fn run(row: &Row) -> Done<RunRow> {
    let uuid = |text: Option<String>| text.and_then(|text| text.parse::<Uuid>().ok());
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Json>(&text).ok());
    let begin = Begin {
        id: uuid(row.maybe_text("id")?).unwrap_or_default(),
        workflow: row.text("workflow")?,
        job: row.maybe_text("job")?,
        target: row.text("target")?,
        environment: row.text("environment")?,
        connections: row.text("connections")?,
        program_hash: row.text("program")?,
        program: Program::default(),
        params: json(row.maybe_text("params")?).unwrap_or_default(),
        now: json(row.maybe_text("now")?).unwrap_or_default(),
        trigger: row.text("trigger")?,
        batch: uuid(row.maybe_text("batch")?),
        in_place_of: None,
        worker: row.text("worker")?,
        started_at: row.int("started_at")?,
        told: None,
    };
    Ok(RunRow {
        begin,
        status: status_of(row)?,
        is_broken_off: false,
        epoch: row.count("epoch")?,
        message: row.maybe_text("message")?,
        result: json(row.maybe_text("result")?),
        finished_at: row.maybe_int("finished_at")?,
    })
}

fn status_of(row: &Row) -> Done<Status> {
    Ok(Status::find(&row.text("status")?).unwrap_or(Status::Crashed))
}

/// How a run stands on record, and whose it is.
pub(super) struct Standing {
    pub(super) status: Status,
    pub(super) epoch: u32,
    pub(super) worker: String,
    pub(super) left: LeaseLeft,
}

pub(super) async fn standing(link: &mut Link, run: Uuid) -> Done<Option<Standing>> {
    let now = link.words().now;
    let sql = format!("select status, epoch, worker, lease_until - {now} as lease_left from runs where id = $1");
    let Some(row) = link.row(&sql, binds![run.to_string()]).await? else { return Ok(None) };
    let (status, epoch, worker) = (status_of(&row)?, row.count("epoch")?, row.text("worker")?);
    Ok(Some(Standing { status, epoch, worker, left: row.maybe_int("lease_left")? }))
}

pub(super) async fn program(link: &mut Link, hash: &str) -> Done<Option<Program>> {
    let row = link.row("select texts from programs where hash = $1", binds![hash]).await?;
    let texts = row.map(|row| row.text("texts")).transpose()?;
    let read = |texts: String| serde_json::from_str(&texts).map_err(|error| sqlx::Error::Decode(error.into()));
    texts.map(read).transpose()
}

pub(super) async fn steps(link: &mut Link, run: Uuid) -> Done<Vec<StepRow>> {
    let sql = format!("select * from steps where run = $1 order by {}", link.words().order);
    link.rows(&sql, binds![run.to_string()]).await?.iter().map(step).collect()
}

fn step(row: &Row) -> Done<StepRow> {
    Ok(StepRow {
        key: row.text("key")?,
        path: row.text("path")?,
        item: row.maybe_text("item")?,
        kind: row.text("kind")?,
        state: match &*row.text("state")? {
            "done" => StepState::Done,
            "failed" => StepState::Failed,
            _ => StepState::Announced,
        },
        code: row.text("code")?,
        input: row.text("input")?,
        output: row.maybe_text("output")?,
        withheld: row.maybe_text("withheld")?,
        error: row.maybe_text("error")?.and_then(|error| serde_json::from_str(&error).ok()),
        attempts: row.count("attempts")?,
        tried: row.maybe_text("tried")?.and_then(|tried| serde_json::from_str(&tried).ok()).unwrap_or_default(),
        started_at: row.int("started_at")?,
        duration_ms: row.int("duration_ms")?,
        epoch: row.count("epoch")?,
    })
}

pub(super) async fn effects(link: &mut Link, run: Uuid) -> Done<Vec<EffectRow>> {
    let sql = format!("select key, has_happened from effects where run = $1 order by {}", link.words().order);
    let rows = link.rows(&sql, binds![run.to_string()]).await?;
    let effect = |row: &Row| {
        let has_happened = row.maybe_int("has_happened")?.map(|happened| happened != 0);
        Ok(EffectRow { key: row.text("key")?, has_happened })
    };
    rows.iter().map(effect).collect()
}

pub(super) async fn events(link: &mut Link, run: Uuid) -> Done<Vec<EventRow>> {
    let sql = "select seq, epoch, body from events where run = $1 order by epoch, seq";
    let rows = link.rows(sql, binds![run.to_string()]).await?;
    let event = |row: &Row| {
        Ok(EventRow { seq: row.int("seq")?.unsigned_abs(), epoch: row.count("epoch")?, body: row.text("body")? })
    };
    rows.iter().map(event).collect()
}

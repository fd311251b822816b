//! What only looks at the file.

use std::collections::HashSet;

use serde_json::Value as Json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use crate::store::{Begin, EffectRow, EventRow, Program, RunRow, Selection, Status, StepRow, StepState};

type Done<T> = Result<T, sqlx::Error>;

const RUN: &str = "id, workflow, job, target, environment, connections, program, params, now, trigger, batch, status,
  epoch, worker, started_at, finished_at, message, result";

/// The runs that a selection means, its statuses aside: whether a run goes on is not known here.
pub(super) async fn runs(connection: &mut SqliteConnection, selection: &Selection) -> Done<Vec<RunRow>> {
    let most = if selection.statuses.is_empty() { i64::from(selection.most) } else { -1 };
    let sql = format!(
        "select {RUN} from runs
         where (?1 is null or substr(replace(id, '-', ''), 1, length(?1)) = ?1)
           and (?2 is null or started_at >= ?2)
           and (?3 is null or job = ?3 or workflow = ?3)
           and (?4 is null or batch = ?4)
         order by started_at desc, id desc limit ?5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&selection.prefix)
        .bind(selection.since_ms)
        .bind(&selection.job)
        .bind(selection.batch.map(|batch| batch.to_string()))
        .bind(most)
        .fetch_all(connection)
        .await?;
    rows.iter().map(run).collect()
}

fn run(row: &SqliteRow) -> Done<RunRow> {
    let uuid = |text: Option<String>| text.and_then(|text| text.parse::<Uuid>().ok());
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Json>(&text).ok());
    let begin = Begin {
        id: uuid(row.try_get("id")?).unwrap_or_default(),
        workflow: row.try_get("workflow")?,
        job: row.try_get("job")?,
        target: row.try_get("target")?,
        environment: row.try_get("environment")?,
        connections: row.try_get("connections")?,
        program_hash: row.try_get("program")?,
        program: Program::default(),
        params: json(row.try_get("params")?).unwrap_or_default(),
        now: json(row.try_get("now")?).unwrap_or_default(),
        trigger: row.try_get("trigger")?,
        batch: uuid(row.try_get("batch")?),
        worker: row.try_get("worker")?,
        started_at: row.try_get("started_at")?,
        told: None,
    };
    let status: String = row.try_get("status")?;
    Ok(RunRow {
        begin,
        status: Status::find(&status).unwrap_or(Status::Crashed),
        is_broken_off: false,
        epoch: row.try_get("epoch")?,
        message: row.try_get("message")?,
        result: json(row.try_get("result")?),
        finished_at: row.try_get("finished_at")?,
    })
}

/// How a run stands on record, and who runs it.
pub(super) async fn status(connection: &mut SqliteConnection, run: Uuid) -> Done<Option<(Status, String)>> {
    let row: Option<(String, String)> = sqlx::query_as("select status, worker from runs where id = ?1")
        .bind(run.to_string())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|(status, worker)| (Status::find(&status).unwrap_or(Status::Crashed), worker)))
}

pub(super) async fn program(connection: &mut SqliteConnection, hash: &str) -> Done<Option<Program>> {
    let texts: Option<String> =
        sqlx::query_scalar("select texts from programs where hash = ?1").bind(hash).fetch_optional(connection).await?;
    Ok(texts.and_then(|texts| serde_json::from_str(&texts).ok()))
}

pub(super) async fn steps(connection: &mut SqliteConnection, run: Uuid) -> Done<Vec<StepRow>> {
    let rows = sqlx::query("select * from steps where run = ?1 order by rowid")
        .bind(run.to_string())
        .fetch_all(connection)
        .await?;
    rows.iter().map(step).collect()
}

fn step(row: &SqliteRow) -> Done<StepRow> {
    let state: String = row.try_get("state")?;
    let error: Option<String> = row.try_get("error")?;
    Ok(StepRow {
        key: row.try_get("key")?,
        path: row.try_get("path")?,
        item: row.try_get("item")?,
        kind: row.try_get("kind")?,
        state: match &*state {
            "done" => StepState::Done,
            "failed" => StepState::Failed,
            _ => StepState::Announced,
        },
        code: row.try_get("code")?,
        input: row.try_get("input")?,
        output: row.try_get("output")?,
        withheld: row.try_get("withheld")?,
        error: error.and_then(|error| serde_json::from_str(&error).ok()),
        attempts: row.try_get("attempts")?,
        started_at: row.try_get("started_at")?,
        duration_ms: row.try_get("duration_ms")?,
        epoch: row.try_get("epoch")?,
    })
}

pub(super) async fn effects(connection: &mut SqliteConnection, run: Uuid) -> Done<Vec<EffectRow>> {
    let rows: Vec<(String, Option<bool>)> =
        sqlx::query_as("select key, has_happened from effects where run = ?1 order by rowid")
            .bind(run.to_string())
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|(key, has_happened)| EffectRow { key, has_happened }).collect())
}

/// `None`: there is no such value; `Some(None)`: it lies in a file.
pub(super) async fn output(connection: &mut SqliteConnection, hash: &str) -> Done<Option<Option<String>>> {
    sqlx::query_scalar("select body from outputs where hash = ?1").bind(hash).fetch_optional(connection).await
}

/// What stands for the values that lie in files.
pub(super) async fn large(connection: &mut SqliteConnection) -> Done<HashSet<String>> {
    let rows: Vec<String> =
        sqlx::query_scalar("select hash from outputs where body is null").fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn events(connection: &mut SqliteConnection, run: Uuid) -> Done<Vec<EventRow>> {
    let rows: Vec<(i64, u32, String)> =
        sqlx::query_as("select seq, epoch, body from events where run = ?1 order by epoch, seq")
            .bind(run.to_string())
            .fetch_all(connection)
            .await?;
    let row = |(seq, epoch, body): (i64, u32, String)| EventRow { seq: seq.unsigned_abs(), epoch, body };
    Ok(rows.into_iter().map(row).collect())
}

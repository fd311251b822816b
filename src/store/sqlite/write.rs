//! What changes the file. Many rows go in as one JSON array each: a statement for a table, however many there are.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::outputs::LARGE;
use super::told;
use crate::store::{Begin, Entry, Finished, Pruned, Settled, Status, StepRow, StepState, may_become};

type Done<T> = Result<T, sqlx::Error>;

pub(super) const NOW: &str = "cast(unixepoch('subsec') * 1000 as integer)";

pub(super) async fn begin(connection: &mut SqliteConnection, run: &Begin) -> Done<()> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "insert into programs (hash, texts, created_at) values (?1, ?2, {NOW}) on conflict (hash) do nothing"
    )))
    .bind(&run.program_hash)
    .bind(serde_json::to_string(&run.program).unwrap_or_default())
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "insert into runs (id, workflow, job, target, environment, connections, program, params, now, trigger, batch,
           status, epoch, worker, started_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'running', 1, ?12, ?13)",
    )
    .bind(run.id.to_string())
    .bind(&run.workflow)
    .bind(&run.job)
    .bind(&run.target)
    .bind(&run.environment)
    .bind(&run.connections)
    .bind(&run.program_hash)
    .bind(run.params.to_string())
    .bind(run.now.to_string())
    .bind(&run.trigger)
    .bind(run.batch.map(|batch| batch.to_string()))
    .bind(&run.worker)
    .bind(run.started_at)
    .execute(&mut *transaction)
    .await?;
    told::add(&mut transaction, &run.told.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    transaction.commit().await
}

/// `false` when the run belongs to somebody else by now.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    run: Uuid,
    epoch: u32,
    entries: &[Entry],
    end: Option<&Finished>,
) -> Done<bool> {
    let id = run.to_string();
    let mut transaction = connection.begin_with("begin immediate").await?;
    if !is_owner(&mut transaction, &id, epoch).await? {
        return Ok(false);
    }
    let rows = Rows::of(entries);
    outputs(&mut transaction, &rows.outputs).await?;
    effects(&mut transaction, &id, epoch, &rows).await?;
    steps(&mut transaction, &id, &rows.steps).await?;
    events(&mut transaction, &id, entries).await?;
    let of_entries = entries.iter().filter_map(|entry| match entry {
        Entry::Told(body) => Some(body),
        _ => None,
    });
    let of_end = end.and_then(|end| end.told.as_ref());
    told::add(&mut transaction, &of_entries.chain(of_end).map(String::as_str).collect::<Vec<_>>()).await?;
    if let Some(end) = end {
        finish(&mut transaction, &id, end).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// The write lock is held already, so nobody takes the run over between this and the commit.
async fn is_owner(connection: &mut SqliteConnection, id: &str, epoch: u32) -> Done<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("select 1 from runs where id = ?1 and epoch = ?2 and status = 'running'")
            .bind(id)
            .bind(epoch)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

/// The last that is said of each step, and the values.
struct Rows<'a> {
    steps: Vec<&'a StepRow>,
    announced: Vec<&'a str>,
    outputs: Vec<Json>,
}

impl<'a> Rows<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let (mut steps, mut places) = (Vec::new(), HashMap::new());
        let (mut announced, mut outputs) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Step(row) | Entry::Announced(row) => {
                    if matches!(entry, Entry::Announced(_)) {
                        announced.push(&*row.key);
                    }
                    let at = *places.entry(&*row.key).or_insert(steps.len());
                    match steps.get_mut(at) {
                        Some(known) => *known = row,
                        None => steps.push(row),
                    }
                }
                Entry::Output { hash, json } => {
                    let body = (json.len() < LARGE).then_some(json);
                    outputs.push(json!({ "hash": hash, "bytes": json.len(), "body": body }));
                }
                Entry::Event(_) | Entry::Told(_) => {}
            }
        }
        Self { steps, announced, outputs }
    }
}

async fn outputs(connection: &mut SqliteConnection, rows: &[Json]) -> Done<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into outputs (hash, bytes, body)
         select j.value ->> 'hash', j.value ->> 'bytes', j.value ->> 'body' from json_each(?1) as j where true
         on conflict (hash) do nothing",
    )
    .bind(Json::from(rows).to_string())
    .execute(connection)
    .await
    .map(|_| ())
}

async fn effects(connection: &mut SqliteConnection, id: &str, epoch: u32, rows: &Rows<'_>) -> Done<()> {
    if !rows.announced.is_empty() {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "insert into effects (run, key, epoch, announced_at)
             select ?1, j.value, ?2, {NOW} from json_each(?3) as j where true
             on conflict (run, key) do update set epoch = excluded.epoch, announced_at = excluded.announced_at,
               has_happened = null"
        )))
        .bind(id)
        .bind(epoch)
        .bind(json!(rows.announced).to_string())
        .execute(&mut *connection)
        .await?;
    }
    let over = rows.steps.iter().filter(|row| row.kind == "write" && row.state != StepState::Announced);
    let over: Vec<Json> = over.map(|row| json!([row.key, i64::from(row.state == StepState::Done)])).collect();
    if over.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update effects set has_happened = j.value ->> 1 from json_each(?2) as j
         where effects.run = ?1 and effects.key = j.value ->> 0",
    )
    .bind(id)
    .bind(Json::from(over).to_string())
    .execute(connection)
    .await
    .map(|_| ())
}

async fn steps(connection: &mut SqliteConnection, id: &str, rows: &[&StepRow]) -> Done<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into steps (run, key, path, item, kind, state, code, input, output, withheld, error, attempts,
           started_at, duration_ms, epoch)
         select ?1, v ->> 'key', v ->> 'path', v ->> 'item', v ->> 'kind', v ->> 'state', v ->> 'code', v ->> 'input',
           v ->> 'output', v ->> 'withheld', v ->> 'error', v ->> 'attempts', v ->> 'started_at', v ->> 'duration_ms',
           v ->> 'epoch'
         from (select j.value as v from json_each(?2) as j) where true
         on conflict (run, key) do update set path = excluded.path, item = excluded.item, kind = excluded.kind,
           state = excluded.state, code = excluded.code, input = excluded.input, output = excluded.output,
           withheld = excluded.withheld, error = excluded.error, attempts = excluded.attempts,
           started_at = excluded.started_at, duration_ms = excluded.duration_ms, epoch = excluded.epoch",
    )
    .bind(id)
    .bind(serde_json::to_string(rows).unwrap_or_default())
    .execute(connection)
    .await
    .map(|_| ())
}

async fn events(connection: &mut SqliteConnection, id: &str, entries: &[Entry]) -> Done<()> {
    let events = entries.iter().filter_map(|entry| match entry {
        Entry::Event(event) => Some(json!([event.epoch, event.seq, event.body])),
        _ => None,
    });
    let events: Vec<Json> = events.collect();
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into events (run, epoch, seq, body)
         select ?1, j.value ->> 0, j.value ->> 1, j.value ->> 2 from json_each(?2) as j",
    )
    .bind(id)
    .bind(Json::from(events).to_string())
    .execute(connection)
    .await
    .map(|_| ())
}

async fn finish(connection: &mut SqliteConnection, id: &str, end: &Finished) -> Done<()> {
    debug_assert!(may_become(Status::Running, end.status), "`is_owner` saw it running");
    sqlx::query("update runs set status = ?2, message = ?3, result = ?4, finished_at = ?5 where id = ?1")
        .bind(id)
        .bind(end.status.name())
        .bind(&end.message)
        .bind(end.result.to_string())
        .bind(end.at)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The new epoch; `None` when the run is not in that state any more.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    run: Uuid,
    worker: &str,
    from: Status,
) -> Done<Option<u32>> {
    if !may_become(from, Status::Running) {
        return Ok(None);
    }
    sqlx::query_scalar(
        "update runs set status = 'running', epoch = epoch + 1, worker = ?2, finished_at = null, message = null,
           result = null
         where id = ?1 and status = ?3 returning epoch",
    )
    .bind(run.to_string())
    .bind(worker)
    .bind(from.name())
    .fetch_optional(connection)
    .await
}

pub(super) async fn settle(connection: &mut SqliteConnection, run: Uuid, settled: &[Settled]) -> Done<()> {
    let id = run.to_string();
    let mut transaction = connection.begin_with("begin immediate").await?;
    for one in settled {
        let output = one.output.as_ref();
        if let Some((hash, json)) = output {
            let row = json!([{ "hash": hash, "bytes": json.len(), "body": json }]);
            outputs(&mut transaction, row.as_array().map_or(&[], Vec::as_slice)).await?;
        }
        sqlx::query("update effects set has_happened = ?3 where run = ?1 and key = ?2")
            .bind(&id)
            .bind(&one.key)
            .bind(one.has_happened)
            .execute(&mut *transaction)
            .await?;
        let withheld = output.is_none().then_some("nobody said what it gave");
        sqlx::query(
            "update steps set state = ?3, output = ?4, withheld = ?5, error = null where run = ?1 and key = ?2",
        )
        .bind(&id)
        .bind(&one.key)
        .bind(if one.has_happened { "done" } else { "failed" })
        .bind(output.map(|(hash, _)| hash))
        .bind(withheld)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

/// What was removed, and the runs; in a trial all is rolled back again.
pub(super) async fn prune(
    connection: &mut SqliteConnection,
    before_ms: i64,
    keep: u32,
    is_trial: bool,
    is_alive: impl Fn(Uuid) -> bool,
) -> Done<(Pruned, Vec<Uuid>)> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let old: Vec<(String, String)> = sqlx::query_as(
        "select id, status from runs where started_at < ?1
         and id not in (select id from runs order by started_at desc, id desc limit ?2)",
    )
    .bind(before_ms)
    .bind(keep)
    .fetch_all(&mut *transaction)
    .await?;
    let old = old.into_iter().filter_map(|(id, status)| Some((id.parse::<Uuid>().ok()?, status)));
    let old: Vec<Uuid> = old.filter(|(id, status)| status != "running" || !is_alive(*id)).map(|(id, _)| id).collect();
    let ids = json!(old.iter().map(Uuid::to_string).collect::<Vec<_>>()).to_string();
    for table in ["events", "effects", "steps"] {
        let sql = format!("delete from {table} where run in (select value from json_each(?1))");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&ids).execute(&mut *transaction).await?;
    }
    sqlx::query("delete from runs where id in (select value from json_each(?1))")
        .bind(&ids)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("delete from programs where hash not in (select program from runs)").execute(&mut *transaction).await?;
    let outputs =
        sqlx::query("delete from outputs where hash not in (select output from steps where output is not null)")
            .execute(&mut *transaction)
            .await?
            .rows_affected();
    if is_trial {
        transaction.rollback().await?;
    } else {
        transaction.commit().await?;
    }
    Ok((Pruned { runs: old.len() as u64, outputs }, if is_trial { Vec::new() } else { old }))
}

//! What changes the tables. Many rows go in as one JSON array each: a statement for a table, however many there are.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::link::{Done, Link, binds};
use super::words::Kind::{Int, Text};
use super::{outputs, told};
use crate::abort::{self, Point};
use crate::store::{Begin, Entry, Finished, Settled, Status, StepRow, StepState, may_become};

/// A lease in milliseconds, for owners whom the database alone knows.
pub(super) type LeaseMs = Option<i64>;

/// What comes of putting a run on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begun {
    /// It is there.
    Done,
    /// Another run has its day of the back-fill; the id of that.
    Taken(String),
}

pub(super) async fn begin(link: &mut Link, run: &Begin, lease: LeaseMs) -> Done<Begun> {
    link.begin().await?;
    if let Some(batch) = run.batch
        && let Some(other) = take_day(link, &batch.to_string(), run).await?
    {
        link.rollback().await?;
        return Ok(Begun::Taken(other));
    }
    let now = link.words().now;
    link.run(
        &format!("insert into programs (hash, texts, created_at) values ($1, $2, {now}) on conflict (hash) do nothing"),
        binds![&*run.program_hash, serde_json::to_string(&run.program).unwrap_or_default()],
    )
    .await?;
    link.run(
        &format!(
            "insert into runs (id, workflow, job, target, environment, connections, program, params, now, trigger,
               batch, status, epoch, worker, started_at, lease_until)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'running', 1, $12, $13, {now} + $14)"
        ),
        binds![
            run.id.to_string(),
            &*run.workflow,
            run.job.clone(),
            &*run.target,
            &*run.environment,
            &*run.connections,
            &*run.program_hash,
            run.params.to_string(),
            run.now.to_string(),
            &*run.trigger,
            run.batch.map(|batch| batch.to_string()),
            &*run.worker,
            run.started_at,
            lease,
        ],
    )
    .await?;
    told::add(link, &run.told.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    abort::at(Point::J0);
    link.commit().await?;
    Ok(Begun::Done)
}

/// Takes the day that a run of a back-fill is for; gives the run that has it already.
async fn take_day(link: &mut Link, batch: &str, run: &Begin) -> Done<Option<String>> {
    let (now, before) = (run.now.to_string(), run.in_place_of.map(|before| before.to_string()));
    let taken = link
        .run(
            "insert into days as d (batch, now, run) values ($1, $2, $3)
             on conflict (batch, now) do update set run = excluded.run where d.run = $4",
            binds![batch, &*now, run.id.to_string(), before],
        )
        .await?;
    if taken > 0 {
        abort::at(Point::J9);
        return Ok(None);
    }
    let row = link.row("select run from days where batch = $1 and now = $2", binds![batch, now]).await?;
    row.map_or(Err(sqlx::Error::RowNotFound), |row| row.text("run").map(Some))
}

/// What a commit is told of the one before it, and what it tells the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is on record, as the run's so manieth commit since it was last taken up.
    Done(i64),
    /// The run belongs to somebody else by now.
    Lost,
}

/// Adds entries. `unsure` is the number of a commit of the same entries of which nobody knows whether it happened.
pub(super) async fn append(
    link: &mut Link,
    (run, epoch): (Uuid, u32),
    entries: &[Entry],
    end: Option<&Finished>,
    (lease, unsure): (LeaseMs, Option<i64>),
) -> Done<Appended> {
    let id = run.to_string();
    link.begin().await?;
    if let Some(number) = unsure
        && has_happened(link, (&id, epoch), number, end).await?
    {
        link.rollback().await?;
        return Ok(Appended::Done(number));
    }
    let Some(number) = take_part(link, &id, epoch, lease).await? else {
        link.rollback().await?;
        return Ok(Appended::Lost);
    };
    let rows = Rows::of(entries);
    outputs::add(link, &rows.outputs).await?;
    if !rows.outputs.is_empty() {
        abort::at(Point::J5);
    }
    effects(link, &id, epoch, &rows).await?;
    steps(link, &id, &rows.steps).await?;
    events(link, &id, entries).await?;
    let of_entries = entries.iter().filter_map(|entry| match entry {
        Entry::Told(body) => Some(body),
        _ => None,
    });
    let of_end = end.and_then(|end| end.told.as_ref());
    told::add(link, &of_entries.chain(of_end).map(String::as_str).collect::<Vec<_>>()).await?;
    if let Some(end) = end {
        finish(link, &id, end).await?;
        abort::at(Point::J7);
    }
    link.commit().await?;
    Ok(Appended::Done(number))
}

/// Takes the run's row for this transaction, if it is ours, and prolongs the lease: nobody takes the run over between this
/// and the commit. Gives the number of the commit.
async fn take_part(link: &mut Link, id: &str, epoch: u32, lease: LeaseMs) -> Done<Option<i64>> {
    let now = link.words().now;
    let sql = format!(
        "update runs set written = written + 1, lease_until = {now} + $3
         where id = $1 and epoch = $2 and status = 'running' returning written"
    );
    link.row(&sql, binds![id, epoch, lease]).await?.map(|row| row.int("written")).transpose()
}

/// Whether a commit is on record whose answer was not heard.
async fn has_happened(link: &mut Link, (id, epoch): (&str, u32), number: i64, end: Option<&Finished>) -> Done<bool> {
    let status = end.map_or(Status::Running, |end| end.status);
    let found = link
        .row(
            "select 1 from runs where id = $1 and epoch = $2 and written = $3 and status = $4",
            binds![id, epoch, number, status.name()],
        )
        .await?;
    Ok(found.is_some())
}

/// The last that is said of each step, and the values.
struct Rows<'a> {
    steps: Vec<&'a StepRow>,
    announced: Vec<&'a str>,
    outputs: Vec<(&'a str, &'a str)>,
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
                Entry::Output { hash, json } => outputs.push((&**hash, &**json)),
                Entry::Event(_) | Entry::Told(_) => {}
            }
        }
        announced.sort_unstable();
        announced.dedup();
        outputs.sort_unstable_by_key(|(hash, _)| *hash);
        outputs.dedup_by_key(|(hash, _)| *hash);
        Self { steps, announced, outputs }
    }
}

async fn effects(link: &mut Link, id: &str, epoch: u32, rows: &Rows<'_>) -> Done<()> {
    let words = link.words();
    if !rows.announced.is_empty() {
        let announced: Vec<Json> = rows.announced.iter().map(|key| json!({ "key": key })).collect();
        let sql = format!(
            "insert into effects (run, key, epoch, announced_at)
             select $1, key, $2, {} from {} where true
             on conflict (run, key) do update set epoch = excluded.epoch, announced_at = excluded.announced_at,
               has_happened = null",
            words.now,
            words.list("$3", &[("key", Text)])
        );
        link.run(&sql, binds![id, epoch, words.as_list(&announced)]).await?;
    }
    let over = rows.steps.iter().filter(|row| row.kind == "write" && row.state != StepState::Announced);
    let over = over.map(|row| json!({ "key": row.key, "happened": i64::from(row.state == StepState::Done) }));
    let over: Vec<Json> = over.collect();
    if over.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "update effects set has_happened = list.happened from {} where effects.run = $1 and effects.key = list.key",
        words.list("$2", &[("key", Text), ("happened", Int)])
    );
    link.run(&sql, binds![id, words.as_list(&over)]).await.map(drop)
}

async fn steps(link: &mut Link, id: &str, rows: &[&StepRow]) -> Done<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let words = link.words();
    let columns = [
        ("key", Text),
        ("path", Text),
        ("item", Text),
        ("kind", Text),
        ("state", Text),
        ("code", Text),
        ("input", Text),
        ("output", Text),
        ("withheld", Text),
        ("error", Text),
        ("attempts", Int),
        ("tried", Text),
        ("started_at", Int),
        ("duration_ms", Int),
        ("epoch", Int),
    ];
    let names = columns.map(|(name, _)| name);
    let new = names.iter().skip(1).map(|name| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
    let (names, list) = (names.join(", "), words.list("$2", &columns));
    let sql = format!(
        "insert into steps (run, {names}) select $1, {names} from {list} where true
         on conflict (run, key) do update set {new}"
    );
    let rows: Vec<Json> = rows.iter().map(|row| json!(row)).collect();
    link.run(&sql, binds![id, words.as_list(&rows)]).await.map(drop)
}

async fn events(link: &mut Link, id: &str, entries: &[Entry]) -> Done<()> {
    let events = entries.iter().filter_map(|entry| match entry {
        Entry::Event(event) => Some(json!({ "epoch": event.epoch, "seq": event.seq, "body": event.body })),
        _ => None,
    });
    let events: Vec<Json> = events.collect();
    if events.is_empty() {
        return Ok(());
    }
    let words = link.words();
    let list = words.list("$2", &[("epoch", Int), ("seq", Int), ("body", Text)]);
    let sql = format!("insert into events (run, epoch, seq, body) select $1, epoch, seq, body from {list}");
    link.run(&sql, binds![id, words.as_list(&events)]).await.map(drop)
}

async fn finish(link: &mut Link, id: &str, end: &Finished) -> Done<()> {
    debug_assert!(may_become(Status::Running, end.status), "`take_part` saw it running");
    link.run(
        "update runs set status = $2, message = $3, result = $4, finished_at = $5, lease_until = null where id = $1",
        binds![id, end.status.name(), &*end.message, end.result.to_string(), end.at],
    )
    .await
    .map(drop)
}

/// The new epoch; `None` when the run is not in that state any more, or its owner has been heard of since.
pub(super) async fn claim(
    link: &mut Link,
    (run, epoch): (Uuid, u32),
    worker: &str,
    from: Status,
    lease: LeaseMs,
) -> Done<Option<u32>> {
    if !may_become(from, Status::Running) {
        return Ok(None);
    }
    let now = link.words().now;
    let sql = format!(
        "update runs set status = 'running', epoch = epoch + 1, worker = $2, finished_at = null, message = null,
           result = null, written = 0, stop_asked_at = null, lease_until = {now} + $5
         where id = $1 and status = $3 and epoch = $4
           and (status <> 'running' or lease_until is null or lease_until < {now}) returning epoch"
    );
    let row = link.row(&sql, binds![run.to_string(), worker, from.name(), epoch, lease]).await?;
    row.map(|row| row.count("epoch")).transpose()
}

/// Whether the run is still this owner's, and is asked to stop; `None` when it is somebody else's. The lease begins anew when a
/// third of it is over.
pub(super) async fn beat(link: &mut Link, (run, epoch): (Uuid, u32), lease: LeaseMs) -> Done<Option<bool>> {
    let (now, id) = (link.words().now, run.to_string());
    let sql = format!(
        "select lease_until - {now} as lease_left, stop_asked_at from runs
         where id = $1 and epoch = $2 and status = 'running'"
    );
    let Some(row) = link.row(&sql, binds![&*id, epoch]).await? else { return Ok(None) };
    let is_to_stop = row.maybe_int("stop_asked_at")?.is_some();
    let left = row.maybe_int("lease_left")?;
    let Some((lease, _)) = lease.zip(left).filter(|(lease, left)| *left <= lease / 3 * 2) else {
        return Ok(Some(is_to_stop));
    };
    let is_ours = prolong(link, (&id, epoch), Some(lease)).await?;
    Ok(is_ours.then_some(is_to_stop))
}

/// Begins the lease anew, if the run is still this owner's: in a transaction nobody takes it over before the end of that.
async fn prolong(link: &mut Link, (id, epoch): (&str, u32), lease: LeaseMs) -> Done<bool> {
    let now = link.words().now;
    let sql = format!(
        "update runs set lease_until = {now} + $3 where id = $1 and epoch = $2 and status = 'running' returning epoch"
    );
    Ok(link.row(&sql, binds![id, epoch, lease]).await?.is_some())
}

/// Whether a run's beginning is on record whose answer was not heard.
pub(super) async fn has_begun(link: &mut Link, run: &Begin) -> Done<bool> {
    let sql = "select epoch from runs where id = $1 and epoch = 1 and worker = $2 and status = 'running'";
    Ok(link.row(sql, binds![run.id.to_string(), &*run.worker]).await?.is_some())
}

/// Asks whoever runs a run to stop.
pub(super) async fn ask_to_stop(link: &mut Link, run: Uuid) -> Done<()> {
    let now = link.words().now;
    let sql =
        format!("update runs set stop_asked_at = {now} where id = $1 and status = 'running' and stop_asked_at is null");
    link.run(&sql, binds![run.to_string()]).await.map(drop)
}

/// Whether the run is still this owner's, and so it was said.
pub(super) async fn settle(
    link: &mut Link,
    (run, epoch): (Uuid, u32),
    settled: &[Settled],
    lease: LeaseMs,
) -> Done<bool> {
    let id = run.to_string();
    link.begin().await?;
    if !prolong(link, (&id, epoch), lease).await? {
        link.rollback().await?;
        return Ok(false);
    }
    for one in settled {
        let output = one.output.as_ref();
        if let Some((hash, json)) = output {
            outputs::add(link, &[(hash, json)]).await?;
        }
        link.run(
            "update effects set has_happened = $3 where run = $1 and key = $2",
            binds![&*id, &*one.key, i64::from(one.has_happened)],
        )
        .await?;
        let withheld = output.is_none().then(|| "nobody said what it gave".to_owned());
        let state = if one.has_happened { "done" } else { "failed" };
        link.run(
            "update steps set state = $3, output = $4, withheld = $5, error = null where run = $1 and key = $2",
            binds![&*id, &*one.key, state, output.map(|(hash, _)| hash.clone()), withheld],
        )
        .await?;
    }
    link.commit().await?;
    Ok(true)
}

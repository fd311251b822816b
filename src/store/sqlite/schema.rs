//! The tables, and how a file of an earlier version comes to have them.

use sqlx::{Connection, SqliteConnection};

/// The steps from an empty file to the present tables, in order. One that was shipped is never changed: the version of a
/// file is how many of them it has seen.
const MIGRATIONS: &[&str] = &[
    "create table programs (
       hash text primary key,
       texts text not null,
       created_at integer not null
     ) strict;
     create table runs (
       id text primary key,
       workflow text not null,
       job text,
       target text not null,
       environment text not null,
       connections text not null,
       program text not null references programs (hash),
       params text not null,
       now text not null,
       trigger text not null,
       status text not null,
       epoch integer not null,
       worker text not null,
       started_at integer not null,
       finished_at integer,
       message text,
       result text
     ) strict;
     create index runs_by_start on runs (started_at);
     create table outputs (
       hash text primary key,
       bytes integer not null,
       body text
     ) strict;
     create table steps (
       run text not null references runs (id),
       key text not null,
       path text not null,
       item text,
       kind text not null,
       state text not null,
       code text not null,
       input text not null,
       output text,
       withheld text,
       error text,
       attempts integer not null,
       started_at integer not null,
       duration_ms integer not null,
       epoch integer not null,
       primary key (run, key)
     ) strict;
     create table effects (
       run text not null references runs (id),
       key text not null,
       epoch integer not null,
       announced_at integer not null,
       has_happened integer,
       primary key (run, key)
     ) strict;
     create table events (
       run text not null references runs (id),
       epoch integer not null,
       seq integer not null,
       body text not null,
       primary key (run, epoch, seq)
     ) strict, without rowid;",
    // Back-fills: the runs of one belong together.
    "alter table runs add column batch text;
     create index runs_by_batch on runs (batch) where batch is not null;",
    // The outbox. A sequence is never given twice, so that a sink's place stays what it is when events are removed.
    "create table told (
       sequence integer primary key autoincrement,
       body text not null
     ) strict;
     create table sinks (
       name text primary key,
       sequence integer not null,
       dropped integer not null,
       why text,
       failing_since integer
     ) strict;",
    // What a store of many machines needs, too: the statements are the same. Here the operating system knows who runs a run.
    "alter table runs add column written integer not null default 0;
     alter table runs add column stop_asked_at integer;
     alter table runs add column lease_until integer;",
    // The attempts of steps that made several, as JSON.
    "alter table steps add column tried text;",
    // Which run has a day of a back-fill: two that are started at once begin none twice.
    "create table days (
       batch text not null,
       now text not null,
       run text not null,
       primary key (batch, now)
     ) strict, without rowid;
     insert into days select batch, now, max(id) from runs where batch is not null group by batch, now;",
];

/// Brings a file up to the present tables; says why it cannot be used.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), String> {
    let present = MIGRATIONS.len();
    let found = version(connection).await?;
    if found > present {
        return Err(format!("it was written by a later version of vmflow (tables {found}, this one knows {present})"));
    }
    if found == present {
        return Ok(());
    }
    let told = |error: sqlx::Error| error.to_string();
    let mut transaction = connection.begin_with("begin immediate").await.map_err(told)?;
    // Another process may have done it meanwhile.
    let found = version(&mut transaction).await?;
    for migration in MIGRATIONS.iter().skip(found) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(told)?;
    }
    let version = sqlx::AssertSqlSafe(format!("pragma user_version = {}", present.max(found)));
    sqlx::raw_sql(version).execute(&mut *transaction).await.map_err(told)?;
    transaction.commit().await.map_err(told)
}

async fn version(connection: &mut SqliteConnection) -> Result<usize, String> {
    let found: Result<i64, _> = sqlx::query_scalar("pragma user_version").fetch_one(connection).await;
    found.map(|version| usize::try_from(version).unwrap_or(0)).map_err(|error| error.to_string())
}

/// Makes the tables as an earlier version had them.
#[cfg(test)]
pub(super) async fn as_of(connection: &mut SqliteConnection, version: usize) {
    for migration in MIGRATIONS.iter().take(version) {
        sqlx::raw_sql(*migration).execute(&mut *connection).await.unwrap();
    }
    let version = sqlx::AssertSqlSafe(format!("pragma user_version = {version}"));
    sqlx::raw_sql(version).execute(connection).await.unwrap();
}

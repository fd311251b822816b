//! The tables, and how those of an earlier version come to be the present ones.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::turns::lock_of;

/// The steps from an empty schema to the present tables, in order. One that was shipped is never changed: the version of a
/// schema is how many of them it has seen.
const MIGRATIONS: &[&str] = &[
    "create table programs (
       hash text primary key,
       texts text not null,
       created_at bigint not null
     );
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
       batch text,
       status text not null,
       epoch bigint not null,
       worker text not null,
       started_at bigint not null,
       finished_at bigint,
       message text,
       result text,
       written bigint not null default 0,
       stop_asked_at bigint,
       lease_until bigint
     );
     create index runs_by_start on runs (started_at);
     create index runs_by_batch on runs (batch) where batch is not null;
     create table outputs (
       hash text primary key,
       bytes bigint not null,
       body bytea not null
     );
     create table steps (
       place bigint generated always as identity,
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
       attempts bigint not null,
       started_at bigint not null,
       duration_ms bigint not null,
       epoch bigint not null,
       primary key (run, key)
     );
     create table effects (
       place bigint generated always as identity,
       run text not null references runs (id),
       key text not null,
       epoch bigint not null,
       announced_at bigint not null,
       has_happened bigint,
       primary key (run, key)
     );
     create table events (
       run text not null references runs (id),
       epoch bigint not null,
       seq bigint not null,
       body text not null,
       primary key (run, epoch, seq)
     );
     create table told (
       sequence bigint primary key,
       body text not null
     );
     create table outbox (last bigint not null);
     insert into outbox values (0);
     create table sinks (
       name text primary key,
       sequence bigint not null,
       dropped bigint not null,
       why text,
       failing_since bigint
     );",
    // The attempts of steps that made several, as JSON.
    "alter table steps add column tried text;",
    // Which run has a day of a back-fill: two that are started at once begin none twice.
    "create table days (
       batch text not null,
       now text not null,
       run text not null,
       primary key (batch, now)
     );
     insert into days select batch, now, max(id) from runs where batch is not null group by batch, now;",
];

/// Why the tables cannot be used.
pub(super) enum Wrong {
    /// The server says so.
    Database(sqlx::Error),
    /// They are of a later version.
    Later(String),
}

impl From<sqlx::Error> for Wrong {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Brings a schema up to the present tables. One that has them needs no right to make any.
pub(super) async fn migrate(connection: &mut PgConnection, schema: &str) -> Result<(), Wrong> {
    if is_present(version(connection, schema).await?)? {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    // Machines that come to an empty schema at once wait for the first of them.
    let lock = lock_of(&format!("vmflow tables {schema}"));
    sqlx::query("select pg_advisory_xact_lock($1)").bind(lock).execute(&mut *transaction).await?;
    let found = version(&mut transaction, schema).await?;
    if is_present(found)? {
        return Ok(());
    }
    if found.is_none() {
        // `create schema if not exists` asks for the right also when there is nothing to do.
        let exists: bool = sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *transaction)
            .await?;
        let make = if exists { String::new() } else { format!("create schema \"{schema}\";") };
        let tables = format!(
            "{make} create table \"{schema}\".tables (version bigint not null); insert into \"{schema}\".tables values (0);"
        );
        sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut *transaction).await?;
    }
    let seen = usize::try_from(found.unwrap_or(0)).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(seen) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
    }
    let present = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    sqlx::query("update tables set version = $1").bind(present).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// Whether the tables are the present ones; fails when they are later ones.
fn is_present(found: Option<i64>) -> Result<bool, Wrong> {
    let present = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match found {
        Some(found) if found > present => Err(Wrong::Later(format!(
            "it was written by a later version of vmflow (tables {found}, this one knows {present})"
        ))),
        found => Ok(found == Some(present)),
    }
}

async fn version(connection: &mut PgConnection, schema: &str) -> Result<Option<i64>, sqlx::Error> {
    let is_there: bool =
        sqlx::query_scalar("select exists (select from pg_tables where schemaname = $1 and tablename = 'tables')")
            .bind(schema)
            .fetch_one(&mut *connection)
            .await?;
    if !is_there {
        return Ok(None);
    }
    sqlx::query_scalar("select version from tables").fetch_optional(connection).await
}

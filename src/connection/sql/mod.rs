//! SQL databases: SQLite, PostgreSQL and MySQL with MariaDB behind the traits [`Sql`](super::Sql),
//! [`SqlSession`](super::SqlSession), [`SqlTransaction`](super::SqlTransaction).
//!
//! All dialects keep the same promises, shown by one conformance suite:
//!
//! - values are bound, never spliced; what no column holds is refused by name;
//! - every write happens wholly or not at all, also one of many rows, also inside a transaction whose
//!   failure somebody caught; a dropped future leaves nothing half done and no connection inside a
//!   transaction;
//! - a read cannot write: SQLite's readers are `query_only`, the servers' reads run in read-only transactions;
//! - an upsert counts exactly what it created, what it updated and what was the same, which it does not write.
//!
//! How values map to columns, where the dialects differ:
//!
//! | value | PostgreSQL | SQLite | MySQL |
//! |---|---|---|---|
//! | `int` | `int4` when it fits, as a literal would be, else `int8` | `INTEGER` | `bigint` |
//! | `decimal` | `numeric` | text; a `numeric` column keeps 15 digits, a `text` column all | `decimal` |
//! | `timestamp` | `timestamptz` | `2025-01-31T06:00:00.000000Z`: always UTC and six digits, so that texts order as instants do | `datetime(6)` in UTC |
//! | `json`, record, map, list | `jsonb` | JSON text with sorted keys, so that it can be part of a key | the same |
//!
//! Instants have microseconds on all; a column without a zone is read as UTC.
//! sqlx's `Any` was rejected: it has no numeric, no instants, no JSON and no arrays.

mod coerce;
mod distinct;
mod mysql;
mod postgres;
mod preview;
mod rows;
mod sqlite;
pub(super) mod text;
mod tls;

pub use coerce::coerce;
pub(in crate::connection) use coerce::convert;
pub(crate) use distinct::Distinct;
pub use mysql::{MysqlDatabase, MysqlOptions, MysqlServer};
pub use postgres::{PostgresDatabase, PostgresOptions, PostgresServer};
pub(crate) use postgres::{postgres_failure, postgres_options, postgres_unreachable};
pub(crate) use rows::with_row;
pub use sqlite::local_query;
pub(crate) use sqlite::when_free;
pub use sqlite::{SqliteDatabase, SqliteOptions};
pub use tls::SqlTls;

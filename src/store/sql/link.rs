//! A connection to either database, behind one face: a statement and its values in, rows or a count out.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};

use super::words::{POSTGRES, SQLITE, Words};

/// What a database gives.
pub(in crate::store) type Done<T> = Result<T, sqlx::Error>;

/// A connection.
#[derive(Debug)]
pub(in crate::store) enum Link {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(PgConnection),
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(in crate::store) enum Bind {
    /// A text.
    Text(Option<String>),
    /// A whole number.
    Int(Option<i64>),
}

/// A row.
pub(in crate::store) enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a server.
    Postgres(PgRow),
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Bind {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Bind {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Bind {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<u32> for Bind {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<Option<i64>> for Bind {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

/// Values of a statement, in the order of their numbers.
macro_rules! binds {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::link::Bind::from($value)),*] };
}
pub(in crate::store) use binds;

/// A query with its values; what it is called with differs between the two only in type.
macro_rules! query {
    ($sql:expr, $binds:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql.to_owned()));
        for bind in $binds {
            query = match bind {
                Bind::Text(text) => query.bind(text.clone()),
                Bind::Int(number) => query.bind(*number),
            };
        }
        query
    }};
}

impl Link {
    /// What this database calls things.
    pub(in crate::store) const fn words(&self) -> &'static Words {
        match self {
            Self::Sqlite(_) => &SQLITE,
            Self::Postgres(_) => &POSTGRES,
        }
    }

    /// Carries a statement out; tells how many rows it changed.
    pub(in crate::store) async fn run(&mut self, sql: &str, binds: &[Bind]) -> Done<u64> {
        match self {
            Self::Sqlite(link) => query!(sql, binds).execute(link).await.map(|done| done.rows_affected()),
            Self::Postgres(link) => {
                let binds = without_nul(binds);
                query!(sql, &binds).execute(link).await.map(|done| done.rows_affected())
            }
        }
    }

    /// The rows that a statement gives.
    pub(in crate::store) async fn rows(&mut self, sql: &str, binds: &[Bind]) -> Done<Vec<Row>> {
        match self {
            Self::Sqlite(link) => {
                let rows = query!(sql, binds).fetch_all(link).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(link) => {
                let binds = without_nul(binds);
                let rows = query!(sql, &binds).fetch_all(link).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row that a statement gives.
    pub(in crate::store) async fn row(&mut self, sql: &str, binds: &[Bind]) -> Done<Option<Row>> {
        Ok(self.rows(sql, binds).await?.into_iter().next())
    }

    /// Begins a transaction. Dropped before its end, the connection is of no use any more: whoever holds it closes it.
    pub(in crate::store) async fn begin(&mut self) -> Done<()> {
        let begin = self.words().begin;
        self.run(begin, &[]).await.map(drop)
    }

    /// Ends a transaction with all that it did.
    pub(in crate::store) async fn commit(&mut self) -> Done<()> {
        self.run("commit", &[]).await.map(drop)
    }

    /// Ends a transaction as if it had not been.
    pub(in crate::store) async fn rollback(&mut self) -> Done<()> {
        self.run("rollback", &[]).await.map(drop)
    }
}

/// PostgreSQL has no text with a NUL in it.
fn without_nul(binds: &[Bind]) -> Vec<Bind> {
    let plain = |bind: &Bind| match bind {
        Bind::Text(Some(text)) if text.contains('\0') => Bind::from(text.replace('\0', "\u{fffd}")),
        other => other.clone(),
    };
    binds.iter().map(plain).collect()
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $ty:ty) => {
        $(#[$doc])*
        pub(in crate::store) fn $name(&self, column: &str) -> Done<$ty> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
        }
    };
}

impl Row {
    getter!(
        /// A text.
        text, String
    );
    getter!(
        /// A text that may be missing.
        maybe_text, Option<String>
    );
    getter!(
        /// A whole number.
        int, i64
    );
    getter!(
        /// A whole number that may be missing.
        maybe_int, Option<i64>
    );

    /// A number that cannot be negative.
    pub(in crate::store) fn count(&self, column: &str) -> Done<u32> {
        self.int(column).map(|number| u32::try_from(number).unwrap_or(0))
    }
}

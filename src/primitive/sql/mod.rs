//! SQL databases: queries, statements, rows in and out.

mod foresee;
pub(super) mod rows;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::record::record;
use super::{Context, Effect, Effectful, Example, Foreseen, Form, Known, Primitive, Spec, args};
use crate::connection::preview::{Change, keys_of};
use crate::query::sql::SqlQuery;
use crate::value::{Reflect, ReflectError, Sequence, SqlConnection, StepError, Table, Type, Value};

pub(super) static SPECS: &[Spec] = &[
    Spec::effectful::<Query>(),
    Spec::effectful::<Execute>(),
    Spec::effectful::<Insert>(),
    Spec::effectful::<Upsert>(),
    Spec::effectful::<Each>(),
];

/// What a query gives: a table whose columns nobody stated; `as table<…>` does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found(pub(super) Arc<Table>);

impl Reflect for Found {
    fn ty() -> Type {
        Type::Any
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        match value {
            Value::Table(table) => Ok(Self(table)),
            other => Err(ReflectError::Type { wanted: Self::ty(), found: other.kind() }),
        }
    }
    fn into_value(self) -> Value {
        Value::Table(self.0)
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

struct Query;
args! {
    struct QueryArgs {
        /// The database.
        connection: SqlConnection,
        /// A statement that reads.
        query: Arc<SqlQuery>,
    }
}
impl Primitive for Query {
    type Args = QueryArgs;
    type Output = Found;
    const NAME: &'static str = "sql.query";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The rows of a query; state their types with `as table<{ … }>`.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"db.query(sql"""select 1 as n""") as table<{ n: int }>"#, gives: "" }];
}
impl Effectful for Query {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: QueryArgs, context: &Context) -> BoxFuture<'_, Result<Found, StepError>> {
        Box::pin(async move {
            let mut session = context.session(&args.connection.0).await?;
            session.get().query(&args.query).await.map(|table| Found(Arc::new(table)))
        })
    }
}

struct Execute;
impl Primitive for Execute {
    type Args = ExecuteArgs;
    type Output = i64;
    const NAME: &'static str = "sql.execute";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Runs a statement that changes the database and gives how many rows it touched.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"db.execute(sql"""delete from nav where biz_date < '2020-01-01'""")"#, gives: "" }];
}
args! {
    struct ExecuteArgs {
        /// The database.
        connection: SqlConnection,
        /// A statement that writes.
        query: Arc<SqlQuery>,
    }
}
impl Effectful for Execute {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = false;
    fn run(args: ExecuteArgs, context: &Context) -> BoxFuture<'_, Result<i64, StepError>> {
        Box::pin(async move {
            let mut session = context.session(&args.connection.0).await?;
            session.get().execute(&args.query).await.map(count)
        })
    }
    fn preview(args: ExecuteArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(
            async move { foresee::statement(context, &args.connection.0, &args.query).await.map(Foreseen::Change) },
        )
    }
}

struct Insert;
args! {
    struct InsertArgs {
        /// The database.
        connection: SqlConnection,
        /// The table's name, as `schema.table` if need be.
        table: Arc<str>,
        /// Records whose fields are the columns; all have the same fields. None at all is no write.
        rows: Sequence,
    }
}
impl Primitive for Insert {
    type Args = InsertArgs;
    type Output = i64;
    const NAME: &'static str = "sql.insert";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Adds rows to a table, all or none of them, and gives how many there were.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"db.insert("nav", rows: [{ auid: "A1", value: 101.5 }])"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        rows::row_type(&call, 2).err().map(Err)
    }
}
impl Effectful for Insert {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = false;
    fn run(args: InsertArgs, context: &Context) -> BoxFuture<'_, Result<i64, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(0);
            }
            let mut session = context.session(&args.connection.0).await?;
            session.get().insert(&args.table, &rows).await.map(count)
        })
    }
    fn preview(args: InsertArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(Foreseen::nothing(0_i64));
            }
            let mut session = context.session(&args.connection.0).await?;
            session.get().preview_insert(&args.table, &rows).await.map(Foreseen::Change)
        })
    }
}

record! {
    /// What an upsert did.
    struct Stored {
        /// Rows that were not there before.
        created: i64,
        /// Rows that were there with other values and now hold the given ones.
        updated: i64,
        /// Rows that were there with the given values and were not written.
        unchanged: i64,
        /// The columns asked for with `returning`, a row for each given row, in their order.
        rows: Found,
    }
}

impl Stored {
    /// What an upsert of no rows gives.
    fn nothing(returning: Vec<Arc<str>>) -> Self {
        Self { created: 0, updated: 0, unchanged: 0, rows: Found(Arc::new(Table::new(returning.into()))) }
    }
}

struct Upsert;
args! {
    struct UpsertArgs {
        /// The database.
        connection: SqlConnection,
        /// The table's name, as `schema.table` if need be.
        table: Arc<str>,
        /// Records whose fields are the columns; all have the same fields, no two the same key with other values. None at all is no write.
        rows: Sequence,
        /// The columns that say which row is which; the table has a unique index on them.
        key: Vec<Arc<str>>,
        /// Columns to give back for each row, such as an `id` that the database makes.
        returning: Vec<Arc<str>> = Vec::new(),
    }
}
impl Primitive for Upsert {
    type Args = UpsertArgs;
    type Output = Stored;
    const NAME: &'static str = "sql.upsert";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Adds rows to a table or, where their key is already there with other values, updates them; all or none, and leaves what is the same alone.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"db.upsert("assets", rows: [{ symbol: "BTC", name: "Bitcoin" }], key: ["symbol"], returning: ["id"])"#,
        gives: "",
    }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        match rows::row_type(&call, 2) {
            Ok(row) => rows::check_key(call.literals.get(3)?.as_ref()?, row.as_deref()).err().map(Err),
            Err(why) => Some(Err(why)),
        }
    }
}
impl Effectful for Upsert {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    fn run(args: UpsertArgs, context: &Context) -> BoxFuture<'_, Result<Stored, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(Stored::nothing(args.returning));
            }
            let mut session = context.session(&args.connection.0).await?;
            let done = session.get().upsert(&args.table, &rows, &args.key, &args.returning).await?;
            let [created, updated, unchanged] = [done.created, done.updated, done.unchanged].map(count);
            Ok(Stored { created, updated, unchanged, rows: Found(Arc::new(done.rows)) })
        })
    }
    fn preview(args: UpsertArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(Foreseen::nothing(Stored::nothing(args.returning)));
            }
            let mut session = context.session(&args.connection.0).await?;
            let change = session.get().preview_upsert(&args.table, &rows, &args.key).await?;
            Ok(Foreseen::Change(Change { keys: keys_of(&rows, &args.key), ..change }))
        })
    }
}

record! {
    /// What a statement for each row did.
    struct Affected {
        /// Rows that it touched, added up.
        affected: i64,
    }
}

struct Each;
args! {
    struct EachArgs {
        /// The database.
        connection: SqlConnection,
        /// A statement that writes; a hole that is named like a field of the rows takes each row's value.
        query: Arc<SqlQuery>,
        /// Records; all have the same fields. None at all is no write.
        rows: Sequence,
    }
}
impl Primitive for Each {
    type Args = EachArgs;
    type Output = Affected;
    const NAME: &'static str = "sql.each";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Runs a statement that changes the database once for each row; all or none.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"db.each(sql"""update nav set value = :value where auid = :auid""", rows: [{ auid: "A1", value: 101.5 }])"#,
        gives: "",
    }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        rows::row_type(&call, 2).err().map(Err)
    }
}
impl Effectful for Each {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = false;
    fn run(args: EachArgs, context: &Context) -> BoxFuture<'_, Result<Affected, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(Affected { affected: 0 });
            }
            let mut session = context.session(&args.connection.0).await?;
            session.get().each(&args.query, &rows).await.map(|n| Affected { affected: count(n) })
        })
    }
    fn preview(args: EachArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(async move {
            let rows = rows::to_table(&args.rows)?;
            if rows.rows == 0 {
                return Ok(Foreseen::nothing(Affected { affected: 0 }));
            }
            foresee::each(context, &args.connection.0, &args.query, &rows).await.map(Foreseen::Change)
        })
    }
}

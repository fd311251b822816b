//! What every SQL database must do, whatever its dialect.

use std::sync::Arc;

use vmflow::connection::sql::{SqliteDatabase, SqliteOptions, coerce};
use vmflow::connection::{Sql, SqlDialect, Upserted};
use vmflow::value::{ErrorKind, RecordType, Type, Value};

use super::*;
use crate::support;

const SCHEMA: &str = "
    create table kinds (
        n integer, b boolean, i bigint, x double precision, d numeric(20, 8), t text,
        day date, clock time, at timestamp with time zone, j jsonb
    );
    create table metrics (
        job_id text not null, biz_date date not null, labels jsonb not null, value double precision,
        at timestamp with time zone,
        unique (job_id, biz_date, labels)
    );
    create table pairs (a integer not null, b integer not null, unique (a, b))";

macro_rules! conformance {
    ($($test:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    let path = folder.path().join("new/warehouse.db");
                    let db = SqliteDatabase::open(SqliteOptions { path, schema_sql: None });
                    let own = "create table assets (id integer primary key, symbol text unique, name text)";
                    define(&db, &format!("{SCHEMA};{own}")).await;
                    super::$test(&db).await;
                }
            )*
            use super::*;
        }
        mod mariadb {
            $(
                #[tokio::test]
                async fn $test() {
                    let db = support::mysql::open(&support::mysql::fresh_database().await);
                    let own = "create table assets (id integer auto_increment primary key, symbol text unique, name text)";
                    let shared = SCHEMA.replace("timestamp with time zone", "datetime(6)").replace("jsonb", "json");
                    let shared = shared.replace("clock time", "clock time(6)");
                    define(&db, &format!("{shared};{own}")).await;
                    super::$test(&db).await;
                }
            )*
            use super::*;
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    let db = support::postgres::open(&support::postgres::fresh_schema().await);
                    let own = "create table assets (id serial primary key, symbol text unique, name text)";
                    define(&db, &format!("{SCHEMA};{own}")).await;
                    super::$test(&db).await;
                }
            )*
            use super::*;
        }
    };
}

conformance! {
    values_come_back_as_they_went
    lists_match_and_empty_lists_match_nothing
    a_hundred_thousand_items
    nulls_and_repeated_names
    an_empty_result_has_its_columns
    a_query_cannot_write
    upserts_count_exactly
    upserts_return_rows_in_order
    upserts_of_keys_alone
    what_is_the_same_is_not_written
    a_row_given_twice_counts_once
    the_refused_row_is_named
    every_type_is_exact
    many_rows_are_written_as_few_are
    nobody_waits_for_what_was_given_up
    keys_that_a_column_takes_for_one_are_refused
    bad_keys_are_refused
    bad_names_are_refused_with_near_ones
    days_and_instants_do_not_mix
    ten_thousand_rows_at_once
    each_binds_rows_by_name
    all_or_nothing
    a_caught_failure_does_not_spoil_the_transaction
    a_dropped_transaction_leaves_nothing
    an_interrupted_call_spoils_the_transaction
    committed_writes_last
    secrets_are_bound_and_not_shown
    results_take_the_stated_types
}

fn kinds(n: i64) -> Vec<Value> {
    vec![
        Value::Int(n),
        Value::Bool(true),
        Value::Int(9_007_199_254_740_993),
        Value::Float(0.1),
        decimal("12345.67890000"),
        text("it's \"é\" :no $1 ?"),
        date("2025-01-31"),
        Value::Time("06:30:00".parse().unwrap()),
        timestamp("2025-01-31T06:00:00.123456Z"),
        json(r#"{"a": "x", "b": [1, null]}"#),
    ]
}

const KINDS: &[&str] = &["n", "b", "i", "x", "d", "t", "day", "clock", "at", "j"];

async fn values_come_back_as_they_went(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let nulls = vec![Value::None; KINDS.len()];
    let given = rows(KINDS, &[&kinds(1), &nulls]);
    assert_eq!(session.insert("kinds", &given).await.unwrap(), 2);
    let statement = "insert into kinds values (:n, :b, :i, :x, :d, :t, :day, :clock, :at, :j)";
    let arguments: Vec<(&str, Value)> = KINDS.iter().copied().zip(kinds(2)).collect();
    assert_eq!(session.execute(&query(statement, &arguments)).await.unwrap(), 1);
    let table = read(db, "select * from kinds order by n is null, n", &[]).await.unwrap();
    assert_eq!(table.shape.to_vec(), names(KINDS));
    for (at, n) in [(0, 1), (1, 2)] {
        let row = table.row(at).unwrap();
        assert_eq!(row.values, kinds(n));
        let same_kinds: Vec<&str> = row.values.iter().map(Value::kind).collect();
        assert_eq!(same_kinds, kinds(n).iter().map(Value::kind).collect::<Vec<_>>());
        let text: Value = row.values[4].clone();
        assert!(text.to_string().starts_with("12345.6789"));
    }
    assert_eq!(table.row(2).unwrap().values, nulls);
    // Each value finds its row again.
    for (name, value) in KINDS.iter().zip(kinds(1)).filter(|(name, _)| **name != "j") {
        let text = format!("select count(*) as c from kinds where {name} = :v and n = 1");
        assert_eq!(one(db, &text, &[("v", value)]).await, Value::Int(1), "{name}");
    }
}

fn ints(items: impl IntoIterator<Item = i64>) -> Value {
    Value::list(items.into_iter().map(Value::Int).collect())
}

async fn lists_match_and_empty_lists_match_nothing(db: &dyn Sql) {
    define(db, "insert into pairs values (1, 1), (2, 1), (3, 1)").await;
    let count = async |text: &str, list: Value| {
        let text = format!("select count(*) as c from pairs where {text}");
        one(db, &text, &[("xs", list)]).await
    };
    for wanted in ["a in :xs", "a in (:xs)", "a = any(:xs)"] {
        assert_eq!(count(wanted, ints([1, 3, 9])).await, Value::Int(2), "{wanted}");
        assert_eq!(count(wanted, ints([])).await, Value::Int(0), "{wanted}");
    }
    for wanted in ["a not in :xs", "a not in (:xs)", "a <> all(:xs)"] {
        assert_eq!(count(wanted, ints([1, 3, 9])).await, Value::Int(1), "{wanted}");
        assert_eq!(count(wanted, ints([])).await, Value::Int(3), "{wanted}");
    }
    let days = Value::list(vec![date("2025-01-31")]);
    define(db, "insert into kinds (n, day) values (1, '2025-01-31'), (2, '2025-02-01')").await;
    assert_eq!(one(db, "select n from kinds where day in :xs", &[("xs", days)]).await, Value::Int(1));
    let texts = Value::list(vec![text("2025-02-01"), text("2025-02-02")]);
    assert_eq!(one(db, "select n from kinds where day in :xs", &[("xs", texts)]).await, Value::Int(2));
    assert_eq!(one(db, "select count(*) as c from kinds where day in :xs", &[("xs", ints([]))]).await, Value::Int(0));
}

async fn a_hundred_thousand_items(db: &dyn Sql) {
    define(db, "insert into pairs values (1, 1), (99999, 1), (100001, 1)").await;
    let list = ints(1..=100_000);
    assert_eq!(one(db, "select count(*) as c from pairs where a in :xs", &[("xs", list.clone())]).await, Value::Int(2));
    assert_eq!(one(db, "select a from pairs where a not in :xs", &[("xs", list)]).await, Value::Int(100_001));
    let days: Vec<Value> = (0..100_000).filter_map(chrono::NaiveDate::from_epoch_days).map(Value::Date).collect();
    define(db, "insert into kinds (n, day) values (1, '2025-01-31')").await;
    let found = one(db, "select n from kinds where day in :xs", &[("xs", Value::list(days))]).await;
    assert_eq!(found, Value::Int(1));
}

async fn nulls_and_repeated_names(db: &dyn Sql) {
    define(db, "insert into kinds (n, day, t) values (1, '2025-01-31', 'a'), (2, '2025-01-31', 'b')").await;
    let optional = "select count(*) as c from kinds where (:day is null or day = :day) and (:t is null or t = :t)";
    let count = async |day: Value, t: Value| one(db, optional, &[("day", day), ("t", t)]).await;
    assert_eq!(count(Value::None, Value::None).await, Value::Int(2));
    assert_eq!(count(text("2025-01-31"), text("a")).await, Value::Int(1));
    assert_eq!(count(date("2025-02-01"), Value::None).await, Value::Int(0));
    let grouped = "select t || :suffix as k from kinds group by t || :suffix order by 1 limit :n";
    assert_eq!(one(db, grouped, &[("suffix", text("!")), ("n", Value::Int(1))]).await, text("a!"));
    assert_eq!(one(db, "select :x as x", &[("x", text("5"))]).await, text("5"));
    assert_eq!(one(db, "select coalesce(:x, 7) as x", &[("x", Value::None)]).await, Value::Int(7));
}

async fn an_empty_result_has_its_columns(db: &dyn Sql) {
    let table = read(db, "select n, t as title from kinds where n = :n", &[("n", Value::Int(1))]).await.unwrap();
    assert_eq!((table.shape.to_vec(), table.rows), (names(&["n", "title"]), 0));
    let error = read(db, "select n, t as n from kinds", &[]).await.unwrap_err();
    assert_eq!(error.message, "the query gives two columns named `n`");
    let error = read(db, "select nn from kinds", &[]).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Query, false), "{error:?}");
    assert!(error.message.contains("nn"), "{error}");
}

async fn a_query_cannot_write(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let error = session.query(&query("delete from pairs", &[])).await.unwrap_err();
    assert_eq!(error.message, "a query reads, and this statement writes");
    // The database agrees, when a write hides where the text does not show it.
    if db.dialect() == SqlDialect::Postgres {
        define(
            db,
            "create function sneak() returns integer language sql as $$ insert into pairs values (1, 1) returning a $$",
        )
        .await;
        let error = session.query(&query("select sneak()", &[])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Query);
        assert!(error.message.contains("read-only"), "{error}");
    }
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(0));
}

fn metric(job: &str, day: &str, labels: &str, value: f64) -> Vec<Value> {
    vec![text(job), date(day), json(labels), Value::Float(value)]
}

const METRIC: &[&str] = &["job_id", "biz_date", "labels", "value"];

async fn upserts_count_exactly(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let key = names(&["job_id", "biz_date", "labels"]);
    let first = rows(
        METRIC,
        &[
            &metric("a", "2025-01-30", r#"{"x": "1", "y": "2"}"#, 1.0),
            &metric("a", "2025-01-31", r#"{"x": "1", "y": "2"}"#, 2.0),
        ],
    );
    let done = session.upsert("metrics", &first, &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated, done.rows.rows), (2, 0, 2));
    // The same labels in another order are the same key.
    let second = rows(
        METRIC,
        &[&metric("a", "2025-01-31", r#"{"y": "2", "x": "1"}"#, 3.0), &metric("b", "2025-01-31", "{}", 4.0)],
    );
    let done = session.upsert("metrics", &second, &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated), (1, 1));
    let sum = one(db, "select sum(value) as s from metrics", &[]).await;
    assert_eq!(sum, Value::Float(8.0));
    let nothing = rows(METRIC, &[]);
    assert_eq!(session.upsert("metrics", &nothing, &key, &[]).await.unwrap(), Upserted::default());
    assert_eq!(session.insert("metrics", &nothing).await.unwrap(), 0);
}

async fn upserts_return_rows_in_order(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    define(db, "insert into assets (symbol, name) values ('b', 'old')").await;
    let given: Vec<Vec<Value>> = (0..3000).rev().map(|n| vec![text(&format!("s{n}")), text("new")]).collect();
    let mut given: Vec<&[Value]> = given.iter().map(Vec::as_slice).collect();
    let b = [text("b"), text("new")];
    given.insert(1500, &b);
    let given = rows(&["symbol", "name"], &given);
    let done = session.upsert("assets", &given, &names(&["symbol"]), &names(&["id", "symbol"])).await.unwrap();
    assert_eq!((done.created, done.updated), (3000, 1));
    assert_eq!(done.rows.shape.to_vec(), names(&["id", "symbol"]));
    assert_eq!(done.rows.column("symbol"), given.column("symbol"));
    assert_eq!(done.rows.columns[0].get(1500), Some(Value::Int(1)));
    assert!(done.rows.columns[0].iter().all(|id| id.kind() == "int"));
    assert_eq!(one(db, "select count(*) as c from assets where name = 'new'", &[]).await, Value::Int(3001));
}

async fn upserts_of_keys_alone(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let key = names(&["a", "b"]);
    let given = rows(&["a", "b"], &[&[Value::Int(1), Value::Int(2)], &[Value::Int(1), Value::Int(3)]]);
    let done = session.upsert("pairs", &given, &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated), (2, 0));
    let done = session.upsert("pairs", &given, &key, &names(&["b"])).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 0, 2));
    assert_eq!(done.rows.columns, [[Value::Int(2), Value::Int(3)]]);
}

async fn what_is_the_same_is_not_written(db: &dyn Sql) {
    define(db, "create unique index kinds_n on kinds (n)").await;
    let mut session = db.session().await.unwrap();
    let key = names(&["n"]);
    let mut nulls = vec![Value::None; KINDS.len()];
    nulls[0] = Value::Int(3);
    let given = rows(KINDS, &[&kinds(1), &kinds(2), &nulls]);
    session.upsert("kinds", &given, &key, &[]).await.unwrap();
    // Every kind of value, and null, is the same as itself.
    let done = session.upsert("kinds", &given, &key, &names(&["n", "t"])).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 0, 3));
    assert_eq!(done.rows.columns[0], [Value::Int(1), Value::Int(2), Value::Int(3)]);
    // And different from any other.
    let others = [
        Value::Bool(false),
        Value::Int(9_007_199_254_740_992),
        Value::Float(0.100_000_000_000_000_02),
        decimal("12345.67890001"),
        text("It's \"é\" :no $1 ?"),
        date("2025-02-01"),
        Value::Time("06:30:00.000001".parse().unwrap()),
        timestamp("2025-01-31T06:00:00.123457Z"),
        json(r#"{"a": "x", "b": [1, null, 2]}"#),
    ];
    for (at, other) in others.into_iter().enumerate() {
        let mut changed = kinds(2);
        changed[at + 1] = other;
        let mut filled = nulls.clone();
        filled[at + 1] = changed[at + 1].clone();
        let given = rows(KINDS, &[&kinds(4 + i64::try_from(at).unwrap()), &kinds(1), &changed, &filled]);
        let done = session.upsert("kinds", &given, &key, &names(&["n"])).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), (1, 2, 1), "{}", KINDS[at + 1]);
        assert_eq!(done.rows.columns[0].iter().skip(1).collect::<Vec<_>>(), [1, 2, 3].map(Value::Int));
        // And back.
        let given = rows(KINDS, &[&kinds(1), &kinds(2), &nulls]);
        let done = session.upsert("kinds", &given, &key, &[]).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), (0, 2, 1), "{}", KINDS[at + 1]);
    }
}

async fn keys_that_a_column_takes_for_one_are_refused(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    define(db, "insert into pairs values (1, 1)").await;
    for same in ["01", "1"] {
        let given = rows(&["a", "b"], &[&[text(same), Value::Int(1)], &[text(" 1"), Value::Int(1)]]);
        let error = session.upsert("pairs", &given, &names(&["a", "b"]), &[]).await.unwrap_err();
        assert_eq!(
            (error.kind, &*error.message),
            (ErrorKind::Data, "two rows have the same key in the database: a, b")
        );
    }
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(1));
}

async fn bad_keys_are_refused(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let row = |symbol, name| [text(symbol), text(name)];
    let twice = rows(&["symbol", "name"], &[&row("a", "x"), &row("b", "x"), &row("a", "y")]);
    let error = session.upsert("assets", &twice, &names(&["symbol"]), &[]).await.unwrap_err();
    assert_eq!(
        (error.kind, &*error.message),
        (ErrorKind::Data, "rows 1 and 3 have the same key (symbol = a) and differ in `name`: `x` and `y`")
    );
    let absent = rows(&["symbol"], &[&[Value::None]]);
    let error = session.upsert("assets", &absent, &names(&["symbol"]), &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    let unindexed = rows(&["symbol", "name"], &[&[text("a"), text("b")]]);
    let error = session.upsert("assets", &unindexed, &names(&["name"]), &[]).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (ErrorKind::Query, "`assets` has no unique index on (name)"));
    assert!(error.help.unwrap().contains("create unique index assets_key on assets (name)"));
    let error = session.upsert("assets", &unindexed, &names(&["symbol"]), &names(&["nam"])).await.unwrap_err();
    assert_eq!(error.message, "`assets` has no column `nam`");
    assert_eq!(one(db, "select count(*) as c from assets", &[]).await, Value::Int(0));
}

async fn bad_names_are_refused_with_near_ones(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let given = rows(&["simbol"], &[&[text("a")]]);
    let error = session.insert("assets", &given).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (ErrorKind::Query, "`assets` has no column `simbol`"));
    assert_eq!(error.help.as_deref(), Some("did you mean `symbol`?"));
    let error = session.insert("asets", &given).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (ErrorKind::Query, "the database has no table `asets`"));
    let error = session.insert("assets; drop table assets", &given).await.unwrap_err();
    assert!(error.message.contains("is not the name of a table"), "{error}");
    assert_eq!(session.insert("Assets", &rows(&["Symbol"], &[&[text("a")]])).await.unwrap(), 1);
}

async fn days_and_instants_do_not_mix(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let error = session.insert("kinds", &rows(&["day"], &[&[timestamp("2025-01-31T00:00:00Z")]])).await.unwrap_err();
    assert_eq!(error.message, "column `day`, row 1: a `timestamp`, where the column holds days");
    let error = session.insert("kinds", &rows(&["at"], &[&[date("2025-01-31")]])).await.unwrap_err();
    assert_eq!(error.message, "column `at`, row 1: a `date`, where the column holds instants");
    let error = session.insert("kinds", &rows(&["n"], &[&[Value::Duration(1)]])).await.unwrap_err();
    assert_eq!(error.message, "column `n`, row 1: a `duration`, which no column holds");
    let rows = rows(&["at", "d", "t"], &[&[text("2025-01-31T06:00:00Z"), text("1.5"), Value::Int(7)]]);
    assert_eq!(session.insert("kinds", &rows).await.unwrap(), 1);
    assert_eq!(one(db, "select d from kinds", &[]).await, decimal("1.5"));
    assert_eq!(one(db, "select t from kinds", &[]).await, text("7"));
}

async fn ten_thousand_rows_at_once(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let given: Vec<Vec<Value>> =
        (0..10_000).map(|n| metric(&format!("j{n}"), "2025-01-31", r#"{"a":"b"}"#, 1.0)).collect();
    let given = rows(METRIC, &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(session.insert("metrics", &given).await.unwrap(), 10_000);
    let key = names(&["job_id", "biz_date", "labels"]);
    let done = session.upsert("metrics", &given, &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 0, 10_000));
}

async fn each_binds_rows_by_name(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let statement = query("insert into kinds (n, t, d, day) values (:n, :who.name, :d, :day)", &[]);
    let who = |name: &str| Value::record([("name", text(name))]);
    let given = rows(
        &["n", "who", "d", "day"],
        &[
            &[Value::Int(1), who("a"), decimal("1.5"), date("2025-01-31")],
            // Other kinds in the same statement: each row says its own.
            &[Value::Int(3_000_000_000 - 2_999_999_998), who("b"), Value::Float(2.5), text("2025-02-01")],
            &[Value::Int(3), who("c"), Value::Int(4), Value::None],
        ],
    );
    assert_eq!(session.each(&statement, &given).await.unwrap(), 3);
    let table = read(db, "select t, d, day from kinds order by n", &[]).await.unwrap();
    assert_eq!(table.columns[0], [text("a"), text("b"), text("c")]);
    assert_eq!(table.columns[1], [decimal("1.5"), decimal("2.5"), decimal("4")]);
    assert_eq!(table.columns[2], [date("2025-01-31"), date("2025-02-01"), Value::None]);
    let error = session.each(&statement, &rows(&["n", "whom"], &[&[Value::Int(1), text("a")]])).await.unwrap_err();
    assert_eq!(error.message, "row 1: the rows have no `who.name`");
}

async fn all_or_nothing(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let mut given: Vec<Vec<Value>> = (0..5000).map(|n| vec![Value::Int(n), Value::Int(1)]).collect();
    given.push(vec![Value::Int(0), Value::Int(1)]);
    let given = rows(&["a", "b"], &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let error = session.insert("pairs", &given).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Write, false), "{error:?}");
    let statement = query("insert into pairs values (:a, :b)", &[]);
    let error = session.each(&statement, &given).await.unwrap_err();
    assert!(error.message.starts_with("row 5001: "), "{error}");
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(0));
}

async fn a_caught_failure_does_not_spoil_the_transaction(db: &dyn Sql) {
    let mut transaction = db.begin().await.unwrap();
    let good = rows(&["a", "b"], &[&[Value::Int(1), Value::Int(1)]]);
    let bad = rows(&["a", "b"], &[&[Value::Int(2), Value::Int(1)], &[Value::Int(1), Value::Int(1)]]);
    transaction.insert("pairs", &good).await.unwrap();
    assert_eq!(transaction.insert("pairs", &bad).await.unwrap_err().kind, ErrorKind::Write);
    assert!(transaction.query(&query("select nothing from nowhere", &[])).await.is_err());
    let seen = transaction.query(&query("select a from pairs", &[])).await.unwrap();
    assert_eq!(seen.columns, [[Value::Int(1)]]);
    transaction.commit().await.unwrap();
    assert_eq!(one(db, "select a from pairs", &[]).await, Value::Int(1));
}

async fn a_dropped_transaction_leaves_nothing(db: &dyn Sql) {
    let given = rows(&["a", "b"], &[&[Value::Int(1), Value::Int(1)]]);
    for _ in 0..10 {
        let mut transaction = db.begin().await.unwrap();
        transaction.insert("pairs", &given).await.unwrap();
        drop(transaction);
    }
    let mut transaction = db.begin().await.unwrap();
    transaction.insert("pairs", &given).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(0));
    assert_eq!(db.session().await.unwrap().insert("pairs", &given).await.unwrap(), 1);
}

/// Takes a few seconds on a database that is left alone.
fn slow(db: &dyn Sql) -> &'static str {
    match db.dialect() {
        SqlDialect::Postgres => "insert into pairs select n, 1 from generate_series(1, 3) n, pg_sleep(2)",
        SqlDialect::MySql => "insert into pairs select seq, sleep(2) + 1 from (select 1 as seq union select 2) as s",
        SqlDialect::Sqlite => {
            "insert into pairs with recursive r(n) as (select 1 union all select n + 1 from r where n < 3000000)
             select max(n), 1 from r"
        }
    }
}

async fn an_interrupted_call_spoils_the_transaction(db: &dyn Sql) {
    let soon = std::time::Duration::from_millis(50);
    let mut transaction = db.begin().await.unwrap();
    assert!(tokio::time::timeout(soon, transaction.execute(&query(slow(db), &[]))).await.is_err());
    let error = transaction.query(&query("select 1 as x", &[])).await.unwrap_err();
    assert!(error.message.contains("interrupted"), "{error}");
    assert!(transaction.commit().await.unwrap_err().message.contains("interrupted"));
    // Outside a transaction too, many times: no connection comes back in the middle of something.
    for _ in 0..8 {
        let mut session = db.session().await.unwrap();
        let _ = tokio::time::timeout(soon, session.execute(&query(slow(db), &[]))).await;
        let _ = tokio::time::timeout(soon, session.query(&query("select count(*) as c from pairs", &[]))).await;
    }
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(0));
}

async fn committed_writes_last(db: &dyn Sql) {
    let mut transaction = db.begin().await.unwrap();
    let given = rows(&["symbol"], &[&[text("a")]]);
    transaction.upsert("assets", &given, &names(&["symbol"]), &[]).await.unwrap();
    transaction
        .execute(&query(
            "update assets set name = :n where symbol in :s",
            &[("n", text("A")), ("s", Value::list(vec![text("a")]))],
        ))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(one(db, "select name from assets", &[]).await, text("A"));
    // A transaction that wrote nothing commits as well.
    db.begin().await.unwrap().commit().await.unwrap();
}

async fn secrets_are_bound_and_not_shown(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let secret = Value::Secret("hunter2".into());
    session.insert("assets", &rows(&["symbol"], &[std::slice::from_ref(&secret)])).await.unwrap();
    assert_eq!(one(db, "select symbol from assets where symbol = :s", &[("s", secret.clone())]).await, text("hunter2"));
    let error = session.insert("assets", &rows(&["symbol"], &[std::slice::from_ref(&secret)])).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let failing = query("insert into assets (symbol) values (:s)", &[("s", secret)]);
    let error = session.execute(&failing).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

async fn results_take_the_stated_types(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let given = rows(
        &["job_id", "biz_date", "labels", "at"],
        &[
            &[text("a"), date("2025-01-30"), json(r#"{"x": "1"}"#), timestamp("2025-01-30T18:00:00Z")],
            &[text("b"), date("2025-01-30"), json("{}"), timestamp("2025-01-30T18:00:00.500Z")],
            &[text("a"), date("2025-01-31"), json("{}"), Value::None],
        ],
    );
    session.insert("metrics", &given).await.unwrap();
    let text = "select biz_date, max(at) as copied_at, count(*) as n, min(value) as least from metrics
                group by biz_date order by biz_date";
    let stated = RecordType::new([
        ("biz_date", Type::Date),
        ("copied_at", Type::Timestamp.optional()),
        ("n", Type::Int),
        ("least", Type::Float.optional()),
    ]);
    let table = coerce(read(db, text, &[]).await.unwrap(), &stated).unwrap();
    assert_eq!(table.columns[0], [date("2025-01-30"), date("2025-01-31")]);
    assert_eq!(table.columns[1], [timestamp("2025-01-30T18:00:00.500Z"), Value::None]);
    assert_eq!(table.columns[2], [Value::Int(2), Value::Int(1)]);
    let labels = RecordType::new([("labels", Type::map(Type::Text, Type::Text))]);
    let table = coerce(read(db, "select labels from metrics where job_id = 'a'", &[]).await.unwrap(), &labels).unwrap();
    assert!(matches!(table.columns[0].get(0), Some(Value::Map(map)) if map.len() == 1));
    assert_eq!(Arc::strong_count(&labels), 1);
}

async fn a_row_given_twice_counts_once(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let row = |symbol: &str| vec![text(symbol), text("n")];
    for repeated in [1, 400] {
        let given: Vec<Vec<Value>> = (0..repeated).flat_map(|n| [row("a"), row(&format!("s{n}")), row("a")]).collect();
        let given = rows(&["symbol", "name"], &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let done = session.upsert("assets", &given, &names(&["symbol"]), &names(&["symbol"])).await.unwrap();
        assert_eq!(done.created + done.updated + done.unchanged, repeated + 1);
        // A row is given back for each given one.
        assert_eq!(done.rows.column("symbol"), given.column("symbol"));
    }
    assert_eq!(one(db, "select count(*) as c from assets", &[]).await, Value::Int(401));
}

/// The place of a bad row among few and among many.
const PLACES: [(i64, i64); 3] = [(3, 2), (3000, 2777), (3000, 3000)];

async fn the_refused_row_is_named(db: &dyn Sql) {
    define(db, "create table strict_ones (a integer primary key, b integer not null check (b < 1000000))").await;
    define(db, "insert into strict_ones values (-7, 1)").await;
    let mut session = db.session().await.unwrap();
    let key = names(&["a"]);
    for (count, bad) in PLACES {
        let given = |a: Value, b: Value| {
            let row = |n| if n == bad { vec![a.clone(), b.clone()] } else { vec![Value::Int(n), Value::Int(n)] };
            let all: Vec<Vec<Value>> = (1..=count).map(row).collect();
            rows(&["a", "b"], &all.iter().map(Vec::as_slice).collect::<Vec<_>>())
        };
        for (given, column) in
            [(given(Value::Int(0), Value::None), "b"), (given(Value::Int(0), Value::Int(5_000_000)), "b")]
        {
            for error in [
                session.insert("strict_ones", &given).await.unwrap_err(),
                session.upsert("strict_ones", &given, &key, &[]).await.unwrap_err(),
                session.upsert("strict_ones", &given, &key, &key).await.unwrap_err(),
            ] {
                let start = format!("writing to `strict_ones`: row {bad}");
                assert!(error.message.starts_with(&start), "{count}: {error}");
                assert!(error.message.contains(column), "{error}");
                assert_eq!(error.kind, ErrorKind::Write, "{error}");
            }
        }
        let twice = session.insert("strict_ones", &given(Value::Int(-7), Value::Int(1))).await.unwrap_err();
        assert!(twice.message.starts_with(&format!("writing to `strict_ones`: row {bad}: ")), "{twice}");
        assert!(twice.message.contains("-7"), "{twice}");
    }
    assert_eq!(one(db, "select count(*) as c from strict_ones", &[]).await, Value::Int(1));
    // In a transaction the failure leaves nothing, and what went before stays.
    let mut transaction = db.begin().await.unwrap();
    let row = |a, b| vec![Value::Int(a), b];
    let good = rows(&["a", "b"], &[&row(1, Value::Int(1))]);
    let bad = rows(&["a", "b"], &[&row(2, Value::Int(1)), &row(3, Value::None), &row(4, Value::Int(1))]);
    transaction.insert("strict_ones", &good).await.unwrap();
    assert!(transaction.insert("strict_ones", &bad).await.unwrap_err().message.contains("row 2"));
    assert!(transaction.upsert("strict_ones", &bad, &key, &[]).await.unwrap_err().message.contains("row 2"));
    transaction.commit().await.unwrap();
    assert_eq!(one(db, "select sum(a) as s from strict_ones", &[]).await, Value::Int(-6));
}

/// A column for each type that both databases have, with values at its ends.
fn types() -> Vec<(&'static str, &'static str, Vec<Value>)> {
    let floats = [0.1, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY];
    let odd =
        ["", " ", "NULL", "\\N", "a\tb\nc\\d\r", "é 日本 🎈", "{\"a\": 1}", "'; drop table all_types; --", ":x ? $1"];
    vec![
        ("small", "smallint", vec![Value::Int(-32_768), Value::Int(32_767)]),
        ("middle", "integer", vec![Value::Int(i64::from(i32::MIN)), Value::Int(i64::from(i32::MAX))]),
        ("big", "bigint", vec![Value::Int(i64::MIN), Value::Int(i64::MAX), Value::Int(9_007_199_254_740_993)]),
        ("x", "double precision", floats.map(Value::Float).to_vec()),
        ("flag", "boolean", vec![Value::Bool(true), Value::Bool(false)]),
        ("t", "text", odd.map(text).to_vec()),
        ("wide", "text", vec![text(&"long \\ \n é ".repeat(100_000))]),
        ("v", "varchar(20)", vec![text("a"), text("twenty letters, all ")]),
        ("day", "date", vec![date("0001-01-01"), date("2024-02-29"), date("9999-12-31")]),
        ("clock", "time", ["00:00:00", "23:59:59.999999"].map(|t| Value::Time(t.parse().unwrap())).to_vec()),
        (
            "at",
            "timestamp with time zone",
            ["0001-01-01T00:00:00Z", "2025-03-30T01:00:00.000001Z", "9999-12-31T23:59:59.999999Z"]
                .map(timestamp)
                .to_vec(),
        ),
        ("here", "timestamp", vec![timestamp("2025-03-30T02:30:00Z")]),
        ("j", "json", [r#"{"a":[1,2.5,null,true,"x\ty"],"b":{}}"#, "[]", "1", "\"x\"", "null"].map(json).to_vec()),
        ("d", "numeric(20, 8)", ["123456.12345678", "-0.00000001", "0.10000000"].map(decimal).to_vec()),
    ]
}

/// No infinite numbers, bounded texts, and fractions of a second only where they are asked for.
fn as_mysql_has_it((name, ty, values): &mut (&'static str, &'static str, Vec<Value>)) {
    values.retain(|value| !matches!(value, Value::Float(x) if x.is_infinite()));
    *ty = match *name {
        "wide" => "longtext",
        "clock" => "time(6)",
        "at" | "here" => "datetime(6)",
        _ => ty,
    };
}

async fn every_type_is_exact(db: &dyn Sql) {
    let (mut types, signless) = (types(), db.dialect() != SqlDialect::Postgres);
    if db.dialect() == SqlDialect::MySql {
        types.iter_mut().for_each(as_mysql_has_it);
    }
    let columns: Vec<String> = types.iter().map(|(name, ty, _)| format!("{name} {ty}")).collect();
    define(db, &format!("create table all_types (k integer primary key, {})", columns.join(", "))).await;
    let shape: Vec<&str> = std::iter::once("k").chain(types.iter().map(|(name, ..)| *name)).collect();
    let row = |n: usize| {
        let values = types.iter().map(|(name, _, values)| {
            // One long text is enough.
            if *name == "wide" && n > 0 { text("") } else { values[n % values.len()].clone() }
        });
        std::iter::once(Value::Int(i64::try_from(n).unwrap())).chain(values).collect::<Vec<Value>>()
    };
    let mut session = db.session().await.unwrap();
    // Few travel otherwise than many, and an insertion otherwise than an upsert.
    for (count, upserted) in [(20, false), (20, true), (700, false), (700, true)] {
        define(db, "delete from all_types").await;
        let given: Vec<Vec<Value>> = (0..count).map(row).collect();
        let given = rows(&shape, &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if upserted {
            let key = names(&["k"]);
            assert_eq!(session.upsert("all_types", &given, &key, &[]).await.unwrap().created, count as u64);
            assert_eq!(session.upsert("all_types", &given, &key, &[]).await.unwrap().unchanged, count as u64);
        } else {
            assert_eq!(session.insert("all_types", &given).await.unwrap(), count as u64);
        }
        let found = read(db, "select * from all_types order by k", &[]).await.unwrap();
        for (at, name) in shape.iter().enumerate() {
            for n in 0..count {
                let (found, given) = (found.columns[at].get(n).unwrap(), given.columns[at].get(n).unwrap());
                // SQLite keeps a whole number as an int, and an int has no sign of zero.
                let same_bits = match (&found, &given) {
                    (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (signless && *a == 0.0),
                    _ => true,
                };
                assert!(
                    found == given && found.kind() == given.kind() && same_bits,
                    "{name}: {given} came back as {found}"
                );
            }
        }
    }
}

async fn many_rows_are_written_as_few_are(db: &dyn Sql) {
    let mut session = db.session().await.unwrap();
    let many =
        |name: &str| -> Vec<Vec<Value>> { (0..3000).map(|n| vec![text(&format!("s{n}")), text(name)]).collect() };
    let table =
        |rows: &[Vec<Value>]| super::rows(&["symbol", "name"], &rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (key, back) = (names(&["symbol"]), names(&["symbol", "name"]));
    let given = table(&many("a")[..2000]);
    assert_eq!(session.insert("assets", &given).await.unwrap(), 2000);
    // A third each is the same, changed and new.
    let mut mixed = many("a");
    for row in &mut mixed[1000..2000] {
        row[1] = text("b");
    }
    let done = session.upsert("assets", &table(&mixed), &key, &back).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (1000, 1000, 1000));
    assert_eq!(done.rows, table(&mixed));
    // Twice in one transaction, and again after a failure that was caught.
    let mut transaction = db.begin().await.unwrap();
    let done = transaction.upsert("assets", &table(&many("c")), &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 3000, 0));
    assert!(transaction.upsert("assets", &table(&many("d")), &names(&["name"]), &[]).await.is_err());
    let done = transaction.upsert("assets", &table(&many("c")), &key, &back).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 0, 3000));
    assert_eq!(done.rows, table(&many("c")));
    transaction.rollback().await.unwrap();
    assert_eq!(one(db, "select count(*) as c from assets where name = 'c'", &[]).await, Value::Int(0));
}

/// Runs for minutes on a database that is left alone.
fn endless(db: &dyn Sql) -> (&'static str, &'static str) {
    match db.dialect() {
        SqlDialect::Postgres => {
            ("select cast(1 as integer) as a, pg_sleep(300)", "insert into pairs select 1, 1 from pg_sleep(300)")
        }
        SqlDialect::MySql => ("select sleep(300) as a", "insert into pairs select 1, sleep(300)"),
        SqlDialect::Sqlite => (
            "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) as a from r",
            "insert into pairs with recursive r(n) as (select 1 union all select n + 1 from r) select max(n), 1 from r",
        ),
    }
}

async fn nobody_waits_for_what_was_given_up(db: &dyn Sql) {
    let soon = std::time::Duration::from_millis(50);
    let (reads, writes) = endless(db);
    // More often than there are connections; each gives its own back, or makes room for another.
    for _ in 0..6 {
        let mut session = db.session().await.unwrap();
        assert!(tokio::time::timeout(soon, session.query(&query(reads, &[]))).await.is_err());
        assert!(tokio::time::timeout(soon, session.execute(&query(writes, &[]))).await.is_err());
        let mut transaction = db.begin().await.unwrap();
        assert!(tokio::time::timeout(soon, transaction.execute(&query(writes, &[]))).await.is_err());
    }
    let given = rows(&["a", "b"], &[&[Value::Int(1), Value::Int(1)]]);
    assert_eq!(db.session().await.unwrap().insert("pairs", &given).await.unwrap(), 1);
    assert_eq!(one(db, "select count(*) as c from pairs", &[]).await, Value::Int(1));
}

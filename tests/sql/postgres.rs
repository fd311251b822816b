//! What is PostgreSQL's own.

use vmflow::connection::Sql;
use vmflow::connection::sql::{PostgresDatabase, PostgresOptions, PostgresServer, SqlTls};
use vmflow::value::{ErrorKind, Value};

use super::*;
use crate::support::postgres::{fresh_schema, open, url};

#[tokio::test]
async fn texts_take_the_type_of_what_they_meet() {
    let db = open(&fresh_schema().await);
    define(
        &db,
        "create type mood as enum ('good', 'bad');
         create table t (id uuid primary key, m mood, c char(5), v varchar(5), tags text[], net inet, s smallint)",
    )
    .await;
    let id = text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    let mut session = db.session().await.unwrap();
    let tags = Value::list(vec![text("a \"b\""), Value::None, text("c\\d")]);
    let given = rows(
        &["id", "m", "c", "v", "tags", "net", "s"],
        &[&[id.clone(), text("good"), text("abc"), text("abcde"), tags.clone(), text("10.0.0.1"), Value::Int(7)]],
    );
    assert_eq!(session.insert("t", &given).await.unwrap(), 1);
    for (condition, value) in [
        ("id = :x", id.clone()),
        ("id in :x", Value::list(vec![id.clone()])),
        ("m = :x", text("good")),
        ("m in :x", Value::list(vec![text("good"), text("bad")])),
        ("c = :x", text("abc")),
        ("v = :x", text("abcde")),
        ("net = :x", text("10.0.0.1")),
        ("s = :x", Value::Int(7)),
        ("s in :x", Value::list(vec![Value::Int(7), Value::Int(5_000_000_000)])),
        ("tags @> :x::text[]", text("{c\\\\d}")),
    ] {
        let found = read(&db, &format!("select s from t where {condition}"), &[("x", value)]).await;
        assert_eq!(found.map(|table| table.rows), Ok(1), "{condition}");
    }
    assert_eq!(one(&db, "select tags from t", &[]).await, tags);
    assert_eq!(one(&db, "select m from t", &[]).await, text("good"));
    // A text that is too long is refused, not cut.
    let error = session.insert("t", &rows(&["id", "v"], &[&[id.clone(), text("abcdef")]])).await.unwrap_err();
    assert!(error.message.contains("too long"), "{error}");
    let error = read(&db, "select s from t where id = :x", &[("x", text("no uuid"))]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Query);
    assert!(error.message.contains("invalid input syntax for type uuid"), "{error}");
    assert_eq!(one(&db, "select count(*) as c from t where c like :x", &[("x", text("ab%"))]).await, Value::Int(1));
}

#[tokio::test]
async fn a_statement_for_each_row_binds_what_it_is_given() {
    let db = open(&fresh_schema().await);
    define(
        &db,
        "create table t (n int8, id uuid, v text, d numeric, x float8, at timestamptz, day date, j jsonb, b bool)",
    )
    .await;
    let columns = ["n", "id", "v", "d", "x", "at", "day", "j", "b"];
    let id = |n: i64| text(&format!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd38{n:04}"));
    let words =
        |n: i64| ["it's", "\\' or 1=1; drop table t; --", "é\n\t\"", "$1 :n ?", ""][usize::try_from(n % 5).unwrap()];
    let row = |n: i64| {
        vec![
            Value::Int(if n % 2 == 0 { n } else { -9_000_000_000 - n }),
            id(n),
            text(words(n)),
            decimal("-0.12345678901234567890"),
            Value::Float(if n % 3 == 0 { f64::INFINITY } else { 0.1 + f64::from(u16::try_from(n).unwrap()) }),
            timestamp("2025-01-31T06:00:00.123456Z"),
            if n % 4 == 0 { Value::None } else { date("2025-01-31") },
            json(r#"{"a": ["x'", null, 1.5]}"#),
            Value::Bool(n % 2 == 0),
        ]
    };
    let given: Vec<Vec<Value>> = (0..3000).map(row).collect();
    let given = rows(&columns, &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let statement = query("insert into t values (:n, :id, :v, :d, :x, :at, :day, :j, :b) -- each", &[]);
    let mut session = db.session().await.unwrap();
    assert_eq!(session.each(&statement, &given).await.unwrap(), 3000);
    let found = read(&db, "select * from t order by id", &[]).await.unwrap();
    assert_eq!(found.columns, given.columns);
    // Each sees what the ones before it did, and is counted by itself.
    let again = query("update t set n = 1 where id = :id and n <> 1 or v = :gone", &[]);
    let twice = rows(&["id", "gone"], &[&[id(2), text("-")], &[id(2), text("-")], &[id(4), text("")]]);
    assert_eq!(session.each(&again, &twice).await.unwrap(), 601);
    let listed = query("delete from t where id in :ids and n in :ns", &[]);
    let lists = rows(
        &["ids", "ns"],
        &[
            &[Value::list(vec![id(2), id(6)]), Value::list(vec![Value::Int(1), Value::Int(3_000_000_000)])],
            &[Value::list(Vec::new()), Value::list(vec![Value::Int(1)])],
            &[Value::list(vec![id(6), text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd389999")]), Value::list(vec![Value::Int(6)])],
        ],
    );
    assert_eq!(session.each(&listed, &lists).await.unwrap(), 2);
    let left = one(&db, "select count(*) as n from pg_prepared_statements where name like 'vmflow%'", &[]).await;
    assert_eq!(left, Value::Int(0));
}

#[tokio::test]
async fn the_row_whose_statement_is_refused_is_named() {
    let db = open(&fresh_schema().await);
    define(&db, "create table t (n int primary key, v varchar(5), id uuid)").await;
    let mut session = db.session().await.unwrap();
    let good = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let insert = query("insert into t values (:n, :v, :id)", &[]);
    for (bad, said) in [
        ([Value::Int(5000), text("toolong"), text(good)], "too long"),
        ([Value::Int(7), text("a"), text(good)], "duplicate key"),
        ([Value::Int(5000), text("a"), text("no uuid")], "uuid"),
        ([Value::Int(5000), text("a\0b"), text(good)], "0x00"),
    ] {
        for place in [1, 2000, 3999] {
            let mut given: Vec<Vec<Value>> = (0..4000).map(|n| vec![Value::Int(n), text("a"), text(good)]).collect();
            if bad[0] == Value::Int(7) && place == 1 {
                given[0][0] = Value::Int(7);
            }
            given[place] = bad.to_vec();
            let given = rows(&["n", "v", "id"], &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let error = session.each(&insert, &given).await.unwrap_err();
            assert!(error.message.starts_with(&format!("row {}: ", place + 1)), "{error}");
            assert!(error.message.contains(said), "{error}");
            assert_eq!(one(&db, "select count(*) as n from t", &[]).await, Value::Int(0));
        }
    }
    // A caught failure leaves the transaction as it was, and no secret is in the words.
    let mut transaction = db.begin().await.unwrap();
    let secret = Value::Secret("hunter2-hunter2".into());
    let given =
        rows(&["n", "v", "id"], &[&[Value::Int(1), text("a"), text(good)], &[Value::Int(2), text("b"), secret]]);
    let error = transaction.each(&insert, &given).await.unwrap_err();
    assert!(error.message.starts_with("row 2: ") && !error.to_string().contains("hunter2"), "{error}");
    assert_eq!(transaction.each(&query("delete from t where n = :n", &[]), &given).await.unwrap(), 0);
    transaction.commit().await.unwrap();
    let unknown = session.each(&query("update nowhere set n = :n", &[]), &given).await.unwrap_err();
    assert!(unknown.message.starts_with("row 1: ") && unknown.message.contains("nowhere"), "{unknown}");
}

#[tokio::test]
async fn numbers_behave_as_literals() {
    let db = open(&url());
    let n = |n| [("n", Value::Int(n))];
    assert_eq!(one(&db, "select '2025-01-31'::date - :n as d", &n(1)).await, date("2025-01-30"));
    assert_eq!(one(&db, "select left('abc', :n) as d", &n(2)).await, text("ab"));
    assert_eq!(one(&db, "select :n + 1 as d", &n(3_000_000_000)).await, Value::Int(3_000_000_001));
    // The same text with another type is another statement.
    assert_eq!(one(&db, "select :n as d", &[("n", Value::Float(1.5))]).await, Value::Float(1.5));
    assert_eq!(one(&db, "select :n as d", &n(1)).await, Value::Int(1));
    assert_eq!(one(&db, "select :n as d", &[("n", decimal("1.50"))]).await.to_string(), "1.50");
    assert_eq!(one(&db, "select :n as d", &[("n", timestamp("2025-01-31T06:00:00Z"))]).await.kind(), "timestamp");
    assert_eq!(one(&db, "select 1.5::numeric(20, 8) as d", &[]).await.to_string(), "1.50000000");
    assert_eq!(one(&db, "select 1e30::numeric as d", &[]).await.to_string(), format!("1{}", "0".repeat(30)));
    assert_eq!(one(&db, "select 0.1::real as d", &[]).await, Value::Float(0.1));
}

#[tokio::test]
async fn what_has_no_counterpart_is_an_error_and_never_a_panic() {
    let db = open(&url());
    for expression in [
        "'infinity'::date",
        "'-infinity'::timestamptz",
        "'infinity'::timestamp",
        "'NaN'::numeric",
        "'-infinity'::numeric",
        "'24:00'::time",
        "'1 day'::interval",
        "'\\x00'::bytea",
        "array['infinity'::date]",
        "array[array[1]]",
        "row(1, 2)",
        "'5000000-01-01'::date",
        "int4range(1, 2)",
    ] {
        let error = read(&db, &format!("select {expression} as odd"), &[]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Data, "{expression}");
        assert!(error.message.starts_with("column `odd` cannot be read: "), "{error}");
    }
    for (expression, value) in [
        ("'2025-01-31 06:00'::timestamp", timestamp("2025-01-31T06:00:00Z")),
        ("'2025-01-31 06:00+01'::timestamptz", timestamp("2025-01-31T05:00:00Z")),
        ("'1969-12-31'::date", date("1969-12-31")),
        ("array[1.5, null]", Value::list(vec![decimal("1.5"), Value::None])),
        ("array['2025-01-31'::date]", Value::list(vec![date("2025-01-31")])),
        ("'{}'::int[]", Value::list(vec![])),
        ("'NaN'::float8", Value::Float(f64::NAN)),
        ("'x'::name", text("x")),
        ("null", Value::None),
    ] {
        assert_eq!(one(&db, &format!("select {expression} as v"), &[]).await, value, "{expression}");
    }
}

#[tokio::test]
async fn a_changed_table_is_seen() {
    let db = open(&fresh_schema().await);
    define(&db, "create table t (a text); insert into t values ('1')").await;
    let found = async || read(&db, "select * from t where a = :a", &[("a", text("1"))]).await.unwrap().shape.len();
    let other = open(&url());
    assert_eq!(found().await, 1);
    define(&db, "alter table t add b int; alter table t alter a type int using a::int").await;
    assert_eq!(found().await, 2);
    let mut session = db.session().await.unwrap();
    session.insert("t", &rows(&["a", "b"], &[&[Value::Int(2), Value::Int(3)]])).await.unwrap();
    drop(other);
}

#[tokio::test]
async fn instants_do_not_depend_on_the_servers_zone() {
    let url = fresh_schema().await;
    let db = open(&url);
    define(&db, "create table t (a timestamp, b timestamptz)").await;
    let mut session = db.session().await.unwrap();
    let noon = timestamp("2025-07-01T12:00:00Z");
    session.insert("t", &rows(&["a", "b"], &[&[noon.clone(), noon.clone()]])).await.unwrap();
    session.execute(&query("insert into t values (:at, :at)", &[("at", noon.clone())])).await.unwrap();
    let table = read(&db, "select a, b from t", &[]).await.unwrap();
    assert_eq!(table.columns, [[noon.clone(), noon.clone()], [noon.clone(), noon]]);
}

fn parts(host: &str, port: u16, database: &str, user: &str, password: Option<&str>) -> PostgresDatabase {
    PostgresDatabase::connect(&PostgresOptions {
        server: PostgresServer::Parts {
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            user: user.to_owned(),
            password: password.map(str::to_owned),
            tls: SqlTls::Disable,
        },
        pool: 2,
        connect_timeout_ms: 3000,
    })
    .unwrap()
}

fn shared_port() -> u16 {
    url().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_failed_connection_says_why() {
    let port = shared_port();
    let refused = parts("127.0.0.1", 1, "postgres", "vmflow", Some("hunter2"));
    let error = refused.session().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
    assert!(error.message.contains("127.0.0.1:1") && error.message.contains("refused"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));

    let missing = parts("127.0.0.1", port, "nowhere", "vmflow", None);
    let error = missing.session().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Configuration, false));
    assert!(error.message.contains("database \"nowhere\" does not exist"), "{error}");

    let stranger = parts("127.0.0.1", port, "postgres", "nobody", Some("hunter2"));
    let error = stranger.begin().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Configuration, false));
    assert!(error.message.contains("nobody"), "{error}");

    let secret_url = format!("postgres://vmflow:hunter2@127.0.0.1:{port}/postgres?sslmode=verify-full");
    let error = open(&secret_url).session().await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Configuration, "{error}");
    assert!(error.message.contains("TLS"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));

    let bad = PostgresOptions {
        server: PostgresServer::Url("postgres://u:hunter2@h:port/".into()),
        pool: 1,
        connect_timeout_ms: 1,
    };
    let error = PostgresDatabase::connect(&bad).unwrap_err();
    assert!(!format!("{error:?}{bad:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let db = parts("127.0.0.1", listener.local_addr().unwrap().port(), "postgres", "vmflow", None);
    let error = db.session().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
    assert!(error.message.contains("did not answer within 3s"), "{error}");
}

#[tokio::test]
async fn the_servers_words_are_passed_on() {
    let db = open(&fresh_schema().await);
    define(&db, "create table t (a int primary key, b int not null)").await;
    let error = read(&db, "select a frm from t whr", &[]).await;
    assert!(error.is_ok(), "an alias is no mistake: {error:?}");
    let error = read(&db, "select a from t order a", &[]).await.unwrap_err();
    assert_eq!(error.message, "syntax error at or near \"a\", near `a`");
    let mut session = db.session().await.unwrap();
    let error = session.execute(&query("insert into t values (1, null)", &[])).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Write, false));
    assert!(error.message.contains("null value in column \"b\"") && error.message.contains("Failing row"), "{error}");
    let slow = format!("{}&options[statement_timeout]=50", fresh_schema().await);
    let error = read(&open(&slow), "select pg_sleep(5)", &[]).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true), "{error}");
}

#[tokio::test]
async fn cancelled_statements_end_on_the_server() {
    let db = open(&url());
    let mut session = db.session().await.unwrap();
    let marked = query("select pg_sleep(60) as marked_for_cancelling", &[]);
    let cut = tokio::time::timeout(std::time::Duration::from_millis(300), session.query(&marked)).await;
    assert!(cut.is_err());
    let running = "select count(*) as c from pg_stat_activity where query like '%marked_for_cancelling%'
                   and state = 'active' and pid <> pg_backend_pid()";
    for _ in 0..50 {
        if one(&db, running, &[]).await == Value::Int(0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the statement of a cancelled step still runs");
}

#[tokio::test]
async fn more_tasks_than_connections() {
    let db = open(&fresh_schema().await);
    define(&db, "create table t (a int)").await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut transaction = db.begin().await.unwrap();
                let insert = query("insert into t values (:n)", &[("n", Value::Int(n))]);
                transaction.execute(&insert).await.unwrap();
                transaction.commit().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(50));
    assert_eq!(db.pool_size(), 4);
}

#[tokio::test]
async fn upserts_compare_what_is_stored() {
    let db = open(&fresh_schema().await);
    define(
        &db,
        "create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table t (k int primary key, j json, n numeric, c text collate folded, v varchar(4), tags text[])",
    )
    .await;
    let mut session = db.session().await.unwrap();
    let row = |j: &str, n: &str, c: &str, v: &str, tags: &[&str]| {
        let tags = Value::list(tags.iter().map(|tag| text(tag)).collect());
        vec![Value::Int(1), json(j), decimal(n), text(c), text(v), tags]
    };
    let first = row(r#"{"a": 1}"#, "1.0", "a", "abcd", &["x"]);
    for (given, counts) in [
        (first.clone(), (1, 0, 0)),
        (first.clone(), (0, 0, 1)),
        (row(r#"{"a": 2}"#, "1.0", "a", "abcd", &["x"]), (0, 1, 0)),
        (row(r#"{"a": 2}"#, "1.00", "a", "abcd", &["x"]), (0, 1, 0)),
        (row(r#"{"a": 2}"#, "1.00", "A", "abcd", &["x"]), (0, 1, 0)),
        (row(r#"{"a": 2}"#, "1.00", "A", "abcd ", &["x"]), (0, 0, 1)),
        (row(r#"{"a": 2}"#, "1.00", "A", "abcd", &["x", "y"]), (0, 1, 0)),
    ] {
        let given = rows(&["k", "j", "n", "c", "v", "tags"], &[&given]);
        let place = one(&db, "select max(ctid::text) as place from t", &[]).await;
        let done = session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), counts, "{given:?}");
        // A row that is written lands in another place.
        let moved = one(&db, "select max(ctid::text) as place from t", &[]).await != place;
        assert_eq!(moved, done.unchanged == 0, "{given:?}");
    }
}

#[tokio::test]
async fn partitioned_tables_and_views_take_upserts() {
    let db = open(&fresh_schema().await);
    define(
        &db,
        "create table t (a int unique, b int, id serial) partition by range (a);
         create table t1 partition of t for values from (0) to (100);
         create table u (a int unique, b int, id serial); create view v as select * from u where b > 0",
    )
    .await;
    let mut session = db.session().await.unwrap();
    let row = |a, b| vec![Value::Int(a), Value::Int(b)];
    for table in ["t", "v"] {
        let given = rows(&["a", "b"], &[&row(1, 1), &row(2, 1)]);
        let done = session.upsert(table, &given, &names(&["a"]), &[]).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), (2, 0, 0), "{table}");
        let given = rows(&["a", "b"], &[&row(3, 1), &row(1, 1), &row(2, 2)]);
        let done = session.upsert(table, &given, &names(&["a"]), &names(&["a"])).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), (1, 1, 1), "{table}");
        assert_eq!(done.rows.columns, [[Value::Int(3), Value::Int(1), Value::Int(2)]]);
    }
}

#[tokio::test]
async fn rows_that_a_trigger_keeps_out_are_missed() {
    let db = open(&fresh_schema().await);
    define(&db, "create table t (a int unique, b int)").await;
    let mut session = db.session().await.unwrap();
    for statement in [
        "create function skip() returns trigger language plpgsql as $$ begin
           if new.b < 0 then return null; end if; return new; end $$",
        "create trigger skip before insert on t for each row execute function skip()",
    ] {
        session.execute(&query(statement, &[])).await.unwrap();
    }
    let given = rows(&["a", "b"], &[&[Value::Int(1), Value::Int(1)], &[Value::Int(2), Value::Int(-1)]]);
    let error = session.upsert("t", &given, &names(&["a"]), &[]).await.unwrap_err();
    assert_eq!(error.message, "PostgreSQL took 1 of 2 rows; a trigger or rule may have kept the others out");
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
}

#[tokio::test]
async fn a_domain_does_not_cut_texts() {
    let db = open(&fresh_schema().await);
    define(&db, "create domain short as varchar(3); create table t (a short, b text unique)").await;
    let mut session = db.session().await.unwrap();
    let given = rows(&["a", "b"], &[&[text("abcdef"), text("k")]]);
    for error in [
        session.insert("t", &given).await.unwrap_err(),
        session.upsert("t", &given, &names(&["b"]), &[]).await.unwrap_err(),
    ] {
        assert!(error.message.contains("value too long for type character varying(3)"), "{error}");
    }
}

/// Few rows travel as arrays and many through COPY: what is stored is the same.
#[tokio::test]
async fn many_rows_store_every_type_as_few_do() {
    let db = open(&fresh_schema().await);
    define(
        &db,
        "create type mood as enum ('good', 'bad');
         create domain amount as numeric(20, 8) check (value >= 0);
         create table t (k int primary key, r real, f double precision, id uuid, tags text[], days date[], ns int[], m mood, a amount, j jsonb, at timestamptz)",
    )
    .await;
    let columns = ["k", "r", "f", "id", "tags", "days", "ns", "m", "a", "j", "at"];
    let mut session = db.session().await.unwrap();
    let row = |k: usize, mood: &str| {
        let tags = Value::list(vec![text("a \"b\",{}\\"), Value::None, text(""), text("NULL"), text("é\n")]);
        vec![
            Value::Int(k.try_into().unwrap()),
            Value::Float(0.1),
            Value::Float(0.1 + 0.2),
            text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            if k.is_multiple_of(2) { tags } else { Value::list(Vec::new()) },
            Value::list(vec![date("2025-01-31"), Value::None]),
            Value::list(vec![Value::Int(1), Value::Int(-2)]),
            text(mood),
            decimal("123456789012.12345678"),
            json(r#"{"a":[1,"\\\t"]}"#),
            timestamp("2025-01-31T06:00:00.123456Z"),
        ]
    };
    let table = |keys: std::ops::Range<usize>, mood: &str| {
        let given: Vec<Vec<Value>> = keys.map(|k| row(k, mood)).collect();
        rows(&columns, &given.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let distinct = "select count(*) as n from (select distinct r, f, id, tags, days, ns, m, a, j, at from t) d";
    for (few, many) in [(0..2, 2..1202), (1202..1204, 1204..2404)] {
        let upserts = few.start > 0;
        for keys in [few, many] {
            let given = table(keys.clone(), "good");
            if upserts {
                assert_eq!(session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap().created, keys.len() as u64);
                let changed = session.upsert("t", &table(keys.clone(), "bad"), &names(&["k"]), &[]).await.unwrap();
                assert_eq!((changed.updated, changed.unchanged), (keys.len() as u64, 0));
                let same = session.upsert("t", &table(keys.clone(), "bad"), &names(&["k"]), &[]).await.unwrap();
                assert_eq!((same.updated, same.unchanged), (0, keys.len() as u64));
            } else {
                assert_eq!(session.insert("t", &given).await.unwrap(), keys.len() as u64);
            }
        }
    }
    // Even and odd ones, good and bad.
    assert_eq!(one(&db, distinct, &[]).await, Value::Int(4));
    let back = read(&db, "select r, f, tags, days, ns, a, at from t where k = 2402", &[]).await.unwrap();
    let wanted = row(2402, "bad");
    for (column, at) in back.columns.iter().zip([1, 2, 4, 5, 6, 8, 10]) {
        let found = column.get(0).unwrap();
        assert_eq!(found, wanted[at], "column {at}");
    }
    let mut refused = table(3000..3600, "good");
    refused.columns[8] = (0..600).map(|n| decimal(if n == 321 { "-1" } else { "1" })).collect();
    let error = session.insert("t", &refused).await.unwrap_err();
    assert!(error.message.contains("row 322"), "{error}");
    assert!(error.message.contains("amount_check"), "{error}");
}

/// What a table of the types whose bytes are known holds, bit by bit.
const HELD: &str = "select k, b, i2, i4, encode(float8send(f), 'hex') as f, encode(float8send(w), 'hex') as w, n::text,
    n2::text, encode(date_send(d), 'hex') as d, encode(timestamptz_send(at), 'hex') as at,
    encode(timestamp_send(plain), 'hex') as plain, t, v from";

/// Where the bytes of every column are known, many rows travel as bytes: what is stored is the same.
#[tokio::test]
async fn rows_as_bytes_store_what_rows_as_texts_do() {
    let db = open(&fresh_schema().await);
    let columns = "k int8 primary key, b bool, i2 int2, i4 int4, f float8, w float8, n numeric, n2 numeric(20, 2) check (n2 < 1e9),
        d date, at timestamptz, plain timestamp(3), t text, v varchar(3)";
    define(&db, &format!("create table few ({columns}); create table many ({columns})")).await;
    let nth = |n: usize, values: &[Value]| values[n % values.len()].clone();
    let floats = [0.1 + 0.2, -0.0, f64::NAN, f64::NEG_INFINITY, 5e-324, 1.797e308].map(Value::Float);
    let decimals =
        ["0", "0.00", "-1.5", "1.50", "9999.9999", "10000", "-0.00000001", "123456789012345678", "1.2345678901234567"];
    let decimals = decimals.map(decimal);
    let days = ["0001-01-01", "1969-12-31", "2000-01-01", "2025-02-28", "9999-12-31"].map(date);
    let instants =
        ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2025-01-31T06:00:00.1234567Z"].map(timestamp);
    let texts = ["", "a\tb\n\\N", "Zürich \u{1f4b6}"].map(text);
    let row = |k: usize| {
        let n = i64::try_from(k).unwrap();
        let mut row = vec![
            Value::Int(n * 1_000_000_007),
            Value::Bool(k.is_multiple_of(3)),
            Value::Int(n % 65_536 - 32_768),
            Value::Int(if k.is_multiple_of(2) { i32::MAX.into() } else { i32::MIN.into() }),
            nth(k, &floats),
            Value::Int(i64::MAX - n),
            nth(k, &decimals),
            nth(k / 2, &[decimal("1.005"), Value::Int(-7), decimal("0.1")]),
            nth(k, &days),
            nth(k, &instants),
            nth(k / 3, &instants),
            nth(k, &texts),
            text(&format!("{:03}", k % 1000)),
        ];
        let at = 1 + k % 16;
        if let Some(value) = row.get_mut(at) {
            *value = Value::None;
        }
        row
    };
    let names = ["k", "b", "i2", "i4", "f", "w", "n", "n2", "d", "at", "plain", "t", "v"];
    let table = |keys: std::ops::Range<usize>| {
        let given: Vec<Vec<Value>> = keys.map(row).collect();
        rows(&names, &given.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let mut session = db.session().await.unwrap();
    for start in (0..2000).step_by(400) {
        assert_eq!(session.insert("few", &table(start..start + 400)).await.unwrap(), 400);
    }
    assert_eq!(session.insert("many", &table(0..2000)).await.unwrap(), 2000);
    let different = format!("select count(*) as n from ({HELD} few except all {HELD} many) differs");
    assert_eq!(one(&db, &different, &[]).await, Value::Int(0));
    // Through a temporary table.
    let again = session.upsert("many", &table(0..2000), &super::names(&["k"]), &[]).await.unwrap();
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2000));

    let refused = |column: usize, value: Value, wanted: &'static [&'static str]| {
        let mut given = table(3000..3600);
        let values = (0..600).map(|n| if n == 321 { value.clone() } else { given.columns[column].get(n).unwrap() });
        given.columns[column] = values.collect();
        (given, wanted)
    };
    for (given, wanted) in [
        refused(7, Value::Int(2_000_000_000), &["row 322", "n2_check"]),
        refused(12, text("four"), &["row 322, column `v`", "too long"]),
        refused(11, text("a\0b"), &["row 322, column `t`", "0x00"]),
        refused(3, Value::Int(1 << 40), &["row 322, column `i4`", "out of range"]),
        refused(0, Value::Int(0), &["row 322", "duplicate key"]),
    ] {
        let error = session.insert("many", &given).await.unwrap_err();
        assert!(wanted.iter().all(|words| error.message.contains(words)), "{wanted:?}: {error}");
    }
    assert_eq!(one(&db, "select count(*) as n from many", &[]).await, Value::Int(2000));
}

//! What is MySQL's and MariaDB's own.

use std::time::Duration;

use vmflow::connection::Sql;
use vmflow::connection::sql::{MysqlDatabase, MysqlOptions, MysqlServer, SqlTls};
use vmflow::value::{ErrorKind, Value};

use super::*;
use crate::support::mysql::{Throwaway, fresh_database, open, options, url, with_database};

#[tokio::test]
async fn columns_of_all_types_are_exact() {
    let db = open(&fresh_database().await);
    define(
        &db,
        "create table t (
            tiny tinyint, small smallint unsigned, medium mediumint, big bigint, huge bigint unsigned, truth boolean,
            bits bit(9), f float, x double, d decimal(40, 20), c char(3), v varchar(10), txt mediumtext,
            bin varchar(5) collate utf8mb4_bin, e enum('a', 'b'), s set('a', 'b'), u uuid, y year, day date, clock time(6),
            at datetime(6), stamp timestamp(3) null, j json
        )",
    )
    .await;
    let mut session = db.session().await.unwrap();
    let insert =
        "insert into t values (-128, 65535, -8388608, -9223372036854775808, 9223372036854775807, true, b'100000001',
        0.1, 0.1, 12345678901234567890.12345678901234567890, 'abc', 'é', 'text', 'bin', 'b', 'a,b',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 2025, '2025-01-31', '06:30:00.5', '2025-01-31 06:00:00.123456',
        '2025-01-31 06:00:00.123', '{\"a\": [1, 2.50]}')";
    session.execute(&query(insert, &[])).await.unwrap();
    let table = read(&db, "select * from t", &[]).await.unwrap();
    let found: Vec<(String, String)> =
        table.cells().map(|value| (value.kind().to_owned(), value.to_string())).collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(kind, text)| (kind.as_str(), text.as_str())).collect();
    assert_eq!(
        found,
        [
            ("int", "-128"),
            ("int", "65535"),
            ("int", "-8388608"),
            ("int", "-9223372036854775808"),
            ("int", "9223372036854775807"),
            ("bool", "true"),
            ("int", "257"),
            ("float", "0.1"),
            ("float", "0.1"),
            ("decimal", "12345678901234567890.12345678901234567890"),
            ("text", "abc"),
            ("text", "é"),
            ("text", "text"),
            ("text", "bin"),
            ("text", "b"),
            ("text", "a,b"),
            ("text", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ("int", "2025"),
            ("date", "2025-01-31"),
            ("time", "06:30:00"),
            ("timestamp", "2025-01-31T06:00:00.123456Z"),
            ("timestamp", "2025-01-31T06:00:00.123Z"),
            ("json", r#"{"a":[1,2.50]}"#),
        ]
    );
    assert_eq!(*table.column("clock").unwrap(), [Value::Time("06:30:00.5".parse().unwrap())]);
    // Each can be written again as it was read.
    let names: Vec<&str> = table.shape.iter().map(|name| &**name).collect();
    let values: Vec<Value> = table.cells().collect();
    assert_eq!(session.insert("t", &rows(&names, &[&values])).await.unwrap(), 1);
    let again = read(&db, "select * from t limit 1, 1", &[]).await.unwrap();
    assert_eq!(again.cells().collect::<Vec<_>>(), values);
}

#[tokio::test]
async fn what_has_no_counterpart_is_an_error_and_never_a_panic() {
    let db = open(&fresh_database().await);
    for expression in [
        "cast(18446744073709551615 as unsigned)",
        "x'00ff'",
        "cast('-12:00:00' as time)",
        "cast('30:00:00' as time)",
        "point(1, 2)",
        "cast('a' as binary)",
    ] {
        let error = read(&db, &format!("select {expression} as odd"), &[]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Data, "{expression}");
        assert!(error.message.starts_with("column `odd` cannot be read: "), "{error}");
    }
    // A date of zeros that somebody else let in is no null.
    define(&db, "create table zeros (d date)").await;
    let mut lenient = <sqlx::MySqlConnection as sqlx::Connection>::connect(&url()).await.unwrap();
    let name = one(&db, "select database() as d", &[]).await.to_string();
    for text in ["set sql_mode = ''".to_owned(), format!("insert into {name}.zeros values ('0000-00-00')")] {
        sqlx::Executor::execute(&mut lenient, sqlx::AssertSqlSafe(text)).await.unwrap();
    }
    let error = read(&db, "select d from zeros", &[]).await.unwrap_err();
    assert!(error.message.contains("0000-00-00"), "{error}");
    for (expression, value) in [
        ("timestamp '2025-01-31 06:00:00'", timestamp("2025-01-31T06:00:00Z")),
        ("sum(n)", decimal("3")),
        ("avg(n)", decimal("1.5")),
        ("n = 1", Value::Int(0)),
        ("null", Value::None),
    ] {
        let text =
            format!("select {expression} as v from (select 1 as n union select 2) as t where n > 0 order by 1 limit 1");
        assert_eq!(one(&db, &text, &[]).await, value, "{expression}");
    }
}

#[tokio::test]
async fn texts_mean_what_they_mean_elsewhere() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (\"a name\" text, `b` text)").await;
    let mut session = db.session().await.unwrap();
    session.execute(&query(r"insert into t values ('C:\new\', 'it''s')", &[])).await.unwrap();
    let found = read(&db, "select \"a name\" || '!' as a, `b` from t", &[]).await.unwrap();
    assert_eq!(found.columns, [[text(r"C:\new\!")], [text("it's")]]);
    assert_eq!(
        one(&db, "select count(*) as c from t where \"a name\" = :p", &[("p", text(r"C:\new\"))]).await,
        Value::Int(1)
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_not_cut() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (v varchar(3), n tinyint, d date, e enum('a'), at datetime, x double)").await;
    let mut session = db.session().await.unwrap();
    for (column, value) in [
        ("v", text("abcd")),
        ("n", Value::Int(300)),
        ("n", text("x")),
        ("d", text("2025-02-30")),
        ("e", text("b")),
        ("at", text("yesterday")),
        ("at", timestamp("2025-01-31T06:00:00.5Z")),
        ("x", Value::Float(f64::INFINITY)),
    ] {
        let error = session.insert("t", &rows(&[column], &[std::slice::from_ref(&value)])).await.unwrap_err();
        assert!(!error.retryable, "{column} {value}: {error:?}");
    }
    assert!(session.execute(&query("insert into t (v) values ('abcd')", &[])).await.is_err());
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
}

#[tokio::test]
async fn an_upsert_touches_a_row_by_its_key_only() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (id int primary key, mail varchar(20) unique, v decimal(20, 8))").await;
    let mut session = db.session().await.unwrap();
    let given = |values: &[(i64, &str, &str)]| {
        let values: Vec<Vec<Value>> =
            values.iter().map(|(id, mail, v)| vec![Value::Int(*id), text(mail), decimal(v)]).collect();
        rows(&["id", "mail", "v"], &values.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let key = names(&["id"]);
    let done = session.upsert("t", &given(&[(1, "a", "1.12345678"), (2, "b", "2")]), &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated), (2, 0));
    // The same values again are no update.
    let done = session.upsert("t", &given(&[(1, "a", "1.12345678"), (3, "c", "3")]), &key, &[]).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (1, 0, 1));
    // New by its key, and somebody else's mail: nothing is changed, the rows beside it neither.
    let error = session.upsert("t", &given(&[(2, "b", "9"), (4, "a", "9")]), &key, &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Write, "{error:?}");
    let wanted = "writing to `t`: row 2: it is new by its key (id), and not by the unique index on (mail)";
    assert_eq!(error.message, wanted);
    let error = session.upsert("t", &given(&[(2, "a", "9")]), &key, &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Write, "{error:?}");
    assert_eq!(one(&db, "select sum(v) as s from t", &[]).await, decimal("6.12345678"));
    // By the other index it is another row.
    let done = session.upsert("t", &given(&[(1, "a", "5")]), &names(&["mail"]), &names(&["id", "v"])).await.unwrap();
    assert_eq!((done.created, done.updated), (0, 1));
    assert_eq!(done.rows.columns, [[Value::Int(1)], [decimal("5.00000000")]]);
}

#[tokio::test]
async fn keys_that_are_one_in_the_column_are_refused() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (k varchar(10) primary key, v int)").await;
    let mut session = db.session().await.unwrap();
    let given = rows(&["k", "v"], &[&[text("a"), Value::Int(1)], &[text("A"), Value::Int(2)]]);
    let error = session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap_err();
    assert_eq!((error.kind, &*error.message), (ErrorKind::Data, "two rows have the same key in the database: k"));
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
}

/// A server that calls itself MySQL gives no rows back with a write, and takes less in one statement.
#[tokio::test]
async fn a_server_without_returning_gives_the_same() {
    let server = Throwaway::start("--version=8.0.36 --max-allowed-packet=1M");
    let db = open(&server.url);
    define(&db, "create table t (id int auto_increment primary key, k varchar(10) unique, at datetime, v mediumtext)")
        .await;
    define(&db, "insert into t (k, v) values ('x', 'old')").await;
    let mut session = db.session().await.unwrap();
    let long = "v".repeat(400_000);
    let row = |k: &str, at: &str| vec![text(k), text(at), text(&long)];
    let given = [row("c", "2025-01-31T06:00:00Z"), row("X", "2025-01-31 07:00"), row("a", "2025-01-31 08:00:00")];
    let given = rows(&["k", "at", "v"], &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let done = session.upsert("t", &given, &names(&["k"]), &names(&["k", "id"])).await.unwrap();
    assert_eq!((done.created, done.updated), (2, 1));
    assert_eq!(done.rows.columns[0], [text("c"), text("x"), text("a")]);
    assert_eq!(done.rows.columns[1].get(1), Some(Value::Int(1)));
    let twice = rows(&["k", "v"], &[&[text("b"), text("1")], &[text("B"), text("2")]]);
    let error = session.upsert("t", &twice, &names(&["k"]), &[]).await.unwrap_err();
    assert!(error.message.starts_with("two rows have the same key in the database"), "{error}");
    let too_long = text(&"v".repeat(1 << 20));
    let error = session.insert("t", &rows(&["v"], &[&[text("1")], std::slice::from_ref(&too_long)])).await.unwrap_err();
    assert!(error.message.contains("row 2 takes 1048592 bytes"), "{error}");
    // A key that the column rounds is not the key that was given.
    define(&db, "create table rounded (k decimal(4, 1) primary key, v int)").await;
    let given = rows(&["k", "v"], &[&[decimal("1.25"), Value::Int(1)]]);
    let error = session.upsert("rounded", &given, &names(&["k"]), &[]).await.unwrap_err();
    assert!(error.message.contains("row 1: the table does not keep its key as it is: k = 1.25"), "{error}");
    assert_eq!(one(&db, "select count(*) as c from rounded", &[]).await, Value::Int(0));
}

#[tokio::test]
async fn what_would_end_a_transaction_is_refused_in_one() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (a int); create table old (a int) engine = MyISAM").await;
    let mut transaction = db.begin().await.unwrap();
    transaction.insert("t", &rows(&["a"], &[&[Value::Int(1)]])).await.unwrap();
    let error = transaction.execute(&query("create table u (a int)", &[])).await.unwrap_err();
    assert_eq!(error.message, "`create …` would end the transaction: MySQL commits before a definition");
    transaction.rollback().await.unwrap();
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
    let mut session = db.session().await.unwrap();
    let error = session.insert("old", &rows(&["a"], &[&[Value::Int(1)]])).await.unwrap_err();
    assert!(error.message.contains("of the engine MyISAM, which cannot undo"), "{error}");
    assert!(error.help.unwrap().contains("engine = InnoDB"));
}

#[tokio::test]
async fn instants_do_not_depend_on_the_servers_zone() {
    let url = fresh_database().await;
    define(&open(&url), "create table t (a datetime, b timestamp null)").await;
    let elsewhere = open(&format!("{url}?time-zone=-05:00"));
    let mut session = elsewhere.session().await.unwrap();
    let noon = timestamp("2025-07-01T12:00:00Z");
    session.insert("t", &rows(&["a", "b"], &[&[noon.clone(), noon.clone()]])).await.unwrap();
    session.execute(&query("insert into t values (:at, :at)", &[("at", noon.clone())])).await.unwrap();
    let table = read(&open(&url), "select a, b from t", &[]).await.unwrap();
    assert_eq!(table.columns, [[noon.clone(), noon.clone()], [noon.clone(), noon]]);
}

fn parts(port: u16, database: &str, user: &str, password: Option<&str>, tls: SqlTls) -> MysqlDatabase {
    let server = MysqlServer::Parts {
        host: "127.0.0.1".to_owned(),
        port,
        database: database.to_owned(),
        user: user.to_owned(),
        password: password.map(str::to_owned),
    };
    MysqlDatabase::connect(&MysqlOptions { server, tls: Some(tls), pool: 2, connect_timeout_ms: 3000 }).unwrap()
}

#[tokio::test]
async fn a_failed_connection_says_why() {
    let port = url().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let refused = parts(1, "vmflow", "root", Some("hunter2"), SqlTls::Disable);
    let error = refused.session().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
    assert!(error.message.contains("127.0.0.1:1") && error.message.contains("refused"), "{error}");

    for (database, user, password, wanted, help) in [
        ("nowhere", "root", None, "Unknown database 'nowhere'", "`database`"),
        ("vmflow", "nobody", Some("hunter2"), "Access denied for user 'nobody'", "`user` and `password`"),
        ("vmflow", "root", Some("hunter2"), "Access denied for user 'root'", "`user` and `password`"),
    ] {
        let error = parts(port, database, user, password, SqlTls::Disable).session().await.err().unwrap();
        assert_eq!((error.kind, error.retryable), (ErrorKind::Configuration, false), "{error}");
        assert!(error.message.contains(wanted) && error.help.as_ref().unwrap().contains(help), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    // The server has no certificate.
    let error = parts(port, "vmflow", "root", None, SqlTls::Require).session().await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Configuration, "{error}");
    assert!(error.message.contains("TLS"), "{error}");

    let unreadable = options("mysql://u:hunter2@h:port/");
    let error = MysqlDatabase::connect(&unreadable).unwrap_err();
    assert!(!format!("{error:?}{unreadable:?}").contains("hunter2"));
    let error = MysqlDatabase::connect(&options("mysql://u@h")).unwrap_err();
    assert_eq!(error.message, "the URL of the MySQL connection names no database");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let db = parts(listener.local_addr().unwrap().port(), "vmflow", "root", None, SqlTls::Disable);
    let error = db.session().await.err().unwrap();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
    assert!(error.message.contains("did not answer within 3s"), "{error}");
}

#[tokio::test]
async fn the_servers_words_are_passed_on() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (a int primary key, b int not null)").await;
    let error = read(&db, "select a from t order a", &[]).await.unwrap_err();
    assert_eq!(error.message, "there is an error in the SQL, near `a`");
    let mut session = db.session().await.unwrap();
    let error = session.execute(&query("insert into t values (1, null)", &[])).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Write, false));
    assert!(error.message.contains("Column 'b' cannot be null"), "{error}");
    let error = read(&db, "set statement max_statement_time = 0.05 for select sleep(5) as s", &[]).await;
    // It begins with `set`, and so is none that reads.
    assert_eq!(error.unwrap_err().message, "a query reads, and this statement writes");
    let limited = "set statement max_statement_time = 0.05 for insert into t select 1, sleep(5)";
    let error = session.execute(&query(limited, &[])).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true), "{error}");
}

#[tokio::test]
async fn cancelled_statements_end_on_the_server() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (a int)").await;
    let soon = Duration::from_millis(300);
    let mut session = db.session().await.unwrap();
    let read_slowly = query("select sleep(60) as marked_for_cancelling", &[]);
    assert!(tokio::time::timeout(soon, session.query(&read_slowly)).await.is_err());
    let write_slowly = query("insert into t select sleep(60) as marked_for_cancelling", &[]);
    assert!(tokio::time::timeout(soon, session.execute(&write_slowly)).await.is_err());
    let running = "select count(*) as c from information_schema.processlist
                   where info like '%marked_for_cancelling%' and id <> connection_id()";
    for _ in 0..50 {
        if one(&db, running, &[]).await == Value::Int(0) {
            assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the statement of a cancelled step still runs");
}

/// The end of a program does not wait for the runtime: what it was about to do is ended before.
#[test]
fn what_a_program_leaves_behind_is_ended_before_it_ends() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime().block_on(async {
        let db = open(&url());
        let mut session = db.session().await.unwrap();
        let slow = query("select sleep(60) as left_by_a_program", &[]);
        assert!(tokio::time::timeout(Duration::from_millis(300), session.query(&slow)).await.is_err());
    });
    // The program would end here; the server has been told.
    let running = "select count(*) as c from information_schema.processlist
                   where info like '%left_by_a_program%' and id <> connection_id()";
    let left = || runtime().block_on(async { one(&open(&url()), running, &[]).await });
    assert!((0..20).any(|_| left() == Value::Int(0)), "the statement still runs");
}

#[tokio::test]
async fn more_tasks_than_connections() {
    let db = open(&fresh_database().await);
    define(&db, "create table t (a int primary key, b int)").await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut session = db.session().await.unwrap();
                let given =
                    rows(&["a", "b"], &[&[Value::Int(n), Value::Int(1)], &[Value::Int(n + 100), Value::Int(1)]]);
                session.upsert("t", &given, &names(&["a"]), &[]).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().created, 2);
    }
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(100));
    assert_eq!(db.pool_size(), 4);
}

#[tokio::test]
async fn a_table_of_another_database_is_found_by_its_name() {
    let (here, there) = (fresh_database().await, fresh_database().await);
    let name = there.rsplit('/').next().unwrap();
    define(&open(&there), "create table t (a int primary key, j json)").await;
    let db = open(&with_database(&here, here.rsplit('/').next().unwrap()));
    let given = rows(&["a", "j"], &[&[Value::Int(1), json("[1]")]]);
    let table = format!("{name}.t");
    let done = db.session().await.unwrap().upsert(&table, &given, &names(&["a"]), &names(&["j"])).await.unwrap();
    assert_eq!((done.created, done.rows.columns[0].get(0)), (1, Some(json("[1]"))));
    assert_eq!(one(&db, &format!("select j from {name}.t"), &[]).await, json("[1]"));
}

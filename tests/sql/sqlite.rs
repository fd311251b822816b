//! What is SQLite's own.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use vmflow::connection::Sql;
use vmflow::connection::sql::{SqliteDatabase, SqliteOptions};
use vmflow::value::{ErrorKind, Value};

use super::*;
use crate::support::sandbox::{Ran, Sandbox};

fn memory(schema: &str) -> SqliteDatabase {
    SqliteDatabase::open(SqliteOptions { path: ":memory:".into(), schema_sql: Some(schema.to_owned()) })
}

#[tokio::test]
async fn a_schema_makes_a_new_database_and_spares_an_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/warehouse.db");
    let open =
        |schema: &str| SqliteDatabase::open(SqliteOptions { path: path.clone(), schema_sql: Some(schema.into()) });
    let schema = "create table if not exists t (a int); create unique index if not exists ta on t (a);";
    define(&open(schema), "insert into t values (1)").await;
    assert_eq!(one(&open(schema), "select a from t", &[]).await, Value::Int(1));
    assert_eq!(one(&open("create table u (a int)"), "select a from t", &[]).await, Value::Int(1));
    assert!(read(&open("create table u (a int)"), "select a from u", &[]).await.is_err());
}

#[tokio::test]
async fn a_broken_schema_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.db");
    let broken = SqliteDatabase::open(SqliteOptions {
        path: path.clone(),
        schema_sql: Some("create table t (a int); create tabel u (a int)".to_owned()),
    });
    let error = broken.session().await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Configuration);
    let db = SqliteDatabase::open(SqliteOptions { path, schema_sql: None });
    assert!(read(&db, "select * from t", &[]).await.is_err());
}

#[tokio::test]
async fn memory_works_and_keys_fold_as_the_column_does() {
    let db = memory("create table t (k text collate nocase unique, v numeric)");
    let mut session = db.session().await.unwrap();
    let given = rows(&["k", "v"], &[&[text("a"), decimal("1.5")], &[text("A"), decimal("2")]]);
    let error = session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap_err();
    assert!(error.message.contains("two rows have the same key"), "{error}");
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
    let given = rows(&["k", "v"], &[&[text("a"), decimal("1.5")]]);
    session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap();
    let given = rows(&["k", "v"], &[&[text("A"), decimal("2.5")]]);
    let done = session.upsert("t", &given, &names(&["k"]), &names(&["k"])).await.unwrap();
    assert_eq!((done.created, done.updated), (0, 1));
    assert_eq!(done.rows.columns, [[text("a")]]);
    // Where only the value differs by case, it does differ.
    let db = memory("create table t (k int primary key, v text collate nocase)");
    let mut session = db.session().await.unwrap();
    for (v, counts) in [("a", (1, 0, 0)), ("A", (0, 1, 0)), ("A", (0, 0, 1))] {
        let given = rows(&["k", "v"], &[&[Value::Int(1), text(v)]]);
        let done = session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), counts);
    }
}

#[tokio::test]
async fn what_is_the_same_fires_no_trigger() {
    let db = memory(
        "create table t (k int primary key, v text); create table log (k int);
         create trigger on_update after update on t begin insert into log values (new.k); end;
         create trigger on_insert after insert on t begin insert into log values (-new.k); end;",
    );
    let mut session = db.session().await.unwrap();
    let row = |k, v| [Value::Int(k), text(v)];
    for given in [[row(1, "a"), row(2, "a")], [row(1, "a"), row(2, "b")], [row(3, "a"), row(2, "b")]] {
        let given = rows(&["k", "v"], &given.each_ref().map(<[Value; 2]>::as_slice));
        session.upsert("t", &given, &names(&["k"]), &[]).await.unwrap();
    }
    assert_eq!(one(&db, "select group_concat(k) as k from log", &[]).await, text("-1,-2,2,-3"));
}

#[tokio::test]
async fn a_statement_rounds_no_decimal_without_a_word() {
    let db = memory(
        "create table t (k int, n numeric, v text); create table texts (k int, v text); create table longer_t (n numeric)",
    );
    let mut session = db.session().await.unwrap();
    let long = decimal("0.12345678901234567890");
    let wanted = |column: &str| {
        format!("`:d` is a `decimal` of more than 15 digits, and `t` has the column `{column}`, which rounds such")
    };
    for (statement, column) in [
        ("insert into t (k, n) values (1, :d)", "n"),
        ("update T set v = 'a', \"n\" = :d where k = 1", "n"),
        // Where it goes is not said, and might be the first.
        ("insert into t values (1, :d, 'a')", "k"),
    ] {
        let error = session.execute(&query(statement, &[("d", long.clone())])).await.unwrap_err();
        assert_eq!(error.message, wanted(column), "{statement}");
    }
    assert_eq!(session.execute(&query("update t set v = :d where k = 1", &[("d", long.clone())])).await, Ok(0));
    let each = query("insert into t (n) values (:d)", &[]);
    let error =
        session.each(&each, &rows(&["d"], &[&[decimal("1.5")], std::slice::from_ref(&long)])).await.unwrap_err();
    assert_eq!(error.message, format!("row 2: {}", wanted("n")));
    assert_eq!(one(&db, "select count(*) as n from t", &[]).await, Value::Int(0));
    session.execute(&query("insert into texts (k, v) values (1, :d)", &[("d", long.clone())])).await.unwrap();
    assert_eq!(one(&db, "select v from texts", &[]).await, text("0.12345678901234567890"));
    session.execute(&query("insert into t (n) values (:d)", &[("d", decimal("123456789.012345"))])).await.unwrap();
    assert_eq!(one(&db, "select cast(n as text) as n from t", &[]).await, text("123456789.012345"));
}

#[tokio::test]
async fn instants_are_texts_that_order() {
    let db = memory("create table t (a text)");
    let mut session = db.session().await.unwrap();
    for at in ["2025-01-31T06:00:00.5Z", "2025-01-31T06:00:00Z", "2025-01-31T05:59:59.999999Z"] {
        session.execute(&query("insert into t values (:at)", &[("at", timestamp(at))])).await.unwrap();
    }
    assert_eq!(one(&db, "select max(a) as a from t", &[]).await, text("2025-01-31T06:00:00.500000Z"));
    assert_eq!(one(&db, "select min(a) as a from t", &[]).await, text("2025-01-31T05:59:59.999999Z"));
    assert_eq!(one(&db, "select datetime(max(a)) as a from t", &[]).await, text("2025-01-31 06:00:00"));
}

#[tokio::test]
async fn what_cannot_be_opened_or_read_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not.db");
    std::fs::write(&path, "this is no database, it is a text that somebody put here").unwrap();
    let db = SqliteDatabase::open(SqliteOptions { path, schema_sql: None });
    let error = read(&db, "select 1 as x", &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Configuration, "{error}");
    assert!(error.message.contains("not.db"), "{error}");
    let db = memory("create table t (a int)");
    let error = read(&db, "select x'00ff' as blob", &[]).await.unwrap_err();
    assert_eq!(error.message, "column `blob` holds binary data");
    let error = read(&db, "select :x as x", &[("x", Value::Float(f64::NAN))]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
}

#[tokio::test]
async fn readers_do_not_wait_for_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.db");
    let db = SqliteDatabase::open(SqliteOptions { path, schema_sql: Some("create table t (a int)".to_owned()) });
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
    transaction.commit().await.unwrap();
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(1));
}

#[tokio::test]
async fn writers_stand_in_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.db");
    let open = || {
        SqliteDatabase::open(SqliteOptions { path: path.clone(), schema_sql: Some("create table t (a int)".into()) })
    };
    // Two processes, each with several steps at once.
    let databases = [open(), open()];
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let db = databases[n % 2].clone();
            tokio::spawn(async move {
                let mut session = db.session().await.unwrap();
                session.execute(&query("insert into t select coalesce(max(a), 0) + 1 from t", &[])).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(one(&databases[0], "select max(a) * 100 + count(*) as c from t", &[]).await, Value::Int(4040));
}

/// SQLite refuses at once, whatever its busy timeout, when two switch a new file to the write-ahead log.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_file_may_be_made_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..25 {
        let path = folder.path().join(format!("{round}.db"));
        let opened: Vec<_> = (0..8)
            .map(|_| {
                let schema_sql = Some("create table t (a int)".to_owned());
                let db = SqliteDatabase::open(SqliteOptions { path: path.clone(), schema_sql });
                tokio::spawn(async move {
                    let mut session = db.session().await.unwrap();
                    session.execute(&query("insert into t values (1)", &[])).await.map(|_| ())
                })
            })
            .collect();
        for opened in opened {
            opened.await.unwrap().unwrap();
        }
    }
}

/// `max_page_count` fills up as a disk does, for one connection; SQLite then rolls back by itself.
#[tokio::test]
async fn a_full_disk_fails_its_transaction_and_no_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.db");
    let db = SqliteDatabase::open(SqliteOptions { path, schema_sql: Some("create table t (v text)".to_owned()) });
    define(&db, "pragma max_page_count = 8").await;
    let large = rows(&["v"], &[&[text(&"x".repeat(100_000))]]);
    let mut full = db.begin().await.unwrap();
    let error = full.insert("t", &large).await.unwrap_err();
    assert!(error.message.contains("full"), "{error}");
    let _ = full.rollback().await;
    let mut next = db.begin().await.unwrap();
    next.insert("t", &rows(&["v"], &[&[text("a")]])).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(1));
}

#[tokio::test]
async fn a_decimal_is_kept_or_refused_and_never_rounded() {
    let db = memory("create table t (n numeric(38, 18), i bigint, t text, d \"decimal text\", x double precision)");
    let write = async |column: &str, digits: &str| {
        let given = rows(&[column], &[&[decimal(digits)]]);
        db.session().await.unwrap().insert("t", &given).await.map_err(|error| error.message)
    };
    for digits in ["0.1234567890123456", "-12345678901234567890", "1e-20000"] {
        let refused = write("n", digits).await.unwrap_err();
        assert!(refused.contains("column `n`, row 1: a `decimal`"), "{refused}");
    }
    let refused = write("i", "0.12345678901234567").await.unwrap_err();
    assert_eq!(refused, "column `i`, row 1: a `decimal` of more than 15 digits, which this column would round");
    for (column, digits) in [
        ("n", "0.123456789012345"),
        ("n", "123456.500000000000000000"),
        ("n", "9223372036854775807"),
        ("t", "0.12345678901234567890"),
        ("d", "-12345678901234567890.5"),
        ("x", "0.12345678901234567"),
    ] {
        write(column, digits).await.unwrap_or_else(|error| panic!("{column} {digits}: {error}"));
        if column != "x" {
            let back = one(&db, &format!("select {column} from t where {column} is not null"), &[]).await;
            let number = |text: &str| text.parse::<bigdecimal::BigDecimal>().unwrap();
            assert_eq!(number(&back.to_string()), number(digits), "{column}");
        }
        db.session().await.unwrap().execute(&query("delete from t", &[])).await.unwrap();
    }
}

const READS: &str = r#"workflow reads {
  use db: sql
  rows = db.query(sql"""
    select a
    from t
  """) as table<{ a: int }>
  output items = rows.a
}

workflow writes {
  use db: sql
  wrote = do db.insert("t", rows: [{ a: 2 }])
  output rows = wrote
}
"#;

/// Runs a workflow as somebody who may not write the database's file.
fn as_a_reader(sandbox: &Sandbox, workflow: &str) -> Ran {
    let mut command = sandbox.command(&["run", &format!("w.flow:{workflow}"), "--env", "dump"]);
    // Nothing is forbidden to root, which containers test as.
    if sandbox.path().metadata().unwrap().uid() == 0 {
        let program = sandbox.path().join("vmflow");
        std::fs::copy(env!("CARGO_BIN_EXE_vmflow"), &program).unwrap();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new(program);
        command.args(arguments).current_dir(sandbox.path()).env_clear().uid(65534).gid(65534);
    }
    command.output().unwrap().into()
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_read() {
    let sandbox = Sandbox::new();
    let environments =
        "environments:\n  dump:\n    connections:\n      db: { kind: sqlite, path: dump.db, schema: t.sql }\n";
    sandbox.write("vmflow.yaml", environments);
    sandbox.write("t.sql", "create table if not exists t (a int)");
    sandbox.write("w.flow", READS);
    let file = sandbox.path().join("dump.db");
    let address = format!("sqlite:{}?mode=rwc", file.display());
    let mut made = <sqlx::SqliteConnection as sqlx::Connection>::connect(&address).await.unwrap();
    sqlx::raw_sql("create table t (a int); insert into t values (1)").execute(&mut made).await.unwrap();
    sqlx::Connection::close(made).await.unwrap();
    std::fs::set_permissions(sandbox.path(), Permissions::from_mode(0o777)).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let before = std::fs::read(&file).unwrap();

    let ran = as_a_reader(&sandbox, "reads").expect(0);
    assert_eq!(ran["outputs"]["items"], serde_json::json!([1]));
    let ran = as_a_reader(&sandbox, "writes").expect(1);
    let message = ran["error"]["message"].as_str().unwrap();
    assert!(message.contains("cannot open the SQLite database") && message.contains("readonly"), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

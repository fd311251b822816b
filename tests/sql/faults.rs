//! Servers that die and wires that break.

use std::sync::atomic::Ordering;

use vmflow::connection::Sql;
use vmflow::value::{ErrorKind, Value};

use super::*;
use crate::support::postgres::{Throwaway, fresh_schema, open, url};
use crate::support::proxy::{self, Break};

#[tokio::test]
async fn a_server_that_dies_in_a_transaction_is_a_broken_connection() {
    let server = Throwaway::start();
    let db = open(&server.url);
    define(&db, "create table t (a int)").await;
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
    server.kill();
    let error = transaction.execute(&query("insert into t values (2)", &[])).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
    let error = transaction.commit().await.unwrap_err();
    assert!(error.retryable, "{error}");
    let error = db.session().await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Connection);
    assert!(error.message.contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn a_server_that_dies_before_commit_did_not_commit() {
    let server = Throwaway::start();
    let db = open(&server.url);
    define(&db, "create table t (a int)").await;
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
    server.kill();
    let error = transaction.commit().await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
}

/// The shared server behind a wire that breaks, and the same without.
async fn behind_proxy(at: Break) -> (String, u16, std::sync::Arc<std::sync::atomic::AtomicBool>) {
    let target = url().split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let (port, broken) = proxy::start(target.clone(), at).await;
    let direct = fresh_schema().await;
    define(&open(&direct), "create table t (a int)").await;
    (direct, port, broken)
}

fn through(direct: &str, port: u16) -> String {
    let rest = direct.split_once('/').unwrap().1.split('@').nth(1).unwrap().split_once('/').unwrap().1;
    format!("postgres://vmflow@127.0.0.1:{port}/{rest}")
}

#[tokio::test]
async fn a_lost_answer_to_commit_is_asked_for_again() {
    let (direct, port, broken) = behind_proxy(Break::AfterCommit).await;
    let db = open(&through(&direct, port));
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(broken.load(Ordering::SeqCst));
    assert_eq!(one(&open(&direct), "select count(*) as c from t", &[]).await, Value::Int(1));
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_a_failure_that_may_be_tried_again() {
    let (direct, port, broken) = behind_proxy(Break::BeforeCommit).await;
    let db = open(&through(&direct, port));
    let mut session = db.session().await.unwrap();
    let error = session.insert("t", &rows(&["a"], &[&[Value::Int(1)]])).await.unwrap_err();
    assert!(broken.load(Ordering::SeqCst));
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
    assert_eq!(one(&open(&direct), "select count(*) as c from t", &[]).await, Value::Int(0));
    assert_eq!(session.insert("t", &rows(&["a"], &[&[Value::Int(1)]])).await.unwrap(), 1);
}

#[tokio::test]
async fn a_server_that_dies_while_committing_leaves_the_outcome_open() {
    let server = Throwaway::start();
    let db = open(&server.url);
    define(&db, "create table t (a int)").await;
    let mut session = db.session().await.unwrap();
    // A deferred trigger keeps COMMIT busy until the server is dead.
    for text in [
        "create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$",
        "create constraint trigger waits after insert on t initially deferred for each row execute function wait()",
    ] {
        session.execute(&query(text, &[])).await.unwrap();
    }
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
    let death = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        server.kill();
    };
    let (committed, ()) = tokio::join!(transaction.commit(), death);
    let error = committed.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Ambiguous, false), "{error}");
    assert!(error.help.is_some());
}

mod mariadb {
    //! The same for MariaDB, which cannot say what became of a transaction.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use vmflow::connection::Sql;
    use vmflow::value::{ErrorKind, Value};

    use super::super::*;
    use crate::support::mysql::{Throwaway, fresh_database, open};
    use crate::support::proxy::{self, Break};

    #[tokio::test]
    async fn a_server_that_dies_in_a_transaction_is_a_broken_connection() {
        let server = Throwaway::start("");
        let db = open(&server.url);
        define(&db, "create table t (a int)").await;
        let mut transaction = db.begin().await.unwrap();
        transaction.execute(&query("insert into t values (1)", &[])).await.unwrap();
        server.kill();
        let error = transaction.execute(&query("insert into t values (2)", &[])).await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
        assert!(transaction.commit().await.unwrap_err().retryable);
        let error = db.session().await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Connection);
        assert!(error.message.contains("cannot connect"), "{error}");
    }

    /// The shared server behind a wire that breaks, and the same without.
    async fn behind_proxy(at: Break) -> (String, String, Arc<AtomicBool>) {
        let direct = fresh_database().await;
        define(&open(&direct), "create table t (a int)").await;
        let target = direct.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
        let (port, broken) = proxy::start(target.clone(), at).await;
        let through = direct.replace(&target, &format!("127.0.0.1:{port}"));
        (direct, through, broken)
    }

    #[tokio::test]
    async fn a_lost_answer_to_commit_leaves_the_outcome_open() {
        for (at, rows_after) in [(Break::AfterCommit, 1), (Break::BeforeCommit, 0)] {
            let (direct, through, broken) = behind_proxy(at).await;
            let db = open(&through);
            let mut session = db.session().await.unwrap();
            let error = session.insert("t", &rows(&["a"], &[&[Value::Int(1)]])).await.unwrap_err();
            assert!(broken.load(Ordering::SeqCst));
            assert_eq!((error.kind, error.retryable), (ErrorKind::Ambiguous, false), "{error}");
            assert!(error.help.is_some());
            let found = one(&open(&direct), "select count(*) as c from t", &[]).await;
            assert_eq!(found, Value::Int(rows_after));
        }
    }

    #[tokio::test]
    async fn a_transaction_that_only_read_may_be_tried_again() {
        let (_, through, broken) = behind_proxy(Break::BeforeCommit).await;
        let db = open(&through);
        let mut transaction = db.begin().await.unwrap();
        transaction.query(&query("select count(*) as c from t", &[])).await.unwrap();
        let error = transaction.commit().await.unwrap_err();
        assert!(broken.load(Ordering::SeqCst));
        assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_dies_while_rows_stream_in_keeps_none_of_them() {
    let server = Throwaway::start();
    let db = open(&server.url);
    define(&db, "create table t (a int primary key, b text)").await;
    let mut session = db.session().await.unwrap();
    for text in [
        "create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$",
        "create trigger waits before insert on t for each row when (new.a = 9000) execute function wait()",
    ] {
        session.execute(&query(text, &[])).await.unwrap();
    }
    let given: Vec<Vec<Value>> = (0..10_000).map(|n| vec![Value::Int(n), text(&"x".repeat(200))]).collect();
    let given = rows(&["a", "b"], &given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let death = async {
        let busy = "select count(*) as c from pg_stat_activity where wait_event = 'PgSleep'";
        while one(&db, busy, &[]).await == Value::Int(0) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        server.kill();
    };
    let (done, ()) = tokio::join!(session.insert("t", &given), death);
    let error = done.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error}");
    assert!(error.message.starts_with("writing to `t`: the connection to PostgreSQL broke"), "{error}");
    server.restart();
    let db = open(&server.url);
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
    let key = names(&["a"]);
    let mut session = db.session().await.unwrap();
    let (done, ()) = tokio::join!(session.upsert("t", &given, &key, &[]), death_of_sleeper(&db));
    assert!(done.is_err());
    assert_eq!(one(&db, "select count(*) as c from t", &[]).await, Value::Int(0));
    define(&db, "drop trigger waits on t").await;
    // What was left half done hinders nobody: all of it is written now.
    assert_eq!(session.upsert("t", &given, &key, &[]).await.unwrap().created, 10_000);
}

/// Ends the connection that sleeps, as an administrator would.
async fn death_of_sleeper(db: &dyn Sql) {
    let end = "select count(pg_terminate_backend(pid)) as c from pg_stat_activity where wait_event = 'PgSleep'";
    while one(db, end, &[]).await == Value::Int(0) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

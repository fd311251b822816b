//! Transactions, on a fake database that counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::build::{
    FakeWorld, READ, Reaction, Trial, WRITE, act, ask, broken, expr, lit, retry, slot, step, timeout, workflow,
};
use crate::check::program::{Action, Block, ExprKind, Step};
use crate::connection::{Answer, Sql, SqlDialect, SqlSession, SqlTransaction, Upserted};
use crate::primitive::Effect;
use crate::query::sql::SqlQuery;
use crate::run::RunStatus;
use crate::value::{ConnectionKind, ErrorKind, StepError, Table, Value};

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    committed: AtomicUsize,
    rolled_back: AtomicUsize,
    commit_error: Mutex<Option<StepError>>,
}

#[derive(Clone, Default)]
struct FakeSql(Arc<Counts>);

impl Sql for FakeSql {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Sqlite
    }
    fn pool_size(&self) -> usize {
        1
    }
    fn session(&self) -> Answer<'_, Box<dyn SqlSession>> {
        Box::pin(async { Err(StepError::new(ErrorKind::Internal, "not used")) })
    }
    fn begin(&self) -> Answer<'_, Box<dyn SqlTransaction>> {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        let transaction: Box<dyn SqlTransaction> = Box::new(self.clone());
        Box::pin(async { Ok(transaction) })
    }
}

impl SqlSession for FakeSql {
    fn query<'a>(&'a mut self, _: &'a SqlQuery) -> Answer<'a, Table> {
        Box::pin(async { Ok(Table::default()) })
    }
    fn execute<'a>(&'a mut self, _: &'a SqlQuery) -> Answer<'a, u64> {
        Box::pin(async { Ok(0) })
    }
    fn each<'a>(&'a mut self, _: &'a SqlQuery, _: &'a Table) -> Answer<'a, u64> {
        Box::pin(async { Ok(0) })
    }
    fn insert<'a>(&'a mut self, _: &'a str, _: &'a Table) -> Answer<'a, u64> {
        Box::pin(async { Ok(0) })
    }
    fn upsert<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a Table,
        _: &'a [Arc<str>],
        _: &'a [Arc<str>],
    ) -> Answer<'a, Upserted> {
        Box::pin(async { Ok(Upserted::default()) })
    }
}

impl SqlTransaction for FakeSql {
    fn commit(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            if let Some(error) = self.0.commit_error.lock().unwrap().take() {
                return Err(error);
            }
            self.0.committed.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
    fn rollback(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            self.0.rolled_back.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
}

/// Two statements without an edge between them, in a transaction.
fn stored() -> Step {
    let steps = vec![step("first", 0, ask(&WRITE, "first", lit(1))), step("second", 1, ask(&READ, "second", lit(2)))];
    let block = Block { slots: 2, steps, result: Some(slot(1)) };
    let connection = expr(ExprKind::Literal(Value::Connection(ConnectionKind::Sql, "db".into())));
    let mut step = act("stored", Some(1), Action::Transaction { connection, block });
    (step.effect, step.idempotent) = (Effect::Write, false);
    step
}

fn trial(step: Step, reactions: &[(&str, &[Reaction])]) -> (Trial, FakeSql) {
    let sql = FakeSql::default();
    let mut trial = Trial::new(workflow(2, vec![step]), FakeWorld::with(reactions));
    trial.connections.sql.insert("db".into(), Arc::new(sql.clone()));
    (trial, sql)
}

fn counts(sql: &FakeSql) -> [usize; 3] {
    [&sql.0.begun, &sql.0.committed, &sql.0.rolled_back].map(|count| count.load(Ordering::SeqCst))
}

#[test]
fn statements_take_turns_and_are_committed() {
    let (trial, sql) = trial(stored(), &[("first", &[Reaction::Take(40)])]);
    assert_eq!(trial.run().status, RunStatus::Success);
    assert_eq!(trial.world.calls(), ["first", "second"]);
    assert_eq!(trial.world.most_at_once.lock().unwrap().1, 1);
    assert_eq!(counts(&sql), [1, 1, 0]);
}

#[test]
fn a_failure_rolls_back_and_the_whole_is_repeated() {
    let (trial, sql) = trial(stored().with(retry(2)), &[("second", &[broken(ErrorKind::Query)])]);
    let outcome = trial.run();
    assert_eq!((outcome.status, outcome.steps[0].attempts), (RunStatus::Success, 2));
    assert_eq!(trial.world.calls(), ["first", "second", "first", "second"]);
    assert_eq!(counts(&sql), [2, 1, 1]);
}

#[test]
fn without_a_policy_a_failure_is_final() {
    let (trial, sql) = trial(stored(), &[("second", &[broken(ErrorKind::Query)])]);
    assert_eq!(trial.run().message, "`stored.second` failed: it broke");
    assert_eq!(counts(&sql), [1, 0, 1]);
}

#[test]
fn a_commit_of_which_nobody_knows_is_not_repeated() {
    let (trial, sql) = trial(stored().with(retry(2)), &[]);
    *sql.0.commit_error.lock().unwrap() = Some(StepError::transient(ErrorKind::Ambiguous, "lost"));
    assert_eq!(trial.run().error.unwrap().kind, ErrorKind::Ambiguous);
    assert_eq!(counts(&sql), [1, 0, 0]);
}

#[test]
fn a_timeout_rolls_back() {
    let (trial, sql) = trial(stored().with(timeout(60)), &[("first", &[Reaction::Hang])]);
    assert_eq!(trial.run().error.unwrap().kind, ErrorKind::Timeout);
    assert_eq!(counts(&sql), [1, 0, 1]);
}

#[test]
fn a_cancelled_transaction_rolls_back() {
    let (trial, sql) = trial(stored(), &[("first", &[Reaction::Hang])]);
    let outcome = crate::run::runtime().unwrap().block_on(async {
        let run = tokio::spawn(trial.start());
        tokio::time::sleep(Duration::from_millis(60)).await;
        trial.interrupt.cancel();
        tokio::time::timeout(Duration::from_secs(10), run).await.expect("the run hangs").unwrap()
    });
    assert_eq!(outcome.status, RunStatus::Cancelled);
    assert_eq!(counts(&sql), [1, 0, 1]);
}

//! What every store must do, done to the embedded one; and what only a file can have.

use std::sync::Arc;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use uuid::Uuid;

use super::SqliteStore;
use crate::store::conformance;
use crate::store::{Begin, Claim, Entry, Program, RunStore, Selection, Status, StoreError};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::at(&self.folder.path().join("state/runs.db"))
    }
}

#[tokio::test]
async fn it_does_what_every_store_does() {
    let place = Place::new();
    conformance::all(&|| Arc::new(place.store())).await;
}

#[tokio::test]
async fn a_file_of_an_earlier_version_is_brought_up_and_one_of_a_later_version_is_left_alone() {
    let place = Place::new();
    let path = place.folder.path().join("runs.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut old = options.connect().await.unwrap();
    super::schema::as_of(&mut old, 1).await;
    let run = "insert into programs values ('p', '{\"files\":[],\"programs\":[],\"is_whole\":true}', 0);
        insert into runs (id, workflow, target, environment, connections, program, params, now, trigger, status, epoch,
          worker, started_at)
        values ('01a20206-3870-758b-9e75-613c8320e6ef', 'w', 't', 'e', 'c', 'p', '{}', 'null', 'run', 'success', 1, 'm', 7)";
    old.execute(sqlx::raw_sql(run)).await.unwrap();
    let store = SqliteStore::at(&path);
    let runs = store.runs(&Selection::newest(9)).await.unwrap();
    assert_eq!((runs.len(), runs[0].begin.batch, runs[0].status), (1, None, Status::Success));
    store.begin(&conformance::begin(Uuid::now_v7())).await.unwrap();

    old.execute(sqlx::raw_sql("pragma user_version = 99")).await.unwrap();
    let error = SqliteStore::at(&path).runs(&Selection::newest(9)).await.unwrap_err();
    assert!(error.to_string().contains("later version of vmflow"), "{error}");
}

#[tokio::test]
async fn the_days_of_back_fills_of_an_earlier_version_are_their_newest_runs() {
    let place = Place::new();
    let path = place.folder.path().join("runs.db");
    let mut old = SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
    super::schema::as_of(&mut old, 5).await;
    let (batch, ids) = (Uuid::now_v7(), [Uuid::now_v7(), Uuid::now_v7()]);
    let program = "insert into programs values ('p', '{\"files\":[],\"programs\":[],\"is_whole\":true}', 0)";
    old.execute(sqlx::raw_sql(program)).await.unwrap();
    for id in ids {
        let run = format!(
            "insert into runs (id, workflow, target, environment, connections, program, params, now, trigger, status,
               epoch, worker, started_at, batch)
             values ('{id}', 'w', 't', 'e', 'c', 'p', '{{}}', '7', 'backfill', 'crashed', 1, 'm', 7, '{batch}')"
        );
        old.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(run))).await.unwrap();
    }
    let run = Begin { batch: Some(batch), now: json!(7), ..conformance::begin(Uuid::now_v7()) };
    assert_eq!(SqliteStore::at(&path).begin(&run).await, Err(StoreError::Taken(ids[1])));
}

async fn standing(store: &SqliteStore, run: Uuid) -> (Status, bool) {
    let found = store.runs(&Selection::one(run)).await.unwrap().remove(0);
    (found.status, found.is_broken_off)
}

#[tokio::test]
async fn a_run_is_its_owners_while_he_is_there_and_crashed_when_he_is_gone() {
    let place = Place::new();
    let (mine, theirs) = (place.store(), place.store());
    let run = Uuid::now_v7();
    mine.begin(&conformance::begin(run)).await.unwrap();
    assert_eq!(standing(&theirs, run).await, (Status::Running, false));
    assert_eq!(
        theirs.claim(run, "b", &[Status::Crashed]).await,
        Ok(Claim::Busy { owner: "here:1".to_owned(), for_ms: None })
    );
    drop(mine);
    assert_eq!(standing(&theirs, run).await, (Status::Crashed, false));
    assert_eq!(theirs.claim(run, "b", &[Status::Failed]).await, Ok(Claim::Refused(Status::Crashed)));
    assert_eq!(theirs.claim(run, "b", &[Status::Crashed]).await, Ok(Claim::Granted(2)));
    assert_eq!(theirs.append(run, 1, &[]).await, Err(StoreError::Lost), "the former owner's epoch is over");
    assert_eq!(theirs.append(run, 2, &[]).await, Ok(()));
    // A store that cannot be written gives the run up for good.
    theirs.abandon(run);
    assert_eq!(standing(&theirs, run).await, (Status::Crashed, true));
    assert_eq!(place.store().claim(run, "c", &[Status::Crashed]).await, Ok(Claim::BrokenOff));
}

#[tokio::test]
async fn large_values_lie_in_files_that_go_with_their_last_run() {
    let place = Place::new();
    let store = place.store();
    let run = Uuid::now_v7();
    store.begin(&conformance::begin(run)).await.unwrap();
    let json = format!("\"{}\"", "x".repeat(2 << 20));
    let row = conformance::step("big", Some("abc"));
    let entries = [Entry::Output { hash: "abc".to_owned(), json: json.clone() }, Entry::Step(row)];
    store.append(run, 1, &entries).await.unwrap();
    assert_eq!(store.output("abc").await.unwrap().unwrap(), json);
    let file = place.folder.path().join("state/runs/outputs/abc.json");
    assert!(file.exists());
    store.finish(run, 1, &[], &conformance::finished(Status::Success)).await.unwrap();
    store.prune(i64::MAX, 0, false).await.unwrap();
    assert!(!file.exists());
    assert_eq!(store.output("abc").await, Ok(None));
}

#[tokio::test]
async fn a_store_that_cannot_be_written_says_where_and_why() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("state"), "a file where a folder should be").unwrap();
    let begin = Begin { program: Program::default(), params: json!({}), ..conformance::begin(Uuid::now_v7()) };
    let error = place.store().begin(&begin).await.unwrap_err().to_string();
    assert!(error.contains("runs.db"), "{error}");
    let damaged = place.folder.path().join("damaged.db");
    std::fs::write(&damaged, "this is no database at all, but long enough to be taken for one".repeat(30)).unwrap();
    let error = SqliteStore::at(&damaged).runs(&Selection::newest(1)).await.unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}

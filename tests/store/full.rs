//! A disk that is really full: `scripts/kill-runs` makes one of 16 MiB.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sqlx::{Connection, SqliteConnection};

use super::crash::scattered;
use super::{CONFIG, Project};
use crate::support::place::wait;

/// Reads and an insert for each of twelve numbers; made twice, it would be there twice.
const FLOW: &str = r#"workflow full {
  use db: sqlite
  numbers = db.query(sql"""select n from source order by n""") as table<{ n: int }>
  logged = for each row in numbers {
    found = db.query(sql"""select hex(zeroblob(3000 + :row.n)) as x""") as table<{ x: text }>
    noted = do db.insert("log", rows: [{ n: row.n }])
    yield row.n
  }
  output total = sum(logged)
}
"#;

/// Takes room until so many bytes are left.
fn fill(disk: &Path, left: u64) -> PathBuf {
    let file = disk.join("filler");
    let room = || rustix::fs::statvfs(disk).map(|stat| stat.f_bavail * stat.f_frsize).unwrap();
    std::fs::write(&file, vec![0; usize::try_from(room().saturating_sub(left)).unwrap()]).unwrap();
    file
}

fn numbers(file: &Path, sql: &'static str) -> Vec<i64> {
    wait(async {
        let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut database).await.unwrap()
    })
}

fn is_whole(file: &Path) -> bool {
    numbers(file, "select count(*) from pragma_integrity_check where integrity_check = 'ok'") == [1]
}

#[test]
#[ignore = "wants a disk of 16 MiB: scripts/kill-runs makes one"]
fn a_full_disk_loses_nothing_and_doubles_nothing() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let disk = PathBuf::from(variable("VMFLOW_TEST_SMALL_DISK"));
    let times: u64 = variable("VMFLOW_TEST_KILLS").parse().unwrap();
    let (mut unhurt, mut resumed, mut broken_off, mut asked, mut not_begun) = (0, 0, 0, 0, 0);
    for seed in 0..times {
        let place = disk.join(seed.to_string());
        std::fs::create_dir_all(&place).unwrap();
        let (data, runs) = (place.join("data.db"), place.join("runs.db"));
        let project = Project::new();
        std::fs::copy(project.sandbox.path().join("data.db"), &data).unwrap();
        let config = CONFIG.replace("data.db", &data.display().to_string());
        project.sandbox.write("vmflow.yaml", &format!("runs: {{ path: {} }}\n{config}", runs.display()));
        project.sandbox.write("full.flow", FLOW);
        // A store that is there already is the harder case: every other time.
        if seed % 2 == 0 {
            project.run(&["run", "safe.flow"]).expect(0);
        }
        let before = project.runs().len();
        let filler = fill(&disk, scattered(seed) % 500_000);
        let ran = project.run(&["run", "full.flow", "--format", "json"]);
        assert!(!ran.stderr.contains("panicked"), "seed {seed}: {}", ran.stderr);
        std::fs::remove_file(filler).unwrap();
        let log = || numbers(&data, "select n from log order by n");
        let all: Vec<i64> = (1..=12).collect();
        if ran.code == 0 {
            assert_eq!((log(), &ran.json()["outputs"]["total"]), (all.clone(), &json!(78)), "seed {seed}");
        }
        let known = project.runs();
        let run = (known.len() > before).then(|| known[0].clone());
        match run.as_ref().map(|run| (&run["status"], &run["is_broken_off"])) {
            None => not_begun += 1,
            Some((_, Json::Bool(true))) => {
                broken_off += 1;
                assert_eq!(project.run(&["resume", "last"]).code, 2, "seed {seed}: what it did is not known");
            }
            Some((Json::String(status), _)) if status == "success" => unhurt += 1,
            Some(_) => {
                let again = project.run(&["resume", "last", "--format", "json"]);
                if again.stderr.contains("--done") {
                    asked += 1;
                } else {
                    resumed += 1;
                    assert_eq!((again.expect(0)["outputs"]["total"].as_i64(), log()), (Some(78), all), "seed {seed}");
                }
            }
        }
        let mut distinct = log();
        distinct.dedup();
        assert_eq!(log(), distinct, "seed {seed}: nothing is doubled");
        assert!(is_whole(&data) && (!runs.exists() || is_whole(&runs)), "seed {seed}: the files are whole");
        std::fs::remove_dir_all(&place).unwrap();
    }
    println!(
        "a full disk of 16 MiB: {times} runs, {unhurt} unhurt, {resumed} failed and finished by resuming, {broken_off} whose \
         record broke off, {asked} that asked about a write, {not_begun} without a record"
    );
}

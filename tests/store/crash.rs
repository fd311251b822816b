//! What a crash at each point leaves, and what finishing the run makes of it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value as Json;

use super::Project;

/// What a run left in the database, each table's rows as one text.
pub(super) fn left(project: &Project) -> Vec<i64> {
    let mut all = project.numbers("select 1000 * n + v from copies order by n");
    all.extend(project.numbers("select v from notes"));
    all.extend(project.numbers("select n from log order by n"));
    all
}

/// The outputs and the database after a run that nobody disturbed.
pub(super) fn undisturbed(flow: &str) -> (Json, Vec<i64>) {
    let project = Project::new();
    let outputs = project.run(&["run", flow]).expect(0)["outputs"].clone();
    (outputs, left(&project))
}

#[test]
fn a_large_value_whose_step_is_not_on_record_is_read_again() {
    let project = Project::new();
    let flow = r#"workflow large {
  use db: sqlite
  big = db.query(sql"""select hex(zeroblob(800000)) as x""") as table<{ x: text }>
  output n = big.count
}
"#;
    project.sandbox.write("large.flow", flow);
    assert_eq!(project.abort_at("J5", &["run", "large.flow"]).code, -1);
    let folder = project.sandbox.path().join(".vmflow/runs/outputs");
    let files = || std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files(), 1, "a file that no row names");
    project.run(&["resume", "last"]).expect(0);
    assert_eq!(files(), 1, "the same value has the same file");
    let result = project.run(&["retry", "last", "--from", "n"]);
    assert_eq!(result.code, 2, "an output is no step: {}", result.stderr);
    project.run(&["runs", "prune", "--older-than", "1s", "--keep", "0", "--dry-run"]);
    std::thread::sleep(Duration::from_millis(1100));
    project.run(&["runs", "prune", "--older-than", "1s", "--keep", "0"]);
    assert_eq!(files(), 0);
}

/// A number that looks random and is the same for the same seed.
pub(super) fn scattered(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 29;
    x.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

#[test]
fn kill_9_at_any_moment_loses_nothing_and_doubles_nothing() {
    kills("a file", Project::new, 12);
}

#[test]
fn kill_9_at_any_moment_loses_nothing_on_a_server_either() {
    kills("a server", Project::on_server, 4);
}

fn kills(place: &str, make: fn() -> Project, usually: u64) {
    let kills: u64 = std::env::var("VMFLOW_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usually);
    let (outputs, expected) = undisturbed("safe.flow");
    let (mut killed, mut resumed, mut unrecorded) = (0, 0, 0);
    for seed in 0..kills {
        let project = make();
        for round in 0..3 {
            let arguments: &[&str] =
                if project.runs().is_empty() { &["run", "safe.flow"] } else { &["resume", "last"] };
            let mut child =
                project.sandbox.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(scattered(seed * 3 + round) % 120_000));
            child.kill().unwrap();
            let is_over = child.wait().unwrap().code().is_some();
            killed += u64::from(!is_over);
            if is_over {
                break;
            }
            project.let_go();
        }
        match project.runs().first() {
            None => {
                unrecorded += 1;
                assert!(left(&project).is_empty(), "what has written is on record");
                continue;
            }
            Some(run) if run["status"] == "crashed" => {
                resumed += 1;
                project.run(&["resume", "last"]).expect(0);
            }
            Some(_) => {}
        }
        let shown = project.shown();
        assert_eq!((&shown["status"], &shown["result"]["outputs"]), (&Json::from("success"), &outputs), "seed {seed}");
        assert_eq!(left(&project), expected, "seed {seed}");
    }
    println!(
        "kill -9, runs in {place}: {kills} runs, {killed} kills, {resumed} finished by resuming, \
         {unrecorded} killed before they began"
    );
}

//! Workers that are put to sleep (SIGSTOP) and wake up (SIGCONT), past their lease or not.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::Project;
use super::crash::{left, scattered, undisturbed};
use crate::support::sandbox::Ran;

/// A worker that can be put to sleep.
struct Worker(Child);

impl Worker {
    /// One that runs, and falls asleep at a point by itself when one is named.
    fn start(project: &Project, asleep_at: Option<&str>) -> Self {
        let mut command = project.sandbox.command(&["run", "safe.flow"]);
        command.envs(asleep_at.map(|point| ("VMFLOW_ABORT_AT", format!("{point}:stop"))));
        Self(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        Command::new("kill").args([name, &id]).stderr(Stdio::null()).status().unwrap();
    }

    /// Comes back once it sleeps.
    fn wait_until_asleep(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        let state = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
            stat.rsplit(')').next().unwrap().trim_start().chars().next()
        };
        while state() != Some('T') {
            assert!(Instant::now() < deadline, "it never came to that point");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait(self) -> Ran {
        self.0.wait_with_output().unwrap().into()
    }
}

/// The run is over and went well, and the data are those of one that nobody disturbed.
fn is_whole(project: &Project, (outputs, expected): &(Json, Vec<i64>), at: &str) {
    let shown = project.shown();
    assert_eq!((&shown["status"], &shown["result"]["outputs"]), (&Json::from("success"), outputs), "{at}");
    assert_eq!(left(project), *expected, "{at}");
}

#[test]
fn a_worker_that_sleeps_past_its_lease_doubles_nothing() {
    let stops: u64 = std::env::var("VMFLOW_TEST_STOPS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let whole = undisturbed("safe.flow");
    let (mut taken_over, mut over_before) = (0, 0);
    // Some are over before, on a quick machine, or not begun, on a slow one: others are tried in their place.
    for seed in 0..stops * 10 {
        if taken_over == stops {
            break;
        }
        let (at, project) = (format!("seed {seed}"), Project::on_server());
        project.run(&["runs"]);
        let worker = Worker::start(&project, None);
        std::thread::sleep(Duration::from_micros(2_000 + scattered(seed) % 120_000));
        worker.signal("-STOP");
        project.let_go();
        let is_taken_over = project.runs().first().is_some_and(|run| run["status"] == "crashed");
        let resumed = is_taken_over.then(|| project.run(&["resume", "last"]));
        worker.signal("-CONT");
        let woken = worker.wait();
        taken_over += u64::from(is_taken_over);
        over_before += u64::from(!is_taken_over);
        assert!(!project.runs().is_empty(), "{at}: {}", woken.stderr);
        if let Some(ran) = resumed.filter(|ran| ran.code != 0) {
            // It fell asleep in the middle of a write, with the database that it wrote to locked.
            let is_locked = ["only writer", "another process is writing"].iter().any(|why| ran.stdout.contains(why));
            assert!(is_locked, "{at}: {}{}", ran.stdout, ran.stderr);
            project.run(&["resume", "last"]).expect(0);
        }
        is_whole(&project, &whole, &at);
    }
    assert!(taken_over > 0, "no worker was stopped while it ran");
    println!("SIGSTOP: {taken_over} runs taken over while their worker slept, {over_before} others over or not begun");
}

#[test]
fn a_worker_that_falls_asleep_as_its_run_begins_or_ends_has_its_record_all_the_same() {
    let whole = undisturbed("safe.flow");
    // J0:2 and J7:1 are in the middle of a transaction, which the server undoes when nothing comes for half a lease.
    for (point, is_known) in [("J0:1", false), ("J0:2", false), ("J1:1", true), ("J7:1", true)] {
        let project = Project::on_server();
        project.run(&["runs"]);
        let worker = Worker::start(&project, Some(point));
        worker.wait_until_asleep();
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(!project.runs().is_empty(), is_known, "{point}");
        worker.signal("-CONT");
        let woken = worker.wait();
        assert_eq!((woken.code, &*woken.stderr), (0, ""), "{point}");
        is_whole(&project, &whole, point);
    }
}

#[test]
fn a_worker_that_falls_asleep_behind_its_last_write_is_taken_over_once() {
    let (whole, project) = (undisturbed("safe.flow"), Project::on_server());
    project.run(&["runs"]);
    // Behind the transaction. Elsewhere it could sleep with the database of the workflow locked.
    let worker = Worker::start(&project, Some("J4:26"));
    worker.wait_until_asleep();
    project.let_go();
    assert_eq!(project.runs()[0]["status"], "crashed");
    project.run(&["resume", "last"]).expect(0);
    worker.signal("-CONT");
    let woken = worker.wait();
    assert!(woken.stderr.contains("somebody else has taken this run over"), "{}", woken.stderr);
    assert_eq!(project.shown()["attempts"], 2);
    is_whole(&project, &whole, "taken over");
}

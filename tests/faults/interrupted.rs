//! Ctrl-c, SIGTERM, and a second request.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::place::{AT, Place, load};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::source::{Reply, Source};
use crate::support::victoria;

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits for something that happens while the run goes on.
fn until(mut child: Child, has_happened: impl Fn() -> bool) -> Child {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !has_happened() {
        if child.try_wait().unwrap().is_some() || Instant::now() > deadline {
            let _ = child.kill();
            let ran = Ran::from(child.wait_with_output().unwrap());
            panic!("it did not happen\n{}\n{}", ran.stdout, ran.stderr);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// A run of the extractor that has stored some days and will need seconds for the rest.
fn in_the_middle() -> (Place, String, Child) {
    let job = victoria::unique("stopped");
    load(&victoria::url(), &job);
    let place = Place::real(&victoria::url()).impatient();
    place.execute(
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.4); return new; end $$;
         create trigger slow before insert on vm_extraction_jobs for each row execute function slow()",
    );
    let job = format!("job={job}");
    let mut command = place.command("workflows/extractor.flow", &["--at", AT, "-p", &job]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let child = until(child, || !place.copied_days().is_empty());
    (place, job, child)
}

#[test]
fn a_request_to_stop_leaves_whole_days_only() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let (place, job, child) = in_the_middle();
        signal(&child, name);
        let asked = Instant::now();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        let result = ran.expect(code);
        assert_eq!(result["status"], "cancelled");
        let days = place.copied_days().len();
        assert!((1..23).contains(&days), "{days}");
        assert_eq!(place.rows().len(), days * 10, "no day is there in part");
        assert_eq!(result["metrics"]["items_processed"], days * 10, "what was stored counts");
        place.execute("drop trigger slow on vm_extraction_jobs");
        place.extract(&["-p", &job]).expect(0);
        assert_eq!((place.rows().len(), place.copied_days().len()), (230, 23));
    }
}

#[test]
fn finally_still_runs_after_a_request_to_stop() {
    let source = Source::start();
    source.script(|day, _| Reply::day(day).after(if day > "2026-10-02" { 20_000 } else { 0 }));
    let place = Place::empty().source(source.url()).impatient();
    let arguments = ["--at", AT, "-p", "backfill_from=2026-10-01"];
    let mut command = place.command("workflows/apex_collector.flow", &arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let child = until(child, || source.take_asked().iter().any(|day| day == "2026-10-05"));
    signal(&child, "-INT");
    let result = Ran::from(child.wait_with_output().unwrap()).expect(130);
    assert_eq!(result["metrics"]["custom"]["days_published"], 2);
    assert_eq!(result["message"], "cancelled during `published`; 4 of 5 steps had finished");
    let status: Vec<String> = place.samples("apex_collector_job_status").into_keys().collect();
    assert_eq!(status, ["apex_collector_job_status{env=local,job_id=apex_collector,status=cancelled}"]);
}

#[test]
fn a_second_request_ends_the_run_at_once() {
    let source = Source::start();
    let place = Place::empty().source(source.url()).impatient();
    // A `finally` that takes its time.
    place.edit(
        "workflows/apex_collector.flow",
        "  finally {\n",
        "  finally {\n    slow = source.get(\"/api/apex\", query: { business_date: 2000-01-03 })\n",
    );
    source.script(|_, _| Reply::body("[]").after(20_000));
    let mut command = place.command("workflows/apex_collector.flow", &["--at", AT]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let child = until(child, || !source.take_asked().is_empty());
    signal(&child, "-INT");
    let child = until(child, || !source.take_asked().is_empty());
    signal(&child, "-INT");
    let since = Instant::now();
    let result = Ran::from(child.wait_with_output().unwrap()).expect(130);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(result["status"], "cancelled");
    assert!(result["warnings"].to_string().contains("`finally` was interrupted"), "{}", result["warnings"]);
}

const ENDLESS: &str = "[x for x in range(200000) for y in range(200000) if x + y == -1]";

/// A command with this file, interrupted once it computes.
fn computing(arguments: &[&str], text: &str, name: &str) -> (Output, Duration) {
    let sandbox = Sandbox::new();
    sandbox.write("endless.flow", text);
    let child = sandbox.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, name);
    let since = Instant::now();
    (child.wait_with_output().unwrap(), since.elapsed())
}

#[test]
fn what_is_computed_ends_with_a_request_to_stop() {
    let flow = format!("workflow endless {{\n  found = {ENDLESS}\n  output count = found.count\n}}\n");
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let (output, took) = computing(&["run", "endless.flow"], &flow, name);
        assert!(took < Duration::from_secs(1), "{took:?}");
        let result = Ran::from(output).expect(code);
        assert_eq!(result["message"], "cancelled during `found`; 0 of 1 step had finished");
    }
    // Before the first step, too.
    for wanted in [format!("= {ENDLESS}"), format!("= [1] require {ENDLESS}.count < found.count")] {
        let before =
            format!("workflow endless {{\n  param found: list<int> {wanted}\n  output count = found.count\n}}\n");
        let (output, took) = computing(&["run", "endless.flow"], &before, "-INT");
        assert!(took < Duration::from_secs(1), "{took:?}");
        let result = Ran::from(output).expect(130);
        assert_eq!((&result["status"], &result["message"]), (&"cancelled".into(), &"the run was cancelled".into()));
    }
    let test = format!("{flow}\ntest \"it ends\" of endless {{\n  expect count == 0\n}}\n");
    // They have no handlers: a shell's background job is started with ctrl-c ignored, and SIGTERM is never.
    for arguments in [&["eval", ENDLESS][..], &["test", "endless.flow"]] {
        let (output, took) = computing(arguments, &test, "-TERM");
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!(output.status.signal(), Some(15), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

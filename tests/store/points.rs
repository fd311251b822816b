//! Each point at which a run can be cut off between two things that should both happen, on a file and on a server.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::crash::{left, scattered};
use super::{CONFIG, Project};
use crate::support::sandbox::Ran;

/// Something of everything: reads, a value large enough for a file, writes side by side that may be made twice, one that
/// may not, a transaction, and a sink.
const ALL: &str = r#"workflow all {
  use db: sqlite
  numbers = db.query(sql"""select n from source order by n""") as table<{ n: int }>
  large = db.query(sql"""select hex(zeroblob(530000)) as x""") as table<{ x: text }>
  copied = for each row in numbers in parallel 3 {
    found = db.query(sql"""select v from source where n = :row.n""") as table<{ v: int }>
    do db.upsert("copies", rows: [{ n: row.n, v: sum(found.v) }], key: ["n"])
    yield row.n * 2
  }
  logged = do db.insert("log", rows: [{ n: large.count }])
  noted = do transaction db {
    do db.upsert("notes", rows: [{ name: "all", v: copied.count }], key: ["name"])
    yield copied.count
  }
  output total = sum(copied)
  output noted = noted
}
"#;

/// Each point, with how often a run comes by there at most; how often it does depends on what is committed together.
const POINTS: [(&str, u64); 9] =
    [("J0", 2), ("J1", 1), ("J2", 1), ("J3", 1), ("J4", 29), ("J5", 4), ("J6", 4), ("J7", 2), ("J8", 1)];

fn project(make: fn() -> Project) -> Project {
    let project = make();
    let config = project.sandbox.read("vmflow.yaml");
    let told = format!("{CONFIG}    lifecycle: [{{ kind: file, path: events.jsonl }}]\n");
    project.sandbox.write("vmflow.yaml", &config.replace(CONFIG, &told));
    project.sandbox.write("all.flow", ALL);
    project
}

/// What sinks were told, in order.
fn told(project: &Project) -> Vec<Json> {
    let text = std::fs::read_to_string(project.sandbox.path().join("events.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Says of a write of which nobody knows whether it happened what the database says.
fn settled(project: &Project, stopped: &Ran) -> Ran {
    assert!(stopped.stdout.contains("\"ambiguous\""), "{}{}", stopped.stdout, stopped.stderr);
    let is_there = !project.numbers("select n from log").is_empty();
    project.run(&["resume", "last", if is_there { "--done" } else { "--redo" }, "logged"])
}

/// Ends the process at a point; tells whether it came there.
fn cut_off(project: &Project, point: &str, at: &str) -> bool {
    let arguments: &[&str] = if point == "J2" {
        project.abort_at("J4:9", &["run", "all.flow"]);
        project.let_go();
        &["resume", "last"]
    } else {
        &["run", "all.flow"]
    };
    project.abort_at(at, arguments).code == -1
}

/// Takes a run up again until it is over; every other one is cut off once more on the way.
fn finish(project: &Project, seed: u64) {
    project.let_go();
    if project.runs().is_empty() {
        assert!(left(project).is_empty() && told(project).is_empty(), "what has written is on record");
        project.run(&["run", "all.flow"]).expect(0);
        return;
    }
    if seed % 2 == 1 && project.runs()[0]["status"] == "crashed" {
        let (point, times) = POINTS[usize::try_from(scattered(seed) % 9).unwrap()];
        project.abort_at(&format!("{point}:{}", scattered(seed + 9) % times + 1), &["resume", "last"]);
        project.let_go();
    }
    // On a machine so busy that the shortest lease runs out meanwhile, the record breaks off and the run is taken up again.
    for _ in 0..5 {
        project.let_go();
        if project.runs()[0]["status"] != "crashed" {
            break;
        }
        let ran = project.run(&["resume", "last"]);
        let ran = if ran.code == 1 { settled(project, &ran) } else { ran };
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(project.run(&["sinks", "--tell"]).code, 0);
}

/// An event that is told again has the id that it had, and says the same; none is missing.
fn is_told_at_least_once(project: &Project, at: &str) -> usize {
    let told = told(project);
    let mut once: BTreeMap<&str, &Json> = BTreeMap::new();
    for event in &told {
        let first = once.entry(event["id"].as_str().unwrap()).or_insert(event);
        assert_eq!(*first, event, "{at}");
    }
    let of = |name: &str, status: &str| {
        once.values().filter(|event| event["event"] == name && (status.is_empty() || event["status"] == status)).count()
    };
    assert_eq!((of("run.started", ""), of("run.ended", "success")), (1, 1), "{at}: {told:#?}");
    told.len() - once.len()
}

/// Cuts runs off at each point so many times, finishes them, and compares with one that nobody disturbed.
fn all_points(place: &str, make: fn() -> Project, usually: u64) {
    let seeds: u64 = std::env::var("VMFLOW_TEST_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usually);
    let whole = project(make);
    let outputs = whole.run(&["run", "all.flow"]).expect(0)["outputs"].clone();
    let expected = left(&whole);
    is_told_at_least_once(&whole, "undisturbed");
    let tried = |(point, times): (&'static str, u64)| {
        let (mut cut, mut again) = (0, 0);
        let mut once = |seed: u64, nth: u64| {
            let at = format!("{point}:{nth}");
            let project = project(make);
            cut += usize::from(cut_off(&project, point, &at));
            finish(&project, seed);
            let shown = project.shown();
            assert_eq!((&shown["status"], &shown["result"]["outputs"]), (&Json::from("success"), &outputs), "{at}");
            assert_eq!(left(&project), expected, "{at}, seed {seed}");
            again += is_told_at_least_once(&project, &at);
            assert_eq!(project.runs().len(), 1, "{at}, seed {seed}");
            cut
        };
        let cuts = (0..seeds).map(|seed| once(seed, (seed + scattered(seed)) % times + 1)).last();
        // On a busy machine more goes into each commit, and there are fewer; the first is always there.
        if cuts == Some(0) {
            once(seeds, 1);
        }
        (point, cut, again)
    };
    let tried = &tried;
    let tried: Vec<(&str, usize, usize)> = std::thread::scope(|scope| {
        let points: Vec<_> = POINTS.into_iter().map(|point| scope.spawn(move || tried(point))).collect();
        points.into_iter().map(|point| point.join().unwrap()).collect()
    });
    for (point, cut, again) in &tried {
        assert!(*cut > 0, "no run came to {point}");
        assert!(*point != "J8" || *again > 0, "what was told and not marked is told again");
    }
    let shown: Vec<String> = tried.iter().map(|(point, cut, _)| format!("{point} {cut}")).collect();
    println!("crashes at each point, runs in {place}, {seeds} runs each: {}", shown.join(", "));
}

#[test]
fn a_crash_at_any_point_loses_nothing_and_doubles_nothing() {
    all_points("a file", Project::new, 2);
}

#[test]
fn a_crash_at_any_point_loses_nothing_on_a_server_either() {
    all_points("a server", Project::on_server, 1);
}

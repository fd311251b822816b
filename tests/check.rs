//! `vmflow check` from outside: the pages of the codes, golden findings, formats, hostile input. That its time grows in
//! proportion is counted by `scripts/linear`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value as Json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use vmflow::check::{ConnectionFacts, Store, Surroundings, check, modules};
use vmflow::diagnostic::{Code, Diagnostic, codes};
use vmflow::source::Sources;

use crate::support::golden;
use crate::support::place::wait;
use crate::support::sandbox::{Sandbox, root};

/// Loads and checks one text that imports nothing but the standard library.
fn findings(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let roots = vec![(PathBuf::from("test.flow"), text.to_owned())];
    let (modules, mut found) = modules::load(roots, &mut sources, &mut |_| Err("there is no such file".to_owned()));
    let embedded = ConnectionFacts { store: Store::Embedded, pool: None, future_retention_ms: None };
    let (_, more) =
        check(&modules, &Surroundings { connections: [("vm".into(), embedded)].into(), ..Surroundings::default() });
    found.extend(more);
    found
}

/// Runs something with the stack that the command has.
fn on_a_large_stack<R: Send + 'static>(run: impl FnOnce() -> R + Send + 'static) -> R {
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn the_examples_of_every_code_fail_and_pass() {
    let sandbox = Sandbox::new();
    for code in codes::ALL {
        let failing = codes_of(&sandbox, code, code.failing());
        assert_eq!(failing, [code.id], "{}: the failing example", code.id);
        let passing = codes_of(&sandbox, code, code.passing());
        assert!(passing.is_empty(), "{}: the passing example gives {passing:?}", code.id);
    }
}

/// The codes that `check` finds in an example: in a workflow, or in a configuration beside one.
fn codes_of(sandbox: &Sandbox, code: &Code, example: &str) -> Vec<String> {
    let quiet = "workflow quiet {\n  output items = 1\n}\n";
    let is_configuration = code.is_about_configuration();
    sandbox.write("page/page.flow", if is_configuration { quiet } else { example });
    let local = "default_environment: local\nenvironments:\n  local:\n    connections: {}\n";
    let beside = if code.configuration().is_empty() { local } else { code.configuration() };
    sandbox.write("page/vmflow.yaml", if is_configuration { example } else { beside });
    let schema =
        if code.schema().is_empty() { r#"{ "database": "", "version": "", "tables": {} }"# } else { code.schema() };
    sandbox.write("page/schema/db.json", schema);
    sandbox.write("page/series.jsonl", code.series());
    let mut command =
        vec!["check", "page/page.flow", "--config", "page/vmflow.yaml", "--format", "json", "--select", code.id];
    if !code.runs().is_empty() {
        record(sandbox, &serde_json::from_str(code.runs()).unwrap());
    }
    command.extend((!code.series().is_empty() || !code.runs().is_empty()).then_some("--live"));
    let ran = sandbox.run(&command);
    let document = ran.json();
    let found = document["diagnostics"].as_array().unwrap();
    found.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// Runs a job, and has the record say that it took longer.
fn record(sandbox: &Sandbox, wanted: &Json) {
    let seconds = wanted["seconds"].as_i64().unwrap();
    let config = ["--config", "page/vmflow.yaml"];
    let job = wanted["job"].as_str().unwrap();
    for _ in 0..wanted["runs"].as_u64().unwrap() {
        sandbox.run(&[&["run", job], &config[..]].concat()).expect(0);
    }
    wait(async {
        let store = SqliteConnectOptions::new().filename(sandbox.path().join("page/.vmflow/runs.db"));
        let longer = format!("update runs set started_at = finished_at - {}", seconds * 1000);
        store.connect().await.unwrap().execute(sqlx::AssertSqlSafe(longer)).await.unwrap();
    });
}

#[test]
fn a_job_is_compared_with_its_last_runs_where_enough_ended() {
    let sandbox = Sandbox::new();
    sandbox.write("page/page.flow", "workflow quiet {\n  output items = 1\n}\n");
    let failing = codes::VF805.failing();
    sandbox.write("page/vmflow.yaml", &failing.replace("*/15 * * * *\"", "*/15 6-8 * * 1-5\", overlap: queue"));
    let check = |flags: &[&str]| {
        let ran = sandbox.run(&[&["check", "page", "--config", "page/vmflow.yaml"], flags].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    assert!(!check(&["--live"]).contains("VF805"), "without a record nothing is known");
    record(&sandbox, &serde_json::json!({ "job": "report", "runs": 4, "seconds": 1320 }));
    assert!(!check(&["--live"]).contains("VF805"), "four runs are too few");
    record(&sandbox, &serde_json::json!({ "job": "report", "runs": 1, "seconds": 1320 }));
    assert!(!check(&[]).contains("VF805"), "the record is looked at when somebody asks");
    let found = check(&["--live"]);
    let wanted = "`report` is due 15m after the time before, and 95 % of its last 5 runs took up to 22m";
    assert!(found.contains(wanted) && found.contains("runs that are due meanwhile wait"), "{found}");
    record(&sandbox, &serde_json::json!({ "job": "report", "runs": 0, "seconds": 900 }));
    assert!(!check(&["--live"]).contains("VF805"), "a run that ends when the next is due is in time");
}

#[test]
fn explain_prints_the_page() {
    let sandbox = Sandbox::new();
    for code in codes::ALL {
        let ran = sandbox.run(&["explain", &code.id.to_lowercase()]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, code.page), "{}", code.id);
    }
    let list = sandbox.run(&["explain", "--list"]).stdout;
    assert_eq!(list.lines().count(), codes::ALL.len());
    let unknown = sandbox.run(&["explain", "VF999"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("VF999"), "{}", unknown.stderr);
}

/// The `.flow` files of a folder of `tests/ui`, by name.
fn examples(folder: &str) -> Vec<(String, String)> {
    let directory = root().join("tests/ui").join(folder);
    let mut found: Vec<(String, String)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "flow"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

/// A project without a configuration that holds the files which the examples import.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
    for entry in std::fs::read_dir(root().join("tests/ui/check/lib")).unwrap() {
        let path = entry.unwrap().path();
        let name = Path::new("lib").join(path.file_name().unwrap());
        sandbox.write(name.to_str().unwrap(), &std::fs::read_to_string(path).unwrap());
    }
    sandbox
}

#[test]
fn findings_are_golden_sorted_told_once_and_helpful() {
    let sandbox = project();
    for (name, text) in examples("check") {
        sandbox.write(&name, &text);
        let document = sandbox.run(&["check", &name, "--format", "json"]).json();
        assert_well_formed(&name, document["diagnostics"].as_array().unwrap());
        let human = sandbox.run(&["check", &name]);
        golden::assert(&root().join("tests/ui/check").join(name.replace(".flow", ".txt")), &human.stdout);
    }
}

fn assert_well_formed(name: &str, found: &[Json]) {
    assert!(!found.is_empty(), "{name} has nothing wrong");
    let place = |finding: &Json| (finding["file"].to_string(), finding["span"]["start"]["offset"].as_u64());
    let mut seen = HashSet::new();
    for finding in found.iter().filter(|finding| finding["file"] == name) {
        let message = finding["message"].as_str().unwrap();
        assert!(seen.insert((place(finding), message)), "{name}: told twice: {message}");
        let has_help = !finding["help"].is_null() || !finding["fix"].is_null();
        assert!(has_help, "{name}: no help: {message}");
        assert!(!message.ends_with('.') && !message.contains("unknown>"), "{name}: {message}");
    }
    let own: Vec<_> = found.iter().filter(|finding| finding["file"] == name).map(place).collect();
    assert!(own.is_sorted(), "{name}: not in the order of the file");
}

#[test]
fn right_files_have_no_findings() {
    let sandbox = project();
    for (name, text) in examples("ok") {
        sandbox.write(&name, &text);
        let human = sandbox.run(&["check", &name, "--deny", "warnings"]);
        assert_eq!((human.code, human.stdout.as_str()), (0, "no findings in 1 file\n"), "{name}");
    }
}

#[test]
fn what_a_broken_file_exports_is_not_missed() {
    let sandbox = project();
    sandbox.write("lib/broken.flow", "fn f(n: int) -> int = n +\nfn g(n: int) -> int = n\n");
    sandbox.write("main.flow", "import \"lib/broken.flow\"\n\nworkflow w {\n  output n = broken.f(1)\n}\n");
    let document = sandbox.run(&["check", "main.flow", "--format", "json"]).json();
    let files: Vec<&str> =
        document["diagnostics"].as_array().unwrap().iter().map(|finding| finding["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["lib/broken.flow"]);
}

#[test]
fn one_broken_file_hides_nothing_of_the_others() {
    let sandbox = project();
    sandbox.write("both/broken.flow", "workflow w {\n  output n 1\n}\n");
    sandbox.write("both/wrong.flow", "workflow w {\n  output n = m\n}\n");
    let ran = sandbox.run(&["check", "both", "--format", "short"]);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("both/broken.flow:2:") && ran.stdout.contains("both/wrong.flow:2:14: error[VF101]: "));
}

#[test]
fn formats_have_their_documented_shape() {
    let sandbox = project();
    sandbox.write("a.flow", "workflow w {\n  output e = \"é\" + dayz\n  days = 1\n}\n");
    let short = sandbox.run(&["check", "a.flow", "--format", "short"]);
    assert_eq!((short.code, short.stdout.as_str()), (1, "a.flow:2:20: error[VF101]: nothing is called `dayz` here\n"));
    let document = sandbox.run(&["check", "a.flow", "--format", "json"]).json();
    let finding = &document["diagnostics"][0];
    let keys: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = ["code", "severity", "message", "file", "span", "labels", "help", "fix"];
    assert!(wanted.iter().all(|key| keys.contains(key)) && keys.len() == wanted.len(), "{keys:?}");
    assert_eq!(finding["span"]["start"], serde_json::json!({ "line": 2, "column": 20, "offset": 33 }));
    assert_eq!(finding["span"]["end"]["column"], 24);
    assert_eq!(finding["fix"]["edits"][0]["replacement"], "days");
    assert_eq!(document["summary"], serde_json::json!({ "errors": 1, "warnings": 0, "files": 1 }));
}

#[test]
fn deprecated_jobs_and_parameters_are_told_where_they_are_given() {
    let sandbox = Sandbox::new();
    let flow = "# Two ways.\n\n## Says how many.\n##\n## deprecated: use counted instead, it is shorter\nworkflow count {\n  \
                ## Where it begins.\n  ## deprecated: use since instead\n  param from_day: date = 2026-01-01\n  param since: date? = none\n  \
                output day = since ?? from_day\n}\n\nworkflow counted {\n  output n = 1\n}\n\n\
                test \"its own test goes on\" of count {\n  set { from_day: 2026-01-02 }\n  expect day == 2026-01-02\n}\n";
    sandbox.write("packages/days/count.flow", flow);
    sandbox.write("packages/days/package.yaml", "name: days\njobs:\n  count: { params: { from_day: 2026-02-01 } }\n");
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local\nenvironments:\n  local: { connections: {} }\njobs:\n  old:\n    \
         workflow: packages/days/count.flow:count\n    params: { from_day: 2026-03-01 }\n",
    );
    let ran = sandbox.run(&["check", "packages", "--format", "short"]);
    let told = "vmflow.yaml:6:15: warning[VF905]: the workflow `count` is deprecated\n\
                vmflow.yaml:7:15: warning[VF905]: the parameter `from_day` of `count` is deprecated\n\
                packages/days/package.yaml:3:22: warning[VF905]: the parameter `from_day` of `count` is deprecated\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, told), "{}", ran.stderr);
    let run = sandbox.run(&["run", "days/count", "--from-day", "2026-04-01"]);
    let given = run.stderr.find("the parameter `from_day` is deprecated").unwrap();
    let own = run.stderr.find("the workflow `count` is deprecated").unwrap();
    assert!(run.code == 0 && own < given && run.stderr.contains("help: use `since` instead"), "{}", run.stderr);
    let quiet = sandbox.run(&["run", "days/counted"]);
    assert!(quiet.code == 0 && !quiet.stderr.contains("VF905"), "{}", quiet.stderr);
    let sheet = sandbox.run(&["jobs", "show", "days/count"]).stdout;
    let sayings = [
        "\n  Deprecated: use `counted` instead, it is shorter.\n",
        "Deprecated: use `since` instead. Where it begins.",
    ];
    assert!(sayings.iter().all(|saying| sheet.contains(saying)) && !sheet.contains("deprecated: use"), "{sheet}");
    let document = sandbox.run(&["doc", "packages/days/count.flow", "--format", "json"]).expect(0);
    let workflow = &document["modules"][0]["workflows"][0];
    assert_eq!(workflow["deprecated"]["replacement"], "counted");
    assert_eq!(
        (&workflow["doc"], &workflow["parameters"][0]["doc"]),
        (&"Says how many.".into(), &"Where it begins.".into())
    );
    assert_eq!(workflow["parameters"][0]["deprecated"]["said"], "use `since` instead");
    assert!(workflow["parameters"][1].get("deprecated").is_none());
}

#[test]
fn jobs_are_held_against_the_types_and_the_connections_of_their_workflows() {
    let sandbox = Sandbox::new();
    let flow = "workflow p {\n  use db: sql\n  param day: date = 2026-01-01\n  param n: int = 1\n  param d: period = 1d\n  \
                param since: date? = none\n  rows = db.query(sql\"\"\"select 1 as n where :day > '2026-01-01'\"\"\")\n  \
                output a = f\"{n}{d}{since ?? day}{rows.count}\"\n}\n";
    sandbox.write("p.flow", flow);
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local\nenvironments:\n  local: { connections: {} }\n  \
         prod: { connections: { db: { kind: sqlite, path: a.db } } }\n  \
         odd: { connections: { db: { kind: http, base_url: 'http://localhost' } } }\njobs:\n  \
         right: { workflow: p.flow, params: { day: 2026-02-01, n: 3, d: 2w, since: yesterday } }\n  \
         given: { workflow: p.flow, params: { n: '${N:-x}' } }\n  \
         wrong: { workflow: p.flow, params: { day: 2026-02-30, n: 1.5, d: 30 } }\n  \
         lacking: { workflow: p.flow, environment: local }\n  \
         other: { workflow: p.flow, environment: odd }\n",
    );
    let ran = sandbox.run(&["check", "p.flow", "--format", "short"]);
    let told = "vmflow.yaml:9:45: error[VF701]: the parameter `day`: `2026-02-30` is not a `date`\n\
                vmflow.yaml:9:60: error[VF701]: the parameter `n`: expected int, got 1.5\n\
                vmflow.yaml:9:68: error[VF701]: the parameter `d`: expected period, got 30\n\
                vmflow.yaml:10:24: error[VF701]: the job `lacking` wants `db: sql`, and the environment `local` has no such connection\n\
                vmflow.yaml:11:22: error[VF701]: the job `other` wants `db: sql`, and the environment `odd` has no such connection\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (1, told), "{}", ran.stderr);
}

#[test]
fn a_job_names_a_workflow_of_its_own_file() {
    let sandbox = Sandbox::new();
    sandbox.write("two.flow", "workflow collect {\n  output n = 1\n}\n\nworkflow publish {\n  output n = 2\n}\n");
    sandbox.write("other.flow", "workflow extractor {\n  output n = 1\n}\n");
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local\nenvironments:\n  local: { connections: {} }\njobs:\n  \
         a: { workflow: 'two.flow:extractor' }\n  b: { workflow: two.flow:colect }\n  c: { workflow: two.flow }\n  \
         d: { workflow: twoo.flow }\n  e: { workflow: two.flow:publish, params: { x: 1 } }\n",
    );
    let ran = sandbox.run(&["check", "two.flow", "other.flow"]);
    let found = [
        "[vmflow.yaml:5:28]",
        "`two.flow` holds no workflow `extractor`",
        "= help: it has collect, publish",
        "`two.flow` holds no workflow `colect`",
        "= help: did you mean `collect`?",
        "`two.flow` holds several workflows",
        "= help: write `two.flow:collect` or `:publish`",
        "the job `d` names a file that is not there: `twoo.flow`",
        "= help: did you mean `two.flow`?",
        "`publish` has no parameter `x`",
    ];
    for found in found {
        assert!(ran.stdout.contains(found), "{found}\n{}", ran.stdout);
    }
}

#[test]
fn a_type_too_large_to_be_shown_is_refused_where_it_is_named() {
    let told = |text: &str| -> Vec<String> {
        findings(text).iter().filter(|finding| finding.is_error()).map(|finding| finding.message.clone()).collect()
    };
    let doubled = |count: usize| {
        let types =
            (0..count).map(|n| format!("type A{n} = {{ a: A{0}, b: list<A{0}?> }}\n", n + 1)).collect::<String>();
        format!("{types}type A{count} = int\nfn f(a: A0) -> A0 = a\nworkflow w {{\n  output n = f(1)\n}}\n")
    };
    // What a few lines say would have a billion parts; each finding would show them.
    assert_eq!(told(&doubled(30)), ["the type `A20` has more than 5000 parts"]);
    assert_eq!(told(&doubled(3)).len(), 1);
    let nested = |count: usize| {
        let types = (0..count).map(|n| format!("type A{n} = list<A{}>\n", n + 1)).collect::<String>();
        format!("{types}type A{count} = int\nworkflow w {{\n  output n = 1\n}}\n")
    };
    assert_eq!(told(&nested(100)), Vec::<String>::new());
    assert_eq!(told(&nested(20_000)), ["the type `A19872` is nested more than 128 levels deep"]);
}

#[test]
fn warnings_fail_only_when_denied() {
    let sandbox = project();
    sandbox.write("a.flow", "workflow w {\n  param limit: int = 1\n  output n = 1\n}\n");
    let ran = sandbox.run(&["check", "a.flow", "--format", "short"]);
    assert_eq!((ran.code, ran.stdout.contains(": warning[VF104]: ")), (0, true), "{}", ran.stdout);
    let denied = sandbox.run(&["check", "a.flow", "--format", "short", "--deny", "warnings"]);
    assert_eq!((denied.code, denied.stdout.contains(": error[VF104]: ")), (1, true), "{}", denied.stdout);
}

/// Words, numbers, white space and single signs.
fn tokens(text: &str) -> Vec<String> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c.is_whitespace() {
            1
        } else {
            2
        }
    };
    let mut parts: Vec<String> = Vec::new();
    let mut before = 2;
    for c in text.chars() {
        match parts.last_mut() {
            Some(last) if kind(c) == before && before != 2 => last.push(c),
            _ => parts.push(c.to_string()),
        }
        before = kind(c);
    }
    parts
}

/// Deletes, doubles or exchanges some tokens.
fn mutated(text: &str, changes: &[(u8, usize, usize, usize)]) -> String {
    let mut parts = tokens(text);
    for (what, from, length, other) in changes {
        let from = from % parts.len().max(1);
        let to = (from + length % 8 + 1).min(parts.len());
        let other = other % parts.len().max(1);
        match what % 3 {
            0 => drop(parts.drain(from..to)),
            1 => {
                let copy = parts[from..to].to_vec();
                parts.splice(other..other, copy);
            }
            _ if from < parts.len() => parts.swap(from, other),
            _ => {}
        }
    }
    parts.concat()
}

const TEXTS: &[&str] = &[
    include_str!("../workflows/extractor.flow"),
    include_str!("../workflows/apex_collector.flow"),
    include_str!("../stdlib/status.flow"),
    include_str!("../stdlib/watermark.flow"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn mutations_are_checked_without_a_panic(
        which in 0..TEXTS.len(),
        changes in prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>(), any::<usize>()), 1..6),
    ) {
        let text = mutated(TEXTS[which], &changes);
        let found = on_a_large_stack(move || findings(&text));
        let wrong = found.iter().find(|finding| finding.message.is_empty() || finding.labels.is_empty());
        prop_assert!(wrong.is_none(), "{wrong:?}");
    }
}

/// Checks a text on the stack that the command has.
fn looked_at(text: String) {
    on_a_large_stack(move || {
        let found = findings(&text);
        assert!(found.iter().all(|finding| !finding.message.is_empty()));
    });
}

#[test]
fn deep_nesting_overflows_no_stack() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("workflow w {{\n  output x = {}{inner}{}\n}}\n", open.repeat(depth), close.repeat(depth))
    };
    let pairs = [
        ("[", "]"),
        ("(", ")"),
        ("{ a: ", "}"),
        ("sum([", "])"),
        ("[x for x in ", "]"),
        ("if true then 1 else ", ""),
        ("not ", ""),
        ("f\"{", "}\""),
    ];
    for (open, close) in pairs {
        looked_at(nested(open, "1", close, 60));
    }
    for part in [" + 1", " ?? 1", " == 1", " and true", "[0]", ".a"] {
        looked_at(format!("workflow w {{\n  output x = y{}\n}}\n", part.repeat(900)));
    }
    let depth = 60;
    looked_at(format!("workflow w {{\n{}{}\n}}\n", "when true {\n".repeat(depth), "}\n".repeat(depth)));
    looked_at(format!("type T = {}int{}\n", "list<".repeat(depth), ">".repeat(depth)));
}

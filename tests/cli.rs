//! The command line: what goes where, what each mistake costs, what stays secret.

use std::process::Stdio;

use serde_json::{Value as Json, json};

use crate::support::faulty::{Faulty, answer};
use crate::support::place::{AT, Place};
use crate::support::sandbox::{Ran, Sandbox};

/// Runs and asserts the exit code, nothing on stdout, and what stderr holds.
fn refused(sandbox: &Sandbox, arguments: &[&str], code: i32, words: &[&str]) -> Ran {
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}\n{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{arguments:?}: `{word}` is not in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

const FILE: &str = "workflows/extractor.flow";

#[test]
fn a_job_runs_by_its_name_or_its_id() {
    let sandbox = Sandbox::new();
    for arguments in
        [["run", "apex_extractor", "--at", AT].as_slice(), &["run", "--job-id", "apex_extractor", "--at", AT]]
    {
        let result = sandbox.run(arguments).expect(0);
        assert_eq!((&result["job_id"], &result["workflow"]), (&json!("apex_extractor"), &json!("extractor")));
    }
    let list = sandbox.run(&["run", "--list-jobs"]);
    assert_eq!((list.code, list.stderr.as_str()), (0, ""));
    assert!(list.stdout.starts_with("vmflow.yaml\n  apex_collector "), "{}", list.stdout);
    assert_eq!(sandbox.run(&["jobs", "--format", "json"]).expect(0)["jobs"][1]["id"], "apex_extractor");
    refused(&sandbox, &["run", "apex_extracto"], 2, &["did you mean `apex_extractor`?"]);
    refused(&sandbox, &["run"], 2, &["say what to run"]);
}

#[test]
fn the_environment_is_the_flags_then_the_variables() {
    let mut sandbox = Sandbox::new();
    let text =
        sandbox.read("vmflow.yaml").replace("  local:", "  a: { extends: local }\n  b: { extends: local }\n  local:");
    sandbox.write("vmflow.yaml", &text);
    let environment = |sandbox: &Sandbox, more: &[&str]| {
        sandbox.run(&[&["run", FILE, "--at", AT], more].concat()).expect(0)["environment"].clone()
    };
    assert_eq!(environment(&sandbox, &[]), "local");
    sandbox.set("VM_JOBS_ENVIRONMENT", "a");
    assert_eq!(environment(&sandbox, &[]), "a");
    sandbox.set("VMFLOW_ENV", "b");
    assert_eq!(environment(&sandbox, &[]), "b");
    assert_eq!(environment(&sandbox, &["--env", "local"]), "local");
    refused(&sandbox, &["run", FILE, "--env", "lokal"], 2, &["no environment `lokal`", "did you mean `local`?"]);
}

#[test]
fn parameters_are_refused_all_at_once() {
    let sandbox = Sandbox::new();
    let given = ["run", FILE, "-p", "lookbak=3d", "-p", "cutoff=99:00"];
    refused(&sandbox, &given, 2, &["did you mean `lookback`?", "`99:00` is not a `time`"]);
    let result = sandbox.run(&["run", FILE, "-p", "lookback=500d"]).expect(2);
    assert_eq!(result["message"], "parameter `lookback`: at most 400 days, found `500d`");
    refused(&sandbox, &["run", FILE, "-p", "lookback"], 2, &["write `-p name=value`"]);
    sandbox.write("p.json", r#"{ "lookback": "3d", "job": "nobody" }"#);
    let result = sandbox.run(&["run", FILE, "--at", AT, "--params", "p.json", "-p", "job=else"]).expect(0);
    assert_eq!(result["params"], json!({ "job": "else", "lookback": "3d", "cutoff": "06:00:00" }));
    sandbox.write("p.json", "[1]");
    refused(&sandbox, &["run", FILE, "--params", "p.json"], 2, &["holds no JSON object"]);
    refused(&sandbox, &["run", FILE, "--params", "nope.json"], 2, &["there is no such file"]);
}

#[test]
fn an_instant_has_its_forms() {
    let sandbox = Sandbox::new();
    for at in ["2026-10-30T18:00Z", "2026-10-30T18:00:00Z", "2026-10-30T18:00[Europe/London]", "2026-10-30T19:00+01:00"]
    {
        sandbox.run(&["run", FILE, "--at", at]).expect(0);
    }
    refused(&sandbox, &["run", FILE, "--at", "2026-10-30"], 2, &["is a day; name the instant: `2026-10-30T06:00Z`"]);
    refused(&sandbox, &["run", FILE, "--at", "yesterday"], 2, &["is no instant"]);
    let skipped =
        "`--at 2026-03-29T01:30[Europe/London]`: 2026-03-29 01:30:00 does not exist in Europe/London: the clocks";
    refused(&sandbox, &["run", FILE, "--at", "2026-03-29T01:30[Europe/London]"], 2, &[skipped, "write it in UTC"]);
}

#[test]
fn files_that_are_none_are_told_apart() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path().join("bad.flow"), [0xff, 0xfe]).unwrap();
    sandbox.write("empty.flow", "");
    for command in ["run", "check", "graph"] {
        refused(&sandbox, &[command, "bad.flow"], 2, &["`bad.flow`", "not UTF-8"]);
        refused(&sandbox, &[command, "nope.flow"], 2, &["`nope.flow`", "no such file"]);
    }
    refused(&sandbox, &["run", "empty.flow"], 2, &["holds no workflow"]);
    refused(&sandbox, &["run", "workflows"], 2, &["it is a directory"]);
    assert_eq!(sandbox.run(&["check", "empty.flow"]).code, 0);
    assert_eq!(sandbox.run(&["check", "workflows"]).code, 0);
}

#[test]
fn a_protected_environment_wants_a_yes_and_its_variables() {
    let mut sandbox = Sandbox::new();
    let prod = ["run", FILE, "--env", "prod"];
    refused(
        &sandbox,
        &prod,
        4,
        &["`DATABASE_URL` is not set: the warehouse", "`VM_READ_URL` is not set", "vmflow.yaml:"],
    );
    for name in ["VM_READ_URL", "VM_WRITE_URL", "APEX_URL"] {
        sandbox.set(name, "http://127.0.0.1:9");
    }
    sandbox.set("DATABASE_URL", "postgres://u@127.0.0.1:9/x").set("APEX_TOKEN", "0123456789");
    refused(
        &sandbox,
        &prod,
        2,
        &["the environment `prod` is protected; run a saved plan (`vmflow plan … -o FILE`), or add `--yes`"],
    );
}

#[test]
fn a_broken_configuration_is_shown_where_it_is_broken() {
    let sandbox = Sandbox::new();
    let text = sandbox.read("vmflow.yaml");
    sandbox.write("vmflow.yaml", &text.replace("kind: sqlite", "kind: sqllite"));
    refused(&sandbox, &["run", FILE], 4, &["sqllite", "vmflow.yaml:6:", "sqlite`"]);
    sandbox.write("vmflow.yaml", "environments: [");
    refused(&sandbox, &["run", FILE], 4, &["not valid YAML", "vmflow.yaml:1:"]);
    refused(&sandbox, &["run", FILE, "--config", "nope.yaml"], 2, &["cannot read `nope.yaml`"]);
}

#[test]
fn stdout_holds_the_data_and_nothing_else() {
    let sandbox = Sandbox::new();
    let json = sandbox.run(&["run", FILE, "--at", AT, "-vv"]);
    assert!(json.stderr.contains("copied.stored[2026-10-09]"), "{}", json.stderr);
    assert_eq!(json.expect(0)["status"], "success");
    let lines = sandbox.run(&["run", FILE, "--at", AT, "--format", "jsonl"]);
    let events: Vec<Json> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["event"], &events.last().unwrap()["event"]), (&json!("run_started"), &json!("result")));
    let human = sandbox.run(&["run", FILE, "--at", AT, "--format", "human"]);
    assert!(human.stdout.starts_with("extractor in `local` at 2026-10-30T18:00:00Z\n"), "{}", human.stdout);
    assert!(human.stdout.ends_with("success: 9 steps done; `copied`: nothing to do\n"), "{}", human.stdout);
    assert!(!human.stdout.contains('\u{1b}') && human.stderr.is_empty(), "{}", human.stderr);
    let colored = sandbox.run(&["run", FILE, "--at", AT, "--format", "human", "--color", "always"]);
    assert!(colored.stdout.contains("\u{1b}[32m✓"), "{}", colored.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let sandbox = Sandbox::new();
    for arguments in
        [["run", FILE].as_slice(), &["completions", "bash"], &["explain", "--list"], &["check"], &["graph", FILE]]
    {
        let mut command = sandbox.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !told.contains("panicked"), "{arguments:?}: {told}");
    }
}

#[test]
fn output_that_cannot_be_written_is_told_once() {
    let sandbox = Sandbox::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [
        ["run", FILE, "--at", AT, "--format", "jsonl"].as_slice(),
        &["eval", "1"],
        &["doc"],
        &["man"],
        &["completions", "bash"],
        &["graph", FILE],
    ] {
        let output = sandbox.command(arguments).stdout(full()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let wanted = "vmflow: cannot write to stdout: No space left on device (os error 28)";
        assert_eq!((output.status.code(), told.matches(wanted).count()), (Some(4), 1), "{arguments:?}: {told}");
    }
    // What else went wrong weighs more.
    let failed = sandbox.command(&["check", "nowhere.flow", "--format", "json"]).stdout(full()).output().unwrap();
    assert_eq!(failed.status.code(), Some(2));
}

#[test]
fn checking_reads_stdin_and_ends_as_it_should() {
    let sandbox = Sandbox::new();
    let check = |text: &str| -> Ran {
        use std::io::Write;
        let mut command = sandbox.command(&["check", "-", "--stdin-filename", "new.flow", "--format", "short"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    };
    let broken = check("workflow a { x = 1 + }");
    assert_eq!(
        (broken.code, broken.stdout.lines().next()),
        (1, Some("new.flow:1:22: error[VF001]: expected an expression after `+`, found `}`"))
    );
    assert_eq!(check("workflow a { output x = 1 }").code, 0);
}

#[test]
fn codes_are_explained_and_graphs_drawn() {
    let sandbox = Sandbox::new();
    assert!(sandbox.run(&["explain", "VF202"]).stdout.starts_with("# VF202: "));
    refused(&sandbox, &["explain", "VF999"], 2, &["no check is called `VF999`"]);
    for (format, first) in
        [("text", "workflow extractor\n"), ("mermaid", "flowchart TD\n"), ("dot", "digraph \"extractor\" {\n")]
    {
        let drawn = sandbox.run(&["graph", FILE, "--format", format]);
        assert!(
            drawn.code == 0 && drawn.stdout.starts_with(first) && drawn.stdout.contains("published_at"),
            "{format}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.run(&["completions", shell]).stdout.contains("vmflow"));
    }
}

#[test]
fn secrets_never_show() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A server that says whatever it was told, the credentials included.
    let server = runtime.block_on(Faulty::start(|asked| answer("400 Bad Request", "", &asked.head)));
    let with_password = server.url().replace("http://", "http://user:url-hunter3@");
    let mut place =
        Place::aimed_at("postgres://u:db-hunter4@127.0.0.1:9/x", &with_password).source(&server.url()).impatient();
    place.sandbox.set("APEX_TOKEN", "apex-hunter5");
    for file in ["workflows/extractor.flow", "workflows/apex_collector.flow"] {
        for more in [["--format", "json", "-vv"].as_slice(), &["--format", "human"], &["--format", "jsonl", "-v"]] {
            let ran = place.run(file, &[&["--at", AT], more].concat());
            assert_ne!(ran.code, 0);
            for secret in ["hunter3", "hunter4", "hunter5", "dXNlcjp1cmwtaHVudGVyMw"] {
                assert!(!ran.stdout.contains(secret), "{file} {more:?}: {secret} in\n{}", ran.stdout);
                assert!(!ran.stderr.contains(secret), "{file} {more:?}: {secret} in\n{}", ran.stderr);
            }
        }
    }
}

#[test]
fn verbose_runs_show_what_is_asked() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["run", FILE, "--at", AT, "-v", "-p", "lookback=5d"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for asked in [
        "newest: vm.instant: max by (biz_date) (",
        "copies: db.query: select biz_date, max(max_data_timestamp) as copied_at from vm_extraction_jobs where job_id = :job and biz_date in :days group by biz_date (job = apex_collector, days = [2026-10-",
        "copied.stored.saved[2026-10-30]: db.upsert: vm_extracted_metrics, rows: 10 items, key: [",
    ] {
        assert!(ran.stderr.contains(asked), "{asked} is not in\n{}", ran.stderr);
    }
    let lines = sandbox.run(&["run", FILE, "--at", AT, "-v", "--format", "jsonl"]).stdout;
    assert!(lines.lines().any(|line| line.contains(r#""event":"asked""#)), "{lines}");
    assert!(!sandbox.run(&["run", FILE, "--at", AT]).stderr.contains("db.query"));
    assert!(!sandbox.run(&["logs", "last"]).stdout.contains("db.query"), "it is not recorded");
}

/// A project whose source is sent a secret, `s3cr3t-t0ken`.
fn with_a_secret() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "s3cr3t-t0ken");
    let text = sandbox
        .read("vmflow.yaml")
        .replace("\"http://127.0.0.1:3002\"", "\"http://127.0.0.1:3002\", headers: { x-key: \"${TOKEN}\" }");
    sandbox.write("vmflow.yaml", &text);
    sandbox
}

#[test]
fn the_log_can_be_an_object_a_line() {
    let sandbox = with_a_secret();
    let flow = r#"workflow told {
  use source: http
  out = for each n in [1, 2] {
    said = log(f"{n}: s3cr3t-t0ken")
    bad = source.get("/nobody").json as int
    yield f"{bad} {said}"
  } on failure continue
  output n = out.ok.count
}
"#;
    sandbox.write("told.flow", flow);
    for more in [[].as_slice(), &["-v"], &["-q"]] {
        let ran = sandbox.run(&[&["run", "told.flow", "--log-format", "json", "--format", "json"], more].concat());
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let id = ran.json()["run_id"].clone();
        let lines: Vec<Json> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_run: Vec<&Json> = lines.iter().filter(|line| line["run"] == id).collect();
        assert!(of_run.len() > 1 && !ran.stderr.contains("s3cr3t"), "{more:?}\n{}", ran.stderr);
        let failed = of_run.iter().find(|line| line["level"] == "ERROR").unwrap();
        assert_eq!((&failed["step"], &failed["event"]), (&json!("out.bad"), &json!("step_finished")));
        assert!(failed["message"].as_str().unwrap().contains("refused"), "{failed}");
        let said = of_run.iter().filter(|line| line["event"] == "logged").count();
        assert_eq!(said, if more == ["-q"] { 0 } else { 2 }, "{more:?}\n{}", ran.stderr);
        assert_eq!(of_run.iter().any(|line| line["event"] == "asked"), more == ["-v"], "{}", ran.stderr);
        assert!(of_run.iter().all(|line| line["at"].is_string()));
    }
    let refused = sandbox.run(&["run", "nowhere.flow", "--log-format", "json"]);
    let line: Json = serde_json::from_str(&refused.stderr).unwrap();
    assert!((refused.code, &line["level"]) == (2, &json!("ERROR")) && line["message"].is_string(), "{line}");
}

#[test]
fn a_workflow_tells_what_its_author_wants_told() {
    let sandbox = with_a_secret();
    sandbox.write(
        "told.flow",
        r#"workflow told {
  use source: http
  many = log(range(1, 31))
  sums = for each n in log([1, 2], label: "numbers") {
    both = log(f"{n}\ns3cr3t-t0ken")
    yield n + log(n * 10)
  }
  output sum = sum(sums)
  output count = many.count
}
"#,
    );
    let ran = sandbox.run(&["run", "told.flow"]);
    assert_eq!(ran.expect(0)["outputs"], json!({ "sum": 33, "count": 30 }));
    assert!(
        ran.stderr.contains("INFO many: [1, 2, 3,") && ran.stderr.contains("19, 20, … and 10 more]"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("INFO sums: numbers: [1, 2]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("INFO sums.both[2]: 2 •••"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("started"), "{}", ran.stderr);
    assert_eq!(sandbox.run(&["run", "told.flow", "-q"]).stderr, "");
    let events = sandbox.run(&["run", "told.flow", "--format", "jsonl"]);
    assert!(events.stdout.contains(r#""event":"logged","path":["sums","both"],"item":"1""#), "{}", events.stdout);
}

#[test]
fn every_setting_has_an_origin_and_no_secret_shows() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "vmflow.yaml",
        r#"default_environment: prod
environments:
  base:
    connections:
      vm: { kind: victoria_metrics, url: "${VM_URL:-http://me:${VM_PASSWORD}@localhost:8428}", timeout: 9s }
  prod:
    extends: base
    connections:
      api: { kind: http, base_url: "http://localhost:1", headers: { x-plain: "${PLAIN}" } }
      db: { kind: postgres, host: $PG_HOST, database: m, user: "${PLAIN}", password: "${MISSING:?}" }
      key: { kind: sqlite, path: a.db }
"#,
    );
    sandbox.set("VM_PASSWORD", "hunter2-vm").set("PLAIN", "plain-secret").set("PG_HOST", "pg.example");
    let ran = sandbox.run(&["config", "--origin"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = |key: &str| {
        let found = ran.stdout.lines().find(|line| line.split_whitespace().next() == Some(key));
        found.unwrap_or_else(|| panic!("no {key} in\n{}", ran.stdout)).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("connections.db.host"), "connections.db.host pg.example vmflow.yaml:10, $PG_HOST");
    assert_eq!(line("connections.vm.timeout"), "connections.vm.timeout 9s vmflow.yaml:5, environment `base`");
    assert_eq!(
        line("connections.db.password"),
        "connections.db.password (not set) vmflow.yaml:10, $MISSING is not set"
    );
    assert_eq!(
        line("connections.api.headers.x-plain"),
        "connections.api.headers.x-plain pl********et vmflow.yaml:9, $PLAIN"
    );
    assert_eq!(line("connections.db.user"), "connections.db.user ••• vmflow.yaml:10, $PLAIN");
    assert_eq!(line("connections.key.path"), "connections.key.path a.db vmflow.yaml:11");
    assert!(line("connections.vm.url").contains("http://me:•••@localhost:8428"), "{}", line("connections.vm.url"));
    let json = sandbox.run(&["config", "--env", "base", "--format", "json"]).expect(0);
    assert_eq!(json["environment"], "base");
    assert_eq!(
        json["settings"][1]["variables"],
        json!([{ "name": "VM_URL", "is": "default" }, { "name": "VM_PASSWORD", "is": "set" }])
    );
    for text in [&ran.stdout, &json.to_string()] {
        assert!(!text.contains("hunter2") && !text.contains("plain-secret"), "{text}");
    }
    refused(&sandbox, &["config", "--env", "prd"], 2, &["no environment `prd`", "did you mean `prod`?"]);
}

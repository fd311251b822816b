//! Where the values of a run came from, and how its steps went.

use serde_json::{Value as Json, json};

use super::Project;
use crate::support::place::AT;
use crate::support::sandbox::Sandbox;

/// `vmflow why`, as JSON.
pub(super) fn why(project: &Project, run: &str, name: &str) -> Json {
    project.run(&["why", run, name, "--format", "json"]).expect(0)["why"].clone()
}

/// What led to something, by name.
pub(super) fn from<'a>(node: &'a Json, name: &str) -> &'a Json {
    let all = node["from"].as_array().unwrap();
    all.iter().find(|from| from["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {node:#}"))
}

#[test]
fn a_value_is_traced_to_its_query_its_parameters_and_its_rows() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=5"]).expect(0);
    // Neither the file nor the database is looked at.
    project.sandbox.write("safe.flow", "workflow safe { output total = 1 }");
    project.execute("delete from source");

    let total = why(&project, "last", "total");
    assert_eq!((&total["kind"], &total["value"], &total["line"]), (&json!("output"), &json!(30), &json!(14)));
    let copied = from(&total, "copied");
    assert_eq!((&copied["kind"], &copied["value"]), (&json!("loop"), &json!([2, 4, 6, 8, 10])));
    assert_eq!(copied["more_items"], 4);
    let numbers = from(copied, "numbers");
    assert_eq!((&numbers["kind"], &numbers["count"], &numbers["attempts"]), (&json!("read"), &json!(5), &json!(1)));
    let call = &numbers["calls"][0];
    assert_eq!((&call["action"], &call["connection"]), (&json!("sql.query"), &json!("db")));
    assert_eq!(call["query"], "select n from source where n <= :most order by n");
    assert_eq!(call["parameters"], json!({ "most": 5 }));
    assert_eq!(from(numbers, "most")["kind"], "parameter");

    let found = why(&project, "last", "copied[n: 3].found");
    assert_eq!((&found["value"], &found["calls"][0]["parameters"]), (&json!([{ "v": 30 }]), &json!({ "row.n": 3 })));
    let item = from(&found, "copied[n: 3]");
    assert_eq!((&item["value"], &from(item, "numbers[2]")["value"]), (&json!({ "n": 3 }), &json!({ "n": 3 })));
    assert_eq!(why(&project, "last", "copied[n: 2].found[0].v")["value"], 20);
    assert_eq!(why(&project, "last", "numbers.n")["value"], json!([1, 2, 3, 4, 5]));
    let write = why(&project, "last", "copied[n: 1].do db.upsert");
    assert_eq!(write["calls"][0]["arguments"]["rows"], json!([{ "n": 1, "v": 10 }]));
    let noted = why(&project, "last", "noted");
    assert_eq!((&noted["value"], &noted["kind"]), (&json!(5), &json!("output")));
    assert_eq!(from(from(&noted, "noted"), "copied")["kind"], "loop");

    let told = project.run(&["why", "last", "total"]).stdout;
    for line in [
        "total = 30  (output, safe.flow:14)",
        "└─ copied = 5 items: 2, 4, 6, …  (loop, ",
        "query: select n from source where n <= :most order by n",
        ":most = 5",
        "└─ 4 more items; `vmflow why ",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let near = project.run(&["why", "last", "total", "--depth", "1"]).stdout;
    assert!(near.contains("└─ copied = ") && !near.contains("numbers = "), "{near}");
}

#[test]
fn what_has_no_value_says_why() {
    let project = Project::new();
    project.sandbox.write(
        "bad.flow",
        "workflow bad {
  use db: sqlite
  rows = db.query(sql\"\"\"select n from source\"\"\") as table<{ n: int }>
  missing = db.query(sql\"\"\"select n from nowhere\"\"\") as table<{ n: int }>
  kept = db.query(sql\"\"\"select n from nowhere\"\"\") as table<{ n: int }> on failure use []
  both = rows.count + missing.count + kept.count
  output all = both
}
",
    );
    project.run(&["run", "bad.flow"]).expect(1);
    let missing = why(&project, "last", "missing");
    assert_eq!((&missing["value"], &missing["status"]), (&Json::Null, &json!("failed")));
    assert!(missing["no_value"].as_str().unwrap().starts_with("failed: "), "{missing}");
    let kept = why(&project, "last", "kept");
    // Which of two failing steps stopped the run is a matter of time.
    assert!(kept["status"] == "recovered" || kept["no_value"].as_str().unwrap().contains("not on record"), "{kept}");
    assert_eq!(why(&project, "last", "both")["no_value"], "it follows from what is not on record, or did not run");

    let refused = |name: &str, words: &str| {
        let ran = project.run(&["why", "last", name]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(words), "{name}: {}", ran.stderr);
    };
    refused("rowz", "the workflow `bad` has no step or output `rowz`; did you mean `rows`?");
    refused("rows[0", "has a `[` without its `]`");
    project.run(&["run", "safe.flow"]).expect(0);
    refused("copied.found", "`copied` is a loop; name an item of it: `copied[n: 1]`, ");
    refused("copied[n: 77].found", "no item of `copied` is `n: 77`");
}

#[test]
fn what_a_later_attempt_took_from_the_record_is_told() {
    let project = Project::new();
    project.abort_at("J3:2", &["run", "unsafe.flow", "--at", AT]);
    let logged = why(&project, "last", "logged");
    assert_eq!(logged["no_value"], "1 of its 3 items are on record");
    let noted = why(&project, "last", "logged[n: 2].noted");
    assert_eq!(noted["no_value"], "nobody knows whether this write happened");
    let later = why(&project, "last", "logged[n: 3].noted");
    assert_eq!(later["no_value"], "it is not on record: the run broke off before it was done");
    let shown = project.shown();
    let open = shown["recorded"].as_array().unwrap().iter().find(|step| step["state"] == "unknown").unwrap();
    project.run(&["resume", "last", "--redo", open["key"].as_str().unwrap()]).expect(0);
    let numbers = why(&project, "last", "numbers");
    assert_eq!((&numbers["recalled_from_attempt"], &numbers["count"]), (&json!(1), &json!(3)));
    let noted = why(&project, "last", "logged[n: 3].noted");
    assert_eq!((&noted["recalled_from_attempt"], &noted["value"]), (&Json::Null, &json!(1)));
    assert!(project.run(&["why", "last", "numbers"]).stdout.contains("recalled from the 1. time that it ran"));
}

#[test]
fn a_secret_is_no_part_of_what_is_told() {
    let project = Project::new();
    project.sandbox.write(
        "hidden.flow",
        "workflow hidden {
  use db: sqlite
  param token: secret
  param most: int = 2
  rows = db.query(sql\"\"\"select n from source where n <= :most\"\"\") as table<{ n: int }>
  output rows = rows.count
}
",
    );
    project.run(&["run", "hidden.flow", "-p", "token=hunter2"]).expect(0);
    let token = why(&project, "last", "token");
    assert_eq!(
        (&token["value"], &token["no_value"].as_str().map(|why| why.contains("secret"))),
        (&Json::Null, &Some(true))
    );
    let told = project.run(&["why", "last", "rows"]).stdout;
    assert!(told.contains("rows = 2") && !told.contains("hunter2"), "{told}");
}

#[test]
fn a_drawing_shows_how_each_step_went() {
    let project = Project::new();
    project
        .execute("create trigger no before insert on copies when new.n = 2 begin select raise(abort, 'no twos'); end");
    let flow = super::SAFE.replace("    yield row.n * 2\n  }", "    yield row.n * 2\n  } on failure continue");
    let flow = flow.replace("sum(copied)", "sum(copied.ok)").replace("copied.count", "copied.ok.count");
    project.sandbox.write("safe.flow", &flow);
    project.run(&["run", "safe.flow", "-p", "most=3"]).expect(3);
    let text = project.run(&["graph", "--run", "last"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert!(lines[0].starts_with("run ") && lines[0].contains(" partial"), "{}", text.stdout);
    let line = |start: &str| {
        lines
            .iter()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap_or_else(|| panic!("{start}\n{}", text.stdout))
    };
    assert!(line("! copied").contains("2 of 3 items, 1 failed"), "{}", text.stdout);
    assert!(line("✗ do db.upsert").contains("1 of 3 failed: ") && line("✗ do db.upsert").contains("no twos"));
    assert!(line("✓ found").contains("3 times, "), "{}", text.stdout);
    assert!(line("✓ numbers").contains(" ms"), "{}", text.stdout);

    let mermaid = project.run(&["graph", "safe.flow", "--run", "last", "--format", "mermaid"]).stdout;
    assert!(mermaid.contains("class s_1 partial") && mermaid.contains("classDef failed fill:"), "{mermaid}");
    let dot = project.run(&["graph", "--run", "last", "--format", "dot"]).stdout;
    assert!(dot.starts_with("// run ") && dot.contains("fillcolor=\"#ffebee\""), "{dot}");
    let document = project.run(&["graph", "--run", "last", "--format", "json"]).expect(0);
    assert_eq!(document["run"]["status"], "partial");
    assert_eq!(document["blocks"][0]["steps"][1]["run"]["counts"], json!({ "total": 3, "failed": 1 }));
    let plain = project.run(&["graph", "safe.flow", "--format", "json"]).expect(0);
    assert_eq!(plain["blocks"][0]["steps"][0].get("run"), None);

    let other = project.run(&["graph", "unsafe.flow", "--run", "last"]);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("this run is one of the workflow `safe`, not of `unsafe`"), "{}", other.stderr);
}

#[test]
fn a_drawing_of_a_run_that_broke_off_shows_how_far_it_came() {
    let project = Project::new();
    project.abort_at("J3:2", &["run", "unsafe.flow", "--at", AT]);
    let text = project.run(&["graph", "--run", "last"]).stdout;
    assert!(text.contains("crashed") && text.contains("✓ numbers"), "{text}");
    assert!(text.contains("? noted") && text.contains("nobody knows whether it happened"), "{text}");
}

/// `vmflow replay`, as JSON.
fn replay(project: &Project, code: i32) -> Json {
    project.run(&["replay", "last", "--format", "json"]).expect(code)
}

#[test]
fn a_file_that_is_the_same_comes_to_the_same() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=5"]).expect(0);
    // What the database holds by now is nothing to a replay, nor is layout.
    project.execute("delete from source; delete from copies");
    project.sandbox.write("safe.flow", &super::SAFE.replace("workflow safe {", "# a comment\nworkflow safe {"));
    let same = replay(&project, 0);
    assert_eq!((&same["same"], &same["outputs"]["total"]["is"]), (&json!(true), &json!("same")));
    let writes = same["writes"].as_array().unwrap();
    let counts: Vec<_> = writes.iter().map(|write| (write["target"].as_str().unwrap(), &write["today"])).collect();
    assert_eq!(counts, [("copies", &json!(5)), ("notes", &json!(1))]);
    assert_eq!(project.numbers("select count(*) from copies"), [0], "nothing is written");
    let text = project.run(&["replay", "last"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.ends_with("all is the same\n") && text.stdout.contains("  = total\n"), "{}", text.stdout);
}

#[test]
fn a_file_that_was_moved_is_named() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=2"]).expect(0);
    std::fs::rename(project.sandbox.path().join("safe.flow"), project.sandbox.path().join("moved.flow")).unwrap();
    let lost = project.run(&["replay", "last"]);
    assert!(lost.code == 2 && lost.stderr.contains("`--file FILE` says where it is"), "{}", lost.stderr);
    let told = project.run(&["replay", "last", "--file", "moved.flow", "--format", "json"]).expect(0);
    assert_eq!(told["same"], true);
    let other = project.run(&["replay", "last", "--file", "unsafe.flow"]);
    assert!(other.code == 2 && other.stderr.contains("`safe`"), "{}", other.stderr);
}

#[test]
fn what_a_changed_file_makes_of_the_same_reads_is_told() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=3"]).expect(0);
    let flow = super::SAFE.replace("sum(found.v)", "sum(found.v) + row.n").replace("row.n * 2", "row.n * 3");
    project.sandbox.write("safe.flow", &flow.replace("output noted = noted", "output rows = numbers.count"));
    let told = replay(&project, 6);
    assert_eq!(told["outputs"]["total"]["on_record"], "12");
    assert_eq!(told["outputs"]["total"]["today"], "18");
    assert_eq!((&told["outputs"]["noted"]["is"], &told["outputs"]["rows"]["is"]), (&json!("gone"), &json!("new")));
    let copies = &told["writes"][0];
    assert_eq!((&copies["only_on_record"], &copies["only_today"]), (&json!(3), &json!(3)));
    assert_eq!(copies["examples"]["on_record"][0], "{ n: 1, v: 10 }");
    assert_eq!(copies["examples"]["today"][0], "{ n: 1, v: 11 }");
    assert_eq!(told["writes"][1]["same"], true, "{told:#}");
    assert_eq!(told["not_on_record"], json!([]));
    let text = project.run(&["replay", "last"]).stdout;
    for line in [
        "  ~ total: 12 on record, 18 today",
        "  - noted: 3 on record, nothing today",
        "  + rows: 3",
        "  ~ sql.upsert through `db` copies: 3; 3 only on record, 3 only today",
        "      - { n: 1, v: 10 }",
        "not the same",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_read_that_is_new_or_other_is_not_on_record() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=3"]).expect(0);
    let flow = super::SAFE.replace("from source where n = :row.n", "from source where n = :row.n and v > 0");
    let flow = flow.replace(
        "  output total",
        "  extra = db.query(sql\"\"\"select n from source\"\"\") as table<{ n: int }>\n  output extra = extra.count\n  output total",
    );
    project.sandbox.write("safe.flow", &flow);
    let told = replay(&project, 6);
    let missing = told["not_on_record"].as_array().unwrap();
    assert_eq!((missing.len(), &missing[0]["step"], &missing[1]["step"]), (2, &json!("copied.found"), &json!("extra")));
    assert_eq!(missing[0]["items"], json!(["n: 1", "n: 2", "n: 3"]));
    assert!(missing[0]["why"].as_str().unwrap().starts_with("its text has changed"), "{told:#}");
    assert_eq!(missing[1]["why"], "it is new in the file, so nothing is on record of it");
    assert_eq!(
        (&told["outputs"]["extra"]["is"], &told["outputs"]["total"]["is"]),
        (&json!("not_known"), &json!("same"))
    );
    assert_eq!((&told["writes"][0]["not_known"], &told["writes"][0]["same"]), (&json!(3), &json!(false)));

    project.sandbox.write("safe.flow", "workflow safe { output total = }");
    assert_eq!(project.run(&["replay", "last"]).code, 1);
    project.sandbox.write("safe.flow", &super::SAFE.replace("workflow safe", "workflow other"));
    let gone = project.run(&["replay", "last"]);
    assert_eq!(gone.code, 2);
    assert!(gone.stderr.contains("holds no workflow `safe`"), "{}", gone.stderr);
}

#[test]
fn a_run_becomes_a_test_that_passes() {
    let project = Project::new();
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=3"]).expect(0);
    let wrote = project.run(&["test", "new", "safe.flow", "--from-run", "last", "--in", "tests/safe_test.flow"]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let text = project.sandbox.read("tests/safe_test.flow");
    for line in [
        "import \"../safe.flow\"",
        "  at 2026-10-30T18:00:00Z",
        "  set { most: 3 }",
        "  expect run.status == \"success\"",
        "  expect total == 12",
        "  expect noted == 3",
        "  expect writes(db, table: \"copies\") == [{ n: 1, v: 10 }, { n: 2, v: 20 }, { n: 3, v: 30 }]",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.contains("if row.n == 1") && text.contains("else if row.n == 2"), "{text}");
    assert_eq!(project.run(&["fmt", "--check", "tests"]).code, 0);
    assert_eq!(project.run(&["check", "tests"]).code, 0, "{text}");
    let passed = project.run(&["test", "tests"]);
    assert_eq!(passed.code, 0, "{}\n{text}", passed.stdout);
    // It is a test: what the workflow makes of the same reads must not change.
    project.sandbox.write("safe.flow", &super::SAFE.replace("sum(found.v)", "sum(found.v) + 1"));
    assert_eq!(project.run(&["test", "tests"]).code, 1);

    project.sandbox.write("safe.flow", super::SAFE);
    project.run(&["run", "safe.flow", "--at", AT, "-p", "most=2"]).expect(0);
    let added = project.run(&["test", "new", "safe.flow", "--from-run", "last", "--in", "tests/safe_test.flow"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert!(project.sandbox.read("tests/safe_test.flow").starts_with(text.trim_end()));
    assert!(project.run(&["test", "tests"]).stdout.contains('2'));
    let beside = project.run(&["test", "new", "safe.flow", "--from-run", "last"]);
    assert!(beside.code == 0 && beside.stdout.starts_with("wrote tests/safe_0"), "{}{}", beside.stdout, beside.stderr);
    let again = project.run(&["test", "new", "safe.flow", "--from-run", "last"]);
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{}", again.stderr);
    let other = project.run(&["test", "new", "unsafe.flow", "--from-run", "last"]);
    assert!(other.code == 2 && other.stderr.contains("holds no workflow `safe`"), "{}", other.stderr);
}

/// Two tables that are joined by a text, and a read that fails.
const JOINED: &str = r#"workflow joined {
  use db: sqlite
  people = db.query(sql"""select * from people order by code""") as table<{ code: text, name: text, state: text }>
  sums = db.query(sql"""select * from sums order by code""") as table<{ code: text, paid: float?, day: text }>
  missing = db.query(sql"""select * from nowhere""") as table<{ n: int }> on failure use []
  paid = { s.code: s.paid for s in sums }
  open = [{ name: p.name, paid: paid[p.code] } for p in people if p.state == "open"]
  output open = open
  output days = [parse_date(s.day, "%Y-%m-%d") for s in sums]
  output missing = missing.count
}
"#;

#[test]
fn masked_texts_join_as_they_did() {
    let project = Project::new();
    project.execute(
        "create table people (code text, name text, state text); create table sums (code text, paid real, day text);
         insert into people values ('AB-1', 'Ann \"A\" Müller', 'open'), ('CD-2', 'Bob', 'shut'), ('EF-3', 'Cy', 'open');
         insert into sums values ('AB-1', 1.5, '2026-01-02'), ('EF-3', null, '2026-01-03')",
    );
    project.sandbox.write("joined.flow", JOINED);
    project.run(&["run", "joined.flow", "--at", AT]).expect(0);
    let make = |more: &[&str]| {
        let ran = project.run(&[&["test", "new", "joined.flow", "--from-run", "last"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran
    };
    make(&["--in", "plain_test.flow"]);
    let plain = project.sandbox.read("plain_test.flow");
    assert!(
        plain.contains("given missing = failure errors.query(") && plain.contains("Ann \\\"A\\\" Müller"),
        "{plain}"
    );
    assert!(plain.contains("| \"EF-3\" | none | \"2026-01-03\" |"), "{plain}");
    assert!(!plain.contains("in the run"), "what came out is what was on record: {plain}");
    make(&["--mask", "--in", "masked_test.flow"]);
    let masked = project.sandbox.read("masked_test.flow");
    for hidden in ["AB-1", "Ann", "Müller", "Bob", "Cy", "nowhere"] {
        assert!(!masked.contains(hidden), "{hidden}\n{masked}");
    }
    for kept in ["\"open\"", "\"2026-01-02\"", "paid: 1.5", "paid: none"] {
        assert!(masked.contains(kept), "{kept}\n{masked}");
    }
    let passed = project.run(&["test", "plain_test.flow", "masked_test.flow"]);
    assert_eq!(passed.code, 0, "{}", passed.stdout);
}

#[test]
fn a_run_of_which_not_all_is_on_record_becomes_no_test() {
    let project = Project::new();
    let ran = project.abort_at("J3:2", &["run", "unsafe.flow", "--at", AT]);
    assert_ne!(ran.code, 0);
    let refused = project.run(&["test", "new", "unsafe.flow", "--from-run", "last"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("no test can be made of this run: what `logged.noted` (n: 2) gave"),
        "{}",
        refused.stderr
    );

    project.run(&["run", "safe.flow", "--at", AT]).expect(0);
    let flow = super::SAFE.replace(
        "  output total",
        "  extra = db.query(sql\"\"\"select n from source\"\"\") as table<{ n: int }>\n  output extra = extra.count\n  output total",
    );
    project.sandbox.write("safe.flow", &flow);
    let refused = project.run(&["test", "new", "safe.flow", "--from-run", "last"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("a read of which nothing is on record: `extra`"), "{}", refused.stderr);
    assert!(!project.sandbox.path().join("tests").exists());
}

#[test]
fn a_shipped_workflow_becomes_a_test_of_itself() {
    let sandbox = Sandbox::new();
    sandbox.run(&["run", "workflows/extractor.flow", "--at", AT, "-p", "lookback=3d"]).expect(0);
    let wrote = sandbox.run(&["test", "new", "workflows/extractor.flow", "--from-run", "last", "--mask"]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let file = wrote.stdout.trim().strip_prefix("wrote ").unwrap();
    // What the call without a name in `finally` writes has no name either.
    assert!(!sandbox.read(file).contains("given written"));
    for command in [["test", file].as_slice(), &["check", file], &["fmt", "--check", file]] {
        let ran = sandbox.run(command);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_test_is_made_of_a_loop_of_thousands_of_which_half_are_unlike_the_rest() {
    let project = Project::new();
    let flow = r#"workflow many {
  use db: sqlite
  looked = for each n in range(0, 2500) {
    found = db.query(sql"""select :n % 2 as v""") as table<{ v: int }>
    yield sum(found.v)
  }
  output total = sum(looked)
}
"#;
    project.sandbox.write("many.flow", flow);
    project.run(&["run", "many.flow"]).expect(0);
    let ran = project.run(&["test", "new", "many.flow", "--from-run", "last", "--in", "many_test.flow"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = project.sandbox.read("many_test.flow");
    assert!(text.contains("if n in [") && text.contains("expect total == 1250"), "{}", &text[..400]);
    assert_eq!(project.run(&["test", "many_test.flow"]).code, 0);
}

/// What was read after a failure, decimals, JSON whose lists hold several types, and rows of several columns in one table.
const MIXED: &str = r#"workflow mixed {
  use db: sqlite
  param price: decimal = parse_decimal("1.50")
  param extra: json = parse_json("{\"a\":[1,null,\"x\"]}")
  param word: text = "alpha \"beta\""
  param page: url = "http://a.example/x" as url
  param pattern: regex = regex"""^a\w+"""
  param rates: table<{ name: text, rate: decimal }> = table {
    | name | rate |
    | "a"  | 1.10 |
  }
  rows = db.query(sql"""select '1.50' as price, '{"b c":[1,"x"],"k":{}}' as j, null as missing""")
    as table<{ price: decimal, j: json, missing: decimal? }>
  kept = db.query(sql"""select n from nowhere""") as table<{ n: int }> on failure {
    spare = db.query(sql"""select 5 as n""") as table<{ n: int }>
    yield spare
  }
  first = do db.upsert("copies", rows: [{ n: 1, v: 2 }, { n: 1, v: 2 }], key: ["n"])
  second = do db.insert("log", rows: [{ n: kept[0].n }])
  third = do db.execute(sql"""insert into log (n) values (7)""")
  output price = price
  output spread = sum(rates.rate)
  output prices = [r.price for r in rows]
  output rows = rows
  output json = rows[0].j
  output extra = extra
  output word = f"{word} {page}"
  output fits = matches(word, pattern)
  output kept = kept
  output counts = { n: 1 for n in range(0, 0) }
}
"#;

#[test]
fn a_run_with_decimals_json_and_what_stood_in_for_a_failure_becomes_a_test() {
    let project = Project::new();
    project.sandbox.write("mixed.flow", MIXED);
    let rates = r#"rates=[{"name": "x|y", "rate": 1.25}, {"name": "z", "rate": 2}]"#;
    project.run(&["run", "mixed.flow", "--at", AT, "-p", rates]).expect(0);
    for (name, more) in [("plain", None), ("masked", Some("--mask"))] {
        let file = format!("{name}_test.flow");
        let arguments = ["test", "new", "mixed.flow", "--from-run", "last", "--in", &file];
        let wrote = project.run(&arguments.into_iter().chain(more).collect::<Vec<_>>());
        assert_eq!(wrote.code, 0, "{}", wrote.stderr);
        let text = project.sandbox.read(&file);
        for line in [
            r#"price: parse_decimal("1.50"),"#,
            r#"extra: parse_json("{\"a\":[1,null,\"x\"]}"),"#,
            r#"word: "alpha \"beta\"","#,
            r#"page: "http://a.example/x" as url,"#,
            r#"pattern: regex"""^a\w+""","#,
            r#"expect spread == parse_decimal("3.25")"#,
            "given kept.spare = table {",
            r#"expect price == parse_decimal("1.50")"#,
            r#"expect prices == [parse_decimal("1.50")]"#,
            r#"expect rows == [{ price: parse_decimal("1.50"), j: parse_json("{\"b c\":[1,\"x\"],\"k\":{}}"), missing: none }]"#,
            r#"expect json == parse_json("{\"b c\":[1,\"x\"],\"k\":{}}")"#,
            "expect counts.count == 0",
            r#"expect writes(db, table: "copies") == [{ n: 1, v: 2 }]"#,
            r#"expect writes(db, table: "log").count == 2"#,
        ] {
            assert!(text.lines().any(|found| found.trim() == line), "{line}\n{text}");
        }
        assert!(text.contains("given kept = failure errors.query("), "{text}");
        assert!(text.contains("| 1.25 |\n") && text.contains("| 2    |\n"), "{text}");
        for command in [["test", &*file].as_slice(), &["fmt", "--check", &file]] {
            let ran = project.run(command);
            assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        }
    }
}

//! `--fix` and `--diff`.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use vmflow::check::{Surroundings, modules};
use vmflow::diagnostic::{Code, Diagnostic, codes};
use vmflow::source::Sources;

use crate::support::sandbox::{Ran, Sandbox, root};

const WRONG: &str = "workflow w {\n  days = 1;\n  output n = dayz\n}\n";
const RIGHT: &str = "workflow w {\n  days = 1\n  output n = days\n}\n";

fn project(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("a.flow", text);
    sandbox
}

fn on_stdin(sandbox: &Sandbox, arguments: &[&str], text: &str) -> Ran {
    let mut command = sandbox.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn fixes_are_applied_until_none_is_left() {
    // The unknown name shows only when the file can be read.
    let sandbox = project(WRONG);
    let ran = sandbox.run(&["check", "a.flow", "--fix"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "no findings in 1 file\n"));
    assert_eq!(ran.stderr, "fixed 2 findings in 1 file\n");
    assert_eq!(sandbox.read("a.flow"), RIGHT);
    let again = sandbox.run(&["check", "a.flow", "--fix"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, "fixed 0 findings in 0 files\n"));
}

#[test]
fn a_deprecated_name_is_replaced_where_another_can_stand_for_it() {
    let old = std::fs::read_to_string(root().join("tests/ui/check/lib/old.flow")).unwrap();
    let uses = "import \"old.flow\"\n\nfn way(a: float) -> old.Way = if a > 0.0 then \"up\" else \"down\"\n\nworkflow w {\n  \
                output a = old . percentage (0.1) + old.between(1.0, 2.0, weight:\n (0.5)) + old.rate(\"x\")\n  \
                output b = old.between(1.0, 2.0, 0.5) + old.between(1.0, 2.0, weight: 0.5, share: 0.5)\n  output c = way(1.0)\n}\n";
    let sandbox = project(uses);
    sandbox.write("old.flow", &old);
    let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "short"]);
    let fixed = uses.replace("old . percentage", "old . percent_of").replace("old.Way", "old.Direction").replacen(
        "weight:\n",
        "share:\n",
        1,
    );
    assert_eq!(sandbox.read("a.flow"), fixed);
    let left = "a.flow:7:15: warning[VF905]: `old.rate` is deprecated\n\
                a.flow:8:36: warning[VF905]: the argument `weight` of `between` is deprecated\n\
                a.flow:8:65: warning[VF905]: the argument `weight` of `between` is deprecated\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, left, "fixed 3 findings in 1 file\n"));
    let own = sandbox.run(&["check", "old.flow", "--format", "short"]);
    assert_eq!((own.code, own.stdout.as_str()), (0, ""), "an old thing may use another one");
}

#[test]
fn what_could_be_fixed_is_told() {
    let sandbox = project(WRONG);
    assert_eq!(sandbox.run(&["check", "a.flow"]).stderr, "1 finding can be fixed by `vmflow check --fix`\n");
    assert_eq!(sandbox.run(&["check", "a.flow", "--format", "json"]).stderr, "");
    assert_eq!(sandbox.run(&["check", "a.flow", "-q"]).stderr, "");
}

#[test]
fn a_diff_changes_nothing() {
    let sandbox = project(WRONG);
    let ran = sandbox.run(&["check", "a.flow", "--diff"]);
    let diff = "--- a.flow\n+++ a.flow\n@@ -1,4 +1,4 @@\n workflow w {\n-  days = 1;\n-  output n = dayz\n+  days = 1\n+  output n = days\n }\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (1, diff));
    assert_eq!(ran.stderr, "would fix 2 findings in 1 file\n");
    assert_eq!(sandbox.read("a.flow"), WRONG);
    sandbox.write("a.flow", RIGHT);
    let ran = sandbox.run(&["check", "a.flow", "--diff"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
}

#[test]
fn stdin_is_passed_on_mended() {
    let sandbox = Sandbox::new();
    let ran = on_stdin(&sandbox, &["check", "-", "--fix"], WRONG);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, RIGHT));
    assert_eq!(ran.stderr, "no findings in 1 file\nfixed 2 findings in 1 file\n");
    let ran = on_stdin(&sandbox, &["check", "-", "--diff", "--stdin-filename", "new.flow"], WRONG);
    assert!(ran.code == 1 && ran.stdout.starts_with("--- new.flow\n"), "{}", ran.stdout);
    let ran = on_stdin(&sandbox, &["check", "-", "workflows", "--fix"], WRONG);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
}

#[test]
fn what_is_ignored_or_known_is_not_fixed() {
    let unused = "workflow w {\n  # vmflow: allow VF103 because x\n  output n = 1\n}\n";
    let sandbox = project(unused);
    assert_eq!(sandbox.run(&["check", "a.flow", "--fix", "--ignore", "VF906"]).code, 0);
    assert_eq!(sandbox.read("a.flow"), unused);
    sandbox.run(&["check", "a.flow", "--write-baseline", "known.json"]);
    sandbox.run(&["check", "a.flow", "--fix", "--baseline", "known.json"]);
    assert_eq!(sandbox.read("a.flow"), unused);
    sandbox.run(&["check", "a.flow", "--fix"]);
    assert_eq!(sandbox.read("a.flow"), "workflow w {\n  output n = 1\n}\n");
}

#[test]
fn line_ends_stay() {
    let sandbox = project(&WRONG.replace('\n', "\r\n"));
    assert_eq!(sandbox.run(&["check", "a.flow", "--fix"]).code, 0);
    assert_eq!(sandbox.read("a.flow"), RIGHT.replace('\n', "\r\n"));
    let unused = "\u{feff}workflow w {\r\n  # vmflow: allow VF103 because x\r\n  output n = 1\r\n}";
    let sandbox = project(unused);
    sandbox.run(&["check", "a.flow", "--fix"]);
    assert_eq!(sandbox.read("a.flow"), "\u{feff}workflow w {\r\n  output n = 1\r\n}");
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_one() {
    let sandbox = project(WRONG);
    let file = sandbox.path().join("a.flow");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir(sandbox.path().join("links")).unwrap();
    let link = sandbox.path().join("links/b.flow");
    symlink("../a.flow", &link).unwrap();
    assert_eq!(sandbox.run(&["check", "links/b.flow", "--fix"]).code, 0);
    assert_eq!(sandbox.read("a.flow"), RIGHT);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let beside: Vec<_> = std::fs::read_dir(sandbox.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{beside:?}");
}

#[test]
fn a_link_and_its_file_are_one() {
    let sandbox = project(WRONG);
    symlink("a.flow", sandbox.path().join("0.flow")).unwrap();
    for names in [["0.flow", "a.flow"], ["a.flow", "0.flow"]] {
        sandbox.write("a.flow", WRONG);
        let told = sandbox.run(&["check", names[0], names[1], "--format", "short"]).stdout;
        assert_eq!((told.matches("0.flow").count(), told.matches("a.flow").count()), (0, 1), "{told}");
        let ran = sandbox.run(&["check", names[0], names[1], "--fix", "--format", "short"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "fixed 2 findings in 1 file\n"));
        assert_eq!(sandbox.read("a.flow"), RIGHT);
    }
    assert!(sandbox.run(&["fmt", "0.flow", "a.flow", "--check"]).stdout.lines().count() <= 1);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_keeps_its_findings() {
    let sandbox = project(WRONG);
    let file = sandbox.write("b.flow", WRONG);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let ran = sandbox.run(&["check", "a.flow", "b.flow", "--fix", "--format", "short"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.stdout, "b.flow:2:11: error[VF001]: statements need no `;`\n");
    assert!(ran.stderr.contains("fixed 2 findings in 1 file"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write `b.flow`: it is read-only"), "{}", ran.stderr);
    assert_eq!((sandbox.read("a.flow").as_str(), sandbox.read("b.flow").as_str()), (RIGHT, WRONG));
}

#[test]
fn a_file_with_more_errors_than_before_is_never_written() {
    // The near name has another type, so that one error would become two.
    let text =
        "workflow w {\n  day = 1\n  days = \"x\"\n  output n = dayz + dayz * 2\n  output m = [day, days.count]\n}\n";
    let sandbox = project(text);
    let before = sandbox.run(&["check", "a.flow", "--format", "json"]).json();
    let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "json"]);
    let after = ran.json();
    assert!(
        after["summary"]["errors"].as_u64() <= before["summary"]["errors"].as_u64(),
        "{}\n{}",
        ran.stderr,
        sandbox.read("a.flow")
    );
}

#[test]
fn a_fix_that_brings_other_errors_is_left_out_and_the_others_are_not() {
    let text = "workflow w {\n  count = 2\n  names = \"x\"\n  output a = namez + 1\n  output b = coumt + 1\n  output c = [names, count]\n}\n";
    let sandbox = project(&text.replace("[names, count]", "f\"{names}{count}\""));
    let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "short"]);
    let mended = sandbox.read("a.flow");
    assert!(mended.contains("namez + 1") && mended.contains("count + 1"), "{mended}");
    assert!(ran.stderr.contains("`a.flow` keeps 1 finding whose fix would bring other errors"), "{}", ran.stderr);
    assert!(ran.stderr.contains("fixed 1 finding in 1 file"), "{}", ran.stderr);
}

#[test]
fn nobody_guesses_between_names() {
    let text = "fn t(x: int, y: int = 5) -> int = x + y\n\nfn sign(s: \"B\" | \"S\") -> int = if s == \"B\" then 1 else -1\n\nworkflow w {\n  \
                ab1 = 1\n  ab2 = 2\n  day = dayz\n  r = { a: 1, b: 2 }\n  output a = [ab1, ab2, ab3, t(1, z: 2), sign(\"X\"), r.c, day]\n}\n";
    let sandbox = project(text);
    let ran = sandbox.run(&["check", "a.flow", "--fix"]);
    assert_eq!(sandbox.read("a.flow"), text);
    for help in [
        "`ab1` or `ab2`?",
        "known here: `y`",
        "it is one of \"B\", \"S\"",
        "known here: `a`, `b`",
        "known here: `ab1`, `ab2`, `r`, `run`",
    ] {
        assert!(ran.stdout.contains(help), "{help}\n{}", ran.stdout);
    }
}

#[test]
fn only_what_was_asked_for_is_changed() {
    let sandbox = project("import \"lib/b.flow\"\n\nworkflow w {\n  output n = b.f(1)\n}\n");
    let library = "fn f(days: int) -> int = m + days\n";
    sandbox.write("lib/b.flow", &library.replace('m', "dayz"));
    let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "short"]);
    assert!(ran.code == 1 && ran.stdout.starts_with("lib/b.flow:"), "{}", ran.stdout);
    assert_eq!(sandbox.read("lib/b.flow"), library.replace('m', "dayz"));
    // Both are: what is imported is read as it is mended.
    let ran = sandbox.run(&["check", "a.flow", "lib/b.flow", "--fix", "--format", "short"]);
    assert_eq!((ran.code, sandbox.read("lib/b.flow").as_str()), (0, "fn f(days: int) -> int = days + days\n"));
}

#[test]
fn what_nothing_uses_is_removed_with_its_line() {
    let sandbox = project(
        "import std.status\nimport std.watermark as seen # old\n\nworkflow w {\n  use api: http\n  calendar c = calendars.weekdays(zone: \"UTC\")\n  ## documented\n  use db: sql\n  param p: int = 1\n  output n = 1\n}\n",
    );
    let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "short"]);
    // Documentation and a parameter are for others, too.
    assert_eq!(
        sandbox.read("a.flow"),
        "\nworkflow w {\n  ## documented\n  use db: sql\n  param p: int = 1\n  output n = 1\n}\n"
    );
    assert_eq!(ran.stdout.matches("VF104").count(), 2, "{}", ran.stdout);
}

#[test]
fn signs_are_mended() {
    let cases = [
        ("output n 1", "output n = 1"),
        ("param p int = 1\n  output n = p", "param p: int = 1\n  output n = p"),
        (
            "use vm: metrics\n  param l: list<text> = [\"a\"]\n  x = vm.instant(promql\"\"\"up{a = $l,b!=$l}\"\"\", at: run.now)\n  output n = x.count",
            "use vm: metrics\n  param l: list<text> = [\"a\"]\n  x = vm.instant(promql\"\"\"up{a =~ $l,b!~$l}\"\"\", at: run.now)\n  output n = x.count",
        ),
    ];
    for (wrong, right) in cases {
        let sandbox = project(&format!("workflow w {{\n  {wrong}\n}}\n"));
        std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
        let ran = sandbox.run(&["check", "a.flow", "--fix", "--format", "short"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{wrong}");
        assert_eq!(sandbox.read("a.flow"), format!("workflow w {{\n  {right}\n}}\n"));
    }
}

/// What is found in a text that imports the libraries of the examples.
fn findings(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let roots = vec![(PathBuf::from("test.flow"), text.to_owned())];
    let mut read =
        |path: &Path| std::fs::read_to_string(root().join("tests/ui/check").join(path)).map_err(|it| it.to_string());
    let (modules, mut found) = modules::load(roots, &mut sources, &mut read);
    found.extend(vmflow::check::check(&modules, &Surroundings::default()).1);
    let own = modules.all.iter().find(|module| module.is_root).unwrap().source.id;
    found.retain(|finding| finding.span().is_some_and(|span| span.source == own));
    found
}

/// Each fix of each example by itself: its finding is gone, and what could be read can be read.
#[test]
fn a_fix_does_what_it_says() {
    let mut fixes = 0;
    for entry in std::fs::read_dir(root().join("tests/ui/check")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "flow") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let before = findings(&text);
        let unread = |found: &[Diagnostic]| found.iter().filter(|it| *it.code == codes::VF001).count();
        for finding in &before {
            let Some(fix) = &finding.fix else { continue };
            let mut mended = text.clone();
            for edit in fix.edits.iter().rev() {
                mended.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
            }
            let after = findings(&mended);
            let is_same = |it: &Diagnostic| (it.code, &it.message) == (finding.code, &finding.message);
            let count = |found: &[Diagnostic]| found.iter().filter(|it| is_same(it)).count();
            assert!(count(&after) < count(&before), "{}: {:?} {}", path.display(), finding.code, finding.message);
            assert!(unread(&after) <= unread(&before), "{}: {}", path.display(), finding.message);
            fixes += 1;
        }
    }
    assert!(fixes > 10, "{fixes}");
}

/// The codes whose failing example has a fix; a code that loses its fix should not go unseen.
const FIXED: &[&str] = &["VF001", "VF101", "VF203", "VF208", "VF401", "VF403", "VF502", "VF601", "VF602", "VF906"];

/// For each code's failing example with a fix: the finding is gone, no other is there, and the text parses.
#[test]
fn a_fix_mends_its_finding() {
    let mut fixed = Vec::new();
    for code in codes::ALL.iter().filter(|code| !code.is_about_configuration()) {
        let sandbox = Sandbox::new();
        sandbox.write("page/page.flow", code.failing());
        let none = "default_environment: local\nenvironments:\n  local:\n    connections: {}\n";
        let beside = if code.configuration().is_empty() { none } else { code.configuration() };
        sandbox.write("page/vmflow.yaml", beside);
        let before = check(&sandbox, code, &[]);
        if before.json()["diagnostics"][0]["fix"].is_null() {
            continue;
        }
        fixed.push(code.id);
        let after = check(&sandbox, code, &["--fix"]);
        let left = after.json();
        assert_eq!(left["diagnostics"], serde_json::json!([]), "{}:\n{}", code.id, sandbox.read("page/page.flow"));
        assert_ne!(sandbox.read("page/page.flow"), code.failing(), "{}", code.id);
    }
    let missing: Vec<_> = FIXED.iter().filter(|code| !fixed.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?} had a fix; now these have one: {fixed:?}");
}

fn check(sandbox: &Sandbox, code: &Code, more: &[&str]) -> Ran {
    let config = "page/vmflow.yaml";
    let arguments = ["check", "page/page.flow", "--config", config, "--format", "json", "--select", code.id];
    sandbox.run(&[&arguments, more].concat())
}

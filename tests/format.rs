//! `vmflow fmt`: what it writes, shows and refuses. What it makes of a text is tested beside the formatter.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use serde_json::Value as Json;

use crate::support::sandbox::{Ran, Sandbox, root};

const UGLY: &str = "workflow w{\n x=1 # kept\n   output y=x }";
const NICE: &str = "workflow w {\n  x = 1 # kept\n  output y = x\n}\n";

fn piped(sandbox: &Sandbox, arguments: &[&str], text: &str) -> Ran {
    let mut command = sandbox.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

fn seen(ran: &Ran) -> (i32, &str, &str) {
    (ran.code, &ran.stdout, &ran.stderr)
}

#[test]
fn what_is_shipped_is_formatted() {
    let sandbox = Sandbox::new();
    for folder in ["workflows", "stdlib"] {
        let ran = sandbox.run(&["fmt", "--check", root().join(folder).to_str().unwrap()]);
        assert_eq!(seen(&ran), (0, "", ""));
    }
}

#[test]
fn files_are_written_once() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("a/b.flow", UGLY);
    sandbox.write("a/.hidden/c.flow", UGLY);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(seen(&sandbox.run(&["fmt", "a"])), (0, "", "1 of 1 file changed\n"));
    assert_eq!((sandbox.read("a/b.flow").as_str(), sandbox.read("a/.hidden/c.flow").as_str()), (NICE, UGLY));
    let written = file.metadata().unwrap();
    assert_eq!(written.permissions().mode() & 0o777, 0o640);
    assert_eq!(seen(&sandbox.run(&["fmt", "a", "a/b.flow"])), (0, "", ""));
    assert_eq!(file.metadata().unwrap().modified().unwrap(), written.modified().unwrap());
    assert_eq!(std::fs::read_dir(sandbox.path().join("a")).unwrap().count(), 2, "something was left behind");
}

#[test]
fn a_link_stays_a_link() {
    let sandbox = Sandbox::new();
    sandbox.write("real/a.flow", UGLY);
    let link = sandbox.path().join("link.flow");
    symlink("real/a.flow", &link).unwrap();
    assert_eq!(sandbox.run(&["fmt", "link.flow"]).code, 0);
    assert!(link.is_symlink());
    assert_eq!(sandbox.read("real/a.flow"), NICE);
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("a.flow", UGLY);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o444)).unwrap();
    assert_eq!(seen(&sandbox.run(&["fmt", "a.flow"])), (4, "", "vmflow: cannot write `a.flow`: it is read-only\n"));
    assert_eq!(sandbox.read("a.flow"), UGLY);
}

#[test]
fn check_and_diff_write_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("a.flow", UGLY);
    sandbox.write("b.flow", NICE);
    let arguments = |flag| ["fmt", flag, "a.flow", "b.flow"];
    assert_eq!(seen(&sandbox.run(&arguments("--check"))), (1, "a.flow\n", "1 of 2 files would change\n"));
    let diff = "--- a.flow\n+++ a.flow\n@@ -1,3 +1,4 @@\n-workflow w{\n- x=1 # kept\n-   output y=x }\n\\ No newline at end of file\n\
                +workflow w {\n+  x = 1 # kept\n+  output y = x\n+}\n";
    assert_eq!(seen(&sandbox.run(&arguments("--diff"))), (1, diff, "1 of 2 files would change\n"));
    assert_eq!(seen(&sandbox.run(&["-q", "fmt", "--check", "b.flow"])), (0, "", ""));
    assert_eq!(sandbox.read("a.flow"), UGLY);
}

#[test]
fn stdin_goes_to_stdout() {
    let sandbox = Sandbox::new();
    assert_eq!(seen(&piped(&sandbox, &["fmt", "-"], UGLY)), (0, NICE, ""));
    assert_eq!(seen(&piped(&sandbox, &["fmt", "-"], NICE)), (0, NICE, ""));
    let named = ["fmt", "-", "--check", "--stdin-filename", "x/y.flow"];
    assert_eq!(seen(&piped(&sandbox, &named, UGLY)), (1, "x/y.flow\n", "1 of 1 file would change\n"));
    let broken = piped(&sandbox, &["fmt", "-", "--stdin-filename", "x/y.flow"], "workflow w {");
    assert_eq!((broken.code, broken.stdout.as_str()), (1, ""));
    assert!(broken.stderr.contains("VF002") && broken.stderr.contains("x/y.flow:1:12"), "{}", broken.stderr);
}

#[test]
fn a_broken_file_keeps_others_from_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("f/a.flow", "workflow w { x = }");
    sandbox.write("f/b.flow", UGLY);
    std::fs::write(sandbox.path().join("f/c.flow"), b"\xff").unwrap();
    let ran = sandbox.run(&["fmt", "f"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    for words in ["VF001", "f/a.flow:1:", "cannot read `f/c.flow`: it is not UTF-8", "1 of 3 files changed"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!((sandbox.read("f/a.flow").as_str(), sandbox.read("f/b.flow").as_str()), ("workflow w { x = }", NICE));
    std::fs::remove_file(sandbox.path().join("f/c.flow")).unwrap();
    assert_eq!(sandbox.run(&["fmt", "f"]).code, 1);
    let missing = sandbox.run(&["fmt", "nowhere.flow"]);
    assert_eq!(seen(&missing), (2, "", "vmflow: cannot read `nowhere.flow`: there is no such file\n"));
    sandbox.write("empty/readme.txt", "");
    assert_eq!(seen(&sandbox.run(&["fmt", "empty"])), (2, "", "vmflow: there is no .flow file under empty\n"));
}

/// The codes that `check` finds, in order of place.
fn codes(sandbox: &Sandbox, file: &str) -> Vec<Json> {
    let document = sandbox.run(&["check", file, "--format", "json"]).json();
    document["diagnostics"].as_array().unwrap().iter().map(|finding| finding["code"].clone()).collect()
}

#[test]
fn findings_stay_the_same() {
    let sandbox = Sandbox::new();
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("tests/ui/check")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "flow") {
            continue;
        }
        let ugly = std::fs::read_to_string(&path).unwrap().replace("\n  ", "\n").replace(" = ", "=");
        sandbox.write("shown.flow", &ugly);
        let before = codes(&sandbox, "shown.flow");
        let ran = sandbox.run(&["fmt", "shown.flow"]);
        assert_eq!(ran.code, 0, "{}: {}", path.display(), ran.stderr);
        assert_eq!(codes(&sandbox, "shown.flow"), before, "{}", path.display());
        seen += before.len();
    }
    assert!(seen > 50, "only {seen} findings");
}

//! Broken variants of the shipped workflows: each has one mistake and gets one precise finding, kept as a golden file.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

mod collector;
mod extractor;

/// A mistake: the golden file's name, what is replaced (it must occur), and by what.
type Mistake = (&'static str, &'static str, &'static str);

/// The folder of golden files, the file that is broken, and how.
const BROKEN: &[(&str, &str, &[Mistake])] = &[
    ("extractor", "workflows/extractor.flow", extractor::MISTAKES),
    ("collector", "workflows/apex_collector.flow", collector::MISTAKES),
    ("collector_test", "workflows/tests/apex_collector_test.flow", collector::MISTAKES_IN_TESTS),
];

/// What `check` finds in the file, as a list.
fn findings(sandbox: &Sandbox, file: &str, more: &[&str]) -> Vec<Json> {
    let arguments = [&["check", file, "--format", "json"], more].concat();
    sandbox.run(&arguments).json()["diagnostics"].as_array().cloned().unwrap_or_default()
}

/// Compares what is found in `file` with its golden file; says what is wrong with that.
fn one_finding(sandbox: &Sandbox, file: &str, golden: &Path) -> Result<(), String> {
    let human = sandbox.run(&["check", file]);
    let found = findings(sandbox, file, &[]);
    let [finding] = found.as_slice() else {
        return Err(format!("{}: {} findings\n{}", golden.display(), found.len(), human.stdout));
    };
    golden::assert(golden, &human.stdout);
    if !human.stdout.contains("  = help: ") {
        return Err(format!("{}: no help\n{}", golden.display(), human.stdout));
    }
    if finding["fix"].is_null() {
        return Ok(());
    }
    let left = findings(sandbox, file, &["--fix"]);
    let is_same = |it: &Json| (&it["code"], &it["message"]) == (&finding["code"], &finding["message"]);
    if left.iter().any(is_same) { Err(format!("{}: its fix leaves it", golden.display())) } else { Ok(()) }
}

#[test]
fn each_mistake_gets_one_precise_finding() {
    let mut wrong = Vec::new();
    for (folder, file, mistakes) in BROKEN {
        let whole = std::fs::read_to_string(root().join(file)).unwrap();
        let sandbox = Sandbox::new();
        for (name, old, new) in *mistakes {
            assert!(whole.contains(old), "{name}: `{old}` is not in {file}");
            sandbox.write(file, &whole.replacen(old, new, 1));
            let golden = root().join(format!("tests/ui/{folder}/{name}.txt"));
            wrong.extend(one_finding(&sandbox, file, &golden).err());
        }
    }
    assert!(wrong.is_empty(), "{} variants:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_golden_file_has_its_variant() {
    for (folder, _, mistakes) in BROKEN {
        for entry in std::fs::read_dir(root().join("tests/ui").join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".txt").to_owned();
            assert!(mistakes.iter().any(|(variant, ..)| *variant == name), "{folder}/{name} belongs to no variant");
        }
    }
}

/// What newcomers write, a file for each mistake.
#[test]
fn each_habit_gets_one_finding_with_a_help() {
    assert!(habits("kind", |_| ()) > 0);
}

/// What could be said more kindly is still one finding, with a help; `README.md` says of each what is missing.
#[test]
fn what_is_unkind_is_one_finding_and_listed() {
    let listed = std::fs::read_to_string(root().join("tests/ui/unkind/README.md")).unwrap();
    let count =
        habits("unkind", |name| assert!(listed.contains(&format!("`{name}`")), "README.md does not list {name}"));
    assert_eq!(listed.lines().filter(|line| line.starts_with("- `")).count(), count);
}

/// Checks the files of a folder, each of which has one mistake; gives their number.
fn habits(folder: &str, look: impl Fn(&str)) -> usize {
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("tests/ui").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "flow") {
            look(&name);
            let file = format!("workflows/{name}.flow");
            sandbox.write(&file, &std::fs::read_to_string(&path).unwrap());
            wrong.extend(one_finding(&sandbox, &file, &path.with_extension("txt")).err());
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

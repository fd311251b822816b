//! Broken variants of `extractor.flow`: each has one mistake and gets one precise finding, kept as a golden file.

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

mod extractor;

use extractor::MISTAKES;

/// A mistake: the golden file's name, what is replaced (it must occur), and by what.
type Mistake = (&'static str, &'static str, &'static str);

#[test]
fn each_mistake_gets_one_precise_finding() {
    let whole = std::fs::read_to_string(root().join("workflows/extractor.flow")).unwrap();
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for (name, old, new) in MISTAKES {
        assert!(whole.contains(old), "{name}: `{old}` is not in extractor.flow");
        sandbox.write("workflows/extractor.flow", &whole.replacen(old, new, 1));
        let human = sandbox.run(&["check", "workflows/extractor.flow"]);
        let summary = sandbox.run(&["check", "workflows/extractor.flow", "--format", "json"]);
        let found = summary.json()["diagnostics"].as_array().map_or(0, Vec::len);
        if found != 1 {
            wrong.push(format!("{name}: {found} findings, exit {}\n{}", human.code, human.stdout));
            continue;
        }
        golden::assert(&root().join(format!("tests/ui/extractor/{name}.txt")), &human.stdout);
    }
    assert!(wrong.is_empty(), "{} of {} variants:\n{}", wrong.len(), MISTAKES.len(), wrong.join("\n"));
}

#[test]
fn every_golden_file_has_its_variant() {
    for entry in std::fs::read_dir(root().join("tests/ui/extractor")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".txt").to_owned();
        assert!(MISTAKES.iter().any(|(variant, ..)| *variant == name), "{name} belongs to no variant");
    }
}

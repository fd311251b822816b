//! The direction of dependency: which folder of `src` may use which, read off the `use crate::…` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::sandbox::root;

/// Each folder (or file) of `src` with what it may use. `docs/architecture.md` shows the same table.
pub(crate) const MAY_USE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("stdlib", &[]),
    ("parallel", &[]),
    ("abort", &[]),
    ("memory", &[]),
    ("diagnostic", &["source"]),
    ("calendar", &[]),
    ("forecast", &[]),
    ("outlook", &["calendar", "forecast"]),
    ("value", &["source", "diagnostic", "calendar"]),
    ("schema", &["diagnostic", "value"]),
    ("syntax", &["source", "diagnostic", "parallel"]),
    ("format", &["source", "diagnostic", "syntax"]),
    ("query", &["source", "diagnostic", "value", "schema"]),
    ("connection", &["value", "query", "diagnostic", "schema"]),
    ("lifecycle", &["value", "connection"]),
    ("external", &["value", "memory"]),
    ("primitive", &["value", "calendar", "forecast", "outlook", "query", "connection", "diagnostic"]),
    ("operation", &["value", "diagnostic", "syntax", "primitive"]),
    ("config", &["source", "diagnostic", "value"]),
    (
        "check",
        &[
            "source",
            "diagnostic",
            "value",
            "schema",
            "syntax",
            "query",
            "external",
            "primitive",
            "operation",
            "stdlib",
            "parallel",
        ],
    ),
    ("package", &["source", "diagnostic", "calendar", "syntax", "config", "check"]),
    ("plan", &["source", "diagnostic", "value", "syntax", "primitive", "check"]),
    ("plot", &["calendar", "forecast", "outlook"]),
    ("doc", &["source", "diagnostic", "syntax", "primitive", "stdlib", "check", "plan"]),
    (
        "run",
        &[
            "source",
            "diagnostic",
            "value",
            "calendar",
            "query",
            "connection",
            "external",
            "primitive",
            "operation",
            "check",
            "plan",
            "abort",
        ],
    ),
    ("store", &["value", "primitive", "run", "abort", "connection", "lifecycle"]),
    ("preview", &["value", "connection", "check", "run"]),
    (
        "testing",
        &["source", "value", "query", "connection", "external", "primitive", "check", "plan", "run", "parallel"],
    ),
    (
        "lookback",
        &[
            "source",
            "diagnostic",
            "value",
            "connection",
            "primitive",
            "operation",
            "check",
            "plan",
            "run",
            "store",
            "testing",
        ],
    ),
    (
        "cli",
        &[
            "source",
            "stdlib",
            "diagnostic",
            "calendar",
            "value",
            "schema",
            "syntax",
            "format",
            "query",
            "connection",
            "external",
            "primitive",
            "config",
            "check",
            "package",
            "plan",
            "doc",
            "run",
            "preview",
            "testing",
            "lifecycle",
            "plot",
            "store",
            "lookback",
            "abort",
            "parallel",
            "memory",
        ],
    ),
];

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level modules that a text names after `crate::`; tests may use anything.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = lines.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>());
    after
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn every_folder_uses_only_what_stands_below_it() {
    let src = root().join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    assert!(found.len() > 50, "too few files: {}", found.len());
    let mut wrong = Vec::new();
    for file in found {
        let relative = file.strip_prefix(&src).unwrap();
        let own =
            relative.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let is_test = relative.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        if own == "main" || own == "lib" || is_test {
            continue;
        }
        let (_, allowed) =
            MAY_USE.iter().find(|(name, _)| *name == own).unwrap_or_else(|| panic!("{own} is not in the table"));
        let text = std::fs::read_to_string(&file).unwrap();
        let bad = used(&text).into_iter().filter(|name| {
            *name != own && !allowed.contains(&name.as_str()) && MAY_USE.iter().any(|(known, _)| known == name)
        });
        wrong.extend(bad.map(|name| format!("{} uses {name}", relative.display())));
    }
    assert!(wrong.is_empty(), "against the direction of dependency:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    for (at, (name, allowed)) in MAY_USE.iter().enumerate() {
        for other in *allowed {
            let place = MAY_USE.iter().position(|(known, _)| known == other).unwrap();
            assert!(place < at, "{name} may use {other}, which stands after it");
        }
    }
}

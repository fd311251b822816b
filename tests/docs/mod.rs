//! The documentation is true: its commands print what it shows, its workflows pass their checks, its links lead
//! somewhere, its generated pages are fresh. `BLESS=1 cargo test docs` writes outputs and those pages anew.

mod blocks;
mod commands;
mod console;
mod links;
mod reference;

use std::path::PathBuf;

use crate::support::sandbox::{Sandbox, root};
use blocks::Block;

/// Every page for people: those at the root, and those in `docs` but for the pages of codes, which have their own test.
fn pages() -> Vec<PathBuf> {
    let in_folder = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect::<Vec<_>>()
    };
    let mut pages = [in_folder(root().to_path_buf()), in_folder(root().join("docs"))].concat();
    pages.sort();
    pages
}

/// A block of a page, for messages.
fn place(page: &std::path::Path, block: &Block) -> String {
    format!("{}:{}", page.strip_prefix(root()).unwrap().display(), block.line)
}

fn all_blocks(language: &str) -> Vec<(PathBuf, Block)> {
    let of = |page: PathBuf| {
        let text = std::fs::read_to_string(&page).unwrap();
        blocks::of(&text).into_iter().map(move |block| (page.clone(), block))
    };
    pages().into_iter().flat_map(of).filter(|(_, block)| block.language() == language).collect()
}

/// A block of `flow` is a whole file, unless it says `flow fragment` (statements of a workflow) or
/// `flow excerpt FILE` (lines of that file, in order, `…` for what is left out). `flow file NAME` is a whole file that the
/// sessions of its page find under that name.
#[test]
fn every_workflow_shown_is_right() {
    let sandbox = Sandbox::new();
    let all = all_blocks("flow");
    assert!(all.len() > 5, "only {} blocks", all.len());
    for (page, block) in all {
        let place = place(&page, &block);
        match block.info.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["flow"] | ["flow", "file", _] => assert_checks(&sandbox, &block.text, &place),
            ["flow", "fragment"] => assert_parses(&sandbox, &block.text, &place),
            ["flow", "excerpt", file] => assert_excerpt(&block.text, file, &place),
            _ => panic!("{place}: what is `{}`?", block.info),
        }
    }
}

fn assert_checks(sandbox: &Sandbox, text: &str, place: &str) {
    sandbox.write("workflows/shown.flow", text);
    let ran = sandbox.run(&["check", "workflows/shown.flow", "--deny", "warnings"]);
    assert_eq!(ran.code, 0, "{place}:\n{}{}", ran.stdout, ran.stderr);
}

/// Statements have names from outside, so only their syntax can be checked.
fn assert_parses(sandbox: &Sandbox, text: &str, place: &str) {
    sandbox.write("workflows/shown.flow", &format!("workflow shown {{\n{text}\n}}\n"));
    let ran = sandbox.run(&["check", "workflows/shown.flow", "--format", "short"]);
    let wrong: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("error[VF0")).collect();
    assert!(wrong.is_empty(), "{place}:\n{}", wrong.join("\n"));
}

fn assert_excerpt(text: &str, file: &str, place: &str) {
    let whole = std::fs::read_to_string(root().join(file)).unwrap();
    let mut rest = whole.lines().map(str::trim);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "…") {
        assert!(rest.any(|other| other == line), "{place}: `{line}` is not in {file}, or not in this order");
    }
}

#[test]
fn the_table_of_folders_is_the_one_that_is_tested() {
    let text = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut rows = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let [folder, _, uses] = cells.as_slice()
            && folder.starts_with('`')
        {
            rows.push((folder.trim_matches('`').to_owned(), (*uses).to_owned()));
        }
    }
    let shown = |uses: &[&str]| if uses.is_empty() { "–".to_owned() } else { uses.join(", ") };
    let tested: Vec<_> =
        crate::architecture::MAY_USE.iter().map(|(folder, uses)| ((*folder).to_owned(), shown(uses))).collect();
    assert_eq!(rows, tested);
}

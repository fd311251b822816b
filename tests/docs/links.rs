//! Links between pages: the file is there, and so is the heading.

use std::path::Path;

use super::pages;
use crate::support::sandbox::root;

/// How GitHub names a heading in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect();
    let kept: String = kept;
    kept.trim().replace(' ', "-")
}

fn has_heading(file: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

/// What is wrong with a link of `page`; nothing when it leads out of the repository.
fn fault(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { page.to_path_buf() } else { page.parent().unwrap().join(file) };
    if !file.exists() {
        return Some(format!("{}: no file `{target}`", page.display()));
    }
    let is_there = heading.is_empty() || has_heading(&file, heading);
    (!is_there).then(|| format!("{}: no heading `{target}`", page.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let pages = [pages(), vec![root().join("workflows/data/README.md")]].concat();
    let mut faults = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        faults.extend(link.captures_iter(&text).filter_map(|found| fault(&page, &found[1])));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

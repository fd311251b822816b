//! What is not told, since it only follows from something that is.

use std::collections::HashSet;

use super::Modules;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::SourceId;

/// Leaves out what only follows from another finding: everything in a file that could not be read
/// whole or that imports such a file (what the unread part binds would look unknown), and what looks odd
/// in a file with an error (the wrong line is what would have used a result, or given it its type).
pub(super) fn left_out(
    modules: &Modules,
    mut findings: Vec<Diagnostic>,
    mut warnings: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let unread = modules.unread();
    let source = |finding: &Diagnostic| finding.span().map(|span| span.source);
    findings.retain(|finding| source(finding).is_none_or(|source| !unread.contains(&source)));
    let meant: HashSet<(SourceId, String)> = findings.iter().filter_map(name_meant).collect();
    findings.retain(|finding| !is_about(modules, finding, &meant));
    let wrong: HashSet<SourceId> =
        findings.iter().filter(|finding| finding.is_error()).filter_map(source).chain(modules.wrong()).collect();
    let is_sound = |source: SourceId| !wrong.contains(&source) && !unread.contains(&source);
    warnings.retain(|finding| source(finding).is_none_or(is_sound));
    findings.append(&mut warnings);
    findings
}

/// The name that a misspelt one should be.
fn name_meant(finding: &Diagnostic) -> Option<(SourceId, String)> {
    let edit = finding.fix.as_ref()?.edits.first().filter(|_| finding.code == &codes::VF101)?;
    Some((edit.span.source, edit.replacement.clone()))
}

/// Whether a value may be `none` only since the condition that asks for it misspells its name.
fn is_about(modules: &Modules, finding: &Diagnostic, names: &HashSet<(SourceId, String)>) -> bool {
    let Some(span) = finding.span().filter(|_| finding.code == &codes::VF202 && !names.is_empty()) else {
        return false;
    };
    let name = modules.slice(span).split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    names.contains(&(span.source, name.to_owned()))
}

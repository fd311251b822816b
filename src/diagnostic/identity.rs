//! What a finding is known by when lines move: its file, code, message and line.

use std::collections::HashMap;

use super::{Diagnostic, codes};
use crate::source::{SourceId, Sources, Span};

/// A finding without its place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The file's name.
    pub file: String,
    /// `VF101`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The line that it begins on, without the white space around; without secrets.
    pub text: String,
}

/// The identities of findings, in their order; the same finding twice in a line has the same one twice.
pub fn identities(sources: &Sources, findings: &[Diagnostic]) -> Vec<Identity> {
    let secrets = secrets(findings);
    findings.iter().map(|finding| identity(sources, finding, &secrets)).collect()
}

/// The places that must not be read off anything which is printed or kept.
pub(super) fn secrets(findings: &[Diagnostic]) -> HashMap<SourceId, Vec<Span>> {
    let mut secrets: HashMap<SourceId, Vec<Span>> = HashMap::new();
    for span in findings.iter().filter(|finding| *finding.code == codes::VF702).filter_map(Diagnostic::span) {
        secrets.entry(span.source).or_default().push(span);
    }
    secrets
}

fn identity(sources: &Sources, finding: &Diagnostic, secrets: &HashMap<SourceId, Vec<Span>>) -> Identity {
    let source = finding.span().and_then(|span| sources.get(span.source));
    let line = finding.span().zip(source).map(|(span, source)| source.line(span.start));
    let text = line.zip(source).map(|(line, source)| {
        let is_secret = |secret: &Span| secret.start < line.end && line.start < secret.end;
        let is_clear = !secrets.get(&line.source).is_some_and(|spans| spans.iter().any(is_secret));
        if is_clear { source.slice(line).trim().to_owned() } else { String::new() }
    });
    Identity {
        file: source.map(|source| source.name.to_string()).unwrap_or_default(),
        code: finding.code.id.to_owned(),
        message: finding.message.clone(),
        text: text.unwrap_or_default(),
    }
}

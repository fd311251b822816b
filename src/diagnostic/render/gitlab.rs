//! A report of GitLab's Code Quality: the part of Code Climate's format that GitLab reads.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{place, told};
use crate::diagnostic::{Diagnostic, Identity, Severity, identities};
use crate::source::Sources;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    let issues = diagnostics.iter().zip(identities(sources, diagnostics)).map(|(diagnostic, identity)| {
        let fingerprint = fingerprint(&identity, *seen.get(&identity).unwrap_or(&0));
        *seen.entry(identity).or_default() += 1;
        issue(sources, diagnostic, &fingerprint)
    });
    format!("{:#}\n", Value::Array(issues.collect()))
}

fn issue(sources: &Sources, diagnostic: &Diagnostic, fingerprint: &str) -> Value {
    let place = diagnostic.span().and_then(|span| place(sources, span));
    let severity = match diagnostic.severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Info => "info",
    };
    let lines = place.as_ref().map_or((1, 1), |place| (place.start.line, place.end.line));
    json!({
        "description": told(diagnostic),
        "check_name": diagnostic.code.id,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {
            // A report without a path is refused as a whole.
            "path": place.as_ref().map_or(".", |place| place.file.trim_start_matches("./")),
            "lines": { "begin": lines.0, "end": lines.1 },
        },
    })
}

/// The same for the same finding wherever its line has moved; another one for its `nth` repetition.
fn fingerprint(identity: &Identity, nth: usize) -> String {
    let parts = [&identity.file, &identity.code, &identity.message, &identity.text, &nth.to_string()];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let digest = digest.finalize();
    let head: [u8; 16] = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
    format!("{:032x}", u128::from_be_bytes(head))
}

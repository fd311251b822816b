//! Findings that are known and put up with, so that an old project starts at none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Diagnostic, Identity, identities};
use crate::source::Sources;

/// The version of the file's form.
const VERSION: u32 = 1;

/// Known findings, each with how often it occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    counts: BTreeMap<Identity, usize>,
}

/// As it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    identity: Identity,
    count: usize,
}

impl Baseline {
    /// What is found now.
    pub fn of(sources: &Sources, findings: &[Diagnostic]) -> Self {
        let mut baseline = Self::default();
        for identity in identities(sources, findings) {
            *baseline.counts.entry(identity).or_default() += 1;
        }
        baseline
    }

    /// Reads what [`Baseline::to_json`] wrote; the error is one line for people.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| format!("it is no baseline: {error}"))?;
        if document.version != VERSION {
            return Err(format!("it is of version {}, and this vmflow reads version {VERSION}", document.version));
        }
        let mut baseline = Self::default();
        for entry in document.findings {
            *baseline.counts.entry(entry.identity).or_default() += entry.count;
        }
        Ok(baseline)
    }

    /// The document to keep: sorted, so that it changes only where findings do.
    pub fn to_json(&self) -> String {
        let entries = self.counts.iter().map(|(identity, count)| Entry { identity: identity.clone(), count: *count });
        let document = Document { version: VERSION, findings: entries.collect() };
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Leaves out the findings that are known, each as often as it is; gives what did not occur.
    #[must_use]
    pub fn hide(&self, sources: &Sources, findings: &mut Vec<Diagnostic>) -> Self {
        let mut left = self.counts.clone();
        let mut identities = identities(sources, findings).into_iter();
        findings.retain(|_| match identities.next().and_then(|identity| left.get_mut(&identity)) {
            Some(count @ 1..) => {
                *count -= 1;
                false
            }
            _ => true,
        });
        left.retain(|_, count| *count > 0);
        Self { counts: left }
    }

    /// The file and the code of each of its findings.
    pub fn entries<'a>(&'a self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let entry = |known: &'a Identity| (known.file.as_str(), known.code.as_str());
        self.counts.iter().flat_map(move |(known, count)| std::iter::repeat_n(entry(known), *count))
    }
}

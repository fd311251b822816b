//! Which findings are shown, and which of them count as errors.

use super::{Code, Diagnostic, Severity, closest, codes};

/// Codes that were named together: one, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named(Vec<&'static Code>);

impl std::str::FromStr for Named {
    type Err = String;

    /// `VF903`, `VF9` and `VF9xx` for those that begin so, `all`; in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.trim().to_uppercase();
        let prefix = if upper == "ALL" { "VF" } else { upper.trim_end_matches('X') };
        let named: Vec<&'static Code> =
            codes::ALL.iter().copied().filter(|code| prefix.len() > 1 && code.id.starts_with(prefix)).collect();
        if named.is_empty() { Err(no_such(text)) } else { Ok(Self(named)) }
    }
}

/// What to tell of a code that there is none of.
pub fn no_such(code: &str) -> String {
    let near = closest(&code.to_uppercase(), codes::ALL.iter().map(|code| code.id));
    let hint =
        near.map_or_else(|| "`vmflow explain --list` lists all".to_owned(), |near| format!("did you mean {near}?"));
    format!("no check is called `{code}`; {hint}")
}

/// What was asked for: nothing more, nothing less and nothing harder by default.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    requested: Vec<&'static Code>,
    ignored: Vec<&'static Code>,
    denied: Vec<&'static Code>,
    denies_warnings: bool,
}

impl Selection {
    /// Looks for these also if they are looked for on request only.
    pub fn request(&mut self, named: &Named) {
        self.requested.extend(&named.0);
    }

    /// Shows none of these, except errors. Errors alone cannot be ignored, which the result says.
    pub fn ignore(&mut self, named: &Named) -> Result<(), String> {
        if let Some(code) = named.0.first().filter(|_| named.0.iter().all(|code| code.severity == Severity::Error)) {
            return Err(format!("{} is an error, which cannot be ignored: {}", code.id, code.title));
        }
        self.ignored.extend(&named.0);
        Ok(())
    }

    /// Treats these as errors, and looks for them also if they are looked for on request only.
    pub fn deny(&mut self, named: &Named) {
        self.requested.extend(&named.0);
        self.denied.extend(&named.0);
    }

    /// Treats warnings as errors.
    pub const fn deny_warnings(&mut self) {
        self.denies_warnings = true;
    }

    /// Whether somebody wants to see this finding.
    pub fn shows(&self, finding: &Diagnostic) -> bool {
        self.wants(finding.code) && (finding.is_error() || !self.ignored.contains(&finding.code))
    }

    /// Whether every finding with this code would be shown.
    pub fn seeks(&self, code: &'static Code) -> bool {
        self.wants(code) && !self.ignored.contains(&code)
    }

    fn wants(&self, code: &'static Code) -> bool {
        !code.is_on_request || self.requested.contains(&code)
    }

    /// Makes errors of the findings that are denied.
    pub fn weigh(&self, findings: &mut [Diagnostic]) {
        for finding in findings {
            let is_denied = self.denies_warnings && finding.severity == Severity::Warning;
            if is_denied || self.denied.contains(&finding.code) {
                finding.severity = Severity::Error;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<&'static str> {
        text.parse::<Named>().unwrap().0.iter().map(|code| code.id).collect()
    }

    #[test]
    fn codes_are_named_one_by_one_or_by_how_they_begin() {
        assert_eq!(named("vf103"), ["VF103"]);
        assert_eq!(named("VF6xx"), named("VF6"));
        assert!(named("VF1").len() > 3 && named("VF10") == named("VF1"));
        assert_eq!(named("all").len(), codes::ALL.len());
        for wrong in ["", "V", "103", "xx", "VF93", "VF1034", "warnings"] {
            assert!(wrong.parse::<Named>().is_err(), "{wrong}");
        }
        assert_eq!(
            "VF1003".parse::<Named>().unwrap_err(),
            "no check is called `VF1003`; `vmflow explain --list` lists all"
        );
    }

    #[test]
    fn errors_cannot_be_ignored() {
        let mut selection = Selection::default();
        let refused = selection.ignore(&"VF101".parse().unwrap());
        assert_eq!(refused.unwrap_err(), "VF101 is an error, which cannot be ignored: unknown name");
        // Of several, those that are no errors are.
        selection.ignore(&"VF1".parse().unwrap()).unwrap();
        let span = crate::source::Span::new(crate::source::SourceId(0), 0, 0);
        assert!(selection.shows(&Diagnostic::new(&codes::VF101, span, "m")));
        assert!(!selection.shows(&Diagnostic::new(&codes::VF103, span, "m")));
    }
}

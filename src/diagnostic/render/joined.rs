//! One slip told once, for people: machines and baselines get each place.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, Label, codes};

/// Joins what is said of one name several times running. The first place is the finding's own.
pub(super) fn told_once(findings: &[Diagnostic]) -> Vec<Cow<'_, Diagnostic>> {
    let mut told: Vec<Cow<'_, Diagnostic>> = Vec::with_capacity(findings.len());
    for finding in findings {
        match told.last_mut() {
            Some(last) if is_again(last, finding) => join(last, finding),
            _ => told.push(Cow::Borrowed(finding)),
        }
    }
    told
}

/// Whether a name is missed where the finding before missed it, too.
fn is_again(before: &Diagnostic, finding: &Diagnostic) -> bool {
    let source = |finding: &Diagnostic| finding.span().map(|span| span.source);
    let help = |finding: &Diagnostic| finding.fix.as_ref().map(|fix| fix.message.clone()).or(finding.help.clone());
    let is_of_a_name = finding.code == &codes::VF101 || finding.code == &codes::VF403;
    is_of_a_name
        && (source(before), &before.message, help(before)) == (source(finding), &finding.message, help(finding))
        && before.labels.iter().skip(1).all(|label| label.text == AGAIN)
        && finding.labels.len() == 1
}

const AGAIN: &str = "here, too";

/// More places than this are not shown.
const MOST_SHOWN: usize = 4;

fn join(first: &mut Cow<'_, Diagnostic>, again: &Diagnostic) {
    if first.labels.len() < MOST_SHOWN
        && let Some(span) = again.span()
    {
        first.to_mut().labels.push(Label { span, text: AGAIN.to_owned() });
    }
}

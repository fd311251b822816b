//! One slip told once, for people: machines and baselines get each place.

use std::borrow::Cow;

use crate::diagnostic::{Code, Diagnostic, Label, codes};

/// What one slip can give several findings of.
const JOINED: [&Code; 5] = [&codes::VF101, &codes::VF201, &codes::VF403, &codes::VF506, &codes::VF905];

/// Joins what is said several times running, of one name, or of the fields of one record. The first place is the
/// finding's own.
pub(super) fn told_once(findings: &[Diagnostic]) -> Vec<Cow<'_, Diagnostic>> {
    let mut told: Vec<Cow<'_, Diagnostic>> = Vec::with_capacity(findings.len());
    for finding in findings {
        match told.last_mut().and_then(|last| Some((again(last, finding)?, last))) {
            Some((text, last)) => join(last, text, finding),
            None => told.push(Cow::Borrowed(finding)),
        }
    }
    told
}

const AGAIN: &str = "here, too";

/// What to say at the place of a finding that says again what the one before it says.
fn again(before: &Diagnostic, finding: &Diagnostic) -> Option<String> {
    let source = |finding: &Diagnostic| finding.span().map(|span| span.source);
    let help = |finding: &Diagnostic| finding.fix.as_ref().map(|fix| fix.message.clone()).or(finding.help.clone());
    let is_alike = JOINED.contains(&finding.code)
        && before.code == finding.code
        && (source(before), before.severity, help(before)) == (source(finding), finding.severity, help(finding))
        && before.notes == finding.notes
        && own_labels(before).eq(own_labels(finding));
    if !is_alike {
        return None;
    }
    if before.message == finding.message {
        Some(AGAIN.to_owned())
    } else {
        other_field(&before.message, &finding.message)
    }
}

/// What labels say, but for those that were joined to it.
fn own_labels(finding: &Diagnostic) -> impl Iterator<Item = &str> {
    let is_joined = |text: &str| text == AGAIN || text.starts_with("nor `") || text.starts_with("and `");
    finding.labels.iter().map(|label| label.text.as_str()).filter(move |text| !is_joined(text))
}

/// Messages that differ in the name of a field only.
fn other_field(before: &str, message: &str) -> Option<String> {
    let word = match message {
        _ if message.starts_with("no field `") || message.contains(" has no field `") => "nor",
        _ if message.starts_with("the stated columns lack `") => "and",
        _ => return None,
    };
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('`').collect(), message.split('`').collect());
    let mut different = old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old != new);
    let (at, (_, name)) = different.next().filter(|_| old.len() == new.len())?;
    (at % 2 == 1 && different.next().is_none()).then(|| format!("{word} `{name}`"))
}

/// More places than this are not shown.
const MOST_SHOWN: usize = 4;

fn join(first: &mut Cow<'_, Diagnostic>, text: String, again: &Diagnostic) {
    let shown = first.labels.len() - own_labels(first).count() + 1;
    if let Some(span) = again.span().filter(|_| shown < MOST_SHOWN) {
        first.to_mut().labels.push(Label { span, text });
    }
}

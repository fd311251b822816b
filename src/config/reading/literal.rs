//! Secrets that stand in the file itself.

use super::Reading;
use crate::config::secret::password_range;
use crate::config::substitute::{self, Otherwise, Part};
use crate::config::yaml::{Content, Field, Mapping, fields};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::source::Span;

/// Reports the secrets of a connection that are written out. For a connection to this machine it is
/// a warning, since test servers have passwords that everybody knows.
pub(in crate::config) fn report_secrets_in_clear(reading: &mut Reading<'_>, map: &Mapping, is_local: bool) {
    let severity = if is_local { Severity::Warning } else { Severity::Error };
    for field in fields(map) {
        match &field.node.content {
            Content::Map(inner) => {
                fields(inner).for_each(|inner| check(reading, inner, severity));
            }
            Content::Scalar(..) => check(reading, field, severity),
            Content::List(_) => {}
        }
    }
}

fn check(reading: &mut Reading<'_>, field: Field<'_>, severity: Severity) {
    let Content::Scalar(text, _) = &field.node.content else { return };
    let (span, what) = if reading.words.is_sensitive(field.key) {
        let Ok(parts) = substitute::parse(text) else { return };
        if !is_clear(&parts) {
            return;
        }
        (field.node.span, format!("`{}` holds a secret in clear", field.key))
    } else {
        let Some(range) = password_range(text) else { return };
        let is_literal = text.get(range.clone()).is_some_and(|password| !password.contains('$'));
        if !is_literal {
            return;
        }
        let span: Span = reading.part_span(field, text, range);
        (span, format!("the URL in `{}` holds a password in clear", field.key))
    };
    let mut finding = Diagnostic::new(&codes::VF702, span, what);
    finding.severity = severity;
    let name = variable_name(field.key);
    reading.findings.push(finding.help(format!("keep it in a variable and write `${{{name}:?}}`")));
}

/// Whether a value says something itself: all of it is text, or the default of a variable is.
fn is_clear(parts: &[Part]) -> bool {
    let has_variable = parts.iter().any(|part| matches!(part, Part::Variable { .. }));
    parts.iter().any(|part| match part {
        Part::Text(text) => !has_variable && !text.trim().is_empty(),
        Part::Variable { otherwise: Otherwise::Default(parts), .. } => is_clear(parts),
        Part::Variable { .. } => false,
    })
}

/// `x-api-key` as the name of a variable.
fn variable_name(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

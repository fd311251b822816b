//! Selectors and names.

use std::collections::BTreeSet;

use super::ast::{Matcher, MatcherValue};
use super::{literal, pattern};
use crate::value::Labels;

/// The selector that matches the series with exactly this name and these labels, and those that have
/// more labels: a store has no way to say "no others". With neither, `{}`, which matches nothing.
pub fn selector(name: Option<&str>, labels: &Labels) -> String {
    let name = name.filter(|name| !name.is_empty());
    let name = name.map(|name| format!("__name__={}", literal::quote(name)));
    let labels = labels.iter().map(|(label, value)| format!("{}={}", escape_label(label), literal::quote(value)));
    format!("{{{}}}", name.into_iter().chain(labels).collect::<Vec<_>>().join(","))
}

/// The selector with those of these matchers whose values are written out.
pub(crate) fn literal_selector<'m>(matchers: impl IntoIterator<Item = &'m Matcher>) -> String {
    let literal = matchers.into_iter().filter_map(|matcher| match &matcher.value {
        MatcherValue::Text(text) => {
            Some(format!("{}{}{}", escape_label(&matcher.label), matcher.sign.symbol(), literal::quote(text)))
        }
        MatcherValue::Hole(_) | MatcherValue::Name(_) => None,
    });
    format!("{{{}}}", literal.collect::<Vec<_>>().join(","))
}

/// A matcher for a label that has one of these values.
pub(crate) fn one_of(label: &str, values: &BTreeSet<&str>) -> String {
    let label = escape_label(label);
    match values.first() {
        Some(only) if values.len() == 1 => format!("{label}={}", literal::quote(only)),
        _ => {
            let patterns: Vec<String> = values.iter().map(|value| pattern::escape(value)).collect();
            format!("{label}=~{}", literal::quote(&patterns.join("|")))
        }
    }
}

/// Stores hold labels such as `job-id` from elsewhere; a query escapes what no name may hold.
pub(crate) fn escape_label(label: &str) -> String {
    let mut escaped = String::with_capacity(label.len());
    for (at, c) in label.chars().enumerate() {
        let plain = c.is_ascii_alphabetic() || c == '_' || c == ':' || (at > 0 && (c.is_ascii_digit() || c == '.'));
        match c {
            _ if plain => escaped.push(c),
            // `\x` would begin a hexadecimal escape; these stand for themselves.
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => escaped.extend(['\\', c]),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    escaped.extend(["\\x", &format!("{byte:02x}")]);
                }
            }
        }
    }
    escaped
}

/// Whether a metric may have this name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub fn valid_metric_name(name: &str) -> bool {
    valid(name, |c| c == ':')
}

/// Whether a label may have this name: `[a-zA-Z_][a-zA-Z0-9_]*`, and not `__name__`, which is the metric's.
pub fn valid_label_name(name: &str) -> bool {
    is_label(name) && name != "__name__"
}

/// Whether a query may name a label so.
pub(super) fn is_label(name: &str) -> bool {
    valid(name, |_| false)
}

fn valid(name: &str, also: impl Fn(char) -> bool) -> bool {
    let head = |c: char| c.is_ascii_alphabetic() || c == '_' || also(c);
    let mut chars = name.chars();
    chars.next().is_some_and(head) && chars.all(|c| head(c) || c.is_ascii_digit())
}

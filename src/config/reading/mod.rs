//! Reading typed values out of nodes: substitution first, then the type that is wanted.
//!
//! A [`Reading`] collects all that is wrong and all that is secret on the way. Every method gives
//! `None` when it has said why, so that callers go on with the next field.

mod literal;
mod typed;

use std::path::Path;
use std::sync::Arc;

use super::mask::MaskWords;
use super::substitute::{self, Otherwise, Part};
use super::variables::Variables;
use super::yaml::{Content, Field, Mapping, Shape, field, fields};
use crate::diagnostic::{Diagnostic, closest, codes};
use crate::source::{Source, Span};

pub(super) use literal::report_secrets_in_clear;
pub(super) use typed::plain_duration_ms as duration_ms;

/// A pass over a part of the configuration.
pub(super) struct Reading<'a> {
    /// The text that spans point into.
    pub(super) source: &'a Source,
    /// What `$NAME` stands for.
    pub(super) variables: &'a Variables,
    /// Which keys are sensitive.
    pub(super) words: &'a MaskWords,
    /// What relative paths are relative to.
    pub(super) directory: &'a Path,
    /// Whether variables that are not set are passed over, as when only the file is checked.
    pub(super) lenient: bool,
    /// What is wrong.
    pub(super) findings: Vec<Diagnostic>,
    /// Values that must not be shown.
    pub(super) secrets: Vec<Arc<str>>,
}

/// A scalar with its variables filled in.
pub(super) struct Scalar {
    /// Its text.
    pub(super) text: Arc<str>,
    /// What YAML makes of it; always [`Shape::Text`] once something was substituted.
    pub(super) shape: Shape,
    /// Whether something was substituted.
    pub(super) substituted: bool,
}

impl Reading<'_> {
    /// Says that something is wrong.
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Diagnostic::new(&codes::VF701, span, message).help(help));
    }

    /// The scalar of `field`, or a finding that `wanted` was wanted.
    pub(super) fn scalar(&mut self, field: Field<'_>, wanted: &str) -> Option<Scalar> {
        let Content::Scalar(text, shape) = &field.node.content else {
            self.mismatch(field, wanted, field.node.kind());
            return None;
        };
        if field.node.is_null() {
            let message = format!("`{}` has no value", field.key);
            self.report(field.key_span, message, format!("write {wanted} behind it, or remove the key"));
            return None;
        }
        if *shape != Shape::Text || !text.contains('$') {
            self.note_secret(field.key, text);
            return Some(Scalar { text: Arc::clone(text), shape: shape.clone(), substituted: false });
        }
        let (text, substituted) = self.substitute(field, text)?;
        self.note_secret(field.key, &text);
        Some(Scalar { text, shape: Shape::Text, substituted })
    }

    fn note_secret(&mut self, key: &str, text: &Arc<str>) {
        if self.words.is_sensitive(key) {
            self.secrets.push(Arc::clone(text));
        }
    }

    /// Fills in the variables of `text`; the flag says whether it had any.
    fn substitute(&mut self, field: Field<'_>, text: &str) -> Option<(Arc<str>, bool)> {
        let parts = match substitute::parse(text) {
            Ok(parts) => parts,
            Err(malformed) => {
                let span = self.part_span(field, text, malformed.range);
                self.report(span, malformed.message, "write `${NAME}`, or `$$` for a dollar");
                return None;
            }
        };
        let mut out = String::new();
        let complete = self.fill(field, text, &parts, &mut out);
        let substituted = parts.iter().any(|part| matches!(part, Part::Variable { .. }));
        complete.then(|| (out.into(), substituted))
    }

    /// Appends the parts to `out`; false when one of them has no value. Goes on, so that all that is missing is said.
    fn fill(&mut self, field: Field<'_>, text: &str, parts: &[Part], out: &mut String) -> bool {
        let mut complete = true;
        for part in parts {
            match part {
                Part::Text(plain) => out.push_str(plain),
                Part::Variable { name, range, otherwise } => match (self.value(name, otherwise), otherwise) {
                    (Some(value), _) => out.push_str(&value),
                    (None, Otherwise::Default(parts)) => complete &= self.fill(field, text, parts, out),
                    (None, otherwise) => {
                        complete = false;
                        self.report_unset(self.part_span(field, text, range.clone()), name, otherwise);
                    }
                },
            }
        }
        complete
    }

    /// The value of a variable; with `:-` and `:?` an empty one counts as unset, as in a shell.
    fn value(&mut self, name: &str, otherwise: &Otherwise) -> Option<String> {
        let value = match otherwise {
            Otherwise::Nothing => self.variables.get(name),
            Otherwise::Default(_) | Otherwise::Required(_) => self.variables.set(name),
        }?;
        if self.words.is_sensitive(name) {
            self.secrets.push(value.into());
        }
        Some(value.to_owned())
    }

    fn report_unset(&mut self, span: Span, name: &str, otherwise: &Otherwise) {
        if self.lenient {
            return;
        }
        let near = closest(name, self.variables.names()).map(|near| format!("did you mean `{near}`, which is set?"));
        let (message, help) = match otherwise {
            Otherwise::Required(message) if !message.is_empty() => {
                (format!("`{name}` is not set: {message}"), format!("set the variable `{name}`"))
            }
            Otherwise::Required(_) => (format!("`{name}` is not set"), format!("set the variable `{name}`")),
            _ => {
                let help = format!("set the variable, or write `${{{name}:-}}` if it may be empty");
                (format!("`{name}` is not set"), help)
            }
        };
        self.report(span, message, near.unwrap_or(help));
    }

    /// Where bytes of a scalar's text stand in the file; the whole scalar when escapes or folding moved them.
    pub(super) fn part_span(&self, field: Field<'_>, text: &str, range: std::ops::Range<usize>) -> Span {
        let written = self.source.slice(field.node.span);
        match written.find(text) {
            Some(at) => field.node.span.slice(at + range.start, at + range.end),
            None => field.node.span,
        }
    }

    /// Says that `field` holds something else than was wanted. `found` never shows a secret.
    pub(super) fn mismatch(&mut self, field: Field<'_>, wanted: &str, found: &str) {
        let message = format!("`{}` is {found}, where {wanted} is wanted", field.key);
        self.report(field.node.span, message, format!("write {wanted}"));
    }

    /// Reports every key of `map` that is not among `known`, naming the nearest. `owner` is "a `sqlite` connection".
    pub(super) fn check_keys(&mut self, map: &Mapping, known: &[&str], owner: &str) {
        self.check_keys_or(map, known, owner, |_| None);
    }

    /// The same; `elsewhere` is the help for a key that has no name near it here.
    pub(super) fn check_keys_or(
        &mut self,
        map: &Mapping,
        known: &[&str],
        owner: &str,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        for unknown in fields(map).filter(|field| !known.contains(&field.key)) {
            self.unknown_key(unknown, known, owner, &elsewhere);
        }
    }

    fn unknown_key(
        &mut self,
        unknown: Field<'_>,
        known: &[&str],
        owner: &str,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        let message = format!("{owner} has no key `{}`", unknown.key);
        let finding = Diagnostic::new(&codes::VF701, unknown.key_span, message);
        self.findings.push(if let Some(near) = meant(unknown.key, known) {
            finding.help(format!("did you mean `{near}`?")).respell(unknown.key, near, unknown.key_span)
        } else {
            let all = || format!("known here: {}", list(known.iter().copied()));
            finding.help(elsewhere(unknown.key).unwrap_or_else(all))
        });
    }

    /// The field `key` of `map`, or a finding at `span` that `owner` wants it.
    pub(super) fn required<'n>(&mut self, map: &'n Mapping, key: &str, span: Span, owner: &str) -> Option<Field<'n>> {
        let found = field(map, key);
        if found.is_none() {
            self.missing(map, key, (span, owner), format!("add `{key}: …`"));
        }
        found
    }

    /// Says that `owner` wants `key`; where another one was written for it, that one is told, once.
    pub(super) fn missing(&mut self, map: &Mapping, key: &str, (span, owner): (Span, &str), help: String) {
        let Some(written) = fields(map).find(|field| meant(field.key, &[key]).is_some()) else {
            return self.report(span, format!("{owner} wants `{key}`"), help);
        };
        if !self.findings.iter().any(|finding| finding.span() == Some(written.key_span)) {
            self.unknown_key(written, &[key], owner, |_| None);
        }
    }

    /// The map in `field`, or a finding.
    pub(super) fn map<'n>(&mut self, field: Field<'n>) -> Option<&'n Mapping> {
        let map = field.node.as_map();
        if map.is_none() {
            self.mismatch(field, "a map", field.node.kind());
        }
        map
    }

    /// The items of the list in `field`, each as a field with the list's key; or a finding.
    pub(super) fn items<'n>(&mut self, field: Field<'n>, wanted: &str) -> Vec<Field<'n>> {
        let Content::List(items) = &field.node.content else {
            self.mismatch(field, wanted, field.node.kind());
            return Vec::new();
        };
        items.iter().map(|node| Field { node, ..field }).collect()
    }
}

/// The key among `known` that another one was written for.
pub(super) fn meant<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    renamed(key, known).or_else(|| closest(key, known.iter().copied()))
}

/// What a key of the predecessor is called here.
pub(super) fn renamed<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let now = match key {
        "query_url" => "read_url",
        "gateway_url" => "write_url",
        "ssl_mode" | "sslmode" => "tls",
        "name" | "dbname" => "database",
        "type" => "kind",
        "username" => "user",
        "base_url" => "url",
        "url" => "base_url",
        "flow" | "file" => "workflow",
        "sinks" | "hooks" | "notifications" => "lifecycle",
        _ => return None,
    };
    known.iter().copied().find(|known| *known == now)
}

/// Names in code quotes, for a message.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The help for a name that is not among `known`: the near one, if any, and all of them.
pub(super) fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>, what: &str) -> String {
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        return format!("there are no {what}");
    }
    let all = format!("{what}: {}", list(known.iter().copied()));
    match closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

/// What `read` makes of `key`; `Some(None)` when the key is missing, `None` when it is wrong.
#[allow(clippy::option_option, reason = "a setting is wrong, missing or given: three cases")]
pub(super) fn optional<T>(map: &Mapping, key: &str, read: impl FnOnce(Field<'_>) -> Option<T>) -> Option<Option<T>> {
    field(map, key).map_or(Some(None), |field| read(field).map(Some))
}

/// What `read` makes of `key`; the default when the key is missing, `None` when it is wrong.
pub(super) fn or_default<T>(
    map: &Mapping,
    key: &str,
    default: T,
    read: impl FnOnce(Field<'_>) -> Option<T>,
) -> Option<T> {
    field(map, key).map_or(Some(default), read)
}

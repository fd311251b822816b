//! The names in queries that the stores of metrics know nothing of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::check::metrics_queries::MetricsQuery;
use crate::connection::Metrics;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::query::promql::{Grouping, MatchSign, Matcher, MatcherValue, Node, NodeKind, Pattern, PromqlTemplate};
use crate::source::Span;
use crate::value::{ErrorKind, StepError};

/// The label that holds the name of the metric.
const NAME: &str = "__name__";

/// Since when samples may lie in a store, in milliseconds. Windows that begin with 1970 itself are refused.
const SINCE_MS: i64 = 24 * 3_600_000;

/// What a store holds, asked for when it is first wanted.
pub(super) struct Held<'a> {
    connection: Arc<str>,
    store: Arc<dyn Metrics>,
    runtime: &'a Runtime,
    until_ms: i64,
    stated: &'a HashSet<Arc<str>>,
    labels: Option<Names>,
    values: HashMap<Arc<str>, Names>,
}

/// The names of something; `None` where there are too many to be told.
type Names = Option<Arc<HashSet<Arc<str>>>>;

impl<'a> Held<'a> {
    /// Of a store: where to ask it, up to when samples may lie in it (in milliseconds), and the names that the workflows
    /// state themselves and so may write later.
    pub(super) fn new(
        connection: &Arc<str>,
        store: Arc<dyn Metrics>,
        (runtime, until_ms): (&'a Runtime, i64),
        stated: &'a HashSet<Arc<str>>,
    ) -> Self {
        let (labels, values) = (None, HashMap::new());
        Self { connection: connection.clone(), store, runtime, until_ms, stated, labels, values }
    }

    /// VF506: what a query names and the store does not have.
    pub(super) fn unknown(&mut self, query: &MetricsQuery) -> Result<Vec<Diagnostic>, StepError> {
        // Of a store that holds nothing yet, nothing can be said.
        let is_empty = self.values(NAME)?.is_some_and(|names| names.is_empty());
        let Some(tree) = query.template.tree().filter(|_| !is_empty) else { return Ok(Vec::new()) };
        let defined = defined(tree);
        let mut nodes = Vec::new();
        tree.visit(&mut |node| nodes.push(node));
        let makes_labels = nodes.iter().any(|node| makes_labels(node));
        let mut found = Vec::new();
        for node in nodes {
            match &node.kind {
                NodeKind::Selector(matchers) => {
                    for matcher in
                        matchers.iter().filter(|matcher| !matcher.is_bare && !defined.contains(named(matcher)))
                    {
                        found.extend(self.matcher(matcher, &query.template)?);
                    }
                }
                NodeKind::Call(call) if !makes_labels => {
                    if let Some(grouping) = &call.grouping {
                        found.extend(self.grouping(grouping, &query.template)?);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn matcher(&mut self, matcher: &Matcher, template: &PromqlTemplate) -> Result<Option<Diagnostic>, StepError> {
        if !self.has_label(&matcher.label)? {
            let span = before(template, &matcher.label, matcher.start);
            return Ok(Some(self.no_label(&matcher.label, span)?));
        }
        let MatcherValue::Text(text) = &matcher.value else { return Ok(None) };
        let Some(values) = self.values(&matcher.label)? else { return Ok(None) };
        if self.stated.contains(text) || is_there(matcher.sign, text, &values) {
            return Ok(None);
        }
        let connection = &self.connection;
        let message = match (&*matcher.label, matcher.sign) {
            (NAME, MatchSign::Equal) => format!("`{connection}` has no metric `{text}`"),
            (NAME, _) => format!("no metric of `{connection}` matches `{text}`"),
            (label, MatchSign::Equal) => format!("`{label}` is never `{text}` in `{connection}`"),
            (label, _) => format!("no value of `{label}` in `{connection}` matches `{text}`"),
        };
        let span = template.span.slice(matcher.start, matcher.end);
        Ok(Some(finding(span, message, text, &values)))
    }

    fn grouping(&mut self, grouping: &Grouping, template: &PromqlTemplate) -> Result<Vec<Diagnostic>, StepError> {
        let mut found = Vec::new();
        for label in &grouping.labels {
            if !self.has_label(label)? {
                let span = before(template, label, grouping.end);
                found.push(self.no_label(label, span)?);
            }
        }
        Ok(found)
    }

    fn has_label(&mut self, label: &Arc<str>) -> Result<bool, StepError> {
        let is_own = label.starts_with("__") || self.stated.contains(label);
        Ok(is_own || self.labels()?.is_none_or(|labels| labels.contains(label)))
    }

    fn no_label(&mut self, label: &Arc<str>, span: Span) -> Result<Diagnostic, StepError> {
        let labels = self.labels()?.unwrap_or_default();
        Ok(finding(span, format!("no series of `{}` has a label `{label}`", self.connection), label, &labels))
    }

    fn labels(&mut self) -> Result<Names, StepError> {
        if self.labels.is_none() {
            self.labels = Some(told(self.runtime.block_on(self.store.labels(SINCE_MS, self.until_ms)))?);
        }
        Ok(self.labels.clone().flatten())
    }

    fn values(&mut self, label: &str) -> Result<Names, StepError> {
        if let Some(known) = self.values.get(label) {
            return Ok(known.clone());
        }
        let values = told(self.runtime.block_on(self.store.label_values(label, None, SINCE_MS, self.until_ms)))?;
        self.values.insert(label.into(), values.clone());
        Ok(values)
    }
}

/// A store that has more names than it gives is at fault for nothing.
fn told(names: Result<Vec<Arc<str>>, StepError>) -> Result<Names, StepError> {
    match names {
        Ok(names) => Ok(Some(Arc::new(names.into_iter().collect()))),
        Err(error) if error.kind == ErrorKind::Query => Ok(None),
        Err(error) => Err(error),
    }
}

fn finding(span: Span, message: String, name: &str, known: &HashSet<Arc<str>>) -> Diagnostic {
    let finding = Diagnostic::new(&codes::VF506, span, message);
    let help = did_you_mean(name, known.iter().map(|known| &**known));
    finding.help(help.unwrap_or_else(|| "the query finds nothing until something is written that has it".to_owned()))
}

/// Whether a comparison finds something; those that leave something out are happy with nothing.
fn is_there(sign: MatchSign, text: &str, values: &HashSet<Arc<str>>) -> bool {
    match sign {
        MatchSign::Equal => text.is_empty() || values.contains(text),
        MatchSign::Matches => Pattern::new(text).map_or(true, |pattern| {
            pattern.matches("") || values.iter().any(|value| pattern.is_unsure_of(value) || pattern.matches(value))
        }),
        MatchSign::NotEqual | MatchSign::NotMatches => true,
    }
}

/// What a matcher names, when it may be a name of a `WITH`: that of the metric.
fn named(matcher: &Matcher) -> &str {
    match &matcher.value {
        MatcherValue::Text(text) if &*matcher.label == NAME => text,
        _ => "",
    }
}

/// The names that the query gives to parts of itself.
fn defined(tree: &Node) -> HashSet<&str> {
    let mut found = HashSet::new();
    tree.visit(&mut |node| {
        if let NodeKind::With(definitions, _) = &node.kind {
            for definition in definitions {
                found.insert(&*definition.name);
                found.extend(definition.parameters.iter().flatten().map(|name| &**name));
            }
        }
    });
    found
}

/// Whether a part of a query gives its series labels that no series in the store has.
fn makes_labels(node: &Node) -> bool {
    let NodeKind::Call(call) = &node.kind else { return matches!(node.kind, NodeKind::With(..)) };
    let name = call.name.to_ascii_lowercase();
    name.starts_with("label_")
        || name.starts_with("count_values")
        || name.contains("rollup")
        || name.contains("histogram")
}

/// The last place of a name before the byte `end` of a query.
fn before(template: &PromqlTemplate, name: &str, end: usize) -> Span {
    let written = template.text.get(..end).and_then(|text| text.rfind(name));
    written.map_or(template.span, |at| template.span.slice(at, at + name.len()))
}

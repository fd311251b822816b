//! The names in queries that a store of metrics knows nothing of.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::index::{Ask, Index, NAME, Names};
use crate::check::metrics_queries::MetricsQuery;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::query::promql::{
    Binary, Call, Definition, MatchSign, Matcher, MatcherValue, Matching, Node, NodeKind, Pattern, PromqlTemplate,
    literal_selector,
};
use crate::source::Span;

/// What is looked at beside a query.
pub(super) struct Known<'a> {
    /// The connection's name.
    pub(super) connection: &'a str,
    /// What its store holds.
    pub(super) index: &'a Index,
    /// The names that the workflows state themselves, and so may write later.
    pub(super) stated: &'a HashSet<Arc<str>>,
}

/// VF506: what a query names and the store does not have.
pub(super) fn unknown(known: &Known<'_>, query: &MetricsQuery) -> Vec<Diagnostic> {
    // Of a store that holds nothing yet, nothing can be said.
    let names = known.index.names(Ask { label: Some(NAME.into()), selector: None });
    let Some(tree) = query.template.tree().filter(|_| names.is_some_and(|names| !names.is_empty())) else {
        return Vec::new();
    };
    let mut look = Look { known, template: &query.template, definitions: definitions(tree), found: Vec::new() };
    let mut nodes = Vec::new();
    tree.visit(&mut |node| nodes.push(node));
    for node in nodes {
        match &node.kind {
            NodeKind::Selector(matchers) => look.selector(matchers),
            NodeKind::Call(call) => look.call(call),
            NodeKind::Binary(binary) => look.binary(binary),
            _ => {}
        }
    }
    look.found
}

/// Names that a query gives to parts of itself; a parameter of one stands for nothing that is known.
type Definitions<'a> = HashMap<&'a str, Option<&'a Definition>>;

fn definitions(tree: &Node) -> Definitions<'_> {
    let mut found = HashMap::new();
    tree.visit(&mut |node| {
        if let NodeKind::With(definitions, _) = &node.kind {
            for definition in definitions {
                // What one name means in two places is left open.
                let is_known = definition.parameters.is_none() && !found.contains_key(&*definition.name);
                found.insert(&*definition.name, is_known.then_some(definition));
                found.extend(definition.parameters.iter().flatten().map(|name| (&**name, None)));
            }
        }
    });
    found
}

struct Look<'a> {
    known: &'a Known<'a>,
    template: &'a PromqlTemplate,
    definitions: Definitions<'a>,
    found: Vec<Diagnostic>,
}

/// A metric: the selector of its name, and the name.
type Family = (Arc<str>, Arc<str>);

/// The metrics whose series a part of a query can have; `None` where that is open.
type Families = Option<BTreeSet<Family>>;

impl<'a> Look<'a> {
    fn selector(&mut self, matchers: &[Matcher]) {
        let before = self.found.len();
        let (names, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().filter(|matcher| !matcher.is_bare).partition(|matcher| &*matcher.label == NAME);
        for name in names {
            if !self.is_defined(name) {
                self.value(name, None);
            }
        }
        let family = self.family(matchers).filter(|_| self.found.len() == before);
        for matcher in &others {
            self.matcher(matcher, family.as_ref());
        }
        if self.found.len() == before && family.is_some() {
            self.together(matchers);
        }
    }

    /// Whether a matcher's name is one of the query's own.
    fn is_defined(&self, matcher: &Matcher) -> bool {
        matches!(&matcher.value, MatcherValue::Text(text) if &*matcher.label == NAME && self.definitions.contains_key(&**text))
    }

    /// The one metric whose series a selector takes.
    fn family(&self, matchers: &[Matcher]) -> Option<Family> {
        let name = matchers.iter().find(|matcher| &*matcher.label == NAME && matcher.sign == MatchSign::Equal)?;
        let MatcherValue::Text(text) = &name.value else { return None };
        (!self.is_defined(name)).then(|| (literal_selector([name]).into(), text.clone()))
    }

    fn matcher(&mut self, matcher: &Matcher, family: Option<&Family>) {
        let label = &matcher.label;
        // `{label=""}` asks for series without it.
        let own = family.filter(|_| !takes_absence(matcher));
        if !self.has_label(label) || own.is_some_and(|family| !self.family_has(family, label)) {
            let finding = self.no_label(label, family, before(self.template, label, matcher.start));
            self.found.push(finding);
        } else {
            self.value(matcher, own);
        }
    }

    /// A value that no series has.
    fn value(&mut self, matcher: &Matcher, family: Option<&Family>) {
        let MatcherValue::Text(text) = &matcher.value else { return };
        let stated = self.known.stated;
        if stated.contains(text) && family.is_none_or(|(_, metric)| stated.contains(metric)) {
            return;
        }
        let selector = family.map(|(selector, _)| selector.clone());
        let values = self.known.index.names(Ask { label: Some(matcher.label.clone()), selector });
        let Some(values) = values.filter(|values| !is_there(matcher.sign, text, values)) else { return };
        let connection = self.known.connection;
        let of = family.map_or_else(String::new, |(_, metric)| format!(" of `{metric}`"));
        let message = match (&*matcher.label, matcher.sign) {
            (NAME, MatchSign::Equal) => format!("`{connection}` has no metric `{text}`"),
            (NAME, _) => format!("no metric of `{connection}` matches `{text}`"),
            (label, MatchSign::Equal) => format!("`{label}`{of} is never `{text}` in `{connection}`"),
            (label, _) => format!("no value of `{label}`{of} in `{connection}` matches `{text}`"),
        };
        let span = self.template.span.slice(matcher.start, matcher.end);
        self.found.push(finding(span, message, text, &values));
    }

    /// Several comparisons each of which some series meets, and no series all of them.
    fn together(&mut self, matchers: &[Matcher]) {
        let is_literal = |matcher: &&Matcher| !matcher.is_bare && matches!(matcher.value, MatcherValue::Text(_));
        let literal: Vec<&Matcher> = matchers.iter().filter(is_literal).collect();
        let narrowing: Vec<&&Matcher> =
            literal.iter().filter(|matcher| &*matcher.label != NAME && !takes_absence(matcher)).collect();
        let is_stated = literal.iter().all(|matcher| match &matcher.value {
            MatcherValue::Text(text) => self.known.stated.contains(text),
            _ => false,
        });
        let (Some(first), Some(last), false) = (narrowing.first(), narrowing.last(), is_stated) else { return };
        if narrowing.len() < 2 {
            return;
        }
        let ask = Ask { label: Some(NAME.into()), selector: Some(literal_selector(literal.iter().copied()).into()) };
        if self.known.index.names(ask).is_some_and(|names| names.is_empty()) {
            let span =
                before(self.template, &first.label, first.start).to(self.template.span.slice(last.end, last.end));
            let message = format!("no series of `{}` has all of these", self.known.connection);
            let help = "each of them is on some series: take those that stand together, or leave one out";
            self.found.push(Diagnostic::new(&codes::VF506, span, message).help(help));
        }
    }

    fn call(&mut self, call: &'a Call) {
        if let Some(grouping) = &call.grouping {
            let (families, made) = self.inside(&call.arguments);
            let families = families.filter(|_| !grouping.without);
            for label in &grouping.labels {
                let span = before(self.template, label, grouping.end);
                self.label(label, families.as_ref(), &made, span);
            }
        }
        let Some((of, rest)) = call.arguments.split_first() else { return };
        let Some(takes) = label_arguments(&call.name.to_ascii_lowercase()) else { return };
        let (families, made) = self.inside(std::slice::from_ref(of));
        for (_, argument) in rest.iter().enumerate().filter(|(at, _)| takes(at + 1)) {
            if let NodeKind::Text(label) = &argument.bare().kind
                && !label.is_empty()
            {
                let span = self.template.span.slice(argument.start, argument.end);
                self.label(label, families.as_ref(), &made, span);
            }
        }
    }

    fn binary(&mut self, binary: &'a Binary) {
        let Some(Matching { on, labels, joined }) = &binary.matching else { return };
        let sides =
            [self.inside(std::slice::from_ref(&*binary.left)), self.inside(std::slice::from_ref(&*binary.right))];
        let both: Families = match (&sides[0].0, &sides[1].0) {
            (Some(left), Some(right)) => Some(left.union(right).cloned().collect()),
            _ => None,
        };
        let made: HashSet<Arc<str>> = sides.iter().flat_map(|(_, made)| made.iter().cloned()).collect();
        for label in labels.iter().chain(joined) {
            let span = before(self.template, label, binary.right.start);
            let is_compared = *on && labels.contains(label);
            let lacking = sides.iter().find(|(families, made)| {
                is_compared
                    && families.as_ref().is_some_and(|families| !self.is_made_or_had(label, Some(families), made))
            });
            match lacking {
                Some((families, made)) => self.label(label, families.clone().as_ref(), &made.clone(), span),
                None => self.label(label, both.as_ref(), &made, span),
            }
        }
    }

    /// A label that a part of a query must have to mean anything.
    fn label(&mut self, label: &Arc<str>, families: Option<&BTreeSet<Family>>, made: &HashSet<Arc<str>>, span: Span) {
        if self.is_made_or_had(label, families, made) {
            return;
        }
        let one = families.and_then(|families| families.first());
        let finding = self.no_label(label, one, span);
        self.found.push(finding);
    }

    fn is_made_or_had(&self, label: &Arc<str>, families: Option<&BTreeSet<Family>>, made: &HashSet<Arc<str>>) -> bool {
        let has = |families: &BTreeSet<Family>| {
            families.is_empty() || families.iter().any(|family| self.family_has(family, label))
        };
        made.contains(label) || self.has_label(label) && families.is_none_or(has)
    }

    /// The metrics whose series some expressions are of, and the labels that functions in them make.
    fn inside(&self, nodes: &'a [Node]) -> (Families, HashSet<Arc<str>>) {
        let mut families: Families = Some(BTreeSet::new());
        let mut made: HashSet<Arc<str>> = MADE.iter().map(|label| Arc::from(*label)).collect();
        let (mut waiting, mut passed): (Vec<&Node>, HashSet<&str>) = (nodes.iter().collect(), HashSet::new());
        while let Some(next) = waiting.pop() {
            next.visit(&mut |node| match &node.kind {
                NodeKind::Text(text) => {
                    made.extend(text.split('=').next().map(Arc::from));
                }
                NodeKind::Selector(matchers) => match self.meant(matchers) {
                    Some(definition) if passed.insert(&definition.name) => waiting.push(&definition.value),
                    Some(_) => {}
                    None => match (self.family(matchers), &mut families) {
                        (Some(family), Some(families)) => drop(families.insert(family)),
                        _ => families = None,
                    },
                },
                NodeKind::Call(call) if self.definitions.contains_key(&*call.name) => families = None,
                _ => {}
            });
        }
        (families, made)
    }

    /// The part of the query that a name alone stands for.
    fn meant(&self, matchers: &[Matcher]) -> Option<&'a Definition> {
        let [only] = matchers else { return None };
        let MatcherValue::Text(name) = &only.value else { return None };
        self.definitions.get(&**name).copied().flatten().filter(|_| self.is_defined(only))
    }

    fn has_label(&self, label: &Arc<str>) -> bool {
        let is_own = label.starts_with("__") || self.known.stated.contains(label);
        is_own || self.all_labels().is_none_or(|labels| labels.contains(label))
    }

    fn all_labels(&self) -> Names {
        self.known.index.names(Ask { label: None, selector: None })
    }

    fn family_has(&self, (selector, metric): &Family, label: &Arc<str>) -> bool {
        let stated = &self.known.stated;
        if label.starts_with("__") || stated.contains(label) && stated.contains(metric) {
            return true;
        }
        let labels = self.known.index.names(Ask { label: None, selector: Some(selector.clone()) });
        labels.is_none_or(|labels| labels.is_empty() || labels.contains(label))
    }

    /// The finding for a label that no series of a metric has, or none at all.
    fn no_label(&self, label: &Arc<str>, family: Option<&Family>, span: Span) -> Diagnostic {
        let connection = self.known.connection;
        let own = family
            .and_then(|(selector, _)| self.known.index.names(Ask { label: None, selector: Some(selector.clone()) }));
        let of = match family {
            Some((_, metric)) if self.has_label(label) => format!("`{metric}` in `{connection}`"),
            _ => format!("`{connection}`"),
        };
        let labels = own.or_else(|| self.all_labels()).unwrap_or_default();
        finding(span, format!("no series of {of} has a label `{label}`"), label, &labels)
    }
}

/// Labels that functions make without being told their names.
const MADE: [&str; 3] = ["le", "vmrange", "rollup"];

/// Which arguments of a function name labels that its first argument should have, counted from 0.
fn label_arguments(function: &str) -> Option<fn(usize) -> bool> {
    Some(match function {
        "label_replace" => |at| at == 3,
        "label_join" => |at| at >= 3,
        "label_copy" | "label_move" => |at| at % 2 == 1,
        "label_value" | "label_match" | "label_mismatch" | "label_map" | "label_transform" => |at| at == 1,
        "label_lowercase" | "label_uppercase" | "label_del" | "label_keep" | "labels_equal" => |at| at >= 1,
        _ if function.starts_with("sort_by_label") => |at| at >= 1,
        _ => return None,
    })
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

/// Whether a comparison holds for series without the label.
fn takes_absence(matcher: &Matcher) -> bool {
    match (&matcher.value, matcher.sign) {
        (MatcherValue::Text(text), MatchSign::Equal) => text.is_empty(),
        (MatcherValue::Text(text), MatchSign::Matches) => Pattern::new(text).is_ok_and(|pattern| pattern.matches("")),
        _ => false,
    }
}

/// The last place of a name before the byte `end` of a query.
fn before(template: &PromqlTemplate, name: &str, end: usize) -> Span {
    let written = template.text.get(..end).and_then(|text| text.rfind(name));
    written.map_or(template.span, |at| template.span.slice(at, at + name.len()))
}

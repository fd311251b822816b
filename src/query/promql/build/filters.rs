//! Names, labels and filters.

use std::sync::Arc;

use pest::iterators::Pair;

use super::holes::hole_in_text;
use super::{Builder, Built, first, place};
use crate::query::promql::ast::{MatchSign, Matcher, MatcherValue, Node, NodeKind};
use crate::query::promql::selector::{is_label, valid_metric_name};
use crate::query::promql::syntax::Rule;
use crate::query::promql::template::HolePosition;

impl Builder<'_> {
    pub(super) fn named(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
        let at = place(&pair);
        let mut parts = pair.into_inner();
        let Some(name) = parts.next() else { return Err(self.error(at, "a name is missing")) };
        match parts.next() {
            Some(call) if call.as_rule() == Rule::call => self.call(&name, call, at),
            filters => {
                let (start, end) = place(&name);
                self.metric_name(&name);
                let value = MatcherValue::Text(name.as_str().into());
                let mut matchers = vec![Matcher {
                    label: "__name__".into(),
                    sign: MatchSign::Equal,
                    value,
                    is_bare: false,
                    start,
                    end,
                }];
                matchers.extend(filters.map(|filters| self.filters(filters)).transpose()?.unwrap_or_default());
                self.node(NodeKind::Selector(matchers), at)
            }
        }
    }

    pub(super) fn metric_name(&mut self, name: &Pair<'_, Rule>) {
        let text = name.as_str();
        if !valid_metric_name(text) {
            self.foreign(place(name), format!("the name `{text}`"), "names hold letters, digits, `_` and `:`");
        } else if NO_METRICS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            self.foreign(place(name), format!("`{text}` as a name"), "write `{__name__=\"…\"}`");
        }
    }

    /// The names in the parentheses somewhere inside `pair`.
    pub(super) fn labels_in(&mut self, pair: Pair<'_, Rule>) -> Vec<Arc<str>> {
        let Some(labels) = first(pair, Rule::labels) else { return Vec::new() };
        labels.into_inner().map(|label| self.label(&label)).collect()
    }

    pub(super) fn label(&mut self, pair: &Pair<'_, Rule>) -> Arc<str> {
        if pair.as_str().starts_with('$') {
            self.misplaced(place(pair), "a label's name", "write the name; a hole stands for a label's value");
        } else if !is_label(pair.as_str()) {
            let what = format!("the label `{}`", pair.as_str());
            self.foreign(place(pair), what, "labels hold letters, digits and `_`");
        }
        pair.as_str().into()
    }

    pub(super) fn filters(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Matcher>> {
        pair.into_inner().map(|filter| self.filter(filter)).collect()
    }

    pub(super) fn filter(&mut self, pair: Pair<'_, Rule>) -> Built<Matcher> {
        let (start, end) = place(&pair);
        let mut parts = pair.into_inner();
        let label = parts.next().map(|label| self.label(&label)).unwrap_or_default();
        let (Some(sign), Some(value)) = (parts.next(), parts.next()) else {
            let value = MatcherValue::Name(label.clone());
            return Ok(Matcher { label, sign: MatchSign::Equal, value, is_bare: true, start, end });
        };
        let sign_at = place(&sign);
        let sign = match sign.as_str() {
            "=" => MatchSign::Equal,
            "!=" => MatchSign::NotEqual,
            "=~" => MatchSign::Matches,
            _ => MatchSign::NotMatches,
        };
        let (start, end) = place(&value);
        let value = self.filter_value(value, &label, (sign, sign_at))?;
        Ok(Matcher { label, sign, value, is_bare: false, start, end })
    }

    pub(super) fn filter_value(
        &mut self,
        pair: Pair<'_, Rule>,
        label: &Arc<str>,
        (sign, (start, end)): (MatchSign, (usize, usize)),
    ) -> Built<MatcherValue> {
        let sign_span = self.span.slice(start, end);
        let terms: Vec<_> = pair.into_inner().filter_map(|term| term.into_inner().next()).collect();
        let glued = terms.len() > 1;
        if let (true, Some(first), Some(last)) = (glued, terms.first(), terms.last()) {
            self.foreign((place(first).0, place(last).1), "`+` between texts", "write them as one text");
        }
        let mut text = String::new();
        let mut other = None;
        for term in terms {
            match term.as_rule() {
                Rule::string => {
                    text.push_str(&self.string(&term)?);
                    if !glued {
                        self.unquote_hole(&term);
                    }
                }
                Rule::hole => {
                    let mut position = HolePosition::LabelValue { label: label.clone(), sign, sign_span };
                    if glued {
                        let help = "put the whole value together before the query";
                        self.misplaced(place(&term), "part of a value", help);
                        position = HolePosition::Nowhere;
                    }
                    other = Some(MatcherValue::Hole(self.hole(&term, position)));
                }
                _ => other = Some(MatcherValue::Name(term.as_str().into())),
            }
        }
        Ok(other.unwrap_or_else(|| MatcherValue::Text(text.into())))
    }

    /// Offers to take the quotes away from a value that is a hole and nothing more: `"$name"`.
    pub(super) fn unquote_hole(&mut self, pair: &Pair<'_, Rule>) {
        let text = pair.as_str();
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        if self.holes.is_none() || hole_in_text(text) != Some((1, text.len().saturating_sub(1))) {
            return;
        }
        let (start, end) = place(pair);
        let span = self.span.slice(start, end);
        if let Some(finding) = self.findings.pop() {
            let finding = finding.help(format!("write `{inner}`, without quotes"));
            self.findings.push(finding.fix(format!("write `{inner}`"), span, inner));
        }
    }
}

/// Words that PromQL does not take for a metric's name.
const NO_METRICS: [&str; 6] = ["bool", "on", "ignoring", "group_left", "group_right", "atan2"];

//! What the grammar cannot say: functions and their arguments, patterns, names that `WITH` defines.

use super::ast::{Call, Definition, MatchSign, Matcher, MatcherValue, Node, NodeKind};
use super::dialect::{Dialect, Reader};
use super::functions::{self, Family, Function, Parameter};
use super::pattern;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span;

/// Adds a finding for each mistake in `node`.
pub(super) fn check(node: &Node, text: &str, span: Span, reader: Reader<'_>, findings: &mut Vec<Diagnostic>) {
    let span = Span { end: span.start.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX)), ..span };
    Checker { span, reader, findings, scopes: Vec::new() }.node(node);
}

/// How a pattern holds a sign that would mean something.
const PLAIN_SIGN: &str = r"put `\\` before a sign that stands for itself: `\\(`";

/// What a `WITH` or the parameters of one of its functions bring into scope.
struct Bound<'a> {
    name: &'a str,
    /// The number of parameters, for a function.
    parameters: Option<usize>,
}

struct Checker<'a, 'f> {
    span: Span,
    reader: Reader<'f>,
    findings: &'f mut Vec<Diagnostic>,
    scopes: Vec<Bound<'a>>,
}

impl<'a> Checker<'a, '_> {
    fn report(&mut self, (start, end): (usize, usize), message: impl Into<String>, help: Option<String>) {
        let finding = Diagnostic::new(&codes::VF501, self.span.slice(start, end), message);
        self.findings.push(Diagnostic { help, ..finding });
    }

    fn bound(&self, name: &str) -> Option<&Bound<'a>> {
        self.scopes.iter().rev().find(|bound| bound.name == name)
    }

    fn node(&mut self, node: &'a Node) {
        match &node.kind {
            NodeKind::Selector(matchers) => matchers.iter().for_each(|matcher| self.matcher(matcher)),
            NodeKind::Call(call) => self.call(node, call),
            NodeKind::With(definitions, body) => self.with(definitions, body),
            NodeKind::Rolled { of, at, .. } => {
                self.node(of);
                if let Some(at) = at.as_deref().filter(|_| !self.reader.is_strict()) {
                    self.one_value(at, "`@`");
                    self.node(at);
                }
            }
            kind => kind.children().for_each(|child| self.node(child)),
        }
    }

    fn with(&mut self, definitions: &'a [Definition], body: &'a Node) {
        let outer = self.scopes.len();
        for definition in definitions {
            let own = self.scopes.len();
            let repeated = self.scopes.iter().skip(outer).any(|bound| bound.name == &*definition.name);
            if repeated {
                self.report(definition.name_at, format!("`WITH` defines `{}` twice", definition.name), None);
            }
            let parameters = definition.parameters.as_deref().unwrap_or_default();
            for (at, parameter) in parameters.iter().enumerate() {
                if parameters.iter().take(at).any(|earlier| earlier == parameter) {
                    let message = format!("`{}` has the parameter `{parameter}` twice", definition.name);
                    self.report(definition.name_at, message, None);
                }
                self.scopes.push(Bound { name: parameter, parameters: None });
            }
            self.node(&definition.value);
            self.scopes.truncate(own);
            let parameters = definition.parameters.as_ref().map(Vec::len);
            self.scopes.push(Bound { name: &definition.name, parameters });
        }
        self.node(body);
        self.scopes.truncate(outer);
    }

    fn matcher(&mut self, matcher: &Matcher) {
        let at = (matcher.start, matcher.end);
        match &matcher.value {
            MatcherValue::Name(name) if self.bound(name).is_none() => {
                let help = if matcher.is_bare {
                    format!("write a comparison, such as `{name}=\"…\"`")
                } else {
                    let name = name.trim_start_matches(':');
                    format!("quote the value: `\"{name}\"`, or write `${name}` for a value of the workflow")
                };
                self.report(at, format!("`{name}` is neither quoted nor defined by a `WITH`"), Some(help));
            }
            MatcherValue::Text(text) if matcher.sign.is_regex() => {
                if let Some(why) = pattern::mistake(text) {
                    self.report(at, format!("this pattern is wrong: {why}"), Some(PLAIN_SIGN.to_owned()));
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, node: &'a Node, call: &'a Call) {
        let arguments = &call.arguments;
        if let Some(count) = self.bound(&call.name).and_then(|bound| bound.parameters) {
            if count != arguments.len() {
                let found = arguments.len();
                let message = format!("`{}` takes {count} arguments, not {found}", call.name);
                self.report((call.name_end, node.end), message, None);
            }
        } else if let Some((function, signature)) = self.function(&call.name) {
            self.modifiers(call, function.1);
            self.arguments(node, call, function.0, signature);
        } else {
            self.unknown(node, call);
        }
        for argument in arguments {
            self.node(argument);
        }
    }

    /// The function that the reader has under this name. PromQL knows aggregates in any case, others as they are.
    fn function(&self, name: &str) -> Option<(&'static Function, &'static str)> {
        let function = functions::find(name)?;
        let is_exact = !self.reader.is_strict() || function.1 == Family::Aggregate || function.0 == name;
        function.signature(self.reader.dialect).filter(|_| is_exact).map(|signature| (function, signature))
    }

    fn unknown(&mut self, node: &Node, call: &Call) {
        let known = functions::find(&call.name);
        let dialect = self.reader.dialect;
        let message = match known {
            Some(function) if function.signature(dialect).is_none() => self.reader.other(&format!("`{}`", call.name)),
            _ => format!("{} has no function `{}`", self.reader.name, call.name),
        };
        let names = functions::FUNCTIONS.iter().filter(|f| f.signature(dialect).is_some()).map(|f| f.0);
        let near = match dialect {
            Dialect::MetricsQl => newer(&call.name.to_ascii_lowercase()),
            Dialect::PromQl => in_promql(&call.name.to_ascii_lowercase()),
        };
        let near = near.or_else(|| did_you_mean(&call.name, names.filter(|name| known.is_none_or(|f| f.0 == *name))));
        self.report((node.start, call.name_end), message, near);
    }

    fn modifiers(&mut self, call: &Call, family: Family) {
        let is_aggregate = family == Family::Aggregate;
        if let Some(grouping) = &call.grouping
            && let Some(label) = grouping.labels.iter().find(|label| self.bound(label).is_some())
        {
            let message = format!("`{label}` is defined by a `WITH`, so it cannot name a label here");
            self.report((grouping.start, grouping.end), message, None);
        }
        if let Some(grouping) = call.grouping.as_ref().filter(|_| !is_aggregate) {
            let message = format!("`{}` does not fold series, so it has no groups", call.name);
            let help = format!("write `max by (…) ({}(…))`", call.name);
            self.report((grouping.start, grouping.end), message, Some(help));
        }
        if let Some(at) = call.limit.filter(|_| !is_aggregate) {
            self.report(at, "only an aggregate takes `limit`", Some("write `limitk(n, …)`".to_owned()));
        }
        if let Some(at) = call.keep.filter(|_| is_aggregate) {
            self.report(at, "an aggregate has no names to keep", Some("write `by (__name__)`".to_owned()));
        }
    }

    fn arguments(&mut self, node: &Node, call: &Call, name: &str, signature: &str) {
        let parameters = match functions::parameters(signature, call.arguments.len()) {
            Ok(parameters) => parameters,
            Err(wanted) => {
                let message = format!("`{name}` takes {wanted}, not {}", call.arguments.len());
                let help = format!("write `{name}({})`", functions::example(name, signature));
                self.report((call.name_end, node.end), message, Some(help));
                return;
            }
        };
        let loose =
            parameters.into_iter().zip(&call.arguments).filter(|_| !self.reader.is_strict()).collect::<Vec<_>>();
        for (parameter, argument) in loose {
            match parameter {
                Parameter::Number => self.one_value(argument, &format!("`{name}`")),
                Parameter::Text => self.text(argument, name),
                Parameter::Range | Parameter::Vector => {}
            }
        }
        self.patterns(call, name);
    }

    /// A number that is the same for all series. A selector gives many, a text none.
    fn one_value(&mut self, argument: &Node, wanted_by: &str) {
        let bare = unrolled(argument);
        let found = match &bare.kind {
            NodeKind::Selector(matchers) if !self.is_bound_name(matchers) => "a selector",
            NodeKind::Text(_) => "a quoted text",
            _ => return,
        };
        let help = match found {
            "a selector" => "wrap it in `scalar(…)` if it is one series; the order of arguments may be wrong",
            _ => "write a number",
        };
        let message = format!("{wanted_by} wants one number here, not {found}");
        self.report((argument.start, argument.end), message, Some(help.to_owned()));
    }

    fn text(&mut self, argument: &Node, name: &str) {
        let found = match &argument.bare().kind {
            NodeKind::Text(_) | NodeKind::Binary(_) => return,
            NodeKind::List(_) if name == "aggr_over_time" => return,
            NodeKind::Selector(matchers) if self.is_bound_name(matchers) => return,
            NodeKind::Hole(_) => "a hole, which stands for a number",
            NodeKind::Number(_) => "a number",
            _ => "an expression",
        };
        let message = format!("`{name}` wants a quoted text here, not {found}");
        self.report((argument.start, argument.end), message, None);
    }

    /// Whether the selector is a bare name that a `WITH` defines.
    fn is_bound_name(&self, matchers: &[Matcher]) -> bool {
        match matchers {
            [Matcher { value: MatcherValue::Text(name), sign: MatchSign::Equal, .. }] => self.bound(name).is_some(),
            _ => false,
        }
    }

    /// The patterns and names among the quoted arguments.
    fn patterns(&mut self, call: &Call, name: &str) {
        let at = match name {
            "label_replace" => 4,
            "label_match" | "label_mismatch" | "label_transform" => 2,
            "aggr_over_time" => return self.rollups(call.arguments.first()),
            "timezone_offset" => return self.zone(call.arguments.first()),
            _ => return,
        };
        let Some(argument) = call.arguments.get(at) else { return };
        if let NodeKind::Text(text) = &argument.kind
            && let Some(why) = pattern::mistake(text)
        {
            let message = format!("this pattern is wrong: {why}");
            self.report((argument.start, argument.end), message, Some(PLAIN_SIGN.to_owned()));
        }
    }

    fn rollups(&mut self, argument: Option<&Node>) {
        let Some(argument) = argument else { return };
        let one = std::slice::from_ref(argument);
        let names = if let NodeKind::List(items) = &argument.kind { items.as_slice() } else { one };
        for item in names {
            let NodeKind::Text(name) = &item.kind else { continue };
            let is_rollup =
                |f: &Function| f.1 == Family::Rollup && f.signature(Dialect::MetricsQl).is_some_and(|s| s == "r");
            if !functions::find(name).is_some_and(is_rollup) {
                let message = format!("`{name}` is no function that looks back");
                let help = format!("did you mean `{name}_over_time`?");
                let known = functions::find(&format!("{name}_over_time")).is_some();
                self.report((item.start, item.end), message, known.then_some(help));
            }
        }
    }

    fn zone(&mut self, argument: Option<&Node>) {
        let Some(Node { kind: NodeKind::Text(zone), start, end, .. }) = argument else { return };
        if zone.parse::<chrono_tz::Tz>().is_err() && &**zone != "Local" {
            self.report((*start, *end), format!("there is no time zone `{zone}`"), None);
        }
    }
}

/// Without parentheses, window, offset and sign.
fn unrolled(node: &Node) -> &Node {
    match &node.bare().kind {
        NodeKind::Rolled { of, .. } | NodeKind::Negate(of) => unrolled(of),
        _ => node.bare(),
    }
}

/// Functions of Prometheus or of newer servers, with what does the same.
fn newer(name: &str) -> Option<String> {
    let instead = match name {
        "ts_of_last_over_time" => "tlast_over_time",
        "ts_of_first_over_time" => "tfirst_over_time",
        "ts_of_max_over_time" => "tmax_over_time",
        "ts_of_min_over_time" => "tmin_over_time",
        "double_exponential_smoothing" => "holt_winters",
        _ => return None,
    };
    Some(format!("write `{instead}`"))
}

/// Functions of MetricsQL, with what does the same in PromQL.
fn in_promql(name: &str) -> Option<String> {
    let instead = match name {
        "tlast_over_time" => "max_over_time(timestamp(m)[1d:5m])",
        "tfirst_over_time" => "min_over_time(timestamp(m)[1d:5m])",
        "median" => "quantile(0.5, …)",
        "median_over_time" => "quantile_over_time(0.5, …)",
        "any" => "group(…)",
        "increase_pure" | "increase_prometheus" => "increase(…)",
        "delta_prometheus" => "delta(…)",
        "changes_prometheus" => "changes(…)",
        "default_rollup" => "last_over_time(…)",
        "union" => "a or b",
        "now" => "time()",
        "label_set" => "label_replace(…, \"label\", \"value\", \"\", \"\")",
        "range_over_time" => "max_over_time(…) - min_over_time(…)",
        "count_eq_over_time" | "count_gt_over_time" | "count_le_over_time" | "count_ne_over_time" => {
            "count_over_time((m > 1)[1d:5m])"
        }
        _ => return None,
    };
    Some(format!("write `{instead}`"))
}

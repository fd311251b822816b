//! Names of metrics and labels that no store takes.

use super::Checker;
use super::program::{Expr, ExprKind};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Spec;
use crate::query::promql::{valid_label_name, valid_metric_name};
use crate::value::Value;

impl Checker<'_> {
    /// Names of metrics and labels that a store refuses, where they are literals.
    pub(super) fn check_names(&mut self, spec: &Spec, arguments: &[Option<Expr>]) {
        // A primitive that takes labels takes those of a metric, and a `name` beside them is the metric's.
        if spec.params.iter().all(|param| param.name != "labels") {
            return;
        }
        for (param, argument) in spec.params.iter().zip(arguments) {
            let Some(argument) = argument else { continue };
            let mut maps = Vec::new();
            match (param.name, &argument.kind) {
                ("name", ExprKind::Literal(Value::Text(name))) if !name.is_empty() && !valid_metric_name(name) => {
                    let message = format!("{name:?} cannot be a metric's name");
                    let finding = Diagnostic::new(&codes::VF513, argument.span, message);
                    self.report(if name.contains('{') && name.contains('}') {
                        finding.help(format!("put `f` before a text with values in it: `f{name:?}`")).fix(
                            "write `f` before it",
                            argument.span.before(),
                            "f",
                        )
                    } else {
                        finding.help("names hold letters, digits, `_` and `:`, and begin with no digit")
                    });
                }
                ("labels", _) => literal_maps(argument, &mut maps),
                _ => {}
            }
            for (key, _) in maps.into_iter().flatten() {
                self.check_label(key);
            }
        }
    }

    fn check_label(&mut self, key: &Expr) {
        let ExprKind::Literal(Value::Text(name)) = &key.kind else { return };
        let (message, help) = if &**name == "__name__" {
            ("the label `__name__` is the metric's name".to_owned(), "give it as `name`".to_owned())
        } else if !valid_label_name(name) {
            let message = format!("{name:?} cannot be a label");
            let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let help = if valid_label_name(&plain) {
                format!("write `{plain}`")
            } else {
                "labels hold letters, digits and `_`, and begin with no digit".to_owned()
            };
            (message, help)
        } else if name.starts_with("__") {
            (format!("labels with two leading underscores are reserved, such as `{name}`"), "rename it".to_owned())
        } else {
            return;
        };
        self.report(Diagnostic::new(&codes::VF513, key.span, message).help(help));
    }
}

/// The literal maps that make up an argument: `base + { job: "a" }` holds one.
fn literal_maps<'e>(expr: &'e Expr, found: &mut Vec<&'e [(Expr, Expr)]>) {
    match &expr.kind {
        ExprKind::Map(pairs) => found.push(pairs),
        ExprKind::Binary(_, left, right) => {
            literal_maps(left, found);
            literal_maps(right, found);
        }
        _ => {}
    }
}

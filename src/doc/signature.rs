//! How a primitive is called, in words.

use crate::primitive::{Effect, Form, Param, Spec};

/// How a reader finds it: by itself, on a value, behind its family's name.
pub(super) fn called(spec: &Spec) -> &'static str {
    match spec.form {
        Form::Prelude => spec.verb(),
        Form::Method | Form::Namespace => spec.name,
    }
}

/// What it stands with: what is called by itself is in one alphabet.
pub(super) fn section(spec: &Spec) -> &'static str {
    if spec.form == Form::Prelude { "" } else { spec.family() }
}

/// What stands between the parentheses: a method's first parameter stands before the dot.
pub(super) fn listed(spec: &Spec) -> &'static [Param] {
    match (spec.form, spec.params) {
        (Form::Method, [_receiver, rest @ ..]) => rest,
        (_, all) => all,
    }
}

/// `round(x: float, digits: int = 0) -> float`
pub(super) fn signature(spec: &Spec) -> String {
    let params: Vec<String> = listed(spec).iter().map(parameter).collect();
    format!("{}({}) -> {}", called(spec), params.join(", "), (spec.returns)())
}

fn parameter(param: &Param) -> String {
    let default = param.default_source().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", param.name, (param.ty)())
}

/// `pure`, `write, idempotent`
pub(super) fn effect(spec: &Spec) -> String {
    match (spec.effect, spec.idempotent) {
        (Effect::Write, true) => "write, idempotent".to_owned(),
        (effect, _) => effect.name().to_owned(),
    }
}

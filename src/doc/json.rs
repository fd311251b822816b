//! The reference as one document.

use serde_json::{Value, json};

use super::{Reference, signature};
use crate::primitive::{Example, Form, Param, Property, Spec};

/// The document that `vmflow doc --format json` prints; `docs/cli.md` describes it.
pub fn json(reference: &Reference) -> Value {
    json!({
        "primitives": reference.primitives.iter().map(|spec| primitive(spec)).collect::<Vec<_>>(),
        "properties": reference.properties.iter().map(|it| property(it)).collect::<Vec<_>>(),
        "modules": reference.modules,
    })
}

fn primitive(spec: &Spec) -> Value {
    json!({
        "name": spec.name,
        "called": signature::called(spec),
        "form": form(spec.form),
        "signature": signature::signature(spec),
        "summary": spec.summary,
        "effect": spec.effect.name(),
        "idempotent": spec.idempotent,
        "parameters": signature::listed(spec).iter().map(parameter).collect::<Vec<_>>(),
        "returns": (spec.returns)().to_string(),
        "examples": spec.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

const fn form(form: Form) -> &'static str {
    match form {
        Form::Prelude => "function",
        Form::Method => "method",
        Form::Namespace => "namespace",
    }
}

fn parameter(param: &Param) -> Value {
    json!({
        "name": param.name,
        "type": (param.ty)().to_string(),
        "default": param.default_source(),
        "optional": param.is_optional(),
        "doc": param.docs.trim(),
    })
}

fn example(example: &Example) -> Value {
    json!({ "source": example.source, "gives": Some(example.gives).filter(|gives| !gives.is_empty()) })
}

fn property(property: &Property) -> Value {
    json!({ "family": property.family, "name": property.name, "doc": property.docs.trim() })
}

//! `docs/primitives.md`, written from the registry.

use std::fmt::Write;

use crate::support::{golden, sandbox::root};
use vmflow::primitive::{Form, Param, Spec, registry};

const HEAD: &str = "<!-- Written by `BLESS=1 cargo test docs` from the declarations in src/primitive; do not edit. -->

# Primitives

Everything that is built in. What a workflow imports from `std.*` is written in the language itself, in `stdlib/`.

A parameter with `=` may be left out, and so may one whose type ends in `?`. Arguments go by position first, then by
name: `round(x, digits: 2)`. `T` and `U` stand for any type, `N` for a type that can be added up (numbers, durations),
`O` for a type with an order. The effect says what a call does to the world: *pure* nothing, *read* looks at it,
*write* changes it and wants `do`. A write is tried again after a failure only when it is *idempotent*.
";

/// How a reader finds it: by itself, on a value, behind its family's name.
fn called(spec: &Spec) -> String {
    match spec.form {
        Form::Prelude => spec.verb().to_owned(),
        Form::Method | Form::Namespace => spec.name.to_owned(),
    }
}

/// What stands between the parentheses: a method's first parameter stands before the dot.
fn listed(spec: &Spec) -> &'static [Param] {
    match (spec.form, spec.params) {
        (Form::Method, [_receiver, rest @ ..]) => rest,
        (_, all) => all,
    }
}

fn parameter(param: &Param) -> String {
    let default = param.default_source().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", param.name, (param.ty)())
}

fn signature(spec: &Spec) -> String {
    let params: Vec<String> = listed(spec).iter().map(parameter).collect();
    format!("{}({}) -> {}", called(spec), params.join(", "), (spec.returns)())
}

fn effect(spec: &Spec) -> String {
    match (spec.effect, spec.idempotent) {
        (vmflow::primitive::Effect::Write, true) => "write, idempotent".to_owned(),
        (effect, _) => effect.name().to_owned(),
    }
}

fn entry(page: &mut String, spec: &Spec) {
    let _ = write!(
        page,
        "\n### {}\n\n```\n{}\n```\n\n{} *{}*\n",
        called(spec),
        signature(spec),
        spec.summary,
        effect(spec)
    );
    let params = listed(spec);
    if !params.is_empty() {
        page.push('\n');
    }
    for param in params {
        let _ = writeln!(page, "- `{}`: {}", param.name, param.docs.trim());
    }
    page.push('\n');
    for example in spec.examples {
        let gives = if example.gives.is_empty() { String::new() } else { format!(" gives `{}`", example.gives) };
        let _ = writeln!(page, "Example: `{}`{gives}\n", example.source);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
}

fn section(page: &mut String, title: &str, intro: &str, form: Form) {
    let _ = write!(page, "\n## {title}\n\n{intro}\n");
    let mut specs: Vec<&Spec> = registry::all().filter(|spec| spec.form == form).collect();
    specs.sort_by_key(|spec| (if form == Form::Prelude { "" } else { spec.family() }, spec.verb()));
    specs.into_iter().for_each(|spec| entry(page, spec));
}

fn properties(page: &mut String) {
    page.push_str(
        "\n## Properties\n\nRead off a value with a dot and no call.\n\n| on a | property | |\n|---|---|---|\n",
    );
    let mut all: Vec<_> = registry::properties().collect();
    all.sort_by_key(|property| (property.family, property.name));
    for property in all {
        let _ = writeln!(page, "| {} | `.{}` | {} |", property.family, property.name, property.docs.trim());
    }
}

#[test]
fn the_page_of_primitives_is_fresh() {
    let mut page = HEAD.to_owned();
    section(&mut page, "In every scope", "Called by name from anywhere.", Form::Prelude);
    let on_values =
        "Called on a value: `vm.export(…)` where `vm` is a `metrics` connection, `xs.take(3)` where `xs` is a list.";
    section(&mut page, "On values", on_values, Form::Method);
    section(&mut page, "By their whole name", "Called with the family's name before the dot.", Form::Namespace);
    properties(&mut page);
    golden::assert(&root().join("docs/primitives.md"), &page);
}

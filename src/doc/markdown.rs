//! The reference as Markdown.

use super::module::{Calendar, Function, Module, Output, Parameter, TypeAlias, Workflow};
use super::{Reference, signature};
use crate::check::Deprecation;
use crate::primitive::{Example, Form, Property, Spec};

/// The forms of primitives with what stands above them.
const FORMS: [(Form, &str, &str); 3] = [
    (Form::Prelude, "In every scope", "Called by name from anywhere."),
    (
        Form::Method,
        "On values",
        "Called on a value: `vm.export(…)` where `vm` is a `metrics` connection, `xs.take(3)` where `xs` is a list.",
    ),
    (Form::Namespace, "By their whole name", "Called with the family's name before the dot."),
];

/// A page being written: blocks with an empty line between each.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    text: String,
}

impl Markdown {
    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A block; nothing when it is empty.
    pub(super) fn text(&mut self, block: &str) {
        let block = block.trim_end();
        if block.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(block);
        self.text.push('\n');
    }

    fn heading(&mut self, level: usize, title: &str) {
        self.text(&format!("{} {title}", "#".repeat(level)));
    }

    fn code(&mut self, code: &str) {
        self.text(&format!("```\n{}\n```", code.trim_end()));
    }

    fn list(&mut self, items: impl IntoIterator<Item = String>) {
        self.text(&items.into_iter().map(|item| format!("- {item}\n")).collect::<Vec<_>>().concat());
    }

    /// A table; nothing without rows.
    fn table(&mut self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ")).replace("  |", " |");
        let rows: String = rows.into_iter().map(|row| line(&row)).collect();
        if !rows.is_empty() {
            let head: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
            self.text(&format!("{}|{}\n{rows}", line(&head), "---|".repeat(columns.len())));
        }
    }

    /// All primitives, by their forms, and the properties.
    pub(super) fn primitives(&mut self, reference: &Reference) {
        for (form, title, intro) in FORMS {
            self.heading(2, title);
            self.text(intro);
            reference.primitives.iter().filter(|spec| spec.form == form).for_each(|spec| self.primitive(3, spec));
        }
        self.heading(2, "Properties");
        self.text("Read off a value with a dot and no call.");
        self.properties(&reference.properties);
    }

    /// What was asked for by name, without a frame.
    pub(super) fn entries(&mut self, reference: &Reference) {
        reference.primitives.iter().for_each(|spec| self.primitive(1, spec));
        self.properties(&reference.properties);
        for module in &reference.modules {
            if module.is_part { self.items(module, 1) } else { self.module(module) }
        }
    }

    fn primitive(&mut self, level: usize, spec: &Spec) {
        self.heading(level, signature::called(spec));
        self.code(&signature::signature(spec));
        self.text(&format!("{} *{}*", spec.summary, signature::effect(spec)));
        self.list(signature::listed(spec).iter().map(|param| format!("`{}`: {}", param.name, param.docs.trim())));
        spec.examples.iter().for_each(|example| self.text(&shown(example)));
    }

    fn properties(&mut self, properties: &[&Property]) {
        let row = |property: &&Property| {
            vec![property.family.to_owned(), format!("`.{}`", property.name), property.docs.trim().to_owned()]
        };
        self.table(&["on a", "property", ""], properties.iter().map(row));
    }

    /// Modules of the library, or files.
    pub(super) fn modules(&mut self, modules: &[Module]) {
        for module in modules {
            self.module(module);
        }
    }

    fn module(&mut self, module: &Module) {
        self.heading(2, &module.name);
        self.deprecated(module.deprecated.as_ref());
        self.text(&module.doc);
        let imports: Vec<String> = module.imports.iter().map(|import| format!("`{}`", import.target)).collect();
        if !imports.is_empty() {
            self.text(&format!("Imports {}.", imports.join(", ")));
        }
        self.items(module, 3);
    }

    fn items(&mut self, module: &Module, level: usize) {
        let alias = module.alias.as_ref().map(|alias| format!("{alias}.")).unwrap_or_default();
        module.types.iter().for_each(|it| self.type_alias(level, &alias, it));
        module.calendars.iter().for_each(|it| self.calendar(level, it));
        module.functions.iter().for_each(|it| self.function(level, &alias, it));
        module.workflows.iter().for_each(|it| self.workflow(level, it));
    }

    fn deprecated(&mut self, deprecated: Option<&Deprecation>) {
        if let Some(old) = deprecated {
            self.text(&old.sentence());
        }
    }

    fn type_alias(&mut self, level: usize, alias: &str, it: &TypeAlias) {
        self.heading(level, &format!("{alias}{}", it.name));
        self.code(&format!("type {} = {}", it.name, it.ty));
        self.deprecated(it.deprecated.as_ref());
        self.text(&it.doc);
    }

    fn calendar(&mut self, level: usize, it: &Calendar) {
        self.heading(level, &it.name);
        self.code(&format!("calendar {} = {}", it.name, it.value));
        self.text(&it.doc);
    }

    fn function(&mut self, level: usize, alias: &str, it: &Function) {
        self.heading(level, &format!("{alias}{}", it.name));
        self.code(&it.signature);
        self.deprecated(it.deprecated.as_ref());
        let place = if it.needs_outcome { "; in `failed` and `finally` only" } else { "" };
        self.text(format!("{} *{}*{place}", it.doc, it.effect).trim_start());
        let described = it.parameters.iter().map(|param| (&param.name, described(param)));
        self.list(described.filter(|(_, doc)| !doc.is_empty()).map(|(name, doc)| format!("`{name}`: {doc}")));
    }

    fn workflow(&mut self, level: usize, it: &Workflow) {
        self.heading(level, &it.name);
        self.deprecated(it.deprecated.as_ref());
        self.text(&it.doc);
        let connections = it.connections.iter().map(|used| format!("`{}: {}`", used.name, used.kind));
        let connections: Vec<String> = connections.collect();
        if !connections.is_empty() {
            self.text(&format!("Uses {}.", connections.join(", ")));
        }
        self.table(&["parameter", "type", "default", ""], it.parameters.iter().map(parameter));
        self.table(&["output", "type", ""], it.outputs.iter().map(output));
        let calendar = |it: &Calendar| vec![format!("`{}`", it.name), cell(&it.value), it.doc.clone()];
        self.table(&["calendar", "is", ""], it.calendars.iter().map(calendar));
        if !it.steps.is_empty() {
            self.text("Steps, and what each waits for:");
            self.code(&it.drawing);
        }
    }

    /// Names and first sentences.
    pub(super) fn index(&mut self, reference: &Reference) {
        for (form, title, _) in FORMS {
            self.heading(2, title);
            let of_form = reference.primitives.iter().filter(|spec| spec.form == form);
            self.table(&["name", ""], of_form.map(|spec| entry(signature::called(spec), spec.summary)));
        }
        self.heading(2, "Properties");
        let property = |it: &&Property| entry(&format!("{}.{}", it.family, it.name), it.docs.trim());
        self.table(&["name", ""], reference.properties.iter().map(property));
        for module in &reference.modules {
            self.heading(2, &module.name);
            let alias = module.alias.as_ref().map(|alias| format!("{alias}.")).unwrap_or_default();
            let function = |it: &Function| entry(&format!("{alias}{}", it.name), &summary(it));
            self.table(&["name", ""], module.functions.iter().map(function));
        }
    }
}

fn entry(name: &str, summary: &str) -> Vec<String> {
    vec![format!("`{name}`"), summary.to_owned()]
}

/// What a parameter is, in one line.
fn described(it: &Parameter) -> String {
    let old = it.deprecated.as_ref().map(Deprecation::sentence).unwrap_or_default();
    [old, it.doc.split_whitespace().collect::<Vec<_>>().join(" ")].join(" ").trim().to_owned()
}

/// What a function is, in a sentence.
fn summary(it: &Function) -> String {
    match &it.deprecated {
        Some(old) => old.sentence(),
        None => first_sentence(&it.doc).to_owned(),
    }
}

/// Up to the first full stop with a space behind it.
fn first_sentence(doc: &str) -> &str {
    doc.match_indices(". ").chain(doc.match_indices(".\n")).map(|(at, _)| at).min().map_or(doc, |at| &doc[..=at])
}

fn shown(example: &Example) -> String {
    let gives = if example.gives.is_empty() { String::new() } else { format!(" gives `{}`", example.gives) };
    format!("Example: `{}`{gives}", example.source)
}

fn parameter(it: &Parameter) -> Vec<String> {
    let default = it.default.as_ref().map_or_else(|| "–".to_owned(), |default| cell(default));
    vec![
        format!("`{}`", it.name),
        cell(&it.ty),
        default,
        [plain(&described(it)), requirement(it)].join(" ").trim().to_owned(),
    ]
}

/// `Must hold: lookback <= 400d ("at most 400 days").`
fn requirement(it: &Parameter) -> String {
    let Some(require) = &it.require else { return String::new() };
    let message = it.message.as_ref().map(|message| format!(" ({})", plain(message))).unwrap_or_default();
    format!("Must hold: {}{message}.", cell(require))
}

fn output(it: &Output) -> Vec<String> {
    vec![format!("`{}`", it.name), cell(&it.ty), plain(&it.doc)]
}

/// Code in a cell: a bar would end the cell.
fn cell(code: &str) -> String {
    format!("`{}`", plain(code))
}

/// Text in a cell, on one line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

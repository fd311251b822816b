//! From a name to what it means: the ways in which somebody may ask for a thing that has documentation.

use super::module::Module;
use super::{Reference, signature};
use crate::diagnostic::closest;
use crate::primitive::{Form, Property, Spec, registry};

/// Why there is nothing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// The name that was probably meant.
    pub near: Option<String>,
}

/// What `name` means: a primitive by its name (`sum`, `metrics.write`), on any value (`vm.write`) or by its family
/// (`metrics`), a property (`list.count`), a module (`std.status`) or something in one (`status.publish`).
pub fn find(library: &[Module], name: &str) -> Result<Reference, NotFound> {
    let mut found = by_name(library, name);
    if found.is_empty() {
        found = on_any_value(library, name);
    }
    if found.is_empty() { Err(NotFound { near: near(library, name) }) } else { Ok(found) }
}

fn by_name(library: &[Module], name: &str) -> Reference {
    let is_meant = |spec: &&Spec| name == spec.name || name == spec.verb() || name == spec.family();
    let is_read = |property: &&Property| {
        name == property.family || name == property.name || name == format!("{}.{}", property.family, property.name)
    };
    let all = Reference::of_primitives();
    Reference {
        primitives: all.primitives.into_iter().filter(is_meant).collect(),
        properties: all.properties.into_iter().filter(is_read).collect(),
        modules: library.iter().filter_map(|module| in_module(module, name)).collect(),
    }
}

/// The module, or the part of it that has the name.
fn in_module(module: &Module, name: &str) -> Option<Module> {
    let name = name.strip_prefix("std.").unwrap_or(name);
    if module.name.strip_prefix("std.") == Some(name) {
        return Some(module.clone());
    }
    let inner = match &module.alias {
        Some(alias) => name.strip_prefix(&**alias)?.strip_prefix('.')?,
        None => name.strip_prefix("prelude.").unwrap_or(name),
    };
    part(module, inner)
}

/// What has this name in a module.
pub fn part(module: &Module, inner: &str) -> Option<Module> {
    let part = Module {
        is_part: true,
        doc: String::new(),
        imports: Vec::new(),
        types: module.types.iter().filter(|alias| alias.name == inner).cloned().collect(),
        calendars: module.calendars.iter().filter(|calendar| calendar.name == inner).cloned().collect(),
        functions: module.functions.iter().filter(|function| function.name == inner).cloned().collect(),
        workflows: module.workflows.iter().filter(|workflow| workflow.name == inner).cloned().collect(),
        ..module.clone()
    };
    let is_empty =
        part.types.is_empty() && part.calendars.is_empty() && part.functions.is_empty() && part.workflows.is_empty();
    (!is_empty).then_some(part)
}

/// `vm.write`: what is called so on a value, whatever the value is called. Behind a family or a module a name that
/// is not there is a mistake.
fn on_any_value(library: &[Module], name: &str) -> Reference {
    let Some((of, verb)) = name.rsplit_once('.') else { return Reference::default() };
    let is_family = registry::all().any(|spec| spec.family() == of) || registry::properties().any(|p| p.family == of);
    if is_family || of == "std" || library.iter().any(|module| module.alias.as_deref() == Some(of)) {
        return Reference::default();
    }
    let mut found = by_name(&[], verb);
    found.primitives.retain(|spec| spec.form == Form::Method && spec.verb() == verb);
    found.properties.retain(|property| property.name == verb);
    found
}

fn near(library: &[Module], name: &str) -> Option<String> {
    let mut names: Vec<String> = registry::all().map(|spec| signature::called(spec).to_owned()).collect();
    names.extend(registry::properties().map(|property| format!("{}.{}", property.family, property.name)));
    for module in library {
        let inner = module.functions.iter().map(|function| &function.name);
        let inner = inner.chain(module.types.iter().map(|alias| &alias.name));
        names.extend(inner.map(|inner| match &module.alias {
            Some(alias) => format!("{alias}.{inner}"),
            None => inner.clone(),
        }));
        names.push(module.name.clone());
    }
    if let Some((of, _)) = name.rsplit_once('.') {
        let methods = registry::all().filter(|spec| spec.form == Form::Method);
        names.extend(methods.map(|spec| format!("{of}.{}", spec.verb())));
    }
    closest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

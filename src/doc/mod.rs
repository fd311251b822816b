//! Documentation: of what is built in, of the standard library, of workflow files.
//!
//! It is read off the declarations and never written by hand. [`Reference`] is the plain data, [`find()`] picks from
//! it by name, [`Page`] is what can be asked for, as Markdown or as JSON. `vmflow doc`, `docs/primitives.md`,
//! `docs/stdlib.md` and `docs/workflows.md` are all this.

mod find;
mod json;
mod markdown;
mod module;
mod page;
mod read;
mod signature;

pub use find::{NotFound, find, part};
pub use json::json;
pub use module::{Calendar, Connection, Function, Import, Kind, Module, Output, Parameter, Step, TypeAlias, Workflow};
pub use page::{Page, index};
pub use read::{library, module};

use crate::primitive::{Property, Spec, registry};

/// A part of what can be documented.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Primitives, in the order of the page.
    pub primitives: Vec<&'static Spec>,
    /// Properties of values, by family and name.
    pub properties: Vec<&'static Property>,
    /// Modules of the standard library, and files.
    pub modules: Vec<Module>,
}

impl Reference {
    /// All primitives and properties.
    pub fn of_primitives() -> Self {
        let mut primitives: Vec<&Spec> = registry::all().collect();
        primitives.sort_by_key(|spec| (spec.form as u8, signature::section(spec), spec.verb()));
        let mut properties: Vec<&Property> = registry::properties().collect();
        properties.sort_by_key(|property| (property.family, property.name));
        Self { primitives, properties, modules: Vec::new() }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.primitives.is_empty() && self.properties.is_empty() && self.modules.is_empty()
    }

    /// Adds another part.
    pub fn extend(&mut self, more: Self) {
        self.primitives.extend(more.primitives);
        self.properties.extend(more.properties);
        self.modules.extend(more.modules);
    }
}

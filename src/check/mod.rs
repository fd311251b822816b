//! From syntax trees to a typed program: names, types, effects.
//!
//! [`modules::load`] parses the files that were asked for and what they import; [`check`] finds
//! everything that can be found before a run and gives the [`Program`] that `plan/` and `run/`
//! work with. A program with an error finding must not run.

mod block;
mod call;
mod cast;
mod clause;
mod collection;
mod expression;
mod function;
mod mismatch;
pub mod modules;
mod narrow;
mod operator;
mod order;
pub mod program;
mod query;
mod scope;
mod types;
mod uses;
mod workflow;

use std::collections::HashMap;
use std::sync::Arc;

pub use program::Program;

use crate::diagnostic::{self, Diagnostic};
use crate::value::Type;
use modules::{ModuleId, Modules};
use program::{Function, FunctionId};

/// What is known of the connections that workflows will run with, by their names.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Connections to the embedded store, which knows a subset of PromQL only.
    pub embedded: Vec<Arc<str>>,
}

/// Checks all modules. The findings are in order of place.
pub fn check(modules: &Modules, surroundings: &Surroundings) -> (Program, Vec<Diagnostic>) {
    let mut checker = Checker::new(modules, surroundings);
    checker.functions();
    checker.workflows();
    diagnostic::sort(&mut checker.diagnostics);
    (checker.program, checker.diagnostics)
}

/// A function's name, found in a module.
#[derive(Debug, Clone)]
struct Signature {
    id: FunctionId,
    /// Whether a write in it is not safe to repeat.
    is_unsafe_to_repeat: bool,
}

struct Checker<'a> {
    modules: &'a Modules,
    surroundings: &'a Surroundings,
    diagnostics: Vec<Diagnostic>,
    program: Program,
    signatures: HashMap<(ModuleId, Arc<str>), Signature>,
    types: HashMap<(ModuleId, Arc<str>), Type>,
    used_imports: Vec<(ModuleId, Arc<str>)>,
}

impl<'a> Checker<'a> {
    fn new(modules: &'a Modules, surroundings: &'a Surroundings) -> Self {
        let mut checker = Self {
            modules,
            surroundings,
            diagnostics: Vec::new(),
            program: Program::default(),
            signatures: HashMap::new(),
            types: HashMap::new(),
            used_imports: Vec::new(),
        };
        checker.type_definitions();
        checker
    }

    fn report(&mut self, finding: Diagnostic) {
        self.diagnostics.push(finding);
    }

    fn function(&self, id: FunctionId) -> Option<&Arc<Function>> {
        self.program.functions.get(id.0)
    }
}

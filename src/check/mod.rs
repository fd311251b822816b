//! From syntax trees to a typed program: names, types, effects.
//!
//! [`modules::load`] parses the files that were asked for and what they import; [`check`] finds
//! everything that can be found before a run and gives the [`Program`] that `plan/` and `run/`
//! work with. A program with an error finding must not run.

mod after;
mod ahead;
mod arguments;
mod block;
mod braces;
mod call;
mod cast;
mod clause;
mod collection;
mod columns;
mod consequences;
mod deprecation;
mod expression;
mod external;
mod fit;
mod flow;
mod foreign;
mod formula;
mod function;
mod given;
mod inner;
mod labels;
mod lint;
mod local;
mod lookup;
pub mod metrics_queries;
mod mismatch;
pub mod modules;
mod narrow;
mod operator;
mod order;
pub mod program;
mod query;
mod quoted;
mod scope;
mod statement;
mod suggest;
mod suppress;
mod surroundings;
pub mod test;
mod types;
mod unify;
mod uses;
pub(crate) mod walk;
mod workflow;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ahead::Ahead;
pub use deprecation::Deprecation;
pub use formula::check_formula;
use given::Given;
pub use program::Program;
pub use surroundings::{ConnectionFacts, Schemas, Store, Surroundings};

use crate::diagnostic::{self, Diagnostic};
use crate::query::sql::Meaning;
use crate::source::{SourceId, Span};
use crate::value::Type;
use modules::{ModuleId, Modules};
use program::{Function, FunctionId, Workflow};
use suggest::Suggestions;
use test::Homes;

/// Checks all modules. The findings are in order of place.
pub fn check(modules: &Modules, surroundings: &Surroundings) -> (Program, Vec<Diagnostic>) {
    let mut checker = Checker::new(modules, surroundings);
    checker.functions();
    checker.workflows();
    checker.lints();
    let findings = consequences::left_out(modules, checker.diagnostics, checker.warnings);
    let mut findings = suppress::apply(modules, findings);
    diagnostic::sort(&mut findings);
    (checker.program, findings)
}

/// How much stack a thread has that checks: nesting is bounded by the parser, this leaves room to spare.
const STACK: usize = 64 << 20;

#[derive(Clone)]
struct Checker<'a> {
    modules: &'a Modules,
    surroundings: &'a Surroundings,
    diagnostics: Vec<Diagnostic>,
    /// What looks odd and is told of files without errors only.
    warnings: Vec<Diagnostic>,
    program: Program,
    /// Each module's functions by name.
    signatures: HashMap<ModuleId, HashMap<Arc<str>, FunctionId>>,
    /// The functions with a write in them that is not safe to repeat.
    unsafe_to_repeat: HashSet<FunctionId>,
    /// Functions that call themselves: nothing is known of them.
    without_meaning: HashSet<FunctionId>,
    types: HashMap<(ModuleId, Arc<str>), Type>,
    /// The types that others should stop using, with the places of their names.
    old_types: HashMap<(ModuleId, Arc<str>), (Deprecation, Span)>,
    type_sizes: HashMap<(ModuleId, Arc<str>), types::Size>,
    /// Whether what is being checked should not be used itself.
    is_inside_old: bool,
    used_imports: HashSet<(ModuleId, Arc<str>)>,
    /// The modules of the library that a file uses without their import, each told once.
    missed_imports: HashSet<(ModuleId, Arc<str>)>,
    /// The connections that a workflow does not name, each told once.
    missed_connections: HashSet<Arc<str>>,
    suggestions: Suggestions,
    /// What each file puts into its texts itself.
    filled_in: HashMap<SourceId, HashSet<String>>,
    /// The workflows that were checked.
    known_workflows: HashMap<(ModuleId, Arc<str>), Arc<Workflow>>,
    homes: Homes,
    /// The connection whose call is being read, when it is one that reads PromQL.
    promql_reader: Option<Arc<str>>,
    /// What the inner blocks of modules bind, once somebody missed a name.
    inner_names: HashMap<ModuleId, inner::InnerNames>,
    /// Where the loops stand that yield nothing although they have a name, until one was told.
    without_yield: Vec<Span>,
    /// Whether one was told: whatever else is `none` then says no more.
    has_told_yield: bool,
    /// What the SQL literals mean, by their places.
    meanings: HashMap<Span, Meaning>,
    /// Words that stand where some file makes or changes a table.
    definitions: HashSet<String>,
    /// The connections that steps are given.
    given: Arc<Given>,
    /// The queries that another thread reads meanwhile.
    ahead: Option<Arc<Ahead>>,
    /// Where the parameter stands that a name in the text means.
    declared: HashMap<Span, Span>,
}

impl<'a> Checker<'a> {
    fn new(modules: &'a Modules, surroundings: &'a Surroundings) -> Self {
        let mut checker = Self {
            modules,
            surroundings,
            diagnostics: Vec::new(),
            warnings: Vec::new(),
            program: Program::default(),
            signatures: HashMap::new(),
            unsafe_to_repeat: HashSet::new(),
            without_meaning: HashSet::new(),
            types: HashMap::new(),
            old_types: HashMap::new(),
            type_sizes: HashMap::new(),
            is_inside_old: false,
            used_imports: HashSet::new(),
            missed_imports: HashSet::new(),
            missed_connections: HashSet::new(),
            suggestions: Suggestions::default(),
            filled_in: HashMap::new(),
            known_workflows: HashMap::new(),
            homes: Homes::default(),
            promql_reader: None,
            inner_names: HashMap::new(),
            without_yield: Vec::new(),
            has_told_yield: false,
            meanings: HashMap::new(),
            definitions: statement::definitions(modules),
            given: Arc::new(Given::of(modules)),
            ahead: None,
            declared: HashMap::new(),
        };
        checker.homes.are_kept = modules.have_tests();
        checker.type_definitions();
        checker
    }

    fn report(&mut self, finding: Diagnostic) {
        self.diagnostics.push(finding);
    }

    /// Reports what means something only in a file without errors.
    fn warn(&mut self, finding: Diagnostic) {
        self.warnings.push(finding);
    }

    fn function(&self, id: FunctionId) -> Option<&Arc<Function>> {
        self.program.functions.get(id.0)
    }
}

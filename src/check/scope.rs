//! What a name means where it stands.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::after::After;
use super::modules::ModuleId;
use super::narrow::{self, Fact};
use super::program;
use super::suggest::Candidate;
use crate::query::sql::SqlDialect;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::value::{ConnectionKind, RecordType, Type};

/// What kind of thing a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Step,
    Param,
    Connection,
    Calendar,
    Item,
}

/// A name of a block.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) slot: usize,
    pub(super) ty: Type,
    pub(super) span: Span,
    pub(super) role: Role,
    pub(super) is_used: bool,
}

impl Binding {
    /// The place of the name alone; a parameter's span covers its type too.
    pub(super) fn name_span(&self, name: &str) -> Span {
        self.span.slice(0, name.len())
    }
}

/// The names of one block.
#[derive(Debug, Default, Clone)]
pub(super) struct BlockScope {
    pub(super) names: IndexMap<Arc<str>, Binding>,
    /// `failed` and `finally`: outer steps may not have run.
    pub(super) is_outcome: bool,
    /// The slots that the statement being checked has looked at.
    pub(super) touched: BTreeSet<usize>,
    /// The `require`s above it that it relies on, by their statements.
    pub(super) relied_on: BTreeSet<usize>,
    /// The steps that it names in `after:`.
    pub(super) after: Vec<After>,
    /// Its calendars, in order.
    pub(super) calendars: Vec<Arc<str>>,
}

/// A name bound inside one expression.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) name: Arc<str>,
    pub(super) ty: Type,
    pub(super) span: Span,
    /// Whether it is a parameter of a `fn`.
    pub(super) is_param: bool,
}

/// A connection, by the block that names it and its slot there.
pub(super) type ConnectionKey = (usize, usize);

/// What the statement being checked does, gathered on the way.
#[derive(Debug, Default, Clone)]
pub(super) struct Footprint {
    /// Connections that are written through.
    pub(super) written: BTreeSet<ConnectionKey>,
    /// Connections that are used at all.
    pub(super) connections: BTreeSet<ConnectionKey>,
    /// Whether some write in it is not safe to repeat.
    pub(super) is_unsafe_to_repeat: bool,
    /// Whether it looks at the run's outcome.
    pub(super) needs_outcome: bool,
}

impl Footprint {
    pub(super) fn absorb(&mut self, inner: Self) {
        self.written.extend(inner.written);
        self.connections.extend(inner.connections);
        self.is_unsafe_to_repeat |= inner.is_unsafe_to_repeat;
        self.needs_outcome |= inner.needs_outcome;
    }
}

/// The connection that a statement is for.
#[derive(Debug, Clone)]
pub(super) struct Queried {
    /// Its name in the environment, where it has one: a function's parameter may be any connection.
    pub(super) name: Option<Arc<str>>,
    /// What it speaks, where that is known.
    pub(super) dialect: Option<SqlDialect>,
    /// Whether there is none, and the tables are values.
    pub(super) is_local: bool,
}

/// Where the checker stands.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) module: ModuleId,
    pub(super) blocks: Vec<BlockScope>,
    pub(super) locals: Vec<Local>,
    /// What is known not to be `none` here; the innermost condition last.
    pub(super) narrowed: Vec<Fact>,
    /// The `do` that stands before the next call.
    pub(super) do_span: Option<Span>,
    /// The call that is a step's whole action.
    pub(super) action: Option<Span>,
    /// The expression whose type a cast states.
    pub(super) stated: Option<Span>,
    /// The name of the step being checked.
    pub(super) step: Option<Arc<str>>,
    /// The connections that the parameters of the step being checked are.
    pub(super) given: HashMap<Arc<str>, Arc<str>>,
    /// The SQL literal that a connection is given, and the connection.
    pub(super) queried: Option<(Span, Queried)>,
    /// The rows that the statement being checked runs for: their fields are names in it.
    pub(super) row: Option<Arc<RecordType>>,
    /// Whether the run's outcome may be looked at.
    pub(super) knows_outcome: bool,
    /// In a test, the block that holds the record of all writes.
    pub(super) record: Option<usize>,
    /// Whether the run has failed, so that there is an error to look at.
    pub(super) has_failed: bool,
    pub(super) footprint: Footprint,
}

/// What a name was found to be.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Slot { up: usize, slot: usize, ty: Type, param: Option<Span> },
    Local { index: usize, ty: Type, param: Option<Span> },
}

impl Scope {
    pub(super) fn new(module: ModuleId) -> Self {
        Self {
            module,
            blocks: Vec::new(),
            locals: Vec::new(),
            narrowed: Vec::new(),
            do_span: None,
            action: None,
            stated: None,
            step: None,
            given: HashMap::new(),
            queried: None,
            row: None,
            knows_outcome: false,
            record: None,
            has_failed: false,
            footprint: Footprint::default(),
        }
    }

    /// Finds a name and notes that it is used.
    pub(super) fn find(&mut self, name: &str) -> Option<Found> {
        if let Some(index) = self.locals.iter().rposition(|local| &*local.name == name) {
            return self.locals.get(index).map(|local| Found::Local {
                index,
                ty: local.ty.clone(),
                param: local.is_param.then_some(local.span),
            });
        }
        let mut blocks = self.blocks.iter().enumerate().rev();
        let (level, place) = blocks.find_map(|(level, block)| Some((level, block.names.get_index_of(name)?)))?;
        let may_be_missing = self.blocks.iter().skip(level + 1).any(|block| block.is_outcome);
        let up = self.blocks.len() - 1 - level;
        let block = self.blocks.get_mut(level)?;
        let (_, binding) = block.names.get_index_mut(place)?;
        binding.is_used = true;
        block.touched.insert(binding.slot);
        if matches!(binding.ty, Type::Connection(_)) {
            self.footprint.connections.insert((level, binding.slot));
        }
        let is_step = binding.role == Role::Step;
        let ty = if may_be_missing && is_step { binding.ty.clone().optional() } else { binding.ty.clone() };
        let param = (binding.role == Role::Param).then_some(binding.span);
        Some(Found::Slot { up, slot: binding.slot, ty, param })
    }

    /// The name in the environment of the connection that an expression names, where that is known.
    pub(super) fn connection(&self, receiver: &program::Expr) -> Option<&Arc<str>> {
        let program::ExprKind::Slot { up, index } = receiver.kind else { return None };
        let block = self.blocks.len().checked_sub(1 + up).and_then(|level| self.blocks.get(level))?;
        let (name, binding) = block.names.get_index(index)?;
        match binding.role {
            Role::Connection => Some(name),
            Role::Param => self.given.get(name),
            _ => None,
        }
    }

    /// The names of the connections in scope whose methods are those of `kind`.
    pub(super) fn connections(&self, kind: ConnectionKind) -> Vec<Arc<str>> {
        let names = self.blocks.iter().flat_map(|block| &block.names);
        let fits = |ty: &Type| matches!(ty, Type::Connection(own) if own.family() == kind.family());
        names.filter(|(_, binding)| fits(&binding.ty)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether a condition says that an expression is not `none`; notes the `require` that says it.
    pub(super) fn has_value(&mut self, expr: &Expr) -> bool {
        if self.narrowed.is_empty() {
            return false;
        }
        let Some(path) = narrow::path(expr) else { return false };
        let Some(fact) = self.narrowed.iter().rev().find(|fact| fact.path == path) else { return false };
        if let Some((level, statement)) = fact.guard
            && let Some(block) = self.blocks.get_mut(level)
        {
            block.relied_on.insert(statement);
        }
        true
    }

    /// Where a name was bound before, if it was.
    pub(super) fn bound_at(&self, name: &str) -> Option<Span> {
        let local = self.locals.iter().rev().find(|local| &*local.name == name).map(|local| local.span);
        let binding = || self.blocks.iter().rev().find_map(|block| block.names.get(name));
        local.map(|span| span.slice(0, name.len())).or_else(|| binding().map(|binding| binding.name_span(name)))
    }

    /// The type of what a name stands for, which is not used by that. The step that is being checked has none yet.
    pub(super) fn type_of(&self, name: &str) -> Option<&Type> {
        let local = self.locals.iter().rev().find(|local| &*local.name == name).map(|local| &local.ty);
        let bound = || self.blocks.iter().rev().find_map(|block| block.names.get(name)).map(|binding| &binding.ty);
        local.or_else(bound).filter(|_| self.step.as_deref() != Some(name))
    }

    /// Notes that a name was meant to be used where its value is not: nothing waits for it.
    pub(super) fn mark_meant(&mut self, name: &str) {
        if let Some(binding) = self.blocks.iter_mut().rev().find_map(|block| block.names.get_mut(name)) {
            binding.is_used = true;
        }
    }

    /// Every name in scope, the nearest first; without that of the step that is being checked, which is no value in itself.
    pub(super) fn names(&self) -> impl Iterator<Item = Candidate<'_>> {
        let locals = self.locals.iter().rev().map(|local| Candidate { name: &local.name, ty: Some(&local.ty) });
        let blocks = self.blocks.iter().rev().flat_map(|block| &block.names);
        let others = blocks.filter(|(name, _)| Some(*name) != self.step.as_ref());
        locals.chain(others.map(|(name, binding)| Candidate { name, ty: Some(&binding.ty) }))
    }

    /// The declared calendars in scope, by name. A step whose value is a calendar is none of them:
    /// what `+ 3bd` means must be seen without working out the steps' types.
    pub(super) fn calendars(&self) -> Vec<Arc<str>> {
        let locals = self.locals.iter().filter(|local| local.ty == Type::Calendar).map(|local| &local.name);
        self.blocks.iter().flat_map(|block| &block.calendars).chain(locals).cloned().collect()
    }

    /// Adds a name to the innermost block and gives its slot. A second binding of a name keeps its own slot.
    pub(super) fn bind(&mut self, name: &Arc<str>, span: Span, ty: Type, role: Role) -> usize {
        let Some(block) = self.blocks.last_mut() else { return 0 };
        let slot = block.names.len();
        if ty == Type::Calendar {
            block.calendars.push(name.clone());
        }
        block.names.insert(name.clone(), Binding { slot, ty, span, role, is_used: false });
        slot
    }

    /// States the type of a name that was bound before its type was known.
    pub(super) fn set_type(&mut self, name: &str, ty: Type) {
        if let Some(binding) = self.blocks.last_mut().and_then(|block| block.names.get_mut(name)) {
            binding.ty = ty;
        }
    }
}

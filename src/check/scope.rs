//! What a name means where it stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::modules::ModuleId;
use crate::source::Span;
use crate::value::Type;

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

/// The names of one block.
#[derive(Debug, Default)]
pub(super) struct BlockScope {
    pub(super) names: IndexMap<Arc<str>, Binding>,
    /// `failed` and `finally`: outer steps may not have run.
    pub(super) is_outcome: bool,
    /// The slots that the statement being checked has looked at.
    pub(super) touched: BTreeSet<usize>,
}

/// A name bound inside one expression.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) name: Arc<str>,
    pub(super) ty: Type,
    pub(super) span: Span,
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

/// Where the checker stands.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) module: ModuleId,
    pub(super) blocks: Vec<BlockScope>,
    pub(super) locals: Vec<Local>,
    /// Paths that are known not to be `none` here.
    pub(super) narrowed: Vec<String>,
    /// The next call is the one that `do` stands before.
    pub(super) is_do: bool,
    /// Whether the run's outcome may be looked at.
    pub(super) knows_outcome: bool,
    pub(super) footprint: Footprint,
}

/// What a name was found to be.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Slot { up: usize, slot: usize, ty: Type },
    Local { index: usize, ty: Type },
}

impl Scope {
    pub(super) fn new(module: ModuleId) -> Self {
        Self {
            module,
            blocks: Vec::new(),
            locals: Vec::new(),
            narrowed: Vec::new(),
            is_do: false,
            knows_outcome: false,
            footprint: Footprint::default(),
        }
    }

    /// Finds a name and notes that it is used.
    pub(super) fn find(&mut self, name: &str) -> Option<Found> {
        if let Some(index) = self.locals.iter().rposition(|local| &*local.name == name) {
            return self.locals.get(index).map(|local| Found::Local { index, ty: local.ty.clone() });
        }
        let level = self.blocks.iter().rposition(|block| block.names.contains_key(name))?;
        let may_be_missing = self.blocks.iter().skip(level + 1).any(|block| block.is_outcome);
        let up = self.blocks.len() - 1 - level;
        let block = self.blocks.get_mut(level)?;
        let binding = block.names.get_mut(name)?;
        binding.is_used = true;
        block.touched.insert(binding.slot);
        if matches!(binding.ty, Type::Connection(_)) {
            self.footprint.connections.insert((level, binding.slot));
        }
        let is_step = binding.role == Role::Step;
        let ty = if may_be_missing && is_step { binding.ty.clone().optional() } else { binding.ty.clone() };
        Some(Found::Slot { up, slot: binding.slot, ty })
    }

    /// Where a name was bound before, if it was.
    pub(super) fn bound_at(&self, name: &str) -> Option<Span> {
        let local = self.locals.iter().rev().find(|local| &*local.name == name).map(|local| local.span);
        local.or_else(|| self.blocks.iter().rev().find_map(|block| block.names.get(name)).map(|binding| binding.span))
    }

    /// Every name in scope.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let blocks = self.blocks.iter().flat_map(|block| block.names.keys());
        self.locals.iter().map(|local| &local.name).chain(blocks).map(|name| &**name)
    }

    /// The calendars in scope, by name.
    pub(super) fn calendars(&self) -> Vec<Arc<str>> {
        let is_calendar = |binding: &Binding| binding.ty == Type::Calendar;
        let blocks = self.blocks.iter().flat_map(|block| block.names.iter());
        let slots = blocks.filter(|(_, binding)| is_calendar(binding)).map(|(name, _)| name.clone());
        let locals = self.locals.iter().filter(|local| local.ty == Type::Calendar).map(|local| local.name.clone());
        slots.chain(locals).collect()
    }

    /// Adds a name to the innermost block and gives its slot. A second binding of a name keeps its own slot.
    pub(super) fn bind(&mut self, name: &Arc<str>, span: Span, ty: Type, role: Role) -> usize {
        let Some(block) = self.blocks.last_mut() else { return 0 };
        let slot = block.names.len();
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

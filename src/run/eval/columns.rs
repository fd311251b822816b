//! Comprehensions by columns: the values of an expression for all items of the innermost loop at once.
//!
//! What does not look at the item is evaluated once, a field of it is its column, and a call of a primitive that takes
//! columns gets those of its arguments. What looks at few different values is evaluated once for each. Whatever is none
//! of these goes item by item, and so does all of it when something goes wrong: errors come as if there were no columns.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Locals;
use super::apply::operands;
use super::pure::{Env, eval};
use crate::check::program::{Comprehension, Expr, ExprKind};
use crate::operation::truth;
use crate::primitive::{Columns, Spec};
use crate::run::fault::{Fault, Ran};
use crate::value::{Column, Operand, Sequence, row_codes};

/// Fewer items are not worth asking how often their values come again.
const MANY: usize = 32;

/// How many items show whether values come again.
const SHOWN: usize = 256;

/// How the values of an expression for all items come about.
enum Way<'e> {
    /// It does not look at the item.
    Once,
    /// A field of the item.
    Field(&'e str),
    /// A call of a primitive that takes columns.
    Call(Columns, Vec<Option<Part<'e>>>),
    /// It looks at these fields of the item and no others.
    Fields(BTreeSet<&'e str>),
    /// It is the item.
    Whole,
    /// It looks at the item.
    Item,
}

/// An expression that is evaluated for each item.
struct Part<'e> {
    expr: &'e Expr,
    way: Way<'e>,
}

/// What a comprehension makes of the items of its innermost loop.
pub(super) struct Columnwise<'e> {
    item: usize,
    filter: Option<Part<'e>>,
    parts: Vec<Part<'e>>,
}

impl<'e> Columnwise<'e> {
    /// Of a comprehension that makes these of an item; `None` when nothing is gained.
    pub(super) fn of(comprehension: &'e Comprehension, made: &'e [Expr]) -> Option<Self> {
        let item = comprehension.loops.last().filter(|innermost| innermost.second.is_none())?.first;
        let parts: Vec<Part> = made.iter().map(|expr| Part::of(expr, item)).collect();
        let filter = comprehension.filter.as_deref().map(|filter| Part::of(filter, item));
        let is_gain = parts.iter().any(|part| !matches!(part.way, Way::Item));
        is_gain.then_some(Self { item, filter, parts })
    }

    /// Adds what is made of the items to a column for each; `None`, and adds nothing, when they are to be taken one by
    /// one. Gives how many items passed the filter.
    pub(super) fn add<'c>(
        &self,
        items: &Sequence,
        env: Env<'_>,
        locals: &mut Locals,
        columns: impl Iterator<Item = &'c mut Column>,
    ) -> Option<usize> {
        if items.is_empty() {
            return Some(0);
        }
        let passing = match &self.filter {
            Some(filter) => Cow::Owned(items.pick(&filter.holds(items, self.item, env, locals).ok()?)),
            None => Cow::Borrowed(items),
        };
        if passing.is_empty() {
            return Some(0);
        }
        let values = self.parts.iter().map(|part| part.values(&passing, self.item, env, locals));
        let values: Vec<Operand> = values.collect::<Ran<_>>().ok()?;
        for (column, values) in columns.zip(values) {
            values.add_to(column, passing.len());
        }
        Some(passing.len())
    }
}

impl<'e> Part<'e> {
    fn of(expr: &'e Expr, item: usize) -> Self {
        let mut looks = Looks { item, fields: BTreeSet::new(), is_whole: false };
        looks.at(expr);
        let way = match &expr.kind {
            _ if !looks.is_whole && looks.fields.is_empty() => Way::Once,
            ExprKind::Field { of, name, .. } if matches!(of.kind, ExprKind::Local(local) if local == item) => {
                Way::Field(name)
            }
            ExprKind::Local(_) => Way::Whole,
            ExprKind::Primitive(Spec { columns: Some(columns), .. }, arguments) => {
                let part = |argument: &'e Option<Expr>| argument.as_ref().map(|expr| Self::of(expr, item));
                Way::Call(*columns, arguments.iter().map(part).collect())
            }
            _ if looks.is_whole => Way::Item,
            _ => Way::Fields(looks.fields),
        };
        Self { expr, way }
    }

    fn values<'c>(&self, items: &'c Sequence, item: usize, env: Env<'_>, locals: &mut Locals) -> Ran<Operand<'c>> {
        let found = match &self.way {
            Way::Once => Some(Operand::One(eval(self.expr, env, locals)?)),
            Way::Field(name) => items.column(name).map(Operand::Each),
            Way::Call(columns, arguments) => {
                let mut operands = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let values = argument.as_ref().map(|argument| argument.values(items, item, env, locals));
                    operands.push(values.transpose()?);
                }
                columns(&operands, items.len()).map(|made| Operand::Each(Cow::Owned(made)))
            }
            Way::Fields(names) => self.few(names, items, item, env, locals)?,
            Way::Whole => Some(Operand::Each(Cow::Owned(items.to_column()))),
            Way::Item => None,
        };
        match found {
            Some(found) => Ok(found),
            None => self.each(items, item, env, locals),
        }
    }

    /// Evaluates it once for each different combination of the values that it looks at, where these come again.
    fn few<'c>(
        &self,
        names: &BTreeSet<&str>,
        items: &Sequence,
        item: usize,
        env: Env<'_>,
        locals: &mut Locals,
    ) -> Ran<Option<Operand<'c>>> {
        let columns: Option<Vec<Cow<Column>>> = names.iter().map(|name| items.column(name)).collect();
        let Some(columns) = columns.filter(|columns| items.len() >= MANY && comes_again(columns)) else {
            return Ok(None);
        };
        let places = row_codes(columns.iter().map(|column| &**column), items.len());
        let mut values = Vec::new();
        for (at, place) in places.iter().enumerate() {
            if *place as usize == values.len() {
                locals.set_item(item, items, at);
                values.push(eval(self.expr, env, locals)?);
            }
        }
        Ok(Some(Operand::Few(places, values)))
    }

    fn each<'c>(&self, items: &Sequence, item: usize, env: Env<'_>, locals: &mut Locals) -> Ran<Operand<'c>> {
        let mut column = Column::default();
        for at in 0..items.len() {
            locals.set_item(item, items, at);
            column.push(eval(self.expr, env, locals)?);
        }
        Ok(Operand::Each(Cow::Owned(column)))
    }

    /// The places of the items for which it is true.
    fn holds(&self, items: &Sequence, item: usize, env: Env<'_>, locals: &mut Locals) -> Ran<Vec<usize>> {
        let mut column = Column::default();
        self.values(items, item, env, locals)?.add_to(&mut column, items.len());
        let mut passing = Vec::new();
        for (at, value) in column.iter().enumerate() {
            if truth(&value).map_err(|error| Fault::at(error, self.expr.span))? {
                passing.push(at);
            }
        }
        Ok(passing)
    }
}

/// Whether the first rows show that there are fewer combinations of values than rows. Only where equal values are the
/// same to every expression.
fn comes_again(columns: &[Cow<Column>]) -> bool {
    if !columns.iter().all(|column| column.tells_apart()) {
        return false;
    }
    let shown: Vec<Column> = columns.iter().map(|column| column.slice(0..SHOWN)).collect();
    let rows = shown.first().map_or(0, Column::len);
    // Numbers go up as they first come.
    let different = row_codes(&shown, rows).into_iter().max().map_or(0, |last| last as usize + 1);
    different <= rows / 2
}

/// What an expression looks at of the item.
struct Looks<'e> {
    item: usize,
    fields: BTreeSet<&'e str>,
    is_whole: bool,
}

impl<'e> Looks<'e> {
    fn at(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Local(local) => self.is_whole |= *local == self.item,
            ExprKind::Field { of, name, .. } if matches!(of.kind, ExprKind::Local(local) if local == self.item) => {
                self.fields.insert(name);
            }
            ExprKind::If(condition, then, otherwise) => {
                for expr in [condition, then, otherwise] {
                    self.at(expr);
                }
            }
            ExprKind::ListComprehension(made, inner) => {
                self.at(made);
                self.within(inner);
            }
            ExprKind::MapComprehension(pair, inner) => {
                self.at(&pair.0);
                self.at(&pair.1);
                self.within(inner);
            }
            _ => operands(expr).into_iter().for_each(|operand| self.at(operand)),
        }
    }

    fn within(&mut self, inner: &'e Comprehension) {
        for expr in inner.loops.iter().map(|one| &one.over).chain(inner.filter.as_deref()) {
            self.at(expr);
        }
    }
}

#[cfg(test)]
mod tests;

//! Which items of what an expression looks at led to its value, or to some of its items.
//!
//! Comprehensions are walked once more with the values on record, and it is kept at which places. A primitive that gives rows
//! which it was given (`first`, `sort_by`, `group`, a join) is followed by the rows themselves: one that it gave is the one
//! that is equal, or whose fields it has. What makes one value of many looks at all of them. Of anything else it is said that
//! nobody knows: to guess is no answer.

use std::collections::{BTreeSet, HashMap};

use crate::check::program::{BinaryOperator, Comprehension, Expr, ExprKind, FunctionBody, FunctionId, Loop};
use crate::check::walk;
use crate::operation::truth;
use crate::primitive::Effect;
use crate::run::{Env, Locals, Walk, eval};
use crate::value::{Sequence, Type, Value};

/// How many items are walked at most: a run that was recorded took no longer for it.
const MOST_WALKED: usize = 2_000_000;
/// For how many items of a comprehension what stands in its middle is looked at one by one.
const MOST_PICKED: usize = 1000;
/// How deep expressions are followed.
const DEEPEST: usize = 200;
/// How many comparisons are made at most to find rows by their fields.
const MOST_COMPARED: usize = 1_000_000;

/// How much of a value is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// All of it.
    Whole,
    /// The items, or the entries of a map, at these places.
    Items(BTreeSet<usize>),
    /// Some of it; nobody knows which.
    Unknown,
}

impl Want {
    pub(super) fn item(at: usize) -> Self {
        Self::Items(BTreeSet::from([at]))
    }

    fn and(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Items(mine), Self::Items(more)) => mine.extend(more),
            (Self::Whole, _) | (Self::Unknown, Self::Items(_) | Self::Unknown) => {}
            (_, other) => *self = other.clone(),
        }
    }
}

/// How much of each slot is looked at: by how many blocks out it is, and its number.
pub(super) type Uses = HashMap<(usize, usize), Want>;

/// What led to so much of the value of an expression. `field` is the one of its rows that is meant, if only one is.
pub(super) fn uses(expr: &Expr, want: &Want, field: Option<&str>, env: Env<'_>) -> Uses {
    let mut tracer = Tracer { env, uses: Uses::new(), left: MOST_WALKED, depth: 0, field: field.map(str::to_owned) };
    tracer.trace(expr, want, &mut Inside::default());
    tracer.uses
}

/// The locals of an expression, and how much of each argument of the function is looked at that it is the body of.
#[derive(Default)]
struct Inside {
    locals: Locals,
    arguments: Vec<Option<Want>>,
}

struct Tracer<'e> {
    env: Env<'e>,
    uses: Uses,
    left: usize,
    depth: usize,
    field: Option<String>,
}

/// What a comprehension kept.
struct Kept {
    /// The places of each item, one for each loop.
    places: Vec<Vec<usize>>,
    /// The key of each, of a map.
    keys: Vec<Value>,
    /// How many items each loop walked that is walked once.
    lengths: Vec<usize>,
}

impl Tracer<'_> {
    fn trace(&mut self, expr: &Expr, want: &Want, at: &mut Inside) {
        if self.depth == DEEPEST || *want == Want::Unknown {
            return self.unknown(expr, at);
        }
        let field = self.field.take();
        self.depth += 1;
        self.follow(expr, want, field, at);
        self.depth -= 1;
    }

    fn follow(&mut self, expr: &Expr, want: &Want, field: Option<String>, at: &mut Inside) {
        match &expr.kind {
            ExprKind::Slot { up, index } => self.note((*up, *index), want),
            ExprKind::Local(index) => {
                if let Some(argument) = at.arguments.get_mut(*index) {
                    argument.get_or_insert_with(|| want.clone()).and(want);
                }
            }
            ExprKind::Literal(_) | ExprKind::Run(_) => {}
            ExprKind::Cast(of, _) | ExprKind::Widen(of) => {
                self.field = field;
                self.trace(of, want, at);
            }
            ExprKind::Field { of, name, .. } => self.field_of(of, name, want, at),
            ExprKind::Index(of, place) => self.index(of, place, at),
            ExprKind::If(condition, then, otherwise) => {
                self.trace(condition, &Want::Whole, at);
                let holds = self.value(condition, at).and_then(|value| truth(&value).ok());
                match holds {
                    Some(holds) => self.trace(if holds { then } else { otherwise }, want, at),
                    None => [then, otherwise].into_iter().for_each(|side| self.unknown(side, at)),
                }
            }
            ExprKind::Binary(operator, left, right) => self.binary(*operator, (left, right), want, at),
            ExprKind::List(items) => self.some_of(items.iter().map(std::slice::from_ref), want, at),
            ExprKind::Table(_, rows) => self.some_of(rows.iter().map(Vec::as_slice), want, at),
            ExprKind::ListComprehension(item, comprehension) => {
                self.comprehension(&shown(item, field.as_deref()), comprehension, want, at);
            }
            ExprKind::MapComprehension(pair, comprehension) => self.map(pair, comprehension, want, at),
            ExprKind::Primitive(_, arguments) => self.primitive(expr, arguments, want, at),
            ExprKind::Function(id, arguments) => self.call(*id, arguments, want, at),
            _ => self.each_whole(expr, at),
        }
    }

    fn note(&mut self, slot: (usize, usize), want: &Want) {
        self.uses.entry(slot).or_insert_with(|| want.clone()).and(want);
    }

    /// All that an expression looks at, and nobody knows how much of it.
    fn unknown(&mut self, expr: &Expr, at: &mut Inside) {
        walk::visit(expr, &mut |expr| match expr.kind {
            ExprKind::Slot { up, index } => self.note((up, index), &Want::Unknown),
            ExprKind::Local(index) => {
                if let Some(argument) = at.arguments.get_mut(index) {
                    argument.get_or_insert(Want::Unknown).and(&Want::Unknown);
                }
            }
            _ => {}
        });
    }

    /// The parts of an expression that needs all of each of them.
    fn each_whole(&mut self, expr: &Expr, at: &mut Inside) {
        for part in walk::children(expr) {
            self.trace(part, &Want::Whole, at);
        }
    }

    fn value(&self, expr: &Expr, at: &mut Inside) -> Option<Value> {
        let is_pure = expr.effect == Effect::Pure;
        is_pure.then(|| eval(expr, self.env, &mut at.locals).ok()).flatten()
    }

    fn field_of(&mut self, of: &Expr, name: &str, want: &Want, at: &mut Inside) {
        if let ExprKind::Record(shape, fields) = &of.kind {
            let field = shape.iter().position(|known| **known == *name).and_then(|at| fields.get(at));
            return match field {
                Some(field) => self.trace(field, want, at),
                None => self.unknown(of, at),
            };
        }
        match of.ty.required() {
            // A column has a value for each row.
            Type::List(_) | Type::Table(_) => self.trace(of, want, at),
            Type::Outcomes(..) => {
                let all_went_well = matches!(self.value(of, at), Some(Value::Outcomes(all)) if all.failed.is_empty());
                let is_same = *want == Want::Whole || (name == "ok" && all_went_well);
                self.trace(of, if is_same { want } else { &Want::Unknown }, at);
            }
            _ => self.trace(of, &Want::Whole, at),
        }
    }

    fn index(&mut self, of: &Expr, place: &Expr, at: &mut Inside) {
        self.trace(place, &Want::Whole, at);
        let found = self.value(of, at).zip(self.value(place, at)).and_then(|(value, place)| match (&value, &place) {
            (Value::Map(map), key) => map.get_index_of(key),
            (value, Value::Int(place)) => {
                let len = Sequence::of(value)?.len();
                usize::try_from(*place).ok().filter(|place| *place < len)
            }
            _ => None,
        });
        self.trace(of, &found.map_or(Want::Whole, Want::item), at);
    }

    fn binary(&mut self, operator: BinaryOperator, (left, right): (&Expr, &Expr), want: &Want, at: &mut Inside) {
        match (operator, self.value(left, at)) {
            (BinaryOperator::Coalesce, Some(value)) if value.is_none() => {
                self.trace(left, &Want::Whole, at);
                self.trace(right, want, at);
            }
            (BinaryOperator::Coalesce, Some(_)) => self.trace(left, want, at),
            (BinaryOperator::Add, Some(value)) if Sequence::of(&value).is_some() => {
                let len = Sequence::of(&value).map_or(0, |items| items.len());
                let Want::Items(items) = want else {
                    return [left, right].into_iter().for_each(|side| self.trace(side, want, at));
                };
                let (mine, theirs): (BTreeSet<usize>, BTreeSet<usize>) = items.iter().partition(|item| **item < len);
                let theirs: BTreeSet<usize> = theirs.into_iter().map(|item| item - len).collect();
                for (side, items) in [(left, mine), (right, theirs)] {
                    if !items.is_empty() {
                        self.trace(side, &Want::Items(items), at);
                    }
                }
            }
            _ => [left, right].into_iter().for_each(|side| self.trace(side, &Want::Whole, at)),
        }
    }

    /// Items that are written out.
    fn some_of<'x>(&mut self, items: impl Iterator<Item = &'x [Expr]>, want: &Want, at: &mut Inside) {
        for (place, parts) in items.enumerate() {
            if !matches!(want, Want::Items(items) if !items.contains(&place)) {
                for part in parts {
                    self.trace(part, &Want::Whole, at);
                }
            }
        }
    }

    fn map(&mut self, pair: &(Expr, Expr), comprehension: &Comprehension, want: &Want, at: &mut Inside) {
        let Want::Items(wanted) = want else {
            return self.comprehension(&[&pair.0, &pair.1], comprehension, want, at);
        };
        let Some(kept) = self.kept(comprehension, Some(&pair.0), at) else {
            return self.not_walked(&[&pair.0, &pair.1], comprehension, at);
        };
        // A key keeps the place at which it came first, and the value with which it came last.
        let mut keys: HashMap<&Value, (usize, usize)> = HashMap::new();
        for (number, key) in kept.keys.iter().enumerate() {
            let next = keys.len();
            keys.entry(key).or_insert((next, number)).1 = number;
        }
        let picked = keys.into_values().filter(|(entry, _)| wanted.contains(entry)).map(|(_, number)| number).collect();
        self.picked(&[&pair.0, &pair.1], comprehension, &kept, &Want::Items(picked), at);
    }

    fn comprehension(&mut self, shown: &[&Expr], comprehension: &Comprehension, want: &Want, at: &mut Inside) {
        match self.kept(comprehension, None, at) {
            Some(kept) => self.picked(shown, comprehension, &kept, want, at),
            None => self.not_walked(shown, comprehension, at),
        }
    }

    fn not_walked(&mut self, shown: &[&Expr], comprehension: &Comprehension, at: &mut Inside) {
        let parts = comprehension.loops.iter().map(|one| &one.over).chain(comprehension.filter.as_deref());
        parts.chain(shown.iter().copied()).for_each(|part| self.unknown(part, at));
    }

    /// Walks it: where each item that passes its filter comes from.
    fn kept(&mut self, comprehension: &Comprehension, key: Option<&Expr>, at: &mut Inside) -> Option<Kept> {
        let mut kept = Kept { places: Vec::new(), keys: Vec::new(), lengths: Vec::new() };
        self.walk((comprehension, key), &mut Vec::new(), &mut kept, at)?;
        Some(kept)
    }

    fn walk(
        &mut self,
        (comprehension, key): (&Comprehension, Option<&Expr>),
        places: &mut Vec<usize>,
        kept: &mut Kept,
        at: &mut Inside,
    ) -> Option<()> {
        let Some(here) = comprehension.loops.get(places.len()) else {
            let passes = match &comprehension.filter {
                Some(filter) => truth(&self.value(filter, at)?).ok()?,
                None => true,
            };
            if passes {
                kept.places.push(places.clone());
                if let Some(key) = key {
                    kept.keys.push(self.value(key, at)?);
                }
            }
            return Some(());
        };
        let walked = self.walked(here, at)?;
        if kept.lengths.len() == places.len() {
            kept.lengths.push(walked.len());
        }
        for place in 0..walked.len() {
            self.left = self.left.checked_sub(1)?;
            walked.bind(place, here, &mut at.locals);
            places.push(place);
            self.walk((comprehension, key), places, kept, at)?;
            places.pop();
        }
        Some(())
    }

    fn walked(&self, here: &Loop, at: &mut Inside) -> Option<Walk> {
        Walk::over(&self.value(&here.over, at)?, here.second.is_some()).ok()
    }

    /// Binds the locals of the loops to the items at some places, of as many loops as there are places.
    fn bind(&mut self, comprehension: &Comprehension, places: &[usize], at: &mut Inside) -> Option<()> {
        for (here, place) in comprehension.loops.iter().zip(places) {
            let walked = self.walked(here, at)?;
            // What is computed anew for each item is walked anew.
            if !matches!(here.over.kind, ExprKind::Slot { .. } | ExprKind::Local(_)) {
                self.left = self.left.checked_sub(walked.len())?;
            }
            walked.bind(*place, here, &mut at.locals);
        }
        Some(())
    }

    fn picked(&mut self, shown: &[&Expr], comprehension: &Comprehension, kept: &Kept, want: &Want, at: &mut Inside) {
        let is_picked = |number: usize| !matches!(want, Want::Items(items) if !items.contains(&number));
        let picked = kept.places.iter().enumerate().filter(|(number, _)| is_picked(*number));
        let picked: Vec<&Vec<usize>> = picked.map(|(_, places)| places).collect();
        let own: Vec<usize> =
            comprehension.loops.iter().flat_map(|one| std::iter::once(one.first).chain(one.second)).collect();
        for (number, here) in comprehension.loops.iter().enumerate() {
            if looks_at_local(&here.over, &own) {
                self.for_each(&here.over, comprehension, &picked, number, at);
                continue;
            }
            let places: BTreeSet<usize> = picked.iter().filter_map(|places| places.get(number).copied()).collect();
            let is_all = *want == Want::Whole && kept.lengths.get(number) == Some(&places.len());
            self.trace(&here.over, &if is_all { Want::Whole } else { Want::Items(places) }, at);
        }
        for part in shown.iter().copied().chain(comprehension.filter.as_deref()) {
            if looks_outside(part, at.arguments.len()) {
                self.for_each(part, comprehension, &picked, comprehension.loops.len(), at);
            }
        }
    }

    /// What a part of a comprehension looks at, for each item that was picked: the walk of its `number`th loop, or, behind
    /// the last, what it makes of an item.
    fn for_each(
        &mut self,
        part: &Expr,
        comprehension: &Comprehension,
        picked: &[&Vec<usize>],
        number: usize,
        at: &mut Inside,
    ) {
        if picked.len() > MOST_PICKED {
            return self.unknown(part, at);
        }
        for places in picked {
            let before = places.get(..number).unwrap_or_default();
            let want = places.get(number).map_or(Want::Whole, |place| Want::item(*place));
            match self.bind(comprehension, before, at) {
                Some(()) => self.trace(part, &want, at),
                None => self.unknown(part, at),
            }
        }
    }

    fn primitive(&mut self, expr: &Expr, arguments: &[Option<Expr>], want: &Want, at: &mut Inside) {
        let gave = self.value(expr, at).map(|value| rows_of(&value, want));
        for argument in arguments.iter().flatten() {
            let could_be = matches!(argument.ty.required(), Type::List(_) | Type::Table(_) | Type::Any);
            let given =
                gave.as_ref().filter(|_| could_be).and_then(|gave| Some((gave.as_ref()?, self.value(argument, at)?)));
            let found = given.and_then(|(gave, given)| among(gave, &Sequence::of(&given)?));
            let part = match (found, want) {
                (Some(found), _) => found,
                (None, Want::Whole) => Want::Whole,
                (None, _) if could_be || matches!(argument.ty.required(), Type::Map(..)) => Want::Unknown,
                (None, _) => Want::Whole,
            };
            self.trace(argument, &part, at);
        }
    }

    fn call(&mut self, id: FunctionId, arguments: &[Expr], want: &Want, at: &mut Inside) {
        let body = self.env.world.program.functions.get(id.0).map(|function| &function.body);
        let values: Option<Vec<Value>> = arguments.iter().map(|argument| self.value(argument, at)).collect();
        let (Some(FunctionBody::Expression(body)), Some(values)) = (body, values) else {
            let part = if *want == Want::Whole { Want::Whole } else { Want::Unknown };
            return arguments.iter().for_each(|argument| self.trace(argument, &part, at));
        };
        let (locals, none) = (at.locals.of_call(values), vec![None; arguments.len()]);
        let mut inner = Inside { locals, arguments: none };
        self.trace(body, want, &mut inner);
        for (argument, want) in arguments.iter().zip(inner.arguments) {
            if let Some(want) = want {
                self.trace(argument, &want, at);
            }
        }
    }
}

/// What of an item is meant: all of it, or one field of a record that is written out.
fn shown<'x>(item: &'x Expr, field: Option<&str>) -> Vec<&'x Expr> {
    let ExprKind::Record(shape, fields) = &item.kind else { return vec![item] };
    let at = field.and_then(|field| shape.iter().position(|name| **name == *field));
    vec![at.and_then(|at| fields.get(at)).unwrap_or(item)]
}

fn looks_at_local(expr: &Expr, locals: &[usize]) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |expr| found |= matches!(expr.kind, ExprKind::Local(index) if locals.contains(&index)));
    found
}

/// Whether an expression looks at slots, or at the arguments of its function.
fn looks_outside(expr: &Expr, arguments: usize) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |expr| {
        found |= match expr.kind {
            ExprKind::Slot { .. } => true,
            ExprKind::Local(index) => index < arguments,
            _ => false,
        }
    });
    found
}

/// The rows in what is wanted of a value; nothing when there is something else in it.
fn rows_of(value: &Value, want: &Want) -> Option<Vec<Value>> {
    let mut rows = Vec::new();
    let parts: Vec<Value> = match (value, want) {
        (Value::Map(map), _) => {
            let entries = map.values().enumerate().filter(|(at, _)| is_wanted(want, *at));
            entries.map(|(_, value)| value.clone()).collect()
        }
        (other, Want::Items(items)) => {
            let all = Sequence::of(other)?;
            items.iter().map(|at| all.get(*at)).collect::<Option<_>>()?
        }
        (other, _) => vec![other.clone()],
    };
    for part in parts {
        match (&part, Sequence::of(&part)) {
            (Value::Record(_), _) => rows.push(part),
            (_, Some(items)) => {
                for item in (0..items.len()).filter_map(|at| items.get(at)) {
                    rows.push(Some(item).filter(|item| matches!(item, Value::Record(_)))?);
                }
            }
            _ => return None,
        }
    }
    Some(rows)
}

fn is_wanted(want: &Want, at: usize) -> bool {
    !matches!(want, Want::Items(items) if !items.contains(&at))
}

/// Where rows are among those that were given: the equal ones, or those all of whose fields they have. Nothing when one of
/// them is not found.
fn among(rows: &[Value], given: &Sequence) -> Option<Want> {
    let all: Vec<Value> = (0..given.len()).filter_map(|at| given.get(at)).collect();
    if rows.is_empty() || !all.iter().all(|row| matches!(row, Value::Record(_))) {
        return None;
    }
    let mut places: HashMap<&Value, Vec<usize>> = HashMap::new();
    for (at, row) in all.iter().enumerate() {
        places.entry(row).or_default().push(at);
    }
    let equal: Option<Vec<&Vec<usize>>> = rows.iter().map(|row| places.get(row)).collect();
    let found: BTreeSet<usize> = match equal {
        Some(equal) => equal.into_iter().flatten().copied().collect(),
        None if rows.len().saturating_mul(all.len()) <= MOST_COMPARED => having(rows, &all)?,
        None => return None,
    };
    Some(if found.len() == all.len() && found.len() > 1 { Want::Whole } else { Want::Items(found) })
}

fn having(rows: &[Value], all: &[Value]) -> Option<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    for row in rows {
        let before = found.len();
        let places = all.iter().enumerate().filter(|(_, part)| has_fields_of(row, part)).map(|(at, _)| at);
        let places: Vec<usize> = places.collect();
        found.extend(&places);
        if places.is_empty() && found.len() == before {
            return None;
        }
    }
    Some(found)
}

fn has_fields_of(row: &Value, part: &Value) -> bool {
    let (Value::Record(row), Value::Record(part)) = (row, part) else { return false };
    let mut fields = part.shape.iter().zip(&part.values);
    !part.values.is_empty() && fields.all(|(name, value)| row.get(name) == Some(value))
}

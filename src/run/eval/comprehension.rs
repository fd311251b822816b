//! Walking: what can be walked, and nested loops as one flat walk.

use std::sync::Arc;

use super::Locals;
use crate::check::program::{Comprehension, Expr, Loop};
use crate::value::{ErrorKind, MapValue, Sequence, StepError, Value};

/// A value that is walked, item by item; nothing is copied up front.
#[derive(Debug, Clone)]
pub(crate) enum Walk {
    /// Items.
    Items(Sequence),
    /// Keys and values.
    Pairs(Arc<MapValue>),
}

impl Walk {
    /// The value as something to walk; `pairs` asks for keys and values.
    pub(crate) fn over(value: &Value, pairs: bool) -> Result<Self, StepError> {
        match (value, pairs) {
            (Value::Map(map), true) => Ok(Self::Pairs(map.clone())),
            (Value::Json(json), _) => Self::over_json(json, pairs),
            (_, false) => Sequence::of(value).map(Self::Items).ok_or_else(|| not_walkable(value, "a list or a table")),
            (_, true) => Err(not_walkable(value, "a map")),
        }
    }

    fn over_json(json: &serde_json::Value, pairs: bool) -> Result<Self, StepError> {
        let inner = |json: &serde_json::Value| crate::operation::from_inner_json(json);
        match (json, pairs) {
            (serde_json::Value::Array(items), false) => {
                Ok(Self::Items(Sequence::List(Arc::new(items.iter().map(inner).collect()))))
            }
            (serde_json::Value::Object(fields), true) => {
                let pairs = fields.iter().map(|(name, json)| (Value::text(name.as_str()), inner(json)));
                Ok(Self::Pairs(Arc::new(pairs.collect())))
            }
            (_, true) => Err(StepError::new(ErrorKind::Data, "expected a JSON object to walk by key and value")),
            (_, false) => Err(StepError::new(ErrorKind::Data, "expected a JSON array to walk")),
        }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Pairs(map) => map.len(),
        }
    }

    /// Binds the locals of a loop to the item at a place; `false` past the end.
    pub(crate) fn bind(&self, at: usize, to: &Loop, locals: &mut Locals) -> bool {
        match self {
            Self::Items(items) if at < items.len() => locals.set_item(to.first, items, at),
            Self::Items(_) => return false,
            Self::Pairs(map) => {
                let Some((key, value)) = map.get_index(at) else { return false };
                locals.set(to.first, key.clone());
                if let Some(local) = to.second {
                    locals.set(local, value.clone());
                }
            }
        }
        true
    }

    /// The item, or the key and the value.
    pub(crate) fn get(&self, at: usize) -> Option<(Value, Option<Value>)> {
        match self {
            Self::Items(items) => items.get(at).map(|item| (item, None)),
            Self::Pairs(map) => map.get_index(at).map(|(key, value)| (key.clone(), Some(value.clone()))),
        }
    }
}

fn not_walkable(value: &Value, wanted: &str) -> StepError {
    let error = StepError::new(ErrorKind::Data, format!("expected {wanted} to walk, found `{}`", value.kind()));
    match value {
        Value::Outcomes(_) => error.help("walk `.ok` or `.failed` of the outcomes"),
        Value::None => error.help("give a default with `?? []`"),
        _ => error,
    }
}

/// What a walk needs next.
pub(super) enum Next<'a> {
    /// The value of this expression, given with [`Odometer::open`].
    Open(&'a Expr),
    /// Nothing: the locals hold an item.
    Item,
    /// Nothing: the walk is over.
    End,
}

/// Nested loops as one walk. It asks for the values of the loops' expressions instead of
/// evaluating them, so that the synchronous and the asynchronous evaluator share it.
pub(super) struct Odometer<'a> {
    loops: &'a [Loop],
    open: Vec<(Walk, usize)>,
    is_started: bool,
}

impl<'a> Odometer<'a> {
    pub(super) fn new(comprehension: &'a Comprehension) -> Self {
        Self { loops: &comprehension.loops, open: Vec::new(), is_started: false }
    }

    /// Whether the loop whose value was asked for is the innermost.
    pub(super) fn is_innermost(&self) -> bool {
        self.open.len() + 1 == self.loops.len()
    }

    /// Takes the value of the expression that [`Next::Open`] asked for.
    pub(super) fn open(&mut self, value: &Value) -> Result<(), StepError> {
        let pairs = self.loops.get(self.open.len()).is_some_and(|l| l.second.is_some());
        self.open.push((Walk::over(value, pairs)?, 0));
        Ok(())
    }

    /// Moves on and binds the locals.
    pub(super) fn next(&mut self, locals: &mut Locals) -> Next<'a> {
        if !self.is_started {
            self.is_started = true;
            return self.loops.first().map_or(Next::End, |first| Next::Open(&first.over));
        }
        loop {
            let depth = self.open.len();
            let Some((walk, at)) = self.open.last_mut() else { return Next::End };
            if !self.loops.get(depth - 1).is_some_and(|here| walk.bind(*at, here, locals)) {
                self.open.pop();
                continue;
            }
            *at += 1;
            return self.loops.get(depth).map_or(Next::Item, |inner| Next::Open(&inner.over));
        }
    }
}

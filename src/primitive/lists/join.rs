//! `inner_join`, `left_join`: rows of two lists put together where fields are equal, as SQL does it.

use std::collections::HashMap;
use std::sync::Arc;

use super::field::field_type;
use crate::primitive::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{ErrorKind, Record, RecordType, Reflect, Sequence, Shape, StepError, Type, Value};

pub(in crate::primitive) static SPECS: &[Spec] = &[Spec::pure::<InnerJoin>(), Spec::pure::<LeftJoin>()];

/// The most rows that a join gives: more comes of keys that say nothing, and would only fill the memory.
const MOST_ROWS: usize = 10_000_000;

/// The rows of the right side: items of any type.
#[derive(Debug)]
struct RightRows(Sequence);
impl Reflect for RightRows {
    fn ty() -> Type {
        Type::list(Type::Variable("U"))
    }
    fn from_value(value: Value) -> Result<Self, crate::value::ReflectError> {
        Sequence::from_value(value).map(Self)
    }
    fn into_value(self) -> Value {
        self.0.into_value()
    }
}

args! {
    struct JoinArgs {
        /// Records.
        left: Sequence,
        /// Records; of the fields beside `on` no two sides share a name.
        right: RightRows,
        /// The fields that must be equal; `none` equals nothing.
        on: Vec<Arc<str>>,
    }
}

struct InnerJoin;
impl Primitive for InnerJoin {
    type Args = JoinArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.inner_join";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "Each row of a list with each row of another whose fields `on` are equal, in the order of the left side.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"inner_join([{ k: 1, a: "x" }, { k: 2, a: "y" }], [{ k: 2, b: true }], on: ["k"])"#,
        gives: "[{ k: 2, a: y, b: true }]",
    }];
    fn returns() -> Type {
        Type::list(Type::Any)
    }
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        infer(call, |ty| ty)
    }
}
impl Pure for InnerJoin {
    fn run(args: JoinArgs) -> Result<Sequence, StepError> {
        join(&args, false)
    }
}

struct LeftJoin;
impl Primitive for LeftJoin {
    type Args = JoinArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.left_join";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Like `inner_join`, and a row of the left side without a partner stays, with `none` in the fields of the right.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"left_join([{ k: 1, a: "x" }, { k: 2, a: "y" }], [{ k: 2, b: true }], on: ["k"])"#,
        gives: "[{ k: 1, a: x, b: none }, { k: 2, a: y, b: true }]",
    }];
    fn returns() -> Type {
        Type::list(Type::Any)
    }
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        infer(call, Type::optional)
    }
}
impl Pure for LeftJoin {
    fn run(args: JoinArgs) -> Result<Sequence, StepError> {
        join(&args, true)
    }
}

/// The fields of the left side, then those of the right that are not in `on`.
fn infer(call: Known<'_>, of_right: fn(Type) -> Type) -> Option<Result<Type, String>> {
    let item = |at: usize| call.types.get(at)?.as_ref()?.item();
    let (left, right) = (item(0)?, item(1)?);
    let Some(Value::List(on)) = call.literals.get(2)? else { return None };
    let on: Vec<Arc<str>> = on.iter().filter_map(Value::as_text).cloned().collect();
    if left.is_unknown() || right.is_unknown() {
        return None;
    }
    Some(joined_type(&left, &right, &on, of_right))
}

fn joined_type(left: &Type, right: &Type, on: &[Arc<str>], of_right: fn(Type) -> Type) -> Result<Type, String> {
    if on.is_empty() {
        return Err(NO_FIELDS.to_owned());
    }
    for name in on {
        let (a, b) = (field_type(left, name, "join on")?, field_type(right, name, "join on")?);
        if a.required().join(&b.required()).is_none() {
            return Err(format!(
                "`{name}` is a `{a}` on the left and a `{b}` on the right; turn one into the type of the other"
            ));
        }
    }
    let (Type::Record(left), Type::Record(right)) = (left, right) else {
        return Err("a join wants records on both sides; make them with `{ … }`".to_owned());
    };
    let rest: Vec<_> = right.fields.iter().filter(|field| !on.contains(&field.name)).collect();
    if let Some(field) = rest.iter().find(|field| left.get(&field.name).is_some()) {
        return Err(both_have(&field.name));
    }
    let fields = left.fields.iter().map(|field| (field.name.clone(), field.ty.clone()));
    let rest = rest.into_iter().map(|field| (field.name.clone(), of_right(field.ty.clone())));
    Ok(Type::list(Type::Record(RecordType::new(fields.chain(rest).collect::<Vec<_>>()))))
}

const NO_FIELDS: &str = "a join needs at least one field; name it: `on: [\"…\"]`";

fn both_have(name: &str) -> String {
    format!("both sides have a field `{name}`; rename one, or name it in `on`")
}

fn join(args: &JoinArgs, keeps_lonely: bool) -> Result<Sequence, StepError> {
    if args.on.is_empty() {
        return Err(told(NO_FIELDS));
    }
    let right = records(&args.right.0, "right")?;
    let mut places: HashMap<Vec<&Value>, Vec<usize>> = HashMap::new();
    for (at, row) in right.iter().enumerate() {
        if let Some(key) = key(row, &args.on, at, "right")? {
            places.entry(key).or_default().push(at);
        }
    }
    let rest = rest_of(&args.right.0, &right, &args.on);
    let mut joined = Joined { rows: Vec::new(), shape: None, rest };
    for (at, row) in records(&args.left, "left")?.iter().enumerate() {
        let partners = key(row, &args.on, at, "left")?.and_then(|key| places.get(&key));
        for partner in partners.into_iter().flatten() {
            joined.add(row, right.get(*partner).map(|row| &**row))?;
        }
        if partners.is_none() && keeps_lonely {
            joined.add(row, None)?;
        }
    }
    Ok(Sequence::List(Arc::new(joined.rows)))
}

/// A message whose second part, behind `;`, is what to do.
fn told(message: &str) -> StepError {
    let (what, help) = message.split_once("; ").unwrap_or((message, ""));
    let error = StepError::new(ErrorKind::Data, what);
    if help.is_empty() { error } else { error.help(help) }
}

fn records(rows: &Sequence, side: &str) -> Result<Vec<Arc<Record>>, StepError> {
    let record = |(at, row): (usize, Value)| match row {
        Value::Record(record) => Ok(record),
        other => {
            let message = format!("`[{at}]` on the {side} is a `{}`, and a join wants records", other.kind());
            Err(StepError::new(ErrorKind::Data, message))
        }
    };
    rows.iter().enumerate().map(record).collect()
}

/// The values of the fields `on`; `None` when one of them is `none`.
fn key<'r>(row: &'r Record, on: &[Arc<str>], at: usize, side: &str) -> Result<Option<Vec<&'r Value>>, StepError> {
    let mut key = Vec::with_capacity(on.len());
    for name in on {
        let value = row.get(name).ok_or_else(|| {
            StepError::new(ErrorKind::Data, format!("`[{at}]` on the {side} has no field `{name}` to join on"))
        })?;
        key.push(value);
    }
    Ok(key.iter().all(|value| !value.is_none()).then_some(key))
}

/// The fields of the right side that are not in `on`; a table has them also without rows.
fn rest_of(rows: &Sequence, right: &[Arc<Record>], on: &[Arc<str>]) -> Vec<Arc<str>> {
    let shape = match rows {
        Sequence::Table(table) => Some(&table.shape),
        _ => right.first().map(|row| &row.shape),
    };
    shape.into_iter().flat_map(|shape| shape.iter()).filter(|name| !on.contains(name)).cloned().collect()
}

/// Rows that grow; those of one origin share their shape.
struct Joined {
    rows: Vec<Value>,
    shape: Option<(Shape, Shape)>,
    rest: Vec<Arc<str>>,
}

impl Joined {
    fn add(&mut self, left: &Record, right: Option<&Record>) -> Result<(), StepError> {
        if self.rows.len() >= MOST_ROWS {
            let message = format!("the join has more than {MOST_ROWS} rows; look whether `on` tells the rows apart");
            return Err(told(&message));
        }
        let shape = self.shape_for(left)?;
        let mut values = left.values.clone();
        values.extend(self.rest.iter().map(|name| right.and_then(|row| row.get(name)).cloned().unwrap_or(Value::None)));
        self.rows.push(Value::Record(Arc::new(Record { shape, values })));
        Ok(())
    }

    fn shape_for(&mut self, left: &Record) -> Result<Shape, StepError> {
        if let Some((from, shape)) = &self.shape
            && *from == left.shape
        {
            return Ok(shape.clone());
        }
        if let Some(name) = self.rest.iter().find(|name| left.get(name).is_some()) {
            return Err(told(&both_have(name)));
        }
        let shape: Shape = left.shape.iter().chain(&self.rest).cloned().collect();
        self.shape = Some((left.shape.clone(), shape.clone()));
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(Value, i64)], name: &str) -> Sequence {
        let row = |(key, n): &(Value, i64)| Value::record([("k", key.clone()), (name, Value::Int(*n))]);
        Sequence::List(Arc::new(rows.iter().map(row).collect()))
    }

    fn shown(left: Sequence, right: Sequence, lonely: bool) -> String {
        let args = JoinArgs { left, right: RightRows(right), on: vec!["k".into()] };
        join(&args, lonely).map_or_else(|error| error.message, |rows| rows.into_value().to_string())
    }

    #[test]
    fn rows_multiply_as_in_sql_and_none_equals_nothing() {
        let left = || rows(&[(Value::Int(1), 1), (Value::None, 2), (Value::Int(3), 3)], "a");
        let right = rows(&[(Value::Float(1.0), 10), (Value::Int(1), 11), (Value::None, 12)], "b");
        assert_eq!(shown(left(), right.clone(), false), "[{ k: 1, a: 1, b: 10 }, { k: 1, a: 1, b: 11 }]");
        let lonely = shown(left(), right, true);
        assert!(lonely.ends_with("{ k: none, a: 2, b: none }, { k: 3, a: 3, b: none }]"), "{lonely}");
        assert_eq!(shown(left(), rows(&[], "b"), false), "[]");
    }

    #[test]
    fn names_that_would_be_lost_are_refused() {
        let side = |n| rows(&[(Value::Int(n), 1)], "a");
        assert_eq!(shown(side(1), side(1), false), "both sides have a field `a`");
        let record =
            |fields: &[(&str, Type)]| Type::Record(RecordType::new(fields.iter().map(|(n, t)| (*n, t.clone()))));
        let (left, right) = (record(&[("k", Type::Int), ("a", Type::Int)]), record(&[("k", Type::Text)]));
        let joined = |on: &[&str]| {
            let on: Vec<Arc<str>> = on.iter().map(|name| Arc::from(*name)).collect();
            joined_type(&left, &right, &on, Type::optional).unwrap_err()
        };
        assert_eq!(
            joined(&["k"]),
            "`k` is a `int` on the left and a `text` on the right; turn one into the type of the other"
        );
        assert!(joined(&["a"]).starts_with("`{ k: text }` has no field `a` to join on"));
        assert_eq!(joined(&[]), NO_FIELDS);
    }
}

//! `inner_join`, `left_join`: rows of two lists put together where fields are equal, as SQL does it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::field::field_type;
use crate::primitive::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{Coder, Column, ErrorKind, RecordType, Reflect, Sequence, Shape, StepError, Table, Type, Value};

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
    let (left, right) = (table(&args.left, &args.on, "left")?, table(&args.right.0, &args.on, "right")?);
    let rest: Vec<Arc<str>> = right.shape.iter().filter(|name| !args.on.contains(name)).cloned().collect();
    if let Some(name) = rest.iter().find(|name| left.rows > 0 && left.place(name).is_some()) {
        return Err(told(&both_have(name)));
    }
    let partners = partners(&left, &right, &args.on, keeps_lonely)?;
    let mut columns: Vec<Column> = left.columns.iter().map(|column| column.pick(&partners.left)).collect();
    let rest_columns = rest.iter().filter_map(|name| right.column(name));
    columns.extend(rest_columns.map(|column| column.pick(&partners.right)));
    let shape = left.shape.iter().chain(&rest).cloned().collect();
    Ok(Sequence::Column(Arc::new(Table { shape, columns, rows: partners.left.len() }.into())))
}

/// A message whose second part, behind `;`, is what to do.
fn told(message: &str) -> StepError {
    let (what, help) = message.split_once("; ").unwrap_or((message, ""));
    let error = StepError::new(ErrorKind::Data, what);
    if help.is_empty() { error } else { error.help(help) }
}

/// Rows of both sides that belong together.
#[derive(Default)]
struct Partners {
    left: Vec<usize>,
    /// Beyond the end for a row of the left side without a partner.
    right: Vec<usize>,
}

fn partners(left: &Table, right: &Table, on: &[Arc<str>], keeps_lonely: bool) -> Result<Partners, StepError> {
    let (of_left, of_right) = codes(left, right, on)?;
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, code) in of_right.into_iter().enumerate() {
        if let Some(code) = code {
            places.entry(code).or_default().push(at);
        }
    }
    let mut partners = Partners::default();
    for (at, code) in of_left.into_iter().enumerate() {
        match code.and_then(|code| places.get(&code)) {
            Some(rows) => partners.add(at, rows)?,
            None if keeps_lonely => partners.add(at, &[usize::MAX])?,
            None => {}
        }
    }
    Ok(partners)
}

impl Partners {
    fn add(&mut self, left: usize, right: &[usize]) -> Result<(), StepError> {
        if self.left.len().saturating_add(right.len()) > MOST_ROWS {
            let message = format!("the join has more than {MOST_ROWS} rows; look whether `on` tells the rows apart");
            return Err(told(&message));
        }
        self.left.extend(std::iter::repeat_n(left, right.len()));
        self.right.extend(right);
        Ok(())
    }
}

/// A row's key as a number; `None` when a field of it is `none`.
type Codes = Vec<Option<u32>>;

/// Keys of both sides, equal ones alike.
fn codes(left: &Table, right: &Table, on: &[Arc<str>]) -> Result<(Codes, Codes), StepError> {
    let (mut of_left, mut of_right) = (vec![Some(0); left.rows], vec![Some(0); right.rows]);
    for name in on {
        let (a, b) = (key(left, name, "left")?, key(right, name, "right")?);
        let mut coder = Coder::default();
        let (a, b) = (a.codes(&mut coder), b.codes(&mut coder));
        let mut pairs = HashMap::new();
        for (codes, more) in [(&mut of_left, a), (&mut of_right, b)] {
            for (code, more) in codes.iter_mut().zip(more) {
                let next = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
                let pair = code.filter(|_| coder.none() != Some(more)).map(|code| (code, more));
                *code = pair.map(|pair| *pairs.entry(pair).or_insert(next));
            }
        }
    }
    Ok((of_left, of_right))
}

fn key<'t>(rows: &'t Table, name: &str, side: &str) -> Result<Cow<'t, Column>, StepError> {
    match rows.column(name) {
        Some(column) => Ok(Cow::Borrowed(column)),
        None if rows.rows == 0 => Ok(Cow::default()),
        None => Err(without(0, side, name)),
    }
}

/// The rows in columns. A record may come without the fields that its type makes optional; it has `none` there.
fn table(rows: &Sequence, on: &[Arc<str>], side: &str) -> Result<Arc<Table>, StepError> {
    if let Some(table) = rows.records() {
        return Ok(table.clone());
    }
    let mut table = Table::default();
    for (at, row) in rows.iter().enumerate() {
        let Value::Record(row) = row else {
            let message = format!("`[{at}]` on the {side} is a `{}`, and a join wants records", row.kind());
            return Err(StepError::new(ErrorKind::Data, message));
        };
        if table.shape != row.shape {
            if let Some(name) = on.iter().find(|name| row.get(name).is_none()) {
                return Err(without(at, side, name));
            }
            widen(&mut table, &row.shape);
        }
        let shape = table.shape.clone();
        table.push(shape.iter().map(|name| row.get(name).cloned().unwrap_or(Value::None)));
    }
    Ok(Arc::new(table))
}

/// Adds the columns that the table does not have yet.
fn widen(table: &mut Table, shape: &Shape) {
    let added: Vec<Arc<str>> = shape.iter().filter(|name| !table.shape.contains(name)).cloned().collect();
    if !added.is_empty() {
        table.columns.extend(added.iter().map(|_| std::iter::repeat_n(Value::None, table.rows).collect::<Column>()));
        table.shape = table.shape.iter().cloned().chain(added).collect();
    }
}

fn without(at: usize, side: &str, name: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("`[{at}]` on the {side} has no field `{name}` to join on"))
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

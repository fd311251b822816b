//! Lists and tables: counting, ordering, picking, pairing, grouping. Nothing takes more than linear
//! time, sorting aside.

mod field;
#[cfg(test)]
mod forms;
mod group;
pub(super) mod join;
pub(super) mod keyed;
pub(super) mod reshape;

use std::sync::Arc;

use indexmap::IndexSet;

use super::refined::Count;
use super::{Example, Form, Known, Primitive, Property, Pure, Spec, args};
use crate::value::{
    Coder, Column, ErrorKind, Ordered, Points, RecordType, Reflect, ReflectError, Sequence, Shape, StepError, T, Table,
    Type, U, Value, row_codes,
};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<CountOf>(),
    Spec::pure::<Unique>(),
    Spec::pure::<Sort>(),
    Spec::pure::<First>(),
    Spec::pure::<Last>(),
    group::SPEC,
    Spec::pure::<Zip>(),
    Spec::pure::<Range>(),
    Spec::pure::<All>(),
    Spec::pure::<Any>(),
    Spec::pure::<Contains>(),
    Spec::pure::<Take>(),
    Spec::pure::<Skip>(),
];

pub(super) static PROPERTIES: &[Property] = &[
    Property {
        family: "list",
        name: "count",
        docs: "How many items it has.",
        ty: |_| Type::Int,
        get: |value| Sequence::of(value).map(|items| length(items.len())),
    },
    Property {
        family: "list",
        name: "columns",
        docs: "The names of a table's columns, or of the fields of a list's first record; empty when there are none.",
        ty: |_| Type::list(Type::Text),
        get: |value| Sequence::of(value).map(|items| Value::list(columns(&items))),
    },
];

fn length(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn columns(items: &Sequence) -> Vec<Value> {
    let names = |shape: &Shape| shape.iter().cloned().map(Value::Text).collect();
    match (items, items.get(0)) {
        (Sequence::Table(table), _) => names(&table.shape),
        (_, Some(Value::Record(first))) => names(&first.shape),
        _ => Vec::new(),
    }
}

fn empty(verb: &str) -> StepError {
    StepError::new(ErrorKind::Missing, format!("an empty list has no `{verb}` item"))
        .help(format!("decide what then: `if xs.count > 0 then {verb}(xs) else …`"))
}

args! {
    struct ItemsArgs {
        /// The list.
        items: Sequence,
    }
}

struct CountOf;
impl Primitive for CountOf {
    type Args = ItemsArgs;
    type Output = i64;
    const NAME: &'static str = "lists.count";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "How many items a list has; the same as `.count`.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"count(["a", "b"])"#, gives: "2" }];
}
impl Pure for CountOf {
    fn run(args: ItemsArgs) -> Result<i64, StepError> {
        Ok(i64::try_from(args.items.len()).unwrap_or(i64::MAX))
    }
}

struct Unique;
impl Primitive for Unique {
    type Args = ItemsArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.unique";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A list's items without repetitions, each where it came first.";
    const EXAMPLES: &'static [Example] = &[Example { source: "unique([3, 1, 3])", gives: "[3, 1]" }];
}
impl Pure for Unique {
    fn run(args: ItemsArgs) -> Result<Sequence, StepError> {
        let codes = match &args.items {
            Sequence::List(items) => {
                let seen: IndexSet<&Value> = items.iter().collect();
                return Ok(Sequence::List(Arc::new(seen.into_iter().cloned().collect())));
            }
            items => item_codes(items),
        };
        Ok(args.items.pick(&firsts(&codes)))
    }
}

/// For each item a number that equal items share.
fn item_codes(items: &Sequence) -> Vec<u32> {
    match items.records() {
        Some(table) => row_codes(&table.columns, table.rows),
        None => items.to_column().codes(&mut Coder::default()),
    }
}

/// The places at which numbers come first, where numbers are given in the order in which they first come.
fn firsts(codes: &[u32]) -> Vec<usize> {
    let mut next = 0;
    let mut places = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        if *code == next {
            places.push(at);
            next += 1;
        }
    }
    places
}

struct Sort;
args! {
    struct SortArgs {
        /// The values: numbers, texts, dates, instants. NaN counts as greater than every number.
        items: Vec<Ordered>,
    }
}
impl Primitive for Sort {
    type Args = SortArgs;
    type Output = Vec<Ordered>;
    const NAME: &'static str = "lists.sort";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A list in order, smallest or earliest first.";
    const EXAMPLES: &'static [Example] = &[Example { source: "sort([3, 1, 2])", gives: "[1, 2, 3]" }];
}
impl Pure for Sort {
    fn run(mut args: SortArgs) -> Result<Vec<Ordered>, StepError> {
        args.items.sort();
        Ok(args.items)
    }
}

struct First;
impl Primitive for First {
    type Args = ItemsArgs;
    type Output = T;
    const NAME: &'static str = "lists.first";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The first item of a list; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "first([3, 1, 2])", gives: "3" }];
}
impl Pure for First {
    fn run(args: ItemsArgs) -> Result<T, StepError> {
        args.items.get(0).map(T).ok_or_else(|| empty("first"))
    }
}

struct Last;
impl Primitive for Last {
    type Args = ItemsArgs;
    type Output = T;
    const NAME: &'static str = "lists.last";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The last item of a list; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "last([3, 1, 2])", gives: "2" }];
}
impl Pure for Last {
    fn run(args: ItemsArgs) -> Result<T, StepError> {
        let last = args.items.len().checked_sub(1).and_then(|at| args.items.get(at));
        last.map(T).ok_or_else(|| empty("last"))
    }
}

/// The items of another list, of any type.
#[derive(Debug)]
struct OtherItems(Sequence);
impl Reflect for OtherItems {
    fn ty() -> Type {
        Type::list(Type::Variable("U"))
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        Sequence::from_value(value).map(Self)
    }
    fn into_value(self) -> Value {
        self.0.into_value()
    }
}

/// Records of two fields from two columns.
fn pairs(names: [&str; 2], columns: [Column; 2], rows: usize) -> Value {
    Column::from(Table { shape: names.map(Arc::from).into(), columns: columns.into(), rows }).into_list()
}

struct Zip;
args! {
    struct ZipArgs {
        /// The one list.
        firsts: Sequence,
        /// The other list, equally long.
        seconds: OtherItems,
    }
}
impl Primitive for Zip {
    type Args = ZipArgs;
    type Output = T;
    const NAME: &'static str = "lists.zip";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Two lists of the same length as one list of pairs.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"zip([1, 2], ["a", "b"])"#,
        gives: "[{ first: 1, second: a }, { first: 2, second: b }]",
    }];
    fn returns() -> Type {
        Type::list(Type::Record(RecordType::new([("first", T::ty()), ("second", U::ty())])))
    }
}
impl Pure for Zip {
    /// Lists of different lengths fail: dropping the surplus would lose data without a word.
    fn run(args: ZipArgs) -> Result<T, StepError> {
        let (firsts, seconds) = (args.firsts, args.seconds.0);
        if firsts.len() != seconds.len() {
            let message =
                format!("`zip` wants lists of the same length, found {} and {} items", firsts.len(), seconds.len());
            return Err(StepError::new(ErrorKind::Data, message));
        }
        let columns = [firsts.to_column(), seconds.to_column()];
        Ok(T(pairs(["first", "second"], columns, firsts.len())))
    }
}

/// The most numbers that `range` lists; more is a slip and would only fill the memory.
const LONGEST_RANGE: i64 = 10_000_000;

struct Range;
args! {
    struct RangeArgs {
        /// The first number; alone, the number to stop before, counting from 0.
        from: i64,
        /// The number to stop before.
        to: Option<i64>,
    }
}
impl Primitive for Range {
    type Args = RangeArgs;
    type Output = Vec<i64>;
    const NAME: &'static str = "lists.range";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The whole numbers from one, or from 0, up to but not including another.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: "range(3)", gives: "[0, 1, 2]" },
        Example { source: "range(2, 5)", gives: "[2, 3, 4]" },
        Example { source: "range(5, 2)", gives: "[]" },
    ];
}
impl Pure for Range {
    fn run(args: RangeArgs) -> Result<Vec<i64>, StepError> {
        let (from, to) = args.to.map_or((0, args.from), |to| (args.from, to));
        if to.saturating_sub(from) > LONGEST_RANGE {
            let message = format!("the range from {from} to {to} has more than {LONGEST_RANGE} numbers");
            return Err(StepError::new(ErrorKind::Arithmetic, message));
        }
        Ok((from..to).collect())
    }
}

args! {
    struct ConditionsArgs {
        /// The conditions.
        items: Vec<bool>,
    }
}

struct All;
impl Primitive for All {
    type Args = ConditionsArgs;
    type Output = bool;
    const NAME: &'static str = "lists.all";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether every condition of a list holds; an empty list does.";
    const EXAMPLES: &'static [Example] = &[Example { source: "all([x > 0 for x in [1, 2]])", gives: "true" }];
}
impl Pure for All {
    fn run(args: ConditionsArgs) -> Result<bool, StepError> {
        Ok(args.items.into_iter().all(|holds| holds))
    }
}

struct Any;
impl Primitive for Any {
    type Args = ConditionsArgs;
    type Output = bool;
    const NAME: &'static str = "lists.any";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether some condition of a list holds; of an empty list none does.";
    const EXAMPLES: &'static [Example] = &[Example { source: "any([x > 1 for x in [1, 2]])", gives: "true" }];
}
impl Pure for Any {
    fn run(args: ConditionsArgs) -> Result<bool, StepError> {
        Ok(args.items.into_iter().any(|holds| holds))
    }
}

struct Contains;
args! {
    struct ContainsArgs {
        /// A text, a list, or a map, whose keys are looked at.
        within: T,
        /// What to look for: a part of the text, an item, a key.
        item: U,
    }
}
impl Primitive for Contains {
    type Args = ContainsArgs;
    type Output = bool;
    const NAME: &'static str = "lists.contains";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether a part is in a text, an item in a list, or a key in a map.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"contains("apex_nav", "nav")"#, gives: "true" },
        Example { source: "contains([1, 2], 3)", gives: "false" },
    ];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let (Some(within), Some(item)) = (call.types.first()?, call.types.get(1)?) else { return None };
        let wanted = match within {
            Type::Text | Type::Literals(_) => Type::Text,
            Type::List(of) => (**of).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Any | Type::Error => return None,
            other => return Some(Err(format!("`contains` looks into a text, a list or a map, found `{other}`"))),
        };
        let is_possible = item.fits(&wanted).is_ok() || wanted.fits(item).is_ok();
        (!is_possible).then(|| Err(format!("`{within}` can contain a `{wanted}`, never a `{item}`")))
    }
}
impl Pure for Contains {
    fn run(args: ContainsArgs) -> Result<bool, StepError> {
        let (within, item) = (&args.within.0, &args.item.0);
        match (within, within.as_text(), item.as_text(), Sequence::of(within)) {
            (_, Some(text), Some(part), _) => Ok(text.contains(&**part)),
            (_, _, _, Some(items)) => Ok(items.iter().any(|found| found == *item)),
            (Value::Map(map), ..) => Ok(map.contains_key(item)),
            _ => {
                let message = format!("`contains` cannot look for `{}` in `{}`", item.kind(), within.kind());
                Err(StepError::new(ErrorKind::Data, message))
            }
        }
    }
}

/// A part of a sequence, in the form it has.
fn slice(items: &Sequence, from: usize, to: usize) -> Sequence {
    let to = to.min(items.len());
    match items {
        Sequence::List(list) => Sequence::List(Arc::new(list.get(from..to).unwrap_or_default().to_vec())),
        Sequence::Table(table) => Sequence::Table(Arc::new(table.pick(&(from..to).collect::<Vec<_>>()))),
        Sequence::Column(column) => Sequence::Column(Arc::new(column.slice(from..to))),
        Sequence::Points(points) => Sequence::Points(Arc::new(Points {
            at_ms: points.at_ms.get(from..to).unwrap_or_default().to_vec(),
            values: points.values.get(from..to).unwrap_or_default().to_vec(),
        })),
    }
}

/// A part of a table is a table.
fn same_form(call: &Known<'_>) -> Option<Result<Type, String>> {
    match call.types.first()? {
        Some(table @ Type::Table(_)) => Some(Ok(table.clone())),
        _ => None,
    }
}

args! {
    struct PartArgs {
        /// The list.
        items: Sequence,
        /// How many items; more than there are does no harm.
        count: Count,
    }
}

impl PartArgs {
    fn count(&self) -> usize {
        usize::try_from(self.count.0).unwrap_or(usize::MAX)
    }
}

struct Take;
impl Primitive for Take {
    type Args = PartArgs;
    type Output = Sequence;
    const NAME: &'static str = "list.take";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The first items of a list.";
    const EXAMPLES: &'static [Example] = &[Example { source: "[1, 2, 3].take(2)", gives: "[1, 2]" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        same_form(&call)
    }
}
impl Pure for Take {
    fn run(args: PartArgs) -> Result<Sequence, StepError> {
        Ok(slice(&args.items, 0, args.count()))
    }
}

struct Skip;
impl Primitive for Skip {
    type Args = PartArgs;
    type Output = Sequence;
    const NAME: &'static str = "list.skip";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A list without its first items.";
    const EXAMPLES: &'static [Example] = &[Example { source: "[1, 2, 3].skip(2)", gives: "[3]" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        same_form(&call)
    }
}
impl Pure for Skip {
    fn run(args: PartArgs) -> Result<Sequence, StepError> {
        Ok(slice(&args.items, args.count().min(args.items.len()), usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: impl IntoIterator<Item = Value>) -> Sequence {
        Sequence::List(Arc::new(values.into_iter().collect()))
    }

    #[test]
    fn an_empty_list_has_no_first_and_no_last_item() {
        assert_eq!(First::run(ItemsArgs { items: list([]) }).unwrap_err().kind, ErrorKind::Missing);
        assert_eq!(Last::run(ItemsArgs { items: list([]) }).unwrap_err().message, "an empty list has no `last` item");
    }

    #[test]
    fn a_part_keeps_the_form() {
        let mut table = Table::new(["a"].map(Arc::from).into());
        (0..3).for_each(|n| table.push([Value::Int(n)]));
        let items = Sequence::Table(Arc::new(table));
        let Sequence::Table(part) = slice(&items, 1, usize::MAX) else { panic!("not a table") };
        assert_eq!((part.rows, part.column("a")), (2, Some(&vec![Value::Int(1), Value::Int(2)].into())));
        let beyond = Skip::run(PartArgs { items, count: Count(i64::MAX) }).unwrap();
        assert!(beyond.is_empty());
    }

    #[test]
    fn lists_of_different_lengths_do_not_pair() {
        let error = Zip::run(ZipArgs { firsts: list([Value::Int(1)]), seconds: OtherItems(list([])) }).unwrap_err();
        assert_eq!(error.message, "`zip` wants lists of the same length, found 1 and 0 items");
    }

    #[test]
    fn a_range_is_bounded() {
        let range = |from, to| Range::run(RangeArgs { from, to });
        assert_eq!(range(i64::MIN, Some(i64::MAX)).unwrap_err().kind, ErrorKind::Arithmetic);
        assert_eq!(range(-1, Some(1)).unwrap(), [-1, 0]);
        assert_eq!(range(-1, None).unwrap(), Vec::<i64>::new());
    }

    #[test]
    fn contains_knows_what_can_be_inside() {
        let infer = |within: Type, item: Type| {
            Contains::infer(Known { types: &[Some(within), Some(item)], literals: &[None, None] })
        };
        assert_eq!(infer(Type::list(Type::Int), Type::Int), None);
        assert_eq!(infer(Type::Text, Type::literals(["a"])), None);
        assert!(infer(Type::list(Type::Int), Type::Text).unwrap().unwrap_err().contains("never a `text`"));
        assert!(infer(Type::Date, Type::Int).unwrap().unwrap_err().contains("looks into"));
    }

    #[test]
    fn a_million_lists_of_one_length_are_told_apart_in_no_time() {
        let items = list((0..1_000_000).map(|n| Value::list(vec![Value::Int(n % 500_000)])));
        assert_eq!(Unique::run(ItemsArgs { items }).unwrap().len(), 500_000);
    }
}

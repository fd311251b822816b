//! What looks at one field of the items: sorting by it, indexing by it, keeping one item for each of its values.

use std::sync::Arc;

use super::field::{field_type, keys};
use super::firsts;
use crate::primitive::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{Coder, ErrorKind, MapValue, Reflect, Sequence, StepError, T, Type, Value};

pub(in crate::primitive) static SPECS: &[Spec] =
    &[Spec::pure::<SortBy>(), Spec::pure::<IndexBy>(), Spec::pure::<UniqueBy>()];

/// The item's type and the literal name of the field, when both are known.
fn item_and_field(call: Known<'_>) -> Option<(Type, Arc<str>)> {
    let item = call.types.first()?.as_ref()?.item()?;
    match call.literals.get(1)? {
        Some(Value::Text(by)) => Some((item, by.clone())),
        _ => None,
    }
}

struct SortBy;
args! {
    struct SortByArgs {
        /// Records, samples, series or points.
        items: Sequence,
        /// The field whose values say the order.
        by: Arc<str>,
        /// Whether the greatest, or latest, comes first.
        descending: bool = false,
    }
}
impl Primitive for SortBy {
    type Args = SortByArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.sort_by";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "A list in the order of a field of its items; equal ones keep their places, and those with `none` come last.";
    const EXAMPLES: &'static [Example] = &[
        Example {
            source: r#"sort_by([{ k: "b", n: 1 }, { k: "a", n: 2 }], by: "k")"#,
            gives: "[{ k: a, n: 2 }, { k: b, n: 1 }]",
        },
        Example {
            source: r#"sort_by([{ n: 1 }, { n: 2 }], by: "n", descending: true)"#,
            gives: "[{ n: 2 }, { n: 1 }]",
        },
    ];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let (item, by) = item_and_field(call)?;
        Some(field_type(&item, &by, "sort by").and_then(|ty| {
            let is_ordered = ty.required().is_ordered() || ty.is_unknown();
            if is_ordered {
                Ok(Type::list(item))
            } else {
                Err(format!("the field `{by}` is a `{ty}`, which has no order; sort by a number, a text or a date"))
            }
        }))
    }
}
impl Pure for SortBy {
    fn run(args: SortByArgs) -> Result<Sequence, StepError> {
        let keys = keys(&args.items, &args.by, "sort by")?;
        let mut rows: Vec<usize> = (0..keys.len()).collect();
        rows.sort_by(|&a, &b| {
            let order = if args.descending { keys.compare(b, a) } else { keys.compare(a, b) };
            keys.is_none(a).cmp(&keys.is_none(b)).then(order)
        });
        Ok(args.items.pick(&rows))
    }
}

args! {
    struct ByArgs {
        /// Records, samples, series or points.
        items: Sequence,
        /// The field whose values tell the items apart.
        by: Arc<str>,
    }
}

struct IndexBy;
impl Primitive for IndexBy {
    type Args = ByArgs;
    type Output = Arc<MapValue>;
    const NAME: &'static str = "lists.index_by";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The items of a list by the value of a field; two items with the same value fail.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"index_by([{ k: "a", n: 1 }, { k: "b", n: 2 }], by: "k")["b"]"#,
        gives: "{ k: b, n: 2 }",
    }];
    fn returns() -> Type {
        Type::map(Type::Any, T::ty())
    }
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let (item, by) = item_and_field(call)?;
        Some(field_type(&item, &by, "index by").map(|key| Type::map(key, item)))
    }
}
impl Pure for IndexBy {
    fn run(args: ByArgs) -> Result<Arc<MapValue>, StepError> {
        let mut map = MapValue::with_capacity(args.items.len());
        for (at, key) in keys(&args.items, &args.by, "index by")?.iter().enumerate() {
            let item = args.items.get(at).unwrap_or(Value::None);
            if let (entry, Some(_)) = map.insert_full(key, item) {
                let shown = map.get_index(entry).map(|(key, _)| key.to_string()).unwrap_or_default();
                let message = format!("two items have the `{}` {shown}", args.by);
                let help = "`group` keeps all items of a value, `unique_by` the first";
                return Err(StepError::new(ErrorKind::Data, message).help(help));
            }
        }
        Ok(Arc::new(map))
    }
}

struct UniqueBy;
impl Primitive for UniqueBy {
    type Args = ByArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.unique_by";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The first item of a list for each value of a field; sorted before, the latest or the greatest.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"unique_by([{ k: "a", n: 1 }, { k: "a", n: 2 }], by: "k")"#, gives: "[{ k: a, n: 1 }]" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let (item, by) = item_and_field(call)?;
        Some(field_type(&item, &by, "tell items apart").map(|_| Type::list(item)))
    }
}
impl Pure for UniqueBy {
    fn run(args: ByArgs) -> Result<Sequence, StepError> {
        let keys = keys(&args.items, &args.by, "tell items apart")?;
        Ok(args.items.pick(&firsts(&keys.codes(&mut Coder::default()))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::field_of;
    use super::*;

    fn rows(values: &[Value]) -> Sequence {
        let row = |(n, value): (usize, &Value)| {
            Value::record([("k", value.clone()), ("n", Value::Int(i64::try_from(n).unwrap()))])
        };
        Sequence::List(Arc::new(values.iter().enumerate().map(row).collect()))
    }

    fn order(values: &[Value], descending: bool) -> Vec<i64> {
        let sorted = SortBy::run(SortByArgs { items: rows(values), by: "k".into(), descending }).unwrap();
        sorted.iter().filter_map(|row| field_of(&row, "n")).map(|n| i64::from_value(n).unwrap()).collect()
    }

    #[test]
    fn sorting_is_stable_and_none_comes_last_both_ways() {
        let values = [Value::Int(2), Value::None, Value::Int(1), Value::Float(f64::NAN), Value::Int(2)];
        assert_eq!(order(&values, false), [2, 0, 4, 3, 1]);
        assert_eq!(order(&values, true), [3, 0, 4, 2, 1]);
        assert_eq!(order(&[], true), Vec::<i64>::new());
    }

    #[test]
    fn a_key_that_comes_twice_loses_nothing_silently() {
        let items = rows(&[Value::text("a"), Value::text("a")]);
        let error = IndexBy::run(ByArgs { items, by: "k".into() }).unwrap_err();
        assert_eq!(error.message, "two items have the `k` a");
    }
}

//! `group`: items by the value of a field.

use std::sync::Arc;

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::field::{DAY, field_type, keys};
use crate::primitive::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{Coder, MapValue, Points, Reflect, Sequence, StepError, T, Type, Value, timestamp};

/// `group` as plain data.
pub(super) const SPEC: Spec = Spec::pure::<Group>();

struct Group;
args! {
    struct GroupArgs {
        /// Records, samples, series or points.
        items: Sequence,
        /// The field whose values become the keys; `"day"` is also the UTC day of what has an `at`.
        by: Arc<str>,
    }
}
impl Primitive for Group {
    type Args = GroupArgs;
    type Output = Arc<MapValue>;
    const NAME: &'static str = "lists.group";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The items of a list by the value of a field, keys and items in the order in which they came.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"group([{ k: "a", n: 1 }, { k: "b", n: 2 }, { k: "a", n: 3 }], by: "k")"#,
        gives: "{ a: [{ k: a, n: 1 }, { k: a, n: 3 }], b: [{ k: b, n: 2 }] }",
    }];
    fn returns() -> Type {
        Type::map(Type::Any, Type::list(T::ty()))
    }
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let item = call.types.first()?.as_ref()?.item()?;
        let Some(Value::Text(by)) = call.literals.get(1)? else { return None };
        Some(field_type(&item, by, "group by").map(|key| Type::map(key, Type::list(item))))
    }
}
impl Pure for Group {
    fn run(args: GroupArgs) -> Result<Arc<MapValue>, StepError> {
        let groups = match &args.items {
            Sequence::Points(points) if &*args.by == DAY => points_by_day(points),
            items => by_field(items, &args.by)?,
        };
        Ok(Arc::new(groups))
    }
}

/// Points stay in columns.
fn points_by_day(points: &Points) -> MapValue {
    let mut days: IndexMap<NaiveDate, Points> = IndexMap::new();
    for (at_ms, value) in points.at_ms.iter().zip(&points.values) {
        let day = days.entry(timestamp(*at_ms).date_naive()).or_default();
        day.at_ms.push(*at_ms);
        day.values.push(*value);
    }
    days.into_iter().map(|(day, points)| (Value::Date(day), Value::Points(Arc::new(points)))).collect()
}

fn by_field(items: &Sequence, by: &str) -> Result<MapValue, StepError> {
    let keys = keys(items, by, "group by")?;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, code) in keys.codes(&mut Coder::default()).into_iter().enumerate() {
        // Codes come in order, so that a new one is the next.
        match groups.get_mut(code as usize) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let group = |rows: Vec<usize>| {
        let key = rows.first().and_then(|at| keys.get(*at)).unwrap_or(Value::None);
        (key, items.pick(&rows).into_value())
    };
    Ok(groups.into_iter().map(group).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::RecordType;

    const HOUR: i64 = 3_600_000;

    fn infer(item: Type, by: &str) -> Result<Type, String> {
        let call =
            Known { types: &[Some(Type::list(item)), Some(Type::Text)], literals: &[None, Some(Value::text(by))] };
        Group::infer(call).unwrap()
    }

    fn run(items: Sequence, by: &str) -> Result<Arc<MapValue>, StepError> {
        Group::run(GroupArgs { items, by: by.into() })
    }

    #[test]
    fn the_field_gives_the_keys_type() {
        let row = Type::Record(RecordType::new([("auid", Type::Text), ("n", Type::Int)]));
        assert_eq!(infer(row.clone(), "n"), Ok(Type::map(Type::Int, Type::list(row.clone()))));
        assert_eq!(
            infer(row, "auidd").unwrap_err(),
            "`{ auid: text, n: int }` has no field `auidd` to group by; did you mean `auid`?"
        );
        assert_eq!(infer(Type::point(), "day"), Ok(Type::map(Type::Date, Type::list(Type::point()))));
        assert_eq!(infer(Type::Series, "name"), Ok(Type::map(Type::Text, Type::list(Type::Series))));
        assert!(infer(Type::Int, "n").unwrap_err().starts_with("`list<int>` has no fields"));
    }

    #[test]
    fn points_group_by_their_utc_day_in_columns_and_as_records() {
        let points = Arc::new(Points { at_ms: vec![0, 23 * HOUR, 24 * HOUR], values: vec![1.0, 2.0, 3.0] });
        let columns = run(Sequence::Points(points.clone()), "day").unwrap();
        let records: Vec<Value> = Sequence::Points(points).iter().collect();
        let rows = run(Sequence::List(Arc::new(records)), "day").unwrap();
        assert_eq!(columns, rows);
        let counts: Vec<usize> = columns.values().filter_map(Sequence::of).map(|items| items.len()).collect();
        assert_eq!(counts, [2, 1]);
        assert!(columns.values().all(|items| matches!(items, Value::Points(_))));
    }

    #[test]
    fn an_item_without_the_field_is_named() {
        let items = vec![Value::record([("a", Value::Int(1))]), Value::record([("b", Value::Int(1))])];
        let error = run(Sequence::List(Arc::new(items)), "a").unwrap_err();
        assert_eq!(error.message, "`[1]` is a `record` without `a` to group by");
    }
}

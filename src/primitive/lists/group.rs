//! `group`: items by the value of a field.

use std::sync::Arc;

use chrono::NaiveDate;
use indexmap::IndexMap;

use crate::diagnostic::did_you_mean;
use crate::primitive::{Example, Form, Known, Primitive, Pure, Spec, args, registry};
use crate::value::{ErrorKind, MapValue, Points, RecordType, Reflect, Sequence, StepError, T, Type, Value, timestamp};

/// Groups by the UTC day of `at` when there is no field of this name.
const DAY: &str = "day";

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
        Some(key_type(&item, by).map(|key| Type::map(key, Type::list(item))))
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

fn key_type(item: &Type, by: &str) -> Result<Type, String> {
    match item {
        Type::Record(record) => match (record.get(by), record.get("at")) {
            (Some(ty), _) => Ok(ty.clone()),
            (None, Some(Type::Timestamp)) if by == DAY => Ok(Type::Date),
            _ => Err(no_field(item, by, record)),
        },
        Type::Sample if by == DAY => Ok(Type::Date),
        Type::Sample | Type::Series => {
            let property = item.family().and_then(|family| registry::property(family, by));
            property.map(|property| (property.ty)(item)).ok_or_else(|| format!("a `{item}` has no `{by}` to group by"))
        }
        Type::Any | Type::Error => Ok(item.clone()),
        other => Err(format!("`group` wants a list of records, samples, series or points, found `list<{other}>`")),
    }
}

fn no_field(item: &Type, by: &str, record: &RecordType) -> String {
    let hint = did_you_mean(by, record.names()).map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("`{item}` has no field `{by}` to group by{hint}")
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
    let mut groups: IndexMap<Value, Vec<Value>> = IndexMap::new();
    for (at, item) in items.iter().enumerate() {
        let key = key_of(&item, by).ok_or_else(|| {
            StepError::new(ErrorKind::Data, format!("`[{at}]` is a `{}` without `{by}` to group by", item.kind()))
        })?;
        groups.entry(key).or_default().push(item);
    }
    Ok(groups.into_iter().map(|(key, items)| (key, Value::list(items))).collect())
}

fn key_of(item: &Value, by: &str) -> Option<Value> {
    let property =
        |family: &str, name: &str| registry::property(family, name).and_then(|property| (property.get)(item));
    let field = |name: &str| match item {
        Value::Record(record) => record.get(name).cloned(),
        Value::Sample(_) => property("sample", name),
        Value::Series(_) => property("series", name),
        _ => None,
    };
    field(by).or_else(|| match field("at") {
        Some(Value::Timestamp(at)) if by == DAY => Some(Value::Date(at.date_naive())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(infer(Type::Int, "n").unwrap_err().contains("found `list<int>`"));
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

//! A column is a list of values, whatever form it takes inside.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::value::{Labels, Sample, from_kept, timestamp, to_json, to_kept};

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(""), Just("a"), Just("Zürich"), Just("b\"\n")].prop_map(Value::text)
}

fn decimal() -> impl Strategy<Value = Value> {
    let written = prop_oneof!["-?[0-9]{1,6}(\\.[0-9]{0,4})?", "[0-9]{25}\\.[0-9]{3}", Just("1e-40000".to_owned())];
    written.prop_filter_map("a decimal", |text| text.parse().ok().map(|d| Value::Decimal(Arc::new(d))))
}

fn sample() -> impl Strategy<Value = Value> {
    (0..3_u8, 0..2_u8, any::<f64>(), -5..5_i64).prop_map(|(name, label, value, at_ms)| {
        let labels: Labels = [("auid", format!("A{label}"))].into_iter().collect();
        Value::Sample(Arc::new(Sample { name: format!("m{name}").into(), labels, value, at_ms }))
    })
}

fn record() -> impl Strategy<Value = Value> {
    (any::<i64>(), text(), any::<bool>()).prop_map(|(n, text, is_wide)| {
        let wide = is_wide.then_some(("more", Value::Bool(true)));
        Value::record([("n", Value::Int(n)), ("text", text)].into_iter().chain(wide))
    })
}

/// Values of one kind, mostly, and now and then one of another: each kind on its own is what columns are made for.
fn kind() -> impl Strategy<Value = BoxedStrategy<Value>> {
    prop_oneof![
        Just(any::<bool>().prop_map(Value::Bool).boxed()),
        Just(any::<i64>().prop_map(Value::Int).boxed()),
        Just(prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0)].prop_map(Value::Float).boxed()),
        Just((0..20_000_u64).prop_map(|n| Value::Date(chrono::NaiveDate::default() + chrono::Days::new(n))).boxed()),
        Just(any::<i32>().prop_map(|ms| Value::Timestamp(timestamp(i64::from(ms)))).boxed()),
        Just(text().boxed()),
        Just(decimal().boxed()),
        Just(sample().boxed()),
        Just(record().boxed()),
        Just(Just(Value::list(vec![Value::Int(1)])).boxed()),
    ]
}

fn values() -> impl Strategy<Value = Vec<Value>> {
    (kind(), kind(), 0..4_u32, 0..2_u32).prop_flat_map(|(usual, other, none, odd)| {
        let value = prop_oneof![12 => usual, none => Just(Value::None), odd => other];
        proptest::collection::vec(value, 0..40)
    })
}

fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// As exactly as a value can be looked at: `1.50` is not `1.5`, and `1` is not `1.0`.
fn exactly(value: &Value) -> String {
    format!("{value:?}")
}

proptest! {
    #[test]
    fn what_comes_out_is_what_went_in(values in values()) {
        let column: Column = values.clone().into();
        prop_assert_eq!(column.len(), values.len());
        let out: Vec<String> = column.iter().map(|value| exactly(&value)).collect();
        prop_assert_eq!(out, values.iter().map(exactly).collect::<Vec<_>>());
        prop_assert!(column.get(values.len()).is_none());
        prop_assert_eq!(column.iter().rev().collect::<Vec<_>>(), values.iter().rev().cloned().collect::<Vec<_>>());
        for (at, value) in values.iter().enumerate() {
            prop_assert_eq!(column.is_none(at), value.is_none());
        }
    }

    #[test]
    fn rows_are_picked_as_from_a_list(values in values(), rows in proptest::collection::vec(0..50_usize, 0..30)) {
        let column: Column = values.clone().into();
        let picked: Vec<String> = column.pick(&rows).iter().map(|value| exactly(&value)).collect();
        let wanted: Vec<String> = rows.iter().map(|at| exactly(values.get(*at).unwrap_or(&Value::None))).collect();
        prop_assert_eq!(picked, wanted);
        let (from, to) = (rows.first().copied().unwrap_or(0), rows.last().copied().unwrap_or(9));
        let part: Vec<Value> = values.iter().take(to).skip(from).cloned().collect();
        prop_assert_eq!(column.slice(from..to), Column::from(part));
    }

    #[test]
    fn rows_compare_as_values_do(values in values(), more in values()) {
        let column: Column = values.clone().into();
        for a in 0..values.len() {
            for b in 0..values.len() {
                prop_assert_eq!(column.compare(a, b), values[a].cmp(&values[b]));
            }
        }
        let mut longer = column.clone();
        longer.append(&more.clone().into());
        prop_assert_eq!(longer, values.into_iter().chain(more).collect::<Column>());
    }

    #[test]
    fn a_column_is_a_list_to_everybody(values in values(), others in values()) {
        let (list, column) = (Value::list(values.clone()), Value::Column(Arc::new(values.into())));
        prop_assert_eq!(&list, &column);
        prop_assert_eq!(hash(&list), hash(&column));
        prop_assert_eq!(list.cmp(&Value::list(others.clone())), column.cmp(&Value::Column(Arc::new(others.into()))));
        prop_assert_eq!(list.to_string(), column.to_string());
        prop_assert_eq!(list.kind(), column.kind());
        prop_assert_eq!(to_json(&list), to_json(&column));
        prop_assert_eq!(to_kept(&list), to_kept(&column));
        let kept = to_kept(&column).and_then(|json| from_kept(&json));
        prop_assert!(kept.is_none() || kept == Some(list));
    }
}

#[test]
fn samples_become_series_with_their_points_in_order_of_coming() {
    let sample = |name: &str, at_ms, value| {
        Value::Sample(Arc::new(Sample { name: name.into(), labels: Labels::default(), value, at_ms }))
    };
    let column: Column = vec![sample("b", 2, 1.0), sample("a", 1, 2.0), sample("b", 1, 3.0)].into();
    let series = column.samples().unwrap().to_series();
    let told: Vec<_> =
        series.iter().map(|s| (&*s.name, s.points.at_ms.as_slice(), s.points.values.as_slice())).collect();
    assert_eq!(told, [("b", &[2, 1][..], &[1.0, 3.0][..]), ("a", &[1][..], &[2.0][..])]);
    assert_eq!(column.pick(&[1]).samples().unwrap().to_series().len(), 1);
}

#[test]
fn a_million_cells_take_what_their_kind_takes() {
    let bytes = |value: fn(i64) -> Value| (0..1_000_000).map(value).collect::<Column>().bytes();
    // Vectors double when they grow, so at most twice what is there.
    assert!(bytes(Value::Int) <= 16 << 20);
    assert!(bytes(|n| Value::text(format!("A{}", n % 100))) <= 9 << 20);
    assert!(bytes(|n| if n % 2 == 0 { Value::None } else { Value::Bool(true) }) <= 3 << 20);
    assert!(bytes(|n| Value::Decimal(Arc::new(bigdecimal::BigDecimal::new(n.into(), 2)))) <= 21 << 20);
}

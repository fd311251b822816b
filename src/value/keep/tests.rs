//! What is kept comes back exactly, or is not kept.

use proptest::prelude::*;

use serde_json::json;

use super::*;
use crate::value::{Record, RecordType, Shape};

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(-0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MAX),
        Just(5e-324)
    ]
}

fn days() -> impl Strategy<Value = NaiveDate> {
    let near = (1900..2100_i32, 1..=365_u32).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap());
    prop_oneof![4 => near, 1 => Just(NaiveDate::MIN), 1 => Just(NaiveDate::MAX)]
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let any = (-99_999_999_999..99_999_999_999_i64, 0..2_000_000_000_u32)
        .prop_filter_map("a leap second's nanoseconds elsewhere", |(s, n)| DateTime::from_timestamp(s, n));
    prop_oneof![4 => any, 1 => Just(Timestamp::MIN_UTC), 1 => Just(Timestamp::MAX_UTC)]
}

fn labelled() -> impl Strategy<Value = Labels> {
    prop::collection::vec((".*", ".*"), 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

fn points() -> impl Strategy<Value = Arc<Points>> {
    prop::collection::vec((any::<i64>(), floats()), 0..4).prop_map(|pairs| {
        let (at_ms, values) = pairs.into_iter().unzip();
        Arc::new(Points { at_ms, values })
    })
}

fn jsons() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(|b| json!(b)),
        ".*".prop_map(|t| json!(t)),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,30})?".prop_map(|n| serde_json::from_str(&n).unwrap()),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((".*", inner), 0..4).prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

fn decimals() -> impl Strategy<Value = Value> {
    ("-?[0-9]{1,60}", -1000..1000_i64)
        .prop_map(|(digits, scale)| Value::Decimal(Arc::new(BigDecimal::new(digits.parse().unwrap(), scale))))
}

fn scalars() -> impl Strategy<Value = Value> {
    let times = (0..86_400_u32, 0..1_000_000_000_u32)
        .prop_map(|(s, n)| NaiveTime::from_num_seconds_from_midnight_opt(s, n).unwrap());
    prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        floats().prop_map(Value::Float),
        decimals(),
        ".*".prop_map(Value::text),
        jsons().prop_map(|json| Value::Json(Arc::new(json))),
        days().prop_map(Value::Date),
        times.prop_map(Value::Time),
        instants().prop_map(Value::Timestamp),
        any::<i64>().prop_map(Value::Duration),
        any::<(i32, i32)>().prop_map(|(months, days)| Value::Period(Period { months, days })),
        any::<i64>().prop_map(Value::BusinessDays),
        (days(), days()).prop_map(|(from, to)| Value::DateRange(from, to)),
        (instants(), instants()).prop_map(|(from, to)| Value::TimeRange(from, to)),
        ".*".prop_map(|url| Value::Url(url.into())),
        ".*".prop_map(|pattern| Value::Regex(pattern.into())),
        points().prop_map(Value::Points),
        (".*", labelled(), floats(), any::<i64>()).prop_map(|(name, labels, value, at_ms)| {
            Value::Sample(Arc::new(Sample { name: name.into(), labels, value, at_ms }))
        }),
        (".*", prop::option::of(".*"), any::<bool>(), prop::option::of(any::<u64>())).prop_map(
            |(message, help, retryable, retry_after_ms)| {
                let kind = ErrorKind::Timeout;
                Value::Error(Arc::new(StepError { kind, message, help, retryable, retry_after_ms }))
            }
        ),
        (".*", labelled(), points()).prop_map(|(name, labels, points)| {
            Value::Series(Arc::new(Series { name: name.into(), labels, points }))
        }),
    ]
}

fn table(names: Vec<String>, cells: &[Value], rows: usize) -> Value {
    let shape: Shape = names.into_iter().map(Arc::from).collect();
    let mut table = Table::new(shape.clone());
    let mut cells = cells.iter().cycle().cloned();
    (0..rows).for_each(|_| table.push(cells.by_ref().take(shape.len())));
    Value::Table(Arc::new(table))
}

fn values() -> impl Strategy<Value = Value> {
    scalars().prop_recursive(4, 24, 4, |inner| {
        let items = || prop::collection::vec(inner.clone(), 0..4);
        let named = prop::collection::vec((".*", inner.clone()), 0..4);
        let keyed = prop::collection::vec((inner.clone(), inner.clone()), 0..4);
        prop_oneof![
            items().prop_map(Value::list),
            (items(), items()).prop_map(|(ok, failed)| {
                Value::Outcomes(Arc::new(Outcomes { ok: Arc::new(ok), failed: Arc::new(failed) }))
            }),
            named.prop_map(|fields| Value::Record(Arc::new(Record::from_fields(fields)))),
            keyed.prop_map(|pairs| Value::Map(Arc::new(pairs.into_iter().collect()))),
            (prop::collection::vec(".*", 0..3), prop::collection::vec(inner.clone(), 1..6), 0..4_usize)
                .prop_map(|(names, cells, rows)| table(names, &cells, rows)),
        ]
    })
}

proptest! {
    /// Looked at as Rust prints them: equality of values takes `1` for `1.0` and `-0.0` for `0.0`.
    #[test]
    fn what_is_kept_comes_back_exactly(value in values()) {
        let text = to_kept_text(&value).unwrap();
        let json = to_kept(&value).unwrap();
        prop_assert_eq!(json.to_string(), text.as_str(), "as a tree writes it");
        let back = from_kept(&serde_json::from_str(&text).unwrap());
        prop_assert_eq!(format!("{:?}", back.unwrap()), format!("{value:?}"), "{}", text);
    }

    #[test]
    fn foreign_json_never_panics(json in jsons(), kind in "float|decimal|date|times|record|table|points|sample|series|map") {
        let _ = from_kept(&json);
        let _ = from_kept(&json!({ kind: json }));
    }
}

#[test]
fn what_holds_a_secret_or_a_connection_is_not_kept() {
    let secret = Value::record([("key", Value::Secret("x".into()))]);
    assert_eq!(to_kept(&Value::list(vec![secret])), None);
    let ty = Type::list(Type::Record(RecordType::new([("n", Type::Int), ("key", Type::Secret.optional())])));
    assert_eq!(unkeepable(&ty), Some(&Type::Secret));
    assert_eq!(unkeepable(&Type::map(Type::Date, Type::point())), None);
}

#[test]
fn what_nests_deeper_than_the_reader_takes_is_not_kept() {
    let nested = |levels| (0..levels).fold(Value::None, |inner, _| table(vec!["t".into()], &[inner], 1));
    let text = to_kept(&nested(23)).unwrap().to_string();
    assert!(serde_json::from_str::<Json>(&text).is_ok());
    assert_eq!(to_kept(&nested(24)), None);
}

#[test]
fn a_table_with_a_short_column_is_none() {
    assert!(from_kept(&json!({ "table": [2, [["a", [1]]]] })).is_none());
    assert!(from_kept(&json!({ "decimal": ["1", 999_999_999_999_i64] })).is_none());
    assert!(from_kept(&json!({ "date": "2025-01-31", "time": "06:00" })).is_none());
}

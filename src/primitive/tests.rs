//! The registry's laws, and the examples that need no interpreter.

use std::collections::HashSet;

use tokio_util::sync::CancellationToken;

use super::registry::{all, properties};
use super::{Attempts, Effect, Form, RawArguments, Run, Spec};
use crate::value::{BusinessDays, ErrorKind, Milliseconds, Reflect, StepError, Type, Value};

fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    text.ends_with('.')
        && !text.ends_with("..")
        && text.chars().next().is_some_and(char::is_uppercase)
        && !text.contains(". ")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn names_are_family_and_verb_and_unique() {
    let mut seen = HashSet::new();
    for spec in all() {
        let (family, verb) = spec.name.split_once('.').unwrap_or_else(|| panic!("{} has no family", spec.name));
        assert!(is_word(family) && is_word(verb), "{}", spec.name);
        assert!(seen.insert(spec.name), "{} is declared twice", spec.name);
    }
}

#[test]
fn everything_is_documented_and_has_an_example() {
    for spec in all() {
        assert!(is_sentence(spec.summary), "{}: {}", spec.name, spec.summary);
        assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
        for param in spec.params {
            let docs = param.docs.trim();
            assert!(docs.ends_with('.') && docs.len() > 5, "{} `{}`: {docs}", spec.name, param.name);
        }
        for example in spec.examples {
            assert!(example.source.contains(spec.verb()), "{}: {}", spec.name, example.source);
            assert_eq!(example.gives.is_empty(), needs_connection(spec), "{}: {}", spec.name, example.source);
        }
    }
    for property in properties() {
        assert!(property.docs.trim().ends_with('.'), "{}.{}: {}", property.family, property.name, property.docs);
    }
}

/// Whether an example can only be checked.
fn needs_connection(spec: &Spec) -> bool {
    spec.effect != Effect::Pure || spec.params.iter().any(|param| matches!((param.ty)(), Type::Connection(_)))
}

#[test]
fn parameters_are_unique_and_the_optional_ones_come_last() {
    for spec in all() {
        let names: HashSet<&str> = spec.params.iter().map(|param| param.name).collect();
        assert_eq!(names.len(), spec.params.len(), "{}", spec.name);
        assert!(spec.params.is_sorted_by_key(super::Param::is_optional), "{}", spec.name);
    }
}

#[test]
fn a_method_stands_on_a_value_of_its_family() {
    for spec in all().filter(|spec| spec.form == Form::Method) {
        let first = spec.params.first().map(|param| (param.ty)());
        assert_eq!(first.and_then(|ty| ty.family()), Some(spec.family()), "{}", spec.name);
    }
}

#[test]
fn no_two_things_are_called_alike() {
    let verbs: Vec<&str> = all().filter(|spec| spec.form == Form::Prelude).map(Spec::verb).collect();
    assert_eq!(verbs.iter().collect::<HashSet<_>>().len(), verbs.len());
    let methods = all().filter(|spec| spec.form == Form::Method).map(|spec| (spec.family(), spec.verb()));
    let members: Vec<(&str, &str)> =
        methods.chain(properties().map(|property| (property.family, property.name))).collect();
    assert_eq!(members.iter().collect::<HashSet<_>>().len(), members.len());
}

#[test]
fn pure_primitives_are_pure() {
    for spec in all() {
        assert_eq!(spec.effect == Effect::Pure, matches!(spec.run, Run::Pure(_) | Run::Heavy(_)), "{}", spec.name);
    }
}

#[test]
fn a_property_reads_nothing_off_another_family() {
    for property in properties() {
        assert!((property.get)(&Value::Bool(true)).is_none(), "{}.{}", property.family, property.name);
    }
}

fn call(name: &str, arguments: Vec<Value>) -> Result<Value, StepError> {
    let spec = all().find(|spec| spec.name == name).unwrap_or_else(|| panic!("no {name}"));
    let mut arguments: Vec<Option<Value>> = arguments.into_iter().map(Some).collect();
    arguments.resize_with(spec.params.len(), || None);
    match spec.run {
        Run::Pure(run) => run(RawArguments::new(arguments)),
        Run::Heavy(run) => run(RawArguments::new(arguments), &Attempts::new(CancellationToken::new())),
        Run::Effectful(_) => panic!("{name} is not pure"),
    }
}

fn shown(name: &str, arguments: Vec<Value>) -> String {
    call(name, arguments)
        .map_or_else(|error| format!("{}: {}", error.kind.name(), error.message), |value| value.to_string())
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn ints(values: &[i64]) -> Value {
    Value::list(values.iter().copied().map(Value::Int).collect())
}

fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn at(text: &str) -> Value {
    Value::Timestamp(text.parse().unwrap())
}

/// The examples' values, through the same door that the interpreter uses.
#[test]
fn examples_give_what_they_say() {
    let weekdays = || call("calendars.weekdays", vec![]).unwrap();
    let seconds = |n: i64| Milliseconds(n * 1000).into_value();
    let cases = [
        ("calendar.is_open", vec![weekdays(), day("2025-02-01")], "false"),
        ("calendar.next", vec![weekdays(), day("2025-01-31")], "2025-02-03"),
        ("calendar.previous", vec![weekdays(), day("2025-02-03")], "2025-01-31"),
        ("calendar.add", vec![weekdays(), day("2025-01-31"), BusinessDays(2).into_value()], "2025-02-04"),
        ("calendars.business_date", vec![at("2025-01-31T05:59:00Z"), weekdays()], "2025-01-30"),
        ("calendars.business_date", vec![at("2025-02-02T12:00:00Z"), weekdays()], "2025-01-31"),
        ("dates.midnight", vec![day("2025-07-01"), text("Europe/London")], "2025-06-30T23:00:00Z"),
        ("dates.midnight", vec![day("2018-11-04"), text("America/Sao_Paulo")], "2018-11-04T03:00:00Z"),
        ("dates.end_of", vec![day("2025-01-31"), text("UTC")], "2025-02-01T00:00:00Z"),
        ("dates.date_of", vec![at("2025-01-31T23:30:00Z"), text("Asia/Tokyo")], "2025-02-01"),
        ("dates.parse_date", vec![text("31/01/2025"), text("%d/%m/%Y")], "2025-01-31"),
        ("dates.from_unix", vec![Value::Float(1_736_359_200.25)], "2025-01-08T18:00:00.250Z"),
        ("dates.to_unix", vec![at("2025-01-08T18:00:00Z")], "1736359200"),
        ("numbers.sum", vec![Value::list(vec![Value::Float(1.5), Value::Int(2)])], "3.5"),
        ("numbers.sum", vec![ints(&[])], "0"),
        ("numbers.mean", vec![ints(&[1, 2])], "1.5"),
        ("numbers.mean", vec![Value::list(vec![seconds(1), seconds(2)])], "1s500ms"),
        ("numbers.round", vec![Value::Float(2.345), Value::Int(1)], "2.3"),
        ("numbers.round", vec![Value::Float(-2.5)], "-3"),
        ("numbers.floor", vec![Value::Float(-1.5)], "-2"),
        ("numbers.ceil", vec![Value::Float(1.2)], "2"),
        ("lists.unique", vec![ints(&[3, 1, 3])], "[3, 1]"),
        (
            "lists.zip",
            vec![ints(&[1, 2]), Value::list(vec![text("a"), text("b")])],
            "[{ first: 1, second: a }, { first: 2, second: b }]",
        ),
        ("lists.range", vec![Value::Int(5), Value::Int(2)], "[]"),
        ("list.take", vec![ints(&[1, 2, 3]), Value::Int(2)], "[1, 2]"),
        ("list.skip", vec![ints(&[1, 2, 3]), Value::Int(2)], "[3]"),
        ("text.split", vec![text("a,b,,c"), text(",")], "[a, b, , c]"),
        ("text.format", vec![day("2025-01-31"), text("%d/%m/%Y")], "31/01/2025"),
        ("text.format", vec![Value::Float(1234.5), text(",.2f")], "1,234.50"),
        ("policy.exponential", vec![seconds(1), seconds(30)], "{ initial: 1s, factor: 2, max: 30s }"),
        ("policy.constant", vec![seconds(5)], "{ initial: 5s, factor: 1, max: 5s }"),
        ("policy.exponential", vec![seconds(2)], "{ initial: 2s, factor: 2, max: 1m }"),
        ("policy.per_hour", vec![Value::Int(100)], "{ count: 100, per: 1h }"),
    ];
    for (name, arguments, gives) in cases {
        assert_eq!(shown(name, arguments), gives, "{name}");
        let spec = all().find(|spec| spec.name == name).unwrap();
        assert!(spec.examples.iter().any(|example| example.gives == gives), "{name} has no example that gives {gives}");
    }
}

#[test]
fn arguments_out_of_bounds_are_named() {
    let cases = [
        (
            "list.take",
            vec![ints(&[]), Value::Int(-1)],
            "data: argument `count`: expected a number that is not negative, found `-1`",
        ),
        (
            "policy.per_second",
            vec![Value::Int(0)],
            "data: argument `count`: expected a number of at least 1, found `0`",
        ),
        (
            "text.split",
            vec![text("a"), text("")],
            "data: argument `by`: expected a text with at least one character, found `\"\"`",
        ),
        (
            "dates.parse_date",
            vec![text("31/01"), text("%d/%m")],
            "data: argument `format`: the format `%d/%m` does not make a whole day; it needs year, month and day, like `%d/%m/%Y`",
        ),
        (
            "calendar.add",
            vec![call("calendars.weekdays", vec![]).unwrap(), day("2025-01-31"), BusinessDays(i64::MIN).into_value()],
            "arithmetic: there is no business day -9223372036854775808 business days from 2025-01-31",
        ),
    ];
    for (name, arguments, message) in cases {
        assert_eq!(shown(name, arguments), message);
    }
    let far = call(
        "calendars.business_date",
        vec![
            Value::Timestamp(chrono::DateTime::<chrono::Utc>::MAX_UTC),
            call("calendars.weekdays", vec![text("Asia/Tokyo")]).unwrap(),
        ],
    );
    assert_eq!(far.unwrap_err().kind, ErrorKind::Arithmetic);
}

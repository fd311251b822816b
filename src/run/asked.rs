//! What a call asks of its connection, in a line for people who want to see it.

use crate::primitive::Spec;
use crate::value::{Sequence, Value, cut};
use std::fmt::Write;

/// How much of a query is shown, and of any other value, in characters.
const QUERY: usize = 2000;
const VALUE: usize = 80;

/// How many items of a list and fields of a record are shown.
const FEW: usize = 8;

/// `db.query: select n from t where day = :day (day = 2025-01-31)`; secrets are not shown. `given` says which of the
/// parameters the values are for.
pub(super) fn line(spec: &Spec, given: impl Iterator<Item = bool>, values: &[Value]) -> String {
    let mut values = values.iter();
    let names = spec.params.iter().zip(given).filter(|(_, is_given)| *is_given).map(|(param, _)| param.name);
    let mut arguments = names.filter_map(|name| Some((name, values.next()?)));
    let mut text = match arguments.next() {
        Some((_, Value::Connection(_, connection))) => format!("{connection}.{}: ", spec.verb()),
        Some((_, first)) => format!("{}: {}, ", spec.name, shown(first)),
        None => return spec.name.to_owned(),
    };
    for (at, (name, value)) in arguments.enumerate() {
        // What is asked first needs no name.
        let name = if at == 0 { String::new() } else { format!(", {name}: ") };
        let _ = write!(text, "{name}{}", shown(value));
    }
    text.trim_end_matches([':', ' ', ',']).to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Sql(query) => {
            let holes = query.template.holes.iter().zip(&query.arguments);
            let bound: Vec<String> =
                holes.map(|(hole, value)| format!("{} = {}", hole.path.join("."), shown(value))).collect();
            let text = cut(&query.to_string(), QUERY);
            if bound.is_empty() { text } else { format!("{text} ({})", bound.join(", ")) }
        }
        Value::Promql(text) => cut(text, QUERY),
        Value::Record(record) => fields(record.fields().map(|(name, value)| (name.to_string(), value))),
        Value::Map(map) => fields(map.iter().map(|(name, value)| (name.to_string(), value))),
        value => match Sequence::of(value) {
            Some(items) if items.len() > FEW => format!("{} items", items.len()),
            Some(items) => {
                let items: Vec<String> =
                    (0..items.len()).filter_map(|at| items.get(at)).map(|item| shown(&item)).collect();
                format!("[{}]", items.join(", "))
            }
            None => cut(&value.to_string(), VALUE),
        },
    }
}

fn fields<'v>(pairs: impl Iterator<Item = (String, &'v Value)>) -> String {
    let mut pairs = pairs.map(|(name, value)| format!("{name}: {}", shown(value)));
    let mut shown: Vec<String> = pairs.by_ref().take(FEW).collect();
    shown.extend(pairs.next().map(|_| "…".to_owned()));
    format!("{{ {} }}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn long_values_are_shortened_and_secrets_are_not_shown() {
        let list = Value::List(Arc::new((0..9).map(Value::Int).collect()));
        assert_eq!(shown(&list), "9 items");
        let few = Value::List(Arc::new(vec![Value::Int(1), Value::Secret("hunter2".into())]));
        assert_eq!(shown(&few), "[1, •••]");
        let long = shown(&Value::Text("ab ".repeat(1000).into()));
        assert_eq!((long.chars().count(), long.ends_with('…')), (VALUE, true));
        assert_eq!(shown(&Value::Promql("sum(\n  x\n)".into())), "sum( x )");
    }
}

//! What tells two values apart that should be equal.

use std::collections::HashMap;

use super::show::shown;
use crate::value::{MapValue, Record, Sequence, Value};

/// The most differences that are told.
const MOST: usize = 5;

/// The differences of two lists, records or maps, a line each; nothing for other values, whose sides say it all.
pub(crate) fn difference(left: &Value, right: &Value) -> Vec<String> {
    let mut lines = match (left, right) {
        (Value::Record(a), Value::Record(b)) => fields(a, b),
        (Value::Map(a), Value::Map(b)) => entries(a, b),
        _ => match (Sequence::of(left), Sequence::of(right)) {
            (Some(a), Some(b)) => lists(&a, &b),
            _ => Vec::new(),
        },
    };
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("… and {more} more differences"));
    }
    lines
}

fn lists(a: &Sequence, b: &Sequence) -> Vec<String> {
    let only_left = without(a, b);
    let only_right = without(b, a);
    if only_left.is_empty() && only_right.is_empty() {
        return vec!["the same items, in another order".to_owned()];
    }
    if a.len() == b.len() && only_left.len() == only_right.len() {
        return a
            .iter()
            .zip(b.iter())
            .enumerate()
            .filter(|(_, (a, b))| a != b)
            .flat_map(|(at, (a, b))| item(at, &a, &b))
            .collect();
    }
    let left = only_left.iter().map(|item| format!("only left: {}", shown(item)));
    left.chain(only_right.iter().map(|item| format!("only right: {}", shown(item)))).collect()
}

/// The items of `a` that `b` does not have, each as often as it has them less.
fn without(a: &Sequence, b: &Sequence) -> Vec<Value> {
    let mut left: HashMap<Value, usize> = HashMap::new();
    for item in b.iter() {
        *left.entry(item).or_default() += 1;
    }
    let is_missing = |item: &Value| match left.get_mut(item) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    a.iter().filter(is_missing).collect()
}

fn item(at: usize, a: &Value, b: &Value) -> Vec<String> {
    let within = match (a, b) {
        (Value::Record(a), Value::Record(b)) => fields(a, b),
        (Value::Map(a), Value::Map(b)) => entries(a, b),
        _ => vec![sides(a, b)],
    };
    within.into_iter().map(|line| format!("item {at}: {line}")).collect()
}

fn sides(a: &Value, b: &Value) -> String {
    format!("{} left, {} right", shown(a), shown(b))
}

fn fields(a: &Record, b: &Record) -> Vec<String> {
    let of =
        |record: &Record| record.fields().map(|(name, value)| (Value::Text(name.clone()), value.clone())).collect();
    named(&of(a), &of(b), |name| format!("`{name}`"))
}

fn entries(a: &MapValue, b: &MapValue) -> Vec<String> {
    named(a, b, |key| format!("key {}", shown(key)))
}

fn named(a: &MapValue, b: &MapValue, name: impl Fn(&Value) -> String) -> Vec<String> {
    let left = a.iter().filter_map(|(key, value)| match b.get(key) {
        None => Some(format!("{} only left: {}", name(key), shown(value))),
        Some(other) if other != value => Some(format!("{} is {}", name(key), sides(value, other))),
        Some(_) => None,
    });
    let right = b.iter().filter(|(key, _)| !a.contains_key(*key));
    left.chain(right.map(|(key, value)| format!("{} only right: {}", name(key), shown(value)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[i64]) -> Value {
        Value::list(items.iter().map(|n| Value::Int(*n)).collect())
    }

    #[test]
    fn lists_say_what_only_one_has() {
        assert_eq!(difference(&list(&[1, 2, 2]), &list(&[2, 3])), ["only left: 1", "only left: 2", "only right: 3"]);
        assert_eq!(difference(&list(&[1, 2]), &list(&[2, 1])), ["the same items, in another order"]);
        assert_eq!(difference(&list(&[1, 2]), &list(&[1, 3])), ["item 1: 2 left, 3 right"]);
        assert_eq!(difference(&list(&[1, 2, 3, 4, 5, 6, 7]), &list(&[])).last().unwrap(), "… and 2 more differences");
        assert!(difference(&Value::Int(1), &Value::Int(2)).is_empty());
    }

    #[test]
    fn records_and_maps_say_which_fields() {
        let record = |fields: &[(&str, i64)]| Value::record(fields.iter().map(|(name, n)| (*name, Value::Int(*n))));
        let (a, b) = (record(&[("x", 1), ("y", 2)]), record(&[("y", 3), ("z", 4)]));
        assert_eq!(difference(&a, &b), ["`x` only left: 1", "`y` is 2 left, 3 right", "`z` only right: 4"]);
        let rows = difference(&Value::list(vec![a]), &Value::list(vec![b]));
        assert_eq!(rows.first().unwrap(), "item 0: `x` only left: 1");
    }
}

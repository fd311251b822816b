//! Values on a line: how many there are, and the first of them.

use crate::testing::shown;
use crate::value::{Sequence, Value, cut};

/// How many items are shown of a list, a table or a map.
const MOST: usize = 3;

/// The longest that an item and a value by itself may be, in characters.
const LONGEST_ITEM: usize = 70;
const LONGEST: usize = 160;

/// How many items a list, a table or a map has.
pub fn count(value: &Value) -> Option<usize> {
    match value {
        Value::Map(map) => Some(map.len()),
        other => Some(Sequence::of(other)?.len()),
    }
}

/// A value as people are shown it: `12 rows: { n: 1 }, { n: 2 }, { n: 3 }, …`.
pub fn brief(value: &Value) -> String {
    cut(&whole(value), LONGEST)
}

fn whole(value: &Value) -> String {
    if let Value::Map(map) = value {
        let entry = |(key, value): (&Value, &Value)| format!("{}: {}", item(key), item(value));
        let first: Vec<String> = map.iter().take(MOST).map(entry).collect();
        return several(map.len(), "entry", "entries", &first);
    }
    match Sequence::of(value) {
        Some(items) => {
            let is_rows = matches!(value, Value::Table(_)) || matches!(items.get(0), Some(Value::Record(_)));
            let (one, many) = if is_rows { ("row", "rows") } else { ("item", "items") };
            let first: Vec<String> = (0..MOST).filter_map(|at| Some(item(&items.get(at)?))).collect();
            several(items.len(), one, many, &first)
        }
        None => shown(value),
    }
}

fn item(value: &Value) -> String {
    // A list in a list may be as long as any.
    match count(value) {
        Some(count) if count > MOST => format!("[{count} items]"),
        _ => cut(&shown(value), LONGEST_ITEM),
    }
}

fn several(count: usize, one: &str, many: &str, first: &[String]) -> String {
    if count == 0 {
        return format!("no {many}");
    }
    let rest = if count > first.len() { ", …" } else { "" };
    format!("{count} {}: {}{rest}", if count == 1 { one } else { many }, first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_counted_and_the_first_shown() {
        let list = |n: i64| Value::list((1..=n).map(Value::Int).collect());
        assert_eq!(brief(&list(0)), "no items");
        assert_eq!(brief(&list(1)), "1 item: 1");
        assert_eq!(brief(&list(12)), "12 items: 1, 2, 3, …");
        let row = Value::record([("n", Value::Int(1)), ("all", list(9))]);
        assert_eq!(brief(&Value::list(vec![row])), "1 row: { n: 1, all: [1, 2, 3, 4, 5, 6, 7, 8, 9] }");
        assert_eq!(brief(&Value::list(vec![list(9)])), "1 item: [9 items]");
        assert_eq!(brief(&Value::text("a \"b\"")), r#""a \"b\"""#);
        assert_eq!(brief(&Value::text("é".repeat(1000))).chars().count(), LONGEST);
    }
}

//! Rows of a value that are asked for: which they are, and what is told of them.

use std::collections::BTreeSet;

use super::rows::Want;
use super::{Lineage, Rows};
use crate::lookback::count;
use crate::lookback::part::part;
use crate::value::{Sequence, Value};

/// How many rows are told.
const SHOWN: usize = 3;

fn item(value: &Value, at: usize) -> Option<Value> {
    match value {
        Value::Map(map) => map.get_index(at).map(|(_, value)| value.clone()),
        other => Sequence::of(other)?.get(at),
    }
}

/// The place of the item with a number, or of the entry with a key.
pub(super) fn place(value: &Value, name: &str) -> Option<usize> {
    match value {
        Value::Map(map) => map.keys().position(|key| key.to_string() == name),
        other => {
            let len = Sequence::of(other)?.len();
            name.parse().ok().filter(|at| *at < len)
        }
    }
}

/// The places of the rows that have these texts in these fields. Fails with a field that no row has.
pub(super) fn having<'h>(value: &Value, having: &'h [(String, String)]) -> Result<BTreeSet<usize>, &'h str> {
    let items = count(value).unwrap_or(0);
    let mut is_known = vec![false; having.len()];
    let mut places = BTreeSet::new();
    for at in 0..items {
        let Some(row) = item(value, at).filter(|row| matches!(row, Value::Record(_))) else { continue };
        let mut has_all = true;
        for (known, (name, text)) in is_known.iter_mut().zip(having) {
            let field = part(&row, name);
            *known |= field.is_some();
            has_all &= field.is_some_and(|field| field.to_string() == *text);
        }
        if has_all {
            places.insert(at);
        }
    }
    let unknown = is_known.iter().zip(having).find(|(known, _)| !**known);
    unknown.map_or(Ok(places), |(_, (name, _))| Err(name))
}

/// Tells of some rows of a value only: one becomes the value, several are counted.
pub(super) fn to(lineage: Lineage, want: &Want) -> Lineage {
    let Some((value, of)) = lineage.value.as_ref().and_then(|value| Some((value, count(value)?))) else {
        return lineage;
    };
    match want {
        Want::Whole => lineage,
        Want::Items(places) if places.len() == of && of > 1 => lineage,
        Want::Unknown => Lineage { rows: Some(Rows { of, count: None, first: Vec::new() }), ..lineage },
        Want::Items(places) => {
            let mut first: Vec<(usize, Value)> =
                places.iter().take(SHOWN).filter_map(|at| Some((*at, item(value, *at)?))).collect();
            match (places.len(), first.pop()) {
                (1, Some((at, only))) => {
                    Lineage { name: format!("{}[{}]", lineage.name, key(value, at)), value: Some(only), ..lineage }
                }
                (count, last) => {
                    first.extend(last);
                    Lineage { rows: Some(Rows { of, count: Some(count), first }), ..lineage }
                }
            }
        }
    }
}

fn key(value: &Value, at: usize) -> String {
    match value {
        Value::Map(map) => map.get_index(at).map_or_else(String::new, |(key, _)| key.to_string()),
        _ => at.to_string(),
    }
}

//! Selectors for series that are known.

use std::collections::{BTreeMap, BTreeSet};

use crate::query::promql;
use crate::value::{Labels, Series};

/// A selector that matches all of them and little else: for each label, the values it has among them.
pub(in crate::connection::metrics) fn selector(series: &[&Series]) -> String {
    let labels: BTreeSet<&str> = series.iter().flat_map(|one| one.labels.iter().map(|(name, _)| &**name)).collect();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in series {
        values.entry("__name__").or_default().insert(&one.name);
        for label in &labels {
            values.entry(label).or_default().insert(one.labels.get(label).map_or("", |value| value));
        }
    }
    let matchers: Vec<String> = values.iter().map(|(label, values)| promql::one_of(label, values)).collect();
    format!("{{{}}}", matchers.join(","))
}

/// Values of one label that a broad selector names.
const FEW: usize = 32;

/// A label, as far as a broad selector has to know it.
struct Seen<'a> {
    label: &'a str,
    /// Its values while they are few.
    values: BTreeSet<&'a str>,
    last: &'a str,
    /// How many series have it.
    count: usize,
}

impl<'a> Seen<'a> {
    fn add(&mut self, value: &'a str) {
        self.count += 1;
        if value != self.last && self.values.len() <= FEW {
            self.values.insert(value);
        }
        self.last = value;
    }
}

/// The labels of series, their names as `__name__` among them. Mostly all have the same in the same order.
fn seen<'a>(series: &[&'a Series]) -> Vec<Seen<'a>> {
    let mut seen: Vec<Seen<'a>> = Vec::new();
    for one in series {
        let labels = one.labels.iter().map(|(name, value)| (&**name, &**value));
        for (at, (label, value)) in std::iter::once(("__name__", &*one.name)).chain(labels).enumerate() {
            let place = if seen.get(at).is_some_and(|known| known.label == label) {
                Some(at)
            } else {
                seen.iter().position(|known| known.label == label)
            };
            match place.and_then(|at| seen.get_mut(at)) {
                Some(known) => known.add(value),
                None => seen.push(Seen { label, values: BTreeSet::from([value]), last: value, count: 1 }),
            }
        }
    }
    seen
}

/// A selector that matches all of them and perhaps many more: of labels with many values nothing is asked. `None` when
/// nothing is left to ask.
pub(in crate::connection::metrics) fn broad_selector(series: &[&Series]) -> Option<String> {
    let mut seen = seen(series);
    // A label that some do not have is not asked for.
    seen.retain(|label| label.values.len() <= FEW && label.count == series.len());
    seen.sort_unstable_by_key(|label| label.label);
    let matchers: Vec<String> = seen.iter().map(|label| promql::one_of(label.label, &label.values)).collect();
    (!matchers.is_empty()).then(|| format!("{{{}}}", matchers.join(",")))
}

/// A selector that matches one series alone, if no series has labels beyond `all`.
pub(in crate::connection::metrics) fn exact_selector(name: &str, labels: &Labels, all: &BTreeSet<&str>) -> String {
    let value = |label: &str| labels.get(label).map_or("", |value| &**value);
    let named = promql::one_of("__name__", &BTreeSet::from([name]));
    let matchers = all.iter().map(|label| promql::one_of(label, &BTreeSet::from([value(label)])));
    format!("{{{}}}", std::iter::once(named).chain(matchers).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Points;

    fn series(labels: &[(&str, &str)]) -> Series {
        Series { name: "m".into(), labels: labels.iter().copied().collect(), points: Points::default().into() }
    }

    #[test]
    fn a_broad_selector_names_what_has_few_values() {
        let numbers: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let mut all: Vec<Series> =
            numbers.iter().map(|n| series(&[("id", n), ("job", "x"), ("odd", &n[n.len() - 1..])])).collect();
        let broad = |all: &[Series]| broad_selector(&all.iter().collect::<Vec<_>>());
        assert_eq!(broad(&all).unwrap(), r#"{__name__="m",job="x",odd=~"0|1|2|3|4|5|6|7|8|9"}"#);
        all.push(series(&[("id", "x"), ("job", "y")]));
        assert_eq!(broad(&all).unwrap(), r#"{__name__="m",job=~"x|y"}"#);
        for (one, name) in all.iter_mut().zip(&numbers) {
            (one.name, one.labels) = (format!("m{name}").into(), [("id", name.as_str())].into_iter().collect());
        }
        assert_eq!(broad(&all), None);
    }

    #[test]
    fn one_selector_covers_many_series() {
        let all = [series(&[("a", "1"), ("b", "x.y")]), series(&[("a", "2")])];
        let all: Vec<&Series> = all.iter().collect();
        assert_eq!(selector(&all), r#"{__name__="m",a=~"1|2",b=~"|x\\.y"}"#);
        let labels = BTreeSet::from(["a", "b"]);
        assert_eq!(exact_selector("m", &all[1].labels, &labels), r#"{__name__="m",a="2",b=""}"#);
    }
}

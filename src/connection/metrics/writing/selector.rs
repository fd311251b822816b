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
    fn one_selector_covers_many_series() {
        let all = [series(&[("a", "1"), ("b", "x.y")]), series(&[("a", "2")])];
        let all: Vec<&Series> = all.iter().collect();
        assert_eq!(selector(&all), r#"{__name__="m",a=~"1|2",b=~"|x\\.y"}"#);
        let labels = BTreeSet::from(["a", "b"]);
        assert_eq!(exact_selector("m", &all[1].labels, &labels), r#"{__name__="m",a="2",b=""}"#);
    }
}

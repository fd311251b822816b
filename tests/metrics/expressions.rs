//! Expressions to ask servers about: those of a fixture, and made-up ones.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The lines of a fixture: the verdict and the query.
pub(super) fn lines(fixture: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    fixture.lines().filter(|line| !line.starts_with("# ")).map(|line| line.split_once(' ').unwrap())
}

/// Every function of PromQL and some that it has not, with arguments of every kind.
pub(super) fn calls() -> Vec<String> {
    const FUNCTIONS: &str = "abs absent absent_over_time acos asinh atan avg_over_time ceil changes clamp clamp_max clamp_min \
        count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp floor histogram_count \
        histogram_fraction histogram_quantile histogram_sum holt_winters hour idelta increase irate label_join \
        label_replace last_over_time ln log10 log2 max_over_time min_over_time minute month pi predict_linear \
        present_over_time quantile_over_time rad rate resets round scalar sgn sort sort_desc sqrt stddev_over_time \
        stdvar_over_time sum_over_time tanh time timestamp vector year sum min max avg group stddev stdvar count \
        count_values bottomk topk quantile tlast_over_time median any limitk start end now union mad_over_time";
    const KINDS: [&str; 4] = ["m", "m[5m]", "1", "\"x\""];
    let mut lists: Vec<Vec<&str>> = vec![vec![]];
    let mut calls = Vec::new();
    for length in 0..4 {
        let wide = |name: &&str| {
            length < 3 || name.starts_with("label") || ["clamp", "histogram_fraction", "holt_winters"].contains(name)
        };
        for name in FUNCTIONS.split_whitespace().filter(wide) {
            calls.extend(lists.iter().map(|list| format!("{name}({})", list.join(", "))));
        }
        let longer = lists.iter().flat_map(|list| KINDS.map(|kind| [list.as_slice(), &[kind]].concat()));
        lists = longer.collect();
    }
    calls.extend(["\"\"", "\"a\"", "1"].map(|last| format!("label_replace(m, \"a\", \"b\", \"c\", {last})")));
    calls.extend(["\"\"", "\"a\"", "1", "m"].map(|last| format!("label_join(m, \"a\", \"b\", \"c\", {last})")));
    calls
}

/// Made-up expressions, most of them nearly right; the same ones in every run.
pub(super) fn made_up(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = expression();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => one_of(&["m", "m{a=\"b\"}", "{a=\"b\"}", "m{a=~\"b|\"}", "n{a!=\"\"}", "up"]),
        2 => one_of(&["1", "0.5", "-2", "1e3", "0x1f", "Inf", "NaN", "time()", "pi()"]),
        2 => one_of(&["m[5m]", "m[1h:5m]", "m[1d:]", "m[5m] offset 1h", "m offset -5m", "m @ 100", "m @ end()"]),
        1 => one_of(&["{}", "{a=\"\"}", "{a=~\".*\"}", "\"a\"", "m[1.5m]", "m[5]", "m[0s]", "m[1m1h]", "5m", "1Ki"]),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let function =
            one_of(&["rate", "abs", "max_over_time", "sum", "scalar", "vector", "absent", "sort", "timestamp"]);
        let operator = one_of(&[
            "+",
            "-",
            "*",
            "^",
            "==",
            "> bool",
            "and",
            "or",
            "unless",
            "and on (a)",
            "* on (a) group_left (b)",
            "/ ignoring (a)",
            "+ on ()",
            "< bool on (a)",
            "+ bool",
            "or group_left (a)",
            "* on (a) group_left (a)",
            "atan2",
        ]);
        let grouping = one_of(&["by (a)", "without (a, b)", "by ()", "by (a,)", ""]);
        let suffix = one_of(&["[5m]", "[1h:5m]", "[1h:]", " offset 5m", " @ 5", " @ start()", "[5m:1m] offset 1h"]);
        prop_oneof![
            4 => (function, inner.clone()).prop_map(|(name, of)| format!("{name}({of})")),
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("{a} {operator} {b}")),
            2 => (grouping, inner.clone()).prop_map(|(by, of)| format!("sum {by} ({of})")),
            2 => (inner.clone(), suffix).prop_map(|(of, suffix)| format!("({of}){suffix}")),
            1 => (one_of(&["3", "time()", "-2"]), inner.clone()).prop_map(|(n, of)| format!("topk({n}, {of})")),
            1 => inner.clone().prop_map(|of| format!("-({of})")),
            1 => inner.clone().prop_map(|of| format!("({of})")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("({a}, {b})")),
        ]
    })
}

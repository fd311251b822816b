//! The standard library and the list functions: what they give, also at the edges.

use serde_json::{Value as Json, json};

use super::{lab, run};
use vmflow::stdlib;

/// Runs outputs, one expression each, and compares what they give.
fn gives(imports: &str, cases: &[(&str, Json)]) {
    let outputs: String =
        cases.iter().enumerate().map(|(n, (source, _))| format!("  output o{n} = {source}\n")).collect();
    let calendar = "  calendar open = calendars.weekdays(zone: \"UTC\")\n  output zone = open.zone\n";
    let result = run(&format!("{imports}\nworkflow main {{\n{calendar}{outputs}}}\n"), &[]).expect(0);
    for (n, (source, expected)) in cases.iter().enumerate() {
        assert_eq!(result["outputs"][format!("o{n}")], *expected, "{source}");
    }
}

#[test]
fn every_module_is_right_and_documented() {
    let sandbox = lab();
    for (name, text) in stdlib::MODULES {
        let file = format!("{name}.flow");
        sandbox.write(&file, text);
        let told = sandbox.run(&["check", &file]).stdout;
        assert_eq!(told.trim(), "no findings in 1 file", "{name}");
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_public = ["fn ", "step ", "action "].iter().any(|word| line.starts_with(word));
            let is_documented = at > 0 && lines[at - 1].starts_with("##");
            assert!(!is_public || is_documented, "{name}: {line}");
        }
    }
}

#[test]
fn dates_know_months_quarters_years_and_weeks() {
    gives(
        "import std.dates",
        &[
            ("dates.month_start(2024-02-29)", json!("2024-02-01")),
            ("dates.month_end(2024-02-01)", json!("2024-02-29")),
            ("dates.month_end(2025-12-31)", json!("2025-12-31")),
            ("dates.days_in_month(2023-02-10)", json!(28)),
            ("dates.is_month_end(2025-04-30)", json!(true)),
            ("dates.next_month(2025-12-31)", json!("2026-01-01")),
            ("dates.previous_month(2025-03-31)", json!("2025-02-01")),
            ("dates.quarter_start(2025-12-31)", json!("2025-10-01")),
            ("dates.quarter_end(2025-01-01)", json!("2025-03-31")),
            ("dates.quarter_name(2025-05-01)", json!("2025-Q2")),
            ("dates.year_start(2025-12-31)", json!("2025-01-01")),
            ("dates.year_end(2024-02-29)", json!("2024-12-31")),
            (
                "[dates.is_leap_year(d) for d in [1900-03-01, 2000-03-01, 2024-03-01, 2025-03-01]]",
                json!([false, true, true, false]),
            ),
            (
                "[dates.week_start(d) for d in [2025-01-06, 2025-01-12, 2025-01-01]]",
                json!(["2025-01-06", "2025-01-06", "2024-12-30"]),
            ),
            ("dates.iso_week(2024-12-30)", json!("2025-W01")),
            ("dates.days_between(2025-03-01, 2025-02-01)", json!(-28)),
            ("dates.days(2025-02-27 through 2025-03-01)", json!(["2025-02-27", "2025-02-28", "2025-03-01"])),
            ("dates.days(2025-03-02 through 2025-03-01)", json!([])),
            ("dates.month_ends(2024-01-31 through 2024-03-30)", json!(["2024-01-31", "2024-02-29"])),
            ("dates.first_business_day(2025-06-15, open)", json!("2025-06-02")),
            ("dates.last_business_day(2025-05-01, open)", json!("2025-05-30")),
            ("dates.business_days_between(2025-01-31, 2025-02-03, open)", json!(1)),
            ("dates.business_days_between(2025-02-03, 2025-01-31, open)", json!(0)),
        ],
    );
}

#[test]
fn texts_are_counted_in_characters() {
    gives(
        "import std.texts",
        &[
            ("texts.repeat(\"äb\", 2) + texts.repeat(\"x\", -1)", json!("äbäb")),
            ("texts.pad_left(\"é\", 3, filler: \"0\")", json!("00é")),
            ("texts.pad_right(\"abcd\", 3)", json!("abcd")),
            ("texts.truncate(\"naïveté\", 5)", json!("naïv…")),
            ("texts.truncate(\"abcdef\", 2, ending: \"...\")", json!("..")),
            ("texts.truncate(\"abc\", 3)", json!("abc")),
            ("texts.lines(\"a\\r\\n\\nb\\n\")", json!(["a", "", "b"])),
            ("texts.words(\"  two  words \")", json!(["two", "words"])),
            ("texts.words(\"\")", json!([])),
            ("texts.is_blank(\" \\t\")", json!(true)),
            ("texts.squeeze(\" a \\n b \")", json!("a b")),
            ("texts.capitalize(\"éa\") + texts.capitalize(\"\")", json!("Éa")),
            ("texts.slug(\" Net Asset_Value (EUR) — Größe! \")", json!("net-asset-value-eur-größe")),
            ("texts.without_prefix(\"apex_nav\", \"apex_\")", json!("nav")),
            ("texts.without_suffix(\"nav.csv\", \".csv\")", json!("nav")),
        ],
    );
}

#[test]
fn numbers_that_do_not_exist_are_none() {
    gives(
        "import std.numbers",
        &[
            ("[numbers.clamp(x, low: 0.0, high: 1.0) for x in [-1.0, 0.5, 2.0]]", json!([0.0, 0.5, 1.0])),
            ("numbers.round_to(101.37, 0.25)", json!(101.25)),
            ("numbers.safe_divide(1, by: 0)", json!(null)),
            ("numbers.percent_change(from: 80, to: 100)", json!(25.0)),
            ("numbers.percent_change(from: -80, to: -100)", json!(-25.0)),
            ("numbers.percent_changes([100, 110, 0, 5])", json!([10.0, -100.0, null])),
            ("numbers.percent_changes([])", json!([])),
            ("numbers.percent_changes([1])", json!([])),
            (
                "[numbers.is_close(0.1 + 0.2, 0.3), numbers.is_close(1.0, 1.1), numbers.is_close(1.0, 1.1, absolute: 0.11)]",
                json!([true, false, true]),
            ),
            ("numbers.weighted_mean([1, 3], [1, 3])", json!(2.5)),
            ("numbers.weighted_mean([], [])", json!(null)),
            ("numbers.finite([1.5, 2.0])", json!([1.5, 2.0])),
        ],
    );
}

#[test]
fn two_sides_are_reconciled_by_day() {
    let found = json!({
        "missing_left": ["2025-01-05"],
        "missing_right": ["2025-01-01"],
        "differing": [{ "day": "2025-01-03", "left": 3.0, "right": 3.5, "by": 0.5 }],
        "matching": 2,
    });
    let left = "{ 2025-01-03: 3.0, 2025-01-01: 1.0, 2025-01-02: 2.0, 2025-01-04: 100.0 }";
    let right = "{ 2025-01-02: 2.0, 2025-01-03: 3.5, 2025-01-05: 5.0, 2025-01-04: 100.05 }";
    let compared = format!("reconcile.compare({left}, {right}, relative: 0.001)");
    let agrees = "reconcile.agrees(reconcile.compare({} as map<date, float>, {} as map<date, float>))";
    gives("import std.reconcile", &[(&compared, found), (agrees, json!(true))]);
}

#[test]
fn lists_are_joined_indexed_and_cut() {
    let left = "[{ day: 2025-01-01, nav: 1.0 }, { day: 2025-01-02, nav: 2.0 }]";
    gives(
        "",
        &[
            (
                &format!(
                    "[r.rate ?? 0.5 for r in left_join({left}, [{{ day: 2025-01-02, rate: 1.5 }}], on: [\"day\"])]"
                ),
                json!([0.5, 1.5]),
            ),
            (&format!("inner_join({left}, [] as list<{{ day: date, rate: float }}>, on: [\"day\"])"), json!([])),
            (
                &format!(
                    "[r.rate for r in left_join({left}, [] as list<{{ day: date, rate: float }}>, on: [\"day\"])]"
                ),
                json!([null, null]),
            ),
            (&format!("index_by({left}, by: \"day\")[2025-01-02]?.nav"), json!(2.0)),
            (&format!("sort_by({left}, by: \"nav\", descending: true)[0].day"), json!("2025-01-02")),
            (&format!("unique_by({left}, by: \"nav\").count"), json!(2)),
            ("flatten([[1], [], [2, 3]])", json!([1, 2, 3])),
            ("flatten([])", json!([])),
            ("chunk([1, 2, 3], size: 2)", json!([[1, 2], [3]])),
            ("[p.index for p in enumerate([\"a\", \"b\"])]", json!([0, 1])),
            ("[p.first * p.second for p in zip([1, 2], [3, 4])]", json!([3, 8])),
            ("reverse([] as list<int>)", json!([])),
            ("running_sum([1.5, 2])", json!([1.5, 3.5])),
            ("quantile([1, 2, 3, 4, 5], share: 0.9)", json!(4.6)),
            ("captures(\"BTC/USD\", regex\"\"\"(?<base>\\w+)/(?<quote>\\w+)\"\"\")?.quote", json!("USD")),
            ("[extract(t, regex\"\"\"^\\d+$\"\"\") ?? \"-\" for t in [\"12\", \"x\"]]", json!(["12", "-"])),
        ],
    );
}

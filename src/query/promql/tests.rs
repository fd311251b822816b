use super::*;

fn findings(text: &str) -> Vec<Diagnostic> {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
    parse(text, span).1
}

#[test]
fn the_servers_verdicts_are_ours() {
    let fixture = include_str!("../../../tests/fixtures/promql.txt");
    let mut wrong = Vec::new();
    for line in fixture.lines().filter(|line| !line.starts_with("# ")) {
        let (verdict, query) = line.split_once(' ').unwrap();
        let found = findings(query);
        if found.is_empty() != (verdict == "+") {
            wrong.push(format!("{line}   => {:?}", found.first().map(|finding| &finding.message)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

use std::sync::Arc;

use chrono::NaiveDate;
use proptest::prelude::*;

use crate::value::{Labels, Period, Type, Value, timestamp};

fn template(text: &str) -> PromqlTemplate {
    // As in a file: something stands before.
    let span = Span::new(SourceId(3), 100, 100 + u32::try_from(text.len()).unwrap());
    let (template, findings) = parse(text, span);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    template
}

fn codes_of(text: &str) -> Vec<&'static str> {
    findings(text).iter().map(|finding| finding.code.id).collect()
}

fn rendered(text: &str, values: &[Value]) -> String {
    template(text).render(values).unwrap().to_string()
}

fn texts(items: &[&str]) -> Value {
    Value::list(items.iter().map(|item| Value::text(*item)).collect())
}

#[test]
fn holes_have_paths_spans_and_places() {
    let text = "max by (d) (tlast_over_time({job=$job, d=~$row.labels}[$w] offset $o @ $t)) > $n";
    let template = template(text);
    let holes: Vec<(String, &str)> = template
        .holes
        .iter()
        .map(|hole| (hole.path.join("."), &text[(hole.span.start - 100) as usize..(hole.span.end - 100) as usize]))
        .collect();
    assert_eq!(holes.len(), 6);
    assert!(holes.iter().all(|(path, slice)| path == slice), "{holes:?}");
    let label = HolePosition::LabelValue {
        label: "d".into(),
        sign: MatchSign::Matches,
        sign_span: Span::new(SourceId(3), 100 + 40, 100 + 42),
    };
    let positions: Vec<&HolePosition> = template.holes.iter().skip(1).map(|hole| &hole.position).collect();
    let duration = |signed| HolePosition::Duration { signed };
    assert_eq!(positions, [&label, &duration(false), &duration(true), &HolePosition::Instant, &HolePosition::Number]);
}

#[test]
fn values_are_written_as_their_place_wants() {
    let at = Value::Timestamp(timestamp(1_736_500_000_123));
    assert_eq!(rendered("a{x=$v}", &[Value::text("a\"b\\c\n$d")]), r#"a{x="a\"b\\c\n$d"}"#);
    assert_eq!(rendered("a{x=~$v}", &[Value::text("a.b|c")]), r#"a{x=~"a\\.b\\|c"}"#);
    assert_eq!(rendered("a{x=~$v}", &[texts(&["a.b", "c"])]), r#"a{x=~"a\\.b|c"}"#);
    assert_eq!(rendered("a{x!~$v}", &[texts(&[])]), r#"a{x!~"[^\\x00-\\x{10FFFF}]"}"#);
    assert_eq!(rendered("a{x=~$v}", &[Value::Regex("a.*".into())]), r#"a{x=~"a.*"}"#);
    assert_eq!(rendered("f[$w]", &[Value::Duration(90_000)]), "f[90000ms]");
    assert_eq!(rendered("f[$w:$w]", &[Value::Period(Period { months: 0, days: 3 }), Value::Int(60)]), "f[3d:60s]");
    assert_eq!(rendered("f offset $o", &[Value::Duration(-5)]), "f offset -5ms");
    assert_eq!(rendered("f @ $t", &[at]), "f @ 1736500000.123");
    let numbers = [Value::Int(-2), Value::Float(0.1), Value::Float(1e300), Value::Float(f64::NEG_INFINITY)];
    assert_eq!(rendered("2 ^ $a + $b + $c + $d", &numbers), "2 ^ (-2) + 0.1 + 1e300 + (-Inf)");
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let day = Value::Date(NaiveDate::from_ymd_opt(2025, 1, 31).unwrap());
    for (text, value) in [
        ("a{x=$v}", day),
        ("a{x=$v}", texts(&["a"])),
        ("a{x=~$v}", Value::list(vec![Value::Int(1)])),
        ("a{x=$v}", Value::Secret("hunter2".into())),
        ("f[$v]", Value::Duration(0)),
        ("f[$v]", Value::Period(Period { months: 1, days: 0 })),
        ("f offset -$v", Value::Duration(-1)),
        ("$v + 1", Value::text("a")),
    ] {
        let error = template(text).render(&[value]).unwrap_err();
        assert_eq!(error.kind, crate::value::ErrorKind::Data, "{text}");
        assert!(error.message.contains("`$v`") && !error.message.contains("hunter2"), "{}", error.message);
    }
    let long = "x".repeat(LONGEST_QUERY);
    assert!(template("a{x=$v}").render(&[Value::text(long)]).is_err());
}

#[test]
fn types_are_accepted_by_place() {
    let accepts = |text: &str, ty: Type| template(text).holes[0].accepts(&ty);
    assert!(accepts("a{x=$v}", Type::Text).is_ok());
    assert!(accepts("a{x=$v}", Type::literals(["a"])).is_ok());
    assert!(accepts("a{x=~$v}", Type::list(Type::Text)).is_ok());
    assert!(accepts("f[$v]", Type::Period).is_ok());
    assert!(accepts("f @ $v", Type::Timestamp).is_ok());
    assert!(accepts("$v", Type::Any).is_ok());
    assert_eq!(accepts("a{x=$v}", Type::list(Type::Text)), Err("one `text`; for a list write `x=~$v`".to_owned()));
    assert_eq!(accepts("a{x!=$v}", Type::list(Type::Text)), Err("one `text`; for a list write `x!~$v`".to_owned()));
    assert!(accepts("a{x=$v}", Type::Date).unwrap_err().contains("f\"{v:%Y-%m-%d}\""));
    assert!(accepts("a{x=$v}", Type::Text.optional()).is_err());
    assert!(accepts("$v", Type::Text).is_err());
}

#[test]
fn holes_in_other_places_are_findings() {
    for text in ["$m{x=\"1\"}", "rate($m[5m])", "a{$l=\"x\"}", "a{x=\"$v\"}", "a{x=\"a\" + $v}", "sum by ($l) (a)"] {
        assert_eq!(codes_of(text), ["VF502"], "{text}");
    }
    for text in ["a{x=~\"^b$\"}", "label_replace(a, \"x\", \"$1-${name}\", \"y\", \"(.*)\")", "a{x=~\"b$|c$\"}"] {
        assert!(findings(text).is_empty(), "{text}");
    }
    assert!(read_finished("a{x=\"$v\"}").is_ok());
    assert!(read_finished("a > $v").is_err());
}

#[test]
fn findings_point_at_the_smallest_place() {
    let place = |text: &str| {
        let all = findings(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        let span = all[0].span().unwrap();
        (
            text[span.start as usize..span.end as usize].to_owned(),
            all[0].message.clone(),
            all[0].help.clone().unwrap_or_default(),
        )
    };
    let (found, message, help) = place("sum(tlast_over_tim(m[1d]))");
    assert_eq!((&*found, &*help), ("tlast_over_tim", "did you mean `tlast_over_time`?"));
    assert!(message.contains("no function `tlast_over_tim`"));
    assert_eq!(place("rate(m[5M])").0, "5M");
    assert_eq!(place("a{x=~\"b(\"}").0, "\"b(\"");
    assert_eq!(place("a + (b").1, "`(` is never closed");
    assert_eq!(place("a{x=b}").0, "b");
    assert_eq!(place("a = 5").2, "compare with `==`; label filters stand inside `{…}`");
    assert_eq!(place("topk(m, 5)").0, "m");
    assert_eq!(place("clamp(m, 1)").1, "`clamp` takes 3 arguments, not 2");
    assert_eq!(place("a &&b").2, "write `and`");
    assert_eq!(place("a and").1, "the query ends too early");
    assert_eq!(place("").1, "the query is empty");
    assert_eq!(place("m[:window]").2, "a hole in PromQL is written `$name`");
}

#[test]
fn selectors_read_back() {
    let labels: Labels = [("job", "a\"b"), ("job-id", "x")].into_iter().collect();
    let text = selector(Some("m"), &labels);
    assert_eq!(text, r#"{__name__="m",job="a\"b",job\-id="x"}"#);
    assert_eq!(read_finished(&text).unwrap().matchers().unwrap().len(), 3);
    assert_eq!(selector(None, &Labels::default()), "{}");
}

#[test]
fn names_are_checked() {
    assert!(
        valid_metric_name("a:b_1") && !valid_metric_name("1a") && !valid_metric_name("a-b") && !valid_metric_name("")
    );
    assert!(
        valid_label_name("_a1") && !valid_label_name("a:b") && !valid_label_name("__name__") && !valid_label_name("é")
    );
}

#[test]
fn the_subset_names_what_is_outside() {
    let outside = |text: &str| embedded_subset(&template(text)).first().map(|finding| finding.message.clone());
    for text in [
        "max by (d) (tlast_over_time({job=$job, d=~$labels}[400d]))",
        "last_over_time(m{x!~\"a|b\"}[$w] offset $o) * 2 > $n",
        "-(1 + 2) / sum(count_over_time(m[1h]) keep_metric_names) without (x)",
    ] {
        assert_eq!(outside(text), None, "{text}");
    }
    for text in [
        "m",
        "m[1d]",
        "rate(m[5m])",
        "m + 1",
        "last_over_time(m)",
        "last_over_time(m[5i])",
        "last_over_time(m[1d:1h])",
        "last_over_time(m[1d] @ 5)",
        "sum(last_over_time(m[1d])) limit 5",
        "sum(last_over_time(a[1d]), last_over_time(b[1d]))",
        "last_over_time(a[1d]) + last_over_time(b[1d])",
        "last_over_time(a[1d]) default 0",
        "last_over_time(m[1d]) offset 1h",
        "WITH (x = 1) x",
        "topk(1, last_over_time(m[1d]))",
        "last_over_time(m{x=~\"(?i)a\"}[1d])",
        "(1, 2)",
        "\"a\"",
    ] {
        assert!(outside(text).is_some(), "{text}");
    }
    let finding = &embedded_subset(&template("sum(rate(m[5m]))"))[0];
    assert_eq!((finding.code.id, finding.span().unwrap()), ("VF507", Span::new(SourceId(3), 104, 108)));
    assert!(template("{job=$job}").is_selector() && !template("m[1d]").is_selector());
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    assert!(findings(&deep("(", ")", 60)).is_empty());
    for text in [
        deep("(", ")", 8_000),
        deep("sum(", ")", 3_000),
        deep("WITH (x = ", ") x", 1_000),
        "(".repeat(16_000),
        "a{".repeat(8_000),
        vec!["a"; 5_000].join("+"),
        vec!["a"; 5_000].join("^"),
        "a".repeat(LONGEST_QUERY + 1),
        format!("a{}", "[1d]".repeat(4_000)),
        deep("WITH (x=1) WITH(", ")", 60),
    ] {
        assert_eq!(codes_of(&text), ["VF501"], "{}…", &text[..20]);
    }
    assert!(findings(&format!("{}a", "-".repeat(16_000))).is_empty());
    assert!(findings(&vec!["a"; 150].join(" + ")).is_empty());
}

/// Pieces of queries, to be put together in any order.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "sum",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "5m",
        "1d",
        "$x",
        "$x.y",
        "\"t\"",
        "'",
        "`",
        "=",
        "=~",
        "!~",
        "+",
        "-",
        "^",
        ",",
        " by ",
        " offset ",
        "@",
        ":",
        "rate",
        "WITH",
        "1e3",
        "0x",
        "é",
        "\\",
        "#",
        "\n",
        " and ",
        " limit ",
        ".*",
        "$",
        "keep_metric_names",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics(text in prop_oneof![fragments(), any::<String>()]) {
        let span = Span::new(SourceId(0), 7, 7 + u32::try_from(text.len()).unwrap());
        let (template, found) = parse(&text, span);
        for finding in &found {
            let place = finding.span().unwrap();
            prop_assert!(place.start >= span.start && place.end <= span.end);
            prop_assert!(text.get((place.start - 7) as usize..(place.end - 7) as usize).is_some());
        }
        let _ = embedded_subset(&template);
        let _ = read_finished(&text);
        let _ = Pattern::new(&text);
    }

    #[test]
    fn pieces_are_the_text(text in fragments()) {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        let (template, _) = parse(&text, span);
        let whole: String = template.pieces.iter().map(|piece| match piece {
            Piece::Text(part) => part.to_string(),
            Piece::Hole(at) => format!("${}", template.holes[*at].path.join(".")),
        }).collect();
        prop_assert_eq!(whole, text);
    }

    #[test]
    fn any_text_is_matched_by_itself_only(value in any::<String>(), other in any::<String>()) {
        let query = template("a{x=$v, y=~$w}").render(&[Value::text(&*value), texts(&[&value])]).unwrap();
        let node = read_finished(&query).unwrap();
        let matchers = node.matchers().unwrap();
        prop_assert_eq!(&matchers[1].value, &MatcherValue::Text(Arc::from(&*value)));
        let MatcherValue::Text(pattern) = &matchers[2].value else { unreachable!() };
        let pattern = Pattern::new(pattern).unwrap();
        prop_assert!(pattern.matches(&value));
        prop_assert_eq!(pattern.matches(&other), value == other);
    }

    #[test]
    fn instants_survive_servers_that_round_and_that_cut(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
        let text = seconds(ms);
        let value: f64 = text.parse().unwrap();
        #[allow(clippy::cast_possible_truncation)]
        let (cut, rounded) = ((value * 1e3) as i64, (value * 1e3).round() as i64);
        prop_assert_eq!((cut, rounded), (ms, ms));
    }
}

#[test]
fn prometheus_says_the_same() {
    let fixture = include_str!("../../../tests/fixtures/prometheus.txt");
    let mut wrong = Vec::new();
    for line in fixture.lines().filter(|line| !line.starts_with("# ")) {
        let (verdict, query) = line.split_once(' ').unwrap();
        let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
        let found = parse_for(query, span, Reader::PROMETHEUS).1;
        if found.is_empty() != (verdict == "+") {
            wrong.push(format!("{line}   => {:?}", found.first().map(|finding| &finding.message)));
        }
        assert!(found.iter().all(|finding| !finding.message.is_empty()));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_only_one_dialect_has_is_named() {
    let said = |query: &str, reader| {
        let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
        let found = parse_for(query, span, reader).1;
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        let place = found[0].span().unwrap();
        (query[place.start as usize..place.end as usize].to_owned(), found[0].message.clone())
    };
    let vm = Reader { dialect: Dialect::PromQl, name: "the connection `vm`" };
    for (query, place, message) in [
        (
            "tlast_over_time(m[1d])",
            "tlast_over_time",
            "`tlast_over_time` is MetricsQL; the connection `vm` reads PromQL",
        ),
        ("m default 1", "default", "`default` is MetricsQL; the connection `vm` reads PromQL"),
        ("rate(m[1.5h])", "1.5h", "a fraction of a unit is MetricsQL; the connection `vm` reads PromQL"),
        ("WITH (x = 1) m * x", "WITH", "`WITH` is MetricsQL; the connection `vm` reads PromQL"),
        ("sum(m) limit 5", "limit 5", "`limit` is MetricsQL; the connection `vm` reads PromQL"),
        ("sum(rate(m))", "m", "`rate` wants a range of points here, not series"),
        ("raet(m[5m])", "raet", "the connection `vm` has no function `raet`"),
        ("1 == 1", "==", "`==` between numbers has no series to keep"),
        ("m and 1", "and", "`and` joins series, and one side is a number"),
        ("sum(m) offset 5m", "sum(m) offset 5m", "`offset` stands behind a selector, a window or a subquery"),
        ("m @ time()", "time()", "`@` takes no expression"),
        ("{a=~\".*\"}", "{a=~\".*\"}", "a selector needs a matcher that an absent label does not pass"),
        ("m{__name__=\"n\"}", "\"n\"", "the name is given twice"),
    ] {
        assert_eq!(said(query, vm), (place.to_owned(), message.to_owned()));
    }
    let (place, message) = said("histogram_count(m)", Reader::VICTORIA_METRICS);
    assert_eq!(
        (&*place, &*message),
        ("histogram_count", "`histogram_count` is PromQL; VictoriaMetrics reads MetricsQL")
    );
}

/// A finding's patch, applied.
fn mended(text: &str) -> String {
    let fix = findings(text).remove(0).fix.unwrap();
    let edit = &fix.edits[0];
    format!("{}{}{}", &text[..edit.span.start as usize], edit.replacement, &text[edit.span.end as usize..])
}

#[test]
fn patches_of_misplaced_holes_mend_them() {
    for (wrong, right) in [
        ("$m{x=\"1\"}", "{__name__=$m, x=\"1\"}"),
        ("$m {}", "{__name__=$m}"),
        ("rate($m[5m])", "rate({__name__=$m}[5m])"),
        ("a{x=\"$v\"}", "a{x=$v}"),
    ] {
        assert_eq!(mended(wrong), right);
        assert!(findings(right).is_empty(), "{right}");
    }
    assert!(findings("a{x=\"b-$v\"}")[0].fix.is_none());
}

#[test]
fn the_names_of_holes_are_found_without_reading_the_query() {
    let text = r#"a{b=$one, c="$two", d=~$three.four} # $five
        + label_replace(m, "x", "${1}$1", 'y', `$six`) offset $seven"#;
    assert_eq!(super::mentioned(text), ["one", "three", "seven"]);
    assert_eq!(super::mentioned("\"$never closed"), Vec::<&str>::new());
}

/// The text after the fix of its one finding, and the help.
fn advice(text: &str) -> (Option<String>, Option<String>) {
    let found = findings(text);
    let [finding] = found.as_slice() else { panic!("{text}: {found:?}") };
    let edit = finding.fix.as_ref().map(|fix| &fix.edits[0]);
    let fixed = edit.map(|edit| {
        let mut text = text.to_owned();
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
        text
    });
    (fixed, finding.help.clone())
}

#[test]
fn slips_are_mended_or_helped() {
    let fixed = |text: &str| advice(text).0.unwrap();
    assert_eq!(fixed("rate($t{job=\"a\"}[5m])"), "rate({__name__=$t, job=\"a\"}[5m])");
    assert_eq!(fixed("sum by job (rate(m[5m]))"), "sum by (job) (rate(m[5m]))");
    assert_eq!(fixed("sum without instance (m)"), "sum without (instance) (m)");
    assert_eq!(fixed("a * on job b"), "a * on (job) b");
    assert_eq!(fixed("sum(rate(m[5m])))"), "sum(rate(m[5m]))");
    let helped = |text: &str| match advice(text) {
        (None, Some(help)) => help,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(helped("sum by job, dc (m)"), "labels stand in parentheses: `by (job)`");
    assert_eq!(
        helped("sum by (job) rate(m[5m])"),
        "what an aggregate folds stands in parentheses: `sum by (job) (rate(m[5m]))`"
    );
    assert_eq!(helped("sum(m)) + 1"), "remove it, or look for an opening bracket that is missing before it");
    assert_eq!(helped("topk(m)"), "write `topk(5, m)`");
    assert_eq!(helped("quantile(m)"), "write `quantile(0.9, m)`");
}

#[test]
fn arguments_in_each_others_place_are_one_finding() {
    let reader = Reader { dialect: Dialect::PromQl, name: "Prometheus" };
    for text in ["histogram_quantile(m_bucket, 0.9)", "quantile_over_time(m[5m], 0.9)"] {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        let found = parse_for(text, span, reader).1;
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
}

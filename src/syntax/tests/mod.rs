//! The language as a whole: what parses, what does not, and what is said about it.

mod habits;
mod limits;
mod properties;

use std::path::{Path, PathBuf};

use super::ast::*;
use super::*;
use crate::source::{SourceId, Span};

/// A workflow with most of what the language has.
const SAMPLE: &str = r#"## A header.
import std.status
import "../lib/markets.flow" as markets

type Variant = "trend" | "lower" | "upper"
type Row = { day: date, values: map<text, float?>, }
fn is_newer(a: timestamp?, than: timestamp?) -> bool = a != none and (than == none or a > than)
step features(s: series, c: calendar) -> table<{ name: text }> = external.python("lib/f.py", entry: "extract")
action publish(vm: metrics, labels: map<text, text> = {}) -> int {
  do vm.write([sample("m", labels: labels + { job_id: run.job })]) with { retry: 2 } on failure skip
  yield 1
}

##   Copies what is new.
## Second line.
workflow extractor {
  use db: sql
  ## How far back.
  param lookback: period = 30d require lookback <= 400d else "at most 400 days"
  calendar days_open = calendars.weekdays(zone: "UTC")
  defaults { timeout: 30s, backoff: exponential(1s, max: 30s) }

  # a comment with an apostrophe: don't; and a // in it
  rows = db.query(sql"""
    select 'it''s' -- note
    from t where a = :job and b = '(['
  """) as table<{ biz_date: date, at: timestamp? }>
  at = { r.biz_date: r.at for r in rows }
  per_day = { day: points.count for day, points in group(rows) }
  labels = [f"{d:%d/%m/%Y} {m["a"]} {{x}} {if a then "b" else "c"}" for d in days if at[d] != none]
  n: int? = if rows.count > 0 then rows[0].n else none ?? 3
  copied = for each day in stale in parallel 4 {
    stored = do transaction db {
      saved = do db.insert("t", rows: [{ day: day, in: 1, "x y": run.failed }])
      yield saved
    } with { key: [job, day] } on failure continue
    when a in xs { yield 1 } else when b not in xs { yield 2 } else { yield 3 }
  } on failure continue with { rate: 1 } with { rate: 2 }
  all_of = for each k, v in m in parallel { yield v }
  expect -2 * -x + 3 % n == not_a_keyword else f"{n}"
  output total = sum([c.n for c in copied.ok])
  failed { do chat.post("/x", json: { text: "a" }) on failure use none }
  finally { require true }
}

test "it works" of markets.extractor {
  at 2025-01-10T07:00:00Z
  set { lookback: 3d }
  given rows = table {
    | biz_date   | at                   | n  |
    | 2025-01-08 | 2025-01-08T18:00:00Z | -1 |
  }
  given copied.saved = failure errors.timeout("t")
  expect days == [2025-01-07]
}
"#;

fn source(text: &str) -> Source {
    Source::new(SourceId(0), "test.flow", text)
}

/// Each finding as `code line:column message`.
fn said(text: &str) -> Vec<String> {
    let source = source(text);
    let (_, findings) = parse(&source);
    let line = |finding: &Diagnostic| {
        let at = source.position(finding.span().unwrap().start);
        format!("{} {}:{} {}", finding.code.id, at.line, at.column, finding.message)
    };
    findings.iter().map(line).collect()
}

fn clean(text: &str) -> File {
    assert_eq!(said(text), Vec::<String>::new(), "{text}");
    parse(&source(text)).0
}

fn expression(text: &str) -> ExprKind {
    let (expr, findings) = parse_expression(&source(text));
    assert_eq!(findings, [], "{text}");
    expr.unwrap().kind
}

/// An expression with all its brackets written.
fn shape(text: &str) -> String {
    fn show(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Name(name) => name.to_string(),
            ExprKind::Unary(op, of) => {
                format!("({}{})", if op.node == UnaryOperator::Not { "not " } else { "-" }, show(of))
            }
            ExprKind::Binary(left, op, right) => format!("({} {} {})", show(left), op.node.symbol(), show(right)),
            ExprKind::Field { of, name, optional } => {
                format!("{}{}{}", show(of), if *optional { "?." } else { "." }, name.node)
            }
            ExprKind::Cast(of, _) => format!("({} as T)", show(of)),
            ExprKind::Index(of, at) => format!("{}[{}]", show(of), show(at)),
            ExprKind::Call { callee, arguments, .. } => {
                let arguments: Vec<_> = arguments.iter().map(|argument| show(&argument.value)).collect();
                format!("{}({})", show(callee), arguments.join(", "))
            }
            ExprKind::If(a, b, c) => format!("(if {} then {} else {})", show(a), show(b), show(c)),
            other => format!("{other:?}"),
        }
    }
    show(&parse_expression(&source(text)).0.unwrap())
}

/// The findings about one statement in a workflow: code and message.
fn about(statement: &str) -> Vec<String> {
    let text = format!("workflow w {{\n  {statement}\n}}\n");
    let (_, findings) = parse(&source(&text));
    findings.iter().map(|finding| format!("{} {}", finding.code.id, finding.message)).collect()
}

/// The statement after the fix of its one finding, which has to parse then.
fn mended(statement: &str) -> String {
    let text = format!("workflow w {{\n  {statement}\n}}\n");
    let (_, findings) = parse(&source(&text));
    assert_eq!(findings.len(), 1, "{statement}: {findings:?}");
    let edit = &findings[0].fix.as_ref().unwrap_or_else(|| panic!("{statement}: {findings:?}")).edits[0];
    let mut text = text;
    text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
    clean(&text);
    let inner = text.strip_prefix("workflow w {\n  ").unwrap().strip_suffix("\n}\n").unwrap();
    inner.to_owned()
}

/// The `.flow` files of the project, if they are there.
fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = ["workflows", "stdlib"].iter().map(|name| root.join(name)).collect();
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "flow") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_sample_and_the_corpus_parse_without_a_finding() {
    let file = clean(SAMPLE);
    assert_eq!(file.items.len(), 9);
    for path in corpus() {
        clean(&std::fs::read_to_string(&path).unwrap());
    }
    clean("");
    clean("\u{FEFF}# only a comment");
    clean(&SAMPLE.replace('\n', "\r\n"));
}

#[test]
fn documentation_goes_to_what_follows() {
    let file = clean(SAMPLE);
    assert_eq!(file.items[0].doc, "A header.");
    assert_eq!(file.items[1].doc, "");
    let ItemKind::Workflow(workflow) = &file.items[7].kind else { panic!() };
    assert_eq!(file.items[7].doc, "  Copies what is new.\nSecond line.");
    assert_eq!(workflow.items[1].doc, "How far back.");
    clean("#### a line ####\nworkflow w {\n  ## of a\n  a = 1\n  ## of nothing\n}\n## of nothing\n");
}

#[test]
fn spans_and_clauses_are_as_written() {
    let file = clean(SAMPLE);
    let source = source(SAMPLE);
    let ItemKind::Workflow(workflow) = &file.items[7].kind else { panic!() };
    let statements: Vec<&Statement> = workflow
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            WorkflowItemKind::Statement(statement) => Some(statement),
            _ => None,
        })
        .collect();
    assert!(source.slice(statements[0].span).ends_with("timestamp? }>"));
    let StatementKind::Step { action: Action::Expression(rows), .. } = &statements[0].kind else { panic!() };
    let ExprKind::Cast(query, _) = &rows.kind else { panic!() };
    let ExprKind::Call { arguments, arguments_span, .. } = &query.kind else { panic!() };
    assert!(source.slice(*arguments_span).starts_with("(sql"));
    let ExprKind::Tagged(tagged) = &arguments[0].value.kind else { panic!() };
    assert_eq!(source.slice(tagged.text_span), &*tagged.text);
    assert!(tagged.text.starts_with("\n    select 'it''s' -- note"));
    let copied = statements[5];
    assert_eq!(source.slice(copied.clauses[0].span), "on failure continue");
    assert_eq!(copied.clauses.len(), 3);
    let StatementKind::Step { action: Action::ForEach(each), name, .. } = &copied.kind else { panic!() };
    assert_eq!(&*name.as_ref().unwrap().node, "copied");
    assert!(matches!(each.parallel, Some(Some(_))));
    assert!(matches!(&each.over.kind, ExprKind::Name(name) if &**name == "stale"));
}

#[test]
fn operators_bind_as_the_language_says() {
    assert_eq!(
        shape("a or b and not c == d ?? e through f + g * -h as T"),
        "(a or (b and (not (c == (d ?? (e through (f + (g * (-(h as T))))))))))"
    );
    assert_eq!(shape("-a.b(c)[d]?.e as T"), "(-(a.b(c)[d]?.e as T))");
    assert_eq!(shape("a - b - c"), "((a - b) - c)");
    assert_eq!(shape("a not  in b and c in d"), "((a not in b) and (c in d))");
    assert_eq!(shape("if a then b else if c then d else e + f"), "(if a then b else (if c then d else (e + f)))");
    assert_eq!(shape("x as int ?? y"), "((x as T) ?? y)");
    assert_eq!(shape("x as int < y"), "((x as T) < y)");
    assert_eq!(shape("(a + b) * c"), "((a + b) * c)");
    assert_eq!(shape("inner - importx - not_x - f - sql"), "((((inner - importx) - not_x) - f) - sql)");
}

#[test]
fn keys_in_braces_tell_names_from_expressions() {
    let ExprKind::Record(entries) = expression("{ in: 1, \"b\": 2, c.d: 3, a: 4 }") else { panic!() };
    assert_eq!(entries.iter().map(|entry| entry.is_label).collect::<Vec<_>>(), [true, false, false, true]);
    let ExprKind::MapComprehension(entry, of) = expression("{ day: n.count for day, n in xs for y in n if y }") else {
        panic!()
    };
    assert!(entry.is_label && of.filter.is_some());
    assert_eq!(of.loops.len(), 2);
}

#[test]
fn texts_resolve_escapes_and_holes() {
    let ExprKind::Literal(Literal::Text(text)) = expression(r#""a\n\t\"\\\{\u{20AC}é""#) else { panic!() };
    assert_eq!(&*text, "a\n\t\"\\{€é");
    let text = r#"f"{{{day:%d/%m} } "#.replace(" } ", "\\} {f(\"x}\", [1])}\"");
    let ExprKind::Interpolated(fragments) = expression(&text) else { panic!() };
    let source = source(&text);
    let shown: Vec<String> = fragments
        .iter()
        .map(|fragment| match fragment {
            Fragment::Text(text) => text.to_string(),
            Fragment::Hole { value, format } => {
                format!(
                    "<{}|{}>",
                    source.slice(value.span),
                    format.as_ref().map_or("", |format| source.slice(format.span))
                )
            }
        })
        .collect();
    assert_eq!(shown, ["{", "<day|%d/%m>", "} ", "<f(\"x}\", [1])|>"]);
    let ExprKind::Tagged(tagged) = expression("regex\"\"\"a\\d\"{2}\"b\"\"\"\"") else { panic!() };
    assert_eq!(&*tagged.text, "a\\d\"{2}\"b\"");
}

#[test]
fn a_text_with_holes_may_end_with_a_quote() {
    let ExprKind::Interpolated(fragments) = expression(r#"f"\"{x}\"""#) else { panic!() };
    let [Fragment::Text(before), Fragment::Hole { .. }, Fragment::Text(after)] = &fragments[..] else { panic!() };
    assert_eq!((&**before, &**after), ("\"", "\""));
}

#[test]
fn literals_are_values() {
    let literal = |text: &str| match expression(text) {
        ExprKind::Literal(literal) => literal,
        other => panic!("{other:?}"),
    };
    let instant = |text: &str| Literal::Timestamp(text.parse().unwrap());
    assert_eq!(literal("1_000"), Literal::Int(1000));
    assert_eq!(literal("1_0.5e1"), Literal::Float(105.0));
    assert_eq!(literal("1h30m"), Literal::Duration(5_400_000));
    assert_eq!(literal("1.5s"), Literal::Duration(1500));
    assert_eq!(literal("1y2mo3w4d"), Literal::Period { months: 14, days: 25 });
    assert_eq!(literal("20bd"), Literal::BusinessDays(20));
    assert_eq!(literal("2024-02-29"), Literal::Date("2024-02-29".parse().unwrap()));
    assert_eq!(literal("06:00"), Literal::Time("06:00:00".parse().unwrap()));
    assert_eq!(literal("2025-01-31T06:00Z"), instant("2025-01-31T06:00:00Z"));
    assert_eq!(literal("2025-01-31T06:00:01.25+01:30"), instant("2025-01-31T04:30:01.25Z"));
    assert_eq!(literal("2025-07-01T06:00[Europe/London]"), instant("2025-07-01T05:00:00Z"));
}

#[test]
fn impossible_literals_say_why() {
    let cases = [
        ("2025-02-30", "`2025-02-30` does not exist: February 2025 has 28 days"),
        ("2025-13-01", "`2025-13-01` is no date: there is no month 13"),
        ("2025-1-05", "`2025-1-05` is no date: months and days have two digits"),
        ("25:00", "`25:00` is no time: hours go from 00 to 23"),
        ("2025-01-31T25:00Z", "`25:00` is no time: hours go from 00 to 23"),
        ("2025-01-31T06:00", "`2025-01-31T06:00` names no zone, so it is no instant"),
        ("2025-01-31T06:00+19:00", "there is no offset `+19:00`"),
        ("2025-01-31T06:00[Europe/Lodnon]", "there is no zone `Europe/Lodnon`"),
        (
            "2026-03-29T01:30[Europe/London]",
            "2026-03-29 01:30:00 does not exist in Europe/London: the clocks go forward over it",
        ),
        ("2026-10-25T01:30[Europe/London]", "2026-10-25 01:30:00 comes twice in Europe/London: the clocks go back"),
        ("1d3h", "`1d3h` mixes a calendar period (`d`, `w`, `mo`, `y`) with a duration (`h`, `m`, `s`, `ms`)"),
        ("20bd5d", "`20bd5d` mixes business days (`bd`) with a calendar period (`d`, `w`, `mo`, `y`)"),
        ("1.5d", "`1.5d` cannot have 1.5: calendar periods are whole, since a day is not always 24 hours"),
        ("99999999999d", "`99999999999d` is too large"),
        ("99999999999999999999h", "`99999999999999999999h` is too large"),
        ("9223372036854775808", "`9223372036854775808` is too large for an `int`"),
        ("1e999", "`1e999` is too large for a `float`"),
        ("5min", "`5min` is neither a number nor a number with a unit"),
        ("0x1f", "`0x1f` is neither a number nor a number with a unit"),
    ];
    for (text, message) in cases {
        assert_eq!(about(&format!("x = {text}")), [format!("VF003 {message}")]);
    }
    let help = |text: &str| parse_expression(&source(text)).1[0].help.clone().unwrap();
    assert_eq!(help("2025-01-31T06:00[Europe/Lodnon]"), "did you mean `Europe/London`?");
    assert!(
        help("2026-10-25T01:30[Europe/London]").contains("`2026-10-25T01:30:00+01:00` or `2026-10-25T01:30:00+00:00`")
    );
    let (_, findings) = parse_expression(&source("2025-01-31T06:00[Europe/Lodnon]"));
    assert_eq!(findings[0].span(), Some(Span::new(SourceId(0), 16, 31)));
}

#[test]
fn escapes_are_blamed_where_they_stand() {
    let (_, findings) = parse_expression(&source("\"ab\\qc\\u{110000}\""));
    let at: Vec<_> =
        findings.iter().map(|finding| finding.span().unwrap()).map(|span| (span.start, span.end)).collect();
    assert_eq!(at, [(3, 5), (6, 16)]);
    assert_eq!(about("x = f\"a } b\""), ["VF001 a lone `}` in a text with holes"]);
}

#[test]
fn what_is_required_below_a_parameter_is_its_own_only_if_it_mentions_it() {
    let text = "workflow w {\n  param a: int = 1 require a > 0 else \"m\"\n  param b: date\n  require a > 1 else \"n\"\n\
                  param c: int = 2\n  require rows.count > 0\n  rows = []\n}\n";
    let source = source(text);
    let (file, findings) = parse(&source);
    assert!(findings.is_empty(), "{findings:?}");
    let ItemKind::Workflow(workflow) = &file.items[0].kind else { panic!("no workflow") };
    let written: Vec<&str> = workflow.items.iter().map(|item| source.slice(item.span)).collect();
    assert_eq!(
        written,
        [
            "param a: int = 1 require a > 0 else \"m\"",
            "param b: date",
            "require a > 1 else \"n\"",
            "param c: int = 2",
            "require rows.count > 0",
            "rows = []"
        ]
    );
}

#[test]
fn slips_are_mended() {
    let cases = [
        ("a = f(x = 1)", "a = f(x: 1)"),
        ("a = f(1, x=2)", "a = f(1, x: 2)"),
        ("a = { x = 1 }", "a = { x: 1 }"),
        ("a == 1", "a = 1"),
        ("a := 1", "a = 1"),
        ("do x = f(1)", "x = do f(1)"),
        ("when a = b { x = 1 }", "when a == b { x = 1 }"),
        ("x = if a = b then 1 else 2", "x = if a == b then 1 else 2"),
        ("require a.b = 3 else \"m\"", "require a.b == 3 else \"m\""),
        ("when a =< b { x = 1 }", "when a <= b { x = 1 }"),
        ("require n => 1", "require n >= 1"),
        ("x = if n => 1 then 2 else 3", "x = if n >= 1 then 2 else 3"),
        ("require n > 1, \"m\"", "require n > 1 else \"m\""),
        ("calendar c: calendars.target()", "calendar c = calendars.target()"),
        ("param n?: int", "param n: int?"),
        ("x = sql'''select 1'''", "x = sql\"\"\"select 1\"\"\""),
        ("x = a && b", "x = a and b"),
        ("x = a&&b", "x = a and b"),
        ("x = a || b", "x = a or b"),
        ("x = !a", "x = not a"),
        ("x = 'abc'", "x = \"abc\""),
        ("x = “abc”", "x = \"abc\""),
        ("x = 1 // don't (open", "x = 1 # don't (open"),
        ("x = 1 -- some note", "x = 1 # some note"),
        ("x = 1;", "x = 1"),
        ("x = null", "x = none"),
        ("x = [True]", "x = [true]"),
        ("when a { x = 1 } elif b { y = 1 }", "when a { x = 1 } else when b { y = 1 }"),
        ("when a { x = 1 } else if b { y = 1 }", "when a { x = 1 } else when b { y = 1 }"),
        ("for x in xs { yield x }", "for each x in xs { yield x }"),
        ("a = for x in xs { yield x }", "a = for each x in xs { yield x }"),
        ("x = [y for each y in ys]", "x = [y for y in ys]"),
        ("let x = 1", "x = 1"),
        ("var x = 1", "x = 1"),
        ("x = 30 d", "x = 30d"),
        ("x = 5 minutes", "x = 5m"),
        ("x = 5min", "x = 5m"),
        ("x = 6:00", "x = 06:00"),
        ("x = sql\"select 1\"", "x = sql\"\"\"select 1\"\"\""),
        ("x = \"a\\qb\"", "x = \"a\\\\qb\""),
        ("x = 1)", "x = 1"),
        ("x = [y for y in ys if (y = 1)]", "x = [y for y in ys if (y == 1)]"),
        ("x = for each y in ys { yield y } on failure contine", "x = for each y in ys { yield y } on failure continue"),
        ("requir x", "require x"),
        ("return x", "yield x"),
        ("if a { x = 1 }", "when a { x = 1 }"),
        ("x = f(1) wth { retry: 1 }", "x = f(1) with { retry: 1 }"),
        ("x = if a then b els c", "x = if a then b else c"),
        ("do for each x in xs { yield x }", "for each x in xs { yield x }"),
        ("x = [ ## one\n 1]", "x = [ # one\n 1]"),
    ];
    for (wrong, right) in cases {
        assert_eq!(mended(wrong), right);
    }
}

#[test]
fn slips_without_a_certain_fix_are_named() {
    let cases = [
        ("x = map(xs, y => y + 1)", "VF001 there are no functions without a name, so `=>` means nothing here"),
        ("x = map(xs, y -> y + 1)", "VF001 there are no functions without a name, so `->` means nothing here"),
        ("x = a ? b : c", "VF001 a choice is written with words"),
        ("x = floor(n // 2)", "VF001 there is no operator `//`"),
        ("x = c.days(a..b)", "VF001 two dots mean nothing"),
        ("x = 1 as list<>", "VF001 a `list` says what it holds"),
        ("match = 1", "VF001 `match` is a reserved word and cannot be a name"),
        ("param in: int = 3", "VF001 `in` is a reserved word and cannot be a name"),
        ("x = [in for in in xs]", "VF001 expected `]` or an expression after `[`, found `in`"),
        ("vm.write(x)", "VF001 a call alone is no statement"),
        ("x += 1", "VF001 a name keeps its value"),
        ("while a { }", "VF001 there is no `while`: every workflow ends"),
        ("fn f(a: int) -> int = a", "VF001 `fn` belongs at the top level of the file"),
        ("x = a b", "VF001 `b` cannot follow `a`"),
        ("x = größe", "VF001 `größe` has letters that no name can have"),
        ("null = 1", "VF001 `null` cannot be a name: elsewhere it means `none`"),
        ("x = \"\"\"a\"\"\"", "VF001 three quotes need to say which language is between them"),
        ("x = table {\n | a | b |\n | 1 |\n }", "VF001 this row has 1 cell, the header has 2"),
    ];
    for (wrong, message) in cases {
        assert_eq!(about(wrong), [message]);
    }
    assert_eq!(said("def f(a) { }"), ["VF001 1:1 there is no `def`"]);
    assert_eq!(said("param x: int"), ["VF001 1:1 `param` stands outside of any workflow"]);
    assert_eq!(said("fn f(a = 1) -> int = a"), ["VF001 1:6 the parameter `a` has no type"]);
}

#[test]
fn what_was_expected_is_said_in_words() {
    let cases = [
        ("x = f(a b)", "VF001 expected `,` or `)` after `a`, found `b`"),
        ("x = [1 2]", "VF001 expected `,` or `]` after `1`, found `2`"),
        ("x = 1 2", "VF001 expected an operator after `1`, found `2`"),
        ("tests = f(,)", "VF001 expected `)` or an argument after `(`, found `,`"),
        ("when a { x = 1 y = = 2 }", "VF001 expected an expression after `=`, found `=`"),
        ("x = 1 +", "VF001 expected an expression after `+`"),
        ("x =", "VF001 expected an expression after `=`"),
        ("x: = 3", "VF001 expected a type after `:`, found `=`"),
        ("x = if a then b", "VF001 `if … then …` also says what holds otherwise"),
        ("x = { a: 1, b }", "VF001 expected `:` after `b`, found `}`"),
        ("x = f\"{a b}\"", "VF001 expected `}` after `a`, found `b`"),
        ("param x = 3", "VF001 the parameter `x` has no type"),
    ];
    for (wrong, message) in cases {
        assert_eq!(about(wrong), [message]);
    }
}

#[test]
fn each_broken_statement_makes_one_finding() {
    let text = "workflow a {\n  x = = 1\n  y = 2\n  c = for each d in ds {\n    z = f(,)\n    yield d\n  } on failure continue\n  when a b { c = 1 }\n  w = 3\n}\nworkflow b {\n  q = 1 1\n}\nstep f( { }\ntype T = int\n";
    let found: Vec<String> = said(text).iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(found, ["2:7", "5:11", "8:10", "12:9", "14:7"]);
    let (file, _) = parse(&source(text));
    assert_eq!(file.items.len(), 3);
    let ItemKind::Workflow(workflow) = &file.items[0].kind else { panic!() };
    assert_eq!(workflow.items.len(), 3);
}

#[test]
fn a_closer_is_removed_only_where_the_rest_parses_without_it() {
    let told = |text: &str| -> Vec<String> {
        let (_, findings) = parse(&source(text));
        let fix = |it: &Diagnostic| it.fix.as_ref().map_or(String::new(), |fix| format!(" ({})", fix.message));
        findings.iter().map(|it| format!("{}{}", it.message, fix(it))).collect()
    };
    let header = "workflow mini\n\n  param n: int = 1\n  output a = n\n}\n";
    assert_eq!(told(header), ["expected `{` after `mini` (write `{`)"]);
    assert_eq!(told("workflow w {\n  output a = max [n, 2])\n}\n"), ["expected `]` after `n`, found `,`"]);
    let colon = "workflow w {\n  x = for each y in n:\n    yield y\n  }\n  output a = x\n}\n";
    assert_eq!(told(colon), ["the steps of a block stand in braces"]);
    assert_eq!(told("workflow w {\n  output a = n)\n}\n"), ["`)` closes nothing (remove `)`)"]);
    assert_eq!(told("workflow w {\n  output a = n)\n  output b 1\n}\n").first().unwrap(), "`)` closes nothing");
}

#[test]
fn the_parameters_of_a_test_are_set() {
    let (_, findings) = parse(&source("test \"x\" of w {\n  params { n: 5 }\n}\n"));
    assert_eq!(findings[0].fix.as_ref().unwrap().message, "write `set`");
}

#[test]
fn what_is_not_closed_is_blamed_once_at_its_opener() {
    let workflow = |body: &str| format!("workflow a {{\n{body}\n}}\n\nworkflow b {{\n  z = = 1\n}}\n");
    let cases = [
        ("  x = f(1, 2\n  y = 3", "VF002 2:8 this `(` is not closed"),
        ("  x = db.insert(\"t\", rows: [\n    { a: 1 },\n  )\n  y = 3", "VF002 2:28 this `[` is not closed"),
        ("  x = { a: 1,\n    b: 2\n  y = 3", "VF002 2:7 this `{` is not closed"),
        ("  x = \"abc\n  y = 3", "VF002 2:7 this text is not closed"),
        ("  x = f\"{a\n  y = 3", "VF002 2:9 this `{` in a text is not closed"),
        ("  x = f\"{a:%d\"\n  y = 3", "VF002 2:9 this `{` in a text is not closed"),
        ("  x = for each d in ds {\n    yield d\n\n  y = 1", "VF002 2:24 this `{` is not closed"),
    ];
    for (body, message) in cases {
        let text = workflow(body);
        let line = text.lines().position(|line| line.contains("= =")).unwrap() + 1;
        let other = format!("VF001 {line}:7 `=` stands here twice");
        assert_eq!(said(&text), [message.to_owned(), other], "{text}");
    }
    assert_eq!(said(&workflow("  x = sql\"\"\"\n    select '\n  y = 2")), ["VF002 2:7 this `sql\"\"\"` is not closed"]);
    assert_eq!(
        said("workflow a {\n  x = 1\n  }\n  y = 2 2\n}\n"),
        ["VF001 3:3 `}` closes nothing", "VF001 4:9 `2` stands here twice"]
    );
    assert_eq!(said("workflow a {\n  x = f([{"), ["VF002 2:10 this `{` is not closed"]);
}

#[test]
fn an_expression_alone() {
    assert!(matches!(expression(" [1, 2] # two"), ExprKind::List(_)));
    for (wrong, message) in [
        ("", "expected an expression, found the end of the file"),
        ("1 2", "expected an operator after `1`, found `2`"),
        ("x = 1", "expected an operator after `x`, found `=`"),
        ("\"a", "this text is not closed"),
    ] {
        let (expr, findings) = parse_expression(&source(wrong));
        assert!(expr.is_none());
        assert_eq!(findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>(), [message]);
    }
}

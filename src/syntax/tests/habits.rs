//! What people bring along from other languages: each gets a fix that is right, or a help and no fix.

use super::*;

/// The message and the help of the one finding about a statement, which has no fix.
fn helped(statement: &str) -> (String, String) {
    let text = format!("workflow w {{\n  {statement}\n}}\n");
    unfixed(&text)
}

fn unfixed(text: &str) -> (String, String) {
    let (_, findings) = parse(&source(text));
    let [finding] = findings.as_slice() else { panic!("{text}: {findings:?}") };
    assert_eq!(finding.fix, None, "{text}");
    (finding.message.clone(), finding.help.clone().unwrap_or_default())
}

#[test]
fn conversions_in_holes_are_left_out() {
    assert_eq!(mended("x = f\"{t!r}\""), "x = f\"{t}\"");
    assert_eq!(mended("x = f\"{t!s:>10}\""), "x = f\"{t:>10}\"");
    assert_eq!(mended("x = f\"{n=}\""), "x = f\"n={n}\"");
    assert_eq!(mended("x = f\"a {n + 1=:.2f}\""), "x = f\"a n + 1={n + 1:.2f}\"");
    assert_eq!(helped("x = f\"{m[\"a\"]=}\"").0, "a hole gives the value alone, not its name");
    assert_eq!(mended("x = f\"{!a}\""), "x = f\"{not a}\"");
    assert_eq!(mended("x = f\"{if a = b then 1 else 2}\""), "x = f\"{if a == b then 1 else 2}\"");
}

#[test]
fn ranges_by_dots_are_named_in_words() {
    let cases = [
        ("x = [i for i in 1..10]", "write `range(1, 11)` for the numbers from 1 to 10"),
        ("x = 1..=3", "write `range(1, 4)` for the numbers from 1 to 3"),
        ("x = 1...3", "write `range(1, 4)` for the numbers from 1 to 3"),
        ("x = 2025-01-01..2025-01-31", "write `2025-01-01 through 2025-01-31`, which takes both days"),
        ("x = [d for d in a..b]", "write `range(a, b)` for numbers, `a through b` for days"),
        ("x = ys[1..2]", "write `range(1, 3)` for the numbers from 1 to 2"),
    ];
    for (wrong, help) in cases {
        assert_eq!(helped(wrong), ("a range is written with words".to_owned(), help.to_owned()));
    }
    assert_eq!(mended("x = vm..a"), "x = vm.a");
}

#[test]
fn choices_of_other_languages_lead_to_ours() {
    let case = "a choice between two values begins with `if`";
    for text in ["x = case when c then a else b end", "x = CASE c WHEN 1 THEN a END", "x = [case when c then a end]"] {
        assert_eq!(helped(text).0, case);
    }
    let values = "write `if x == a then … else if x == b then … else …`";
    let branches = "write `when x == a { … } else when x == b { … } else { … }`";
    for word in ["switch", "match"] {
        assert_eq!(helped(&format!("y = {word} x {{ 1 => 2 }}")).1, values);
        assert_eq!(helped(&format!("{word} x {{ 1 => 2 }}")).1, branches);
    }
    let right = "x = if a then 1 else if b then 2 else 3";
    assert_eq!(mended("x = if a then 1 elif b then 2 else 3"), right);
    assert_eq!(mended("x = if a then 1 else when b then 2 else 3"), right);
}

#[test]
fn two_bars_beside_a_text_are_no_or() {
    assert_eq!(mended("x = \"a\" || \"b\""), "x = \"a\" + \"b\"");
    assert_eq!(mended("x = \"a\"||\"b\""), "x = \"a\"+\"b\"");
    for text in ["x = a || \" \" || b", "x = a || \"none\"", "x = f(\"a\" || b)", "x = a||\"b\""] {
        let (_, findings) = parse(&source(&format!("workflow w {{\n  {text}\n}}\n")));
        assert!(findings.iter().all(|finding| finding.fix.is_none()), "{text}: {findings:?}");
        assert_eq!(findings[0].message, "`||` joins conditions, and a text is none");
    }
    assert_eq!(mended("x = a == \"x\" || b == \"y\""), "x = a == \"x\" or b == \"y\"");
    assert_eq!(mended("x = \"x\" == a || \"y\" == b"), "x = \"x\" == a or \"y\" == b");
}

#[test]
fn is_compares_nothing_wherever_it_stands() {
    let cases = [
        ("x = y is None", "x = y == none"),
        ("x = y is none and z", "x = y == none and z"),
        ("x = y IS NOT NULL", "x = y != none"),
        ("x = [y is not null]", "x = [y != none]"),
        ("x = y is 3", "x = y == 3"),
        ("require y is not null else \"m\"", "require y != none else \"m\""),
        ("when y is null { x = 1 }", "when y == none { x = 1 }"),
        ("x = if y is not None then 1 else 2", "x = if y != none then 1 else 2"),
        ("output x = y is nil", "output x = y == none"),
    ];
    for (wrong, right) in cases {
        assert_eq!(mended(wrong), right);
    }
    assert_eq!(about("is = 1"), Vec::<String>::new());
}

#[test]
fn types_of_other_languages_are_mended() {
    let cases = [
        ("param x: List[int]", "param x: list<int>"),
        ("param x: int[] = []", "param x: list<int> = []"),
        ("param x: Optional[date]", "param x: date?"),
        ("param x: Dict[text, List[int]]", "param x: map<text, list<int>>"),
        ("param x: list[int]", "param x: list<int>"),
        ("param x: map[text, int?]", "param x: map<text, int?>"),
        ("param x: list<int | None>", "param x: list<int?>"),
        ("param x: int | null = none", "param x: int? = none"),
        ("x: List[int] = ys", "x: list<int> = ys"),
    ];
    for (wrong, right) in cases {
        assert_eq!(mended(wrong), right);
    }
    assert_eq!(helped("param x: int[][]").1, "write `list<T>`");
    assert_eq!(helped("param x: \"a\" | \"b\" | None").1, "give the union a name, `type T = …`, and write `T?`");
}

#[test]
fn values_of_other_languages_are_named() {
    assert_eq!(mended("x = any(n == 1 for n in ns)"), "x = any([n == 1 for n in ns])");
    assert_eq!(mended("x = f(2, a: n for n in ns if n > 1)"), "x = f(2, a: [n for n in ns if n > 1])");
    assert_eq!(mended("x = { a: 1 } | { b: 2 }"), "x = { a: 1 } + { b: 2 }");
    let cases = [
        ("x = f(n for n in [1], 2)", "write `[f(x) for x in xs]`"),
        ("x = (1, 2)", "write a list, `[a, b]`, or a record, `{ first: a, second: b }`"),
        ("x = {1, 2}", "write a list, `[a, b]`, which `unique(xs)` takes each value of once"),
        ("x = {a, b}", "write `a: a` for an entry of that name; a list is written `[a, b]`"),
        ("x = ys | sum", "write `sum(xs)` for `xs | sum`"),
        ("r.a = 2", "make a new record: `r + { a: … }`"),
        ("r.a.b = 2", "make a new record: `r.a + { b: … }`"),
        ("m[\"a\"] = 2", "make a new map: `m + { \"a\": … }`"),
        ("xs[0] = 2", "make a new list or map, as in `[f(x) for x in xs]`"),
    ];
    for (wrong, help) in cases {
        assert_eq!(helped(wrong).1, help);
    }
}

#[test]
fn a_call_alone_leads_to_what_works() {
    assert_eq!(
        helped("param names: list<text>\n  names.append(\"b\")"),
        (
            "nothing changes once it has a name".to_owned(),
            "make a new list, `names + [x]`, or a new map, `names + { key: x }`".to_owned()
        )
    );
    assert_eq!(mended("use db: sql\n  db.insert(\"t\")"), "use db: sql\n  do db.insert(\"t\")");
    for call in ["log(\"a\")", "print(\"a\")", "console.log(\"a\")"] {
        assert_eq!(helped(call).1, "to tell a value in the log of the run, write `_told = log(…)`");
    }
}

#[test]
fn functions_with_a_block_lead_to_an_expression() {
    let cases = [
        ("fn f(a: int) -> int { a + 1 }", "write `fn f(a: int) -> int = a + 1`; a block that reads is a `step`"),
        ("fn f(a: int) -> int { return a }", "write `fn f(a: int) -> int = a`; a block that reads is a `step`"),
        ("fn f() -> int {\n  b = 1\n  yield b\n}", "write `fn f() -> int = …`; a block that reads is a `step`"),
        ("fn f(a: int) { a }", "write `fn f(a: int) -> T = a`, with the type that it gives for `T`"),
    ];
    for (wrong, help) in cases {
        assert_eq!(unfixed(wrong).1, help);
    }
    let (_, findings) = parse(&source("fn f(a: int) -> int: a + 1"));
    assert_eq!(findings[0].fix.as_ref().map(|fix| fix.edits[0].replacement.as_str()), Some(" ="));
}

#[test]
fn a_with_that_belongs_to_no_step_is_blamed_itself() {
    let names = "param names: list<text> = [\"a\"]";
    assert_eq!(
        said(&format!("workflow w {{\n  {names}\n  with db as d {{ x = 1 }}\n}}\n")),
        ["VF001 3:3 there is no `with … as`"]
    );
    assert_eq!(
        said(&format!("workflow w {{\n  {names}\n  with {{ retry: 3 }}\n}}\n")),
        ["VF001 3:3 `with` says how a step runs, and no step stands before it"]
    );
    assert_eq!(about("x = f(1)\n  with db as d { y = 1 }"), ["VF001 there is no `with … as`"]);
    assert_eq!(about("x = f(1)\n  with timeout: 2m"), ["VF001 what follows `with` stands in braces"]);
}

#[test]
fn a_text_that_swallows_the_brace_of_its_block_is_one_finding() {
    let test = "test \"a of w {\n  at 2025-01-10T07:00Z\n  expect a == 1\n}\n";
    assert_eq!(said(test), ["VF002 1:6 this text is not closed"]);
    let when = "workflow w {\n  when a == \"b {\n    x = 1\n  }\n  y = 2\n}\n";
    assert_eq!(said(when), ["VF002 2:13 this text is not closed"]);
    let other = "workflow w {\n  x = \"b {\n  y = 2\n}\n";
    assert_eq!(said(other), ["VF002 2:7 this text is not closed"]);
}

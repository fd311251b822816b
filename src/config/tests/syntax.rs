//! YAML that is broken, hostile or unusual.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_yaml_is_one_finding_at_its_place() {
    let cases = [
        ("a: [1, 2\nb: 3\n", "2:2 [:] not valid YAML: a `[` or `{` above is not closed before this `:`"),
        ("é: b: c\n", "1:5 [:] not valid YAML: a key cannot stand here"),
        ("a:\nb\nc: 1\n", "2:1 [b] not valid YAML: this line has no `:`"),
        ("a: b\n\tc: d\n", "2:1 [\t] a tab indents this line, and YAML wants spaces"),
        ("a: { b: 1\nc: 2\n", "2:2 [:] not valid YAML: a `{` above is not closed"),
        ("a:\n  b: 1\n c: 2\n", "3:2 [c] not valid YAML: this line is indented like none of the keys above"),
        ("jobs:\n\t- b\n", "2:1 [\t] a tab indents this line, and YAML wants spaces"),
        ("a: 1\n---\nb: 2\n", "3:1 [] a second document begins here"),
        ("jobs: *nope\n", "1:7 [*] no anchor with this name stands above"),
        ("jobs: &a [*a]\n", "1:11 [*a] this alias stands inside what it stands for"),
        ("jobs: .inf\n", "1:7 [.inf] a number has to be finite"),
        ("@", "1:1 [@] not valid YAML: unexpected character: `@'"),
    ];
    for (text, expected) in cases {
        let actual = loading(text);
        assert_eq!(actual.split(" | ").next(), Some(expected), "{text:?}");
        assert_eq!(actual.lines().count(), 1, "{text:?}");
    }
}

#[test]
fn nothing_at_all_is_a_configuration() {
    for text in ["", "\n", "# only a comment\n", "~", "---\n"] {
        assert_eq!(loading(text), "", "{text:?}");
    }
}

#[test]
fn the_shape_of_the_file_is_checked() {
    let cases: [(&str, &[&str]); 7] = [
        (
            "connections: {}\nsinks: []\n",
            &[
                "1:1 [connections] a configuration has no key `connections` | it stands in an environment: `environments: { local: { connections: … } }`",
                "2:1 [sinks] a configuration has no key `sinks` | it stands in an environment: `environments: { local: { lifecycle: … } }`",
            ],
        ),
        ("- a\n", &["1:1 [- a] `vmflow.yaml` is a list, where a map is wanted | write a map"]),
        ("\u{feff}jobz: {}\r\n", &["1:2 [jobz] a configuration has no key `jobz` | did you mean `jobs`?"]),
        (
            "x: {}\n~: 1\n",
            &[
                "2:1 [~] a key is a name, and this is none | write `name: value`",
                "1:1 [x] a configuration has no key `x` | known here: `default_environment`, `environments`, `jobs`, `packages`, `mask`, `runs`",
            ],
        ),
        (
            "jobs:\n  a: { workflow: a.flow }\n  a: { workflow: b.flow }\n",
            &["3:3 [a] `a` is given twice | keep one of them"],
        ),
        ("environments: { prod: }\ndefault_environment: b\n", &["2:22 [b] no environment `b` | environments: `prod`"]),
        (
            "mask: [${A}, b: c]",
            &[
                "1:8 [${A}] `A` is not set | set the variable, or write `${A:-}` if it may be empty",
                "1:14 [b: c] `mask` is a map, where a text is wanted | write a text",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_lines(&loading(text), expected);
    }
}

#[test]
fn a_misspelt_key_comes_with_an_edit() {
    let text = "environmets: {}\n";
    let (_, findings) = load(&source(text), &Variables::default());
    let edit = &findings[0].fix.as_ref().unwrap().edits[0];
    assert_eq!((source(text).slice(edit.span), edit.replacement.as_str()), ("environmets", "environments"));
}

#[test]
fn merges_and_aliases_stand_for_what_they_name() {
    let text = "
environments:
  a:
    connections:
      one: &one { kind: sqlite, path: one.db }
      two: { <<: *one, path: two.db }
      three: { <<: [{ schema: s.sql }, *one], path: three.db }
      four: *one
";
    let environment = config(text, &[]).environment("a").unwrap();
    let paths: Vec<_> = environment.connections.values().map(|connection| connection.kind.clone()).collect();
    let sqlite = |path: &str, schema: Option<&str>| ConnectionConfig::Sqlite {
        path: format!("project/{path}").into(),
        schema: schema.map(|schema| format!("project/{schema}").into()),
    };
    let expected =
        [sqlite("one.db", None), sqlite("two.db", None), sqlite("three.db", Some("s.sql")), sqlite("one.db", None)];
    assert_eq!(paths, expected);
    assert_eq!(
        loading("jobs: { <<: 5 }"),
        "1:9 [<<] `<<` merges maps, and this is none | write `<<: *anchor`, with `&anchor` at a map above"
    );
}

#[test]
fn an_alias_bomb_ends_quickly_with_one_finding() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let below = format!("*a{}", level - 1);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 10].join(", "));
    }
    let _ = writeln!(text, "jobs: {}", "#".repeat(900_000));
    let shown = loading(&text);
    assert!(shown.contains("too deep or too large") && shown.lines().count() == 1, "{shown}");
}

#[test]
fn deep_nesting_and_long_files_end_with_one_finding() {
    for (text, expected) in [
        ("[".repeat(500_000), "not valid YAML"),
        ("{a: ".repeat(200_000), "not valid YAML"),
        ((0..1_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n"), "too deep"),
        ("- ".repeat(100_000), ""),
        ("a: ".repeat(100_000), "not valid YAML"),
        ("x".repeat(2_000_000), "2000000 bytes are too many"),
    ] {
        let shown = loading(&text);
        assert!(shown.contains(expected) && shown.lines().count() == 1, "{shown:.200}");
    }
}

#[test]
fn variables_may_stand_unquoted_in_braces() {
    let text =
        "environments: { e: { connections: { h: { kind: http, base_url: ${URL:-http://${HOST:-a.example}} } } } }";
    let environment = config(text, &[("HOST", "b.example")]).environment("e").unwrap();
    let ConnectionConfig::Http { base_url, .. } = &environment.connections["h"].kind else { panic!() };
    assert_eq!(base_url.expose(), "http://b.example");
}

/// Pieces of which configurations are made, put together at random.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "environments:",
        "jobs:",
        "connections:",
        "kind: ",
        "postgres",
        "sqlite",
        "extends: ",
        "a",
        "b:",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "- ",
        "&x ",
        "*x",
        "<<: ",
        "\"",
        "'",
        "|\n",
        "${A",
        ":-",
        "}",
        ":?",
        "$$",
        "é",
        "\t",
        "\r\n",
        "5",
        "true",
        "~",
        "#",
        "password: ",
        "mask: ",
        "schedule: ",
        "timeout: ",
        "1h",
        "\u{feff}",
        "default_environment: ",
        "params: ",
        "after: ",
        "url: ",
        "postgres://u:p@h",
        "---",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads everything there is in a text; every span has to fit it.
fn exhaust(text: &str) {
    let source = source(text);
    let (config, mut findings) = load(&source, &variables(&[("A", "x")]));
    findings.extend(config.check());
    for name in config.environment_names() {
        findings.extend(config.environment(name).err().unwrap_or_default());
    }
    for id in config.job_ids() {
        findings.extend(config.job(id).err().unwrap_or_default());
    }
    for label in findings.iter().flat_map(|finding| &finding.labels) {
        assert!(source.text.get(label.span.start as usize..label.span.end as usize).is_some(), "{text:?} {label:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        exhaust(&text);
    }

    #[test]
    fn no_likely_text_panics(text in pieces()) {
        exhaust(&text);
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diagnostic::codes;
use crate::source::SourceId;

const FLOW: &str = "workflow w {\n  é = \"日本\" + dayz\n\tx = 1\r\n}";

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add("flows/a.flow", text);
    sources
}

fn at(start: u32, end: u32) -> Span {
    Span::new(SourceId(0), start, end)
}

/// The first `needle` in `text`.
fn find(text: &str, needle: &str) -> Span {
    let start = u32::try_from(text.find(needle).unwrap()).unwrap();
    at(start, start + u32::try_from(needle.len()).unwrap())
}

fn unknown() -> Diagnostic {
    Diagnostic::new(&codes::VF101, find(FLOW, "dayz"), "no name `dayz` here")
}

fn human(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    render(Format::Human, sources, diagnostics, 0, false, 80)
}

/// How a label at `span` of `text` is drawn, without title and docs.
fn drawn(text: &str, span: Span) -> String {
    let finding = Diagnostic::new(&codes::VF101, span, "m").at("here");
    let human = human(&sources(text), &[finding]);
    let lines: Vec<&str> = human.lines().skip(1).collect();
    lines[..lines.len() - 2].join("\n")
}

#[test]
fn a_finding_is_drawn_with_its_labels_notes_and_help() {
    let finding = unknown()
        .at("did you mean `days`?")
        .label(at(0, 8), "in this workflow")
        .note(
            "a note that is long enough to be wrapped at eighty columns, which takes a few more words than one thinks",
        )
        .help("write `days`");
    let expected = r#"error[VF101]: no name `dayz` here
   ╭─[flows/a.flow:2:14]
 1 │ workflow w {
   · ────┬───
   ·     ╰── in this workflow
 2 │   é = "日本" + dayz
   ·                ──┬─
   ·                  ╰── did you mean `days`?
   ╰────
  = note: a note that is long enough to be wrapped at eighty columns, which
          takes a few more words than one thinks
  = help: write `days`
  = docs: vmflow explain VF101

"#;
    assert_eq!(human(&sources(FLOW), &[finding]), expected);
}

#[test]
fn a_fix_is_told_when_no_help_is() {
    let fixed = unknown().fix("write `days`", find(FLOW, "dayz"), "days");
    assert!(human(&sources(FLOW), std::slice::from_ref(&fixed)).contains("  = help: write `days`\n"));
    let helped = human(&sources(FLOW), &[fixed.help("did you mean `days`?")]);
    assert!(helped.contains("  = help: did you mean `days`?\n") && !helped.contains("write"), "{helped}");
}

#[test]
fn the_end_of_the_file_can_be_pointed_at() {
    let expected = "   ╭─[flows/a.flow:4:2]\n 4 │ }\n   ·  ▲\n   ·  ╰── here\n   ╰────";
    for span in [at(46, 46), at(1_000, 2_000), at(46, 2_000)] {
        assert_eq!(drawn(FLOW, span), expected, "{span:?}");
    }
    assert_eq!(drawn("", at(0, 0)), "   ╭─[flows/a.flow:1:1]\n 1 │ \n   · ▲\n   · ╰── here\n   ╰────");
}

#[test]
fn a_line_end_is_no_part_of_the_excerpt() {
    let expected = "   ╭─[flows/a.flow:3:2]\n 3 │     x = 1\n   ·     ──┬──\n   ·       ╰── here\n   ╰────";
    let x = find(FLOW, "x = 1\r\n");
    assert_eq!(drawn(FLOW, x), expected);
    assert_eq!(drawn(FLOW, at(x.start, x.end - 2)), expected);
}

#[test]
fn labels_over_several_lines_are_bracketed_and_long_ones_cut() {
    let few = "   ╭─[flows/a.flow:1:1]
 1 │ ╭─▶ workflow w {
 2 │ │     é = \"日本\" + dayz
 3 │ │       x = 1
 4 │ ├─▶ }
   · ╰──── here
   ╰────";
    assert_eq!(drawn(FLOW, at(0, 46)), few);
    let many = "a {\n".to_owned() + &"  x\n".repeat(20) + "}";
    assert_eq!(drawn(&many, at(0, 85)), "   ╭─[flows/a.flow:1:1]\n 1 │ a {\n   · ─┬─\n   ·  ╰── here\n   ╰────");
}

#[test]
fn a_line_too_long_to_be_drawn_is_named() {
    let text = format!("x = \"{}\" + dayz", "é".repeat(5_000));
    assert_eq!(drawn(&text, find(&text, "dayz")), "   ╭─[flows/a.flow:1:5010]\n   ╰────");
}

#[test]
fn a_label_in_another_source_becomes_a_note() {
    let mut sources = sources(FLOW);
    let other = sources.add("lib/b.flow", "\n fn dayz() = 1");
    let finding = unknown().label(Span::new(other.id, 5, 9), "one is declared here");
    assert!(human(&sources, &[finding]).contains("  = note: lib/b.flow:2:5: one is declared here\n"));
}

#[test]
fn what_steers_a_terminal_is_not_printed() {
    let text = "x = \u{1b}[31m\u{202e} + dayz\rz";
    let mut finding = Diagnostic::new(&codes::VF101, find(text, "dayz"), "bad \u{1b}[2J name").note("a\u{7}b");
    finding.labels[0].text = "\u{9b}label".to_owned();
    let shown = human(&sources(text), &[finding.clone()]);
    assert!(!shown.chars().any(|c| is_hostile(c) && c != '\n'), "{shown:?}");
    assert!(shown.contains(" 1 │ x = ?[31m??? + dayz?z\n"), "{shown}");
    assert!(!render(Format::Short, &sources(text), &[finding], 1, true, 80).contains('\u{1b}'));
}

#[test]
fn a_secret_that_is_complained_about_is_not_shown() {
    let text = "db: { password: hünter2, prot: 1 }";
    let clear = Diagnostic::new(&codes::VF702, find(text, "hünter2"), "`password` holds a secret in clear");
    let other = Diagnostic::new(&codes::VF701, find(text, "prot"), "no key `prot`");
    let shown = human(&sources(text), &[other, clear]);
    assert!(!shown.contains("nter") && shown.matches("{ password: ********, prot: 1 }").count() == 2, "{shown}");
}

#[test]
fn only_so_many_findings_are_drawn() {
    let one = |n| Diagnostic { message: format!("nothing is called `m{n}` here"), ..unknown() };
    let many: Vec<Diagnostic> = (0..120).map(one).collect();
    let shown = render(Format::Human, &sources(FLOW), &many, 3, false, 80);
    assert_eq!(shown.matches("╭─[").count(), 50);
    assert!(shown.ends_with("\nand 70 more\n\n120 errors in 3 files\n"), "{shown}");
}

#[test]
fn a_name_that_is_missed_again_is_shown_with_the_first_for_people_only() {
    let many = vec![unknown(); 9];
    let shown = render(Format::Human, &sources(FLOW), &many, 1, false, 80);
    assert_eq!((shown.matches("error[").count(), shown.matches("here, too").count()), (1, 3), "{shown}");
    assert!(shown.ends_with("\n9 errors in 1 file\n"), "{shown}");
    assert_eq!(render(Format::Short, &sources(FLOW), &many, 1, false, 80).lines().count(), 9);
}

#[test]
fn fields_of_one_record_are_shown_together_for_people_only() {
    let field = |name: &str, help: &str| {
        let message = format!("no field `{name}` is wanted here");
        Diagnostic::new(&codes::VF201, find(FLOW, name), message).help(help)
    };
    let known = "known here: `day`";
    let three = [field("é", known), field("dayz", known), field("x", known)];
    let shown = human(&sources(FLOW), &three);
    let says = ["error[VF201]: no field `é` is wanted here", "── nor `dayz`", "── nor `x`"];
    assert!(says.iter().all(|say| shown.contains(say)) && shown.matches("error[").count() == 1, "{shown}");
    assert_eq!(render(Format::Short, &sources(FLOW), &three, 1, false, 80).lines().count(), 3);
    let others = [field("é", known), field("dayz", "did you mean `day`?")];
    assert_eq!(human(&sources(FLOW), &others).matches("error[").count(), 2, "another help is another mistake");
    let two = [field("é", known), field("dayz", known).label(find(FLOW, "x"), "`{ day: date }`")];
    assert_eq!(human(&sources(FLOW), &two).matches("error[").count(), 2, "another record");
}

#[test]
fn the_summary_counts() {
    let mut warning = unknown();
    warning.severity = Severity::Warning;
    let summary = |diagnostics: &[Diagnostic], files| {
        let shown = render(Format::Human, &sources(FLOW), diagnostics, files, false, 80);
        shown.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(summary(&[unknown(), warning.clone(), warning], 1), "1 error and 2 warnings in 1 file");
    assert_eq!(summary(&[], 2), "no findings in 2 files");
    assert_eq!(summary(&[], 0), "");
}

#[test]
fn colours_are_there_when_they_are_wanted() {
    let shown = render(Format::Human, &sources(FLOW), &[unknown()], 0, true, 80);
    assert!(shown.starts_with("\u{1b}[1;31merror[VF101]\u{1b}[0m"), "{shown:?}");
    assert!(!human(&sources(FLOW), &[unknown()]).contains('\u{1b}'));
}

#[test]
fn the_short_form_is_a_line_each_with_columns_in_characters() {
    let mut warning = unknown();
    warning.severity = Severity::Warning;
    warning.message = "two\nlines".to_owned();
    let placeless = Diagnostic { labels: Vec::new(), ..unknown() };
    assert_eq!(
        render(Format::Short, &sources(FLOW), &[unknown(), warning, placeless], 1, true, 80),
        "flows/a.flow:2:14: error[VF101]: no name `dayz` here\n\
         flows/a.flow:2:14: warning[VF101]: two lines\n\
         error[VF101]: no name `dayz` here\n"
    );
}

#[test]
fn the_json_form_is_the_documented_one() {
    let span = find(FLOW, "dayz");
    let finding = unknown().at("here").help("write `days`").fix("write `days`", span, "days");
    let placeless = Diagnostic { labels: Vec::new(), ..unknown() };
    let shown = render(Format::Json, &sources(FLOW), &[finding, placeless], 3, true, 80);
    let place = json!({
        "start": { "line": 2, "column": 14, "offset": 31 },
        "end": { "line": 2, "column": 18, "offset": 35 },
    });
    let expected = json!({
        "diagnostics": [
            {
                "code": "VF101", "severity": "error", "message": "no name `dayz` here",
                "file": "flows/a.flow", "span": place,
                "labels": [{ "file": "flows/a.flow", "span": place, "message": "here" }],
                "help": "write `days`",
                "fix": { "message": "write `days`", "edits": [{ "span": place, "replacement": "days" }] },
            },
            {
                "code": "VF101", "severity": "error", "message": "no name `dayz` here",
                "file": null, "span": null, "labels": [], "help": null, "fix": null,
            },
        ],
        "summary": { "errors": 2, "warnings": 0, "files": 3 },
    });
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), expected);
}

proptest! {
    #[test]
    fn no_span_of_any_text_panics(
        text in "[a-zé日\u{1b}\u{200d}\t\r\n ]{0,60}",
        spans in prop::collection::vec((0_u32..90, 0_u32..90), 1..5),
        color in any::<bool>(),
    ) {
        let spans: Vec<Span> = spans.into_iter().map(|(a, b)| at(a.min(b), a.max(b))).collect();
        let mut finding = Diagnostic::new(&codes::VF702, spans[0], "m").at("x");
        for span in &spans[1..] {
            finding = finding.label(*span, "two\nlines");
        }
        for format in [Format::Human, Format::Short, Format::Json] {
            let shown = render(format, &sources(&text), std::slice::from_ref(&finding), 1, color, 10);
            prop_assert!(shown.ends_with('\n'));
        }
    }
}

//! What pictures look like.

use super::{Drawing, Mark, Marks, Outcome, draw, draw_run};
use crate::check::program::{Action, Block, Parallel, Workflow};
use crate::primitive::Effect;
use crate::run::tests::build::{READ, WRITE, act, ask, at_once, foreach, list, lit, outer, slot, step, workflow};

fn example() -> Workflow {
    let found = step("found", 1, ask(&READ, "it", outer(1, 0)));
    let kept = step("do vm.write", 2, ask(&WRITE, "it", slot(1))).after(&[0]);
    let mut copied =
        act("copied", Some(2), foreach(list([1]), at_once(4), true, vec![found, kept], slot(1))).after(&[0]);
    copied.effect = Effect::Write;
    let arm = Block { slots: 0, steps: vec![act("inner \"x\"", None, Action::Expression(lit(1)))], result: None };
    let when = act("when", None, Action::When { arms: vec![(lit(true), arm)], otherwise: Some(Block::default()) });
    let mut example = workflow(4, vec![step("days", 1, lit(1)), copied, when.after(&[0, 1])]);
    example.finally =
        Some(Block { slots: 0, steps: vec![step("told", 0, ask(&WRITE, "it", outer(1, 0)))], result: None });
    example
}

#[test]
fn as_text() {
    assert_eq!(
        draw(&example(), Drawing::Text),
        "\
workflow trial
  uses vm: metrics

  days    pure
  copied  write  for each, 4 at once, goes on after a failure  after: days
    found        read
    do vm.write  write  after: found
  when    pure   after: days, copied
    when
      inner \"x\"  pure
    else

  finally
    told  write
"
    );
}

#[test]
fn as_mermaid() {
    let drawing = draw(&example(), Drawing::Mermaid);
    for line in [
        "  c0[(\"vm: metrics\")]",
        "  subgraph s_1[\"copied<br/>for each, 4 at once, goes on after a failure\"]",
        "    s_1g0_0[\"found\"]:::read",
        "      s_2g0_0[\"inner #quot;x#quot;\"]",
        "  s_0 --> s_1",
        "  s_1g0_0 --> s_1g0_1",
        "  c0 -.-> s_1g0_0",
        "  finally_0 -.-> c0",
    ] {
        assert!(drawing.lines().any(|found| found == line), "{line}\n{drawing}");
    }
}

#[test]
fn as_dot() {
    let drawing = draw(&example(), Drawing::Dot);
    for line in [
        "digraph \"trial\" {",
        "    s_1 [label=\"copied\\lfor each, 4 at once, goes on after a failure\", fillcolor=\"#fff3e0\"];",
        "      s_2g0_0 [label=\"inner \\\"x\\\"\", fillcolor=white];",
        "  s_0 -> s_1;",
        "  c0 -> s_1g0_0 [style=dashed];",
    ] {
        assert!(drawing.lines().any(|found| found == line), "{line}\n{drawing}");
    }
    assert_eq!(drawing.matches('{').count(), drawing.matches('}').count());
}

fn marks() -> Marks {
    let mark = |outcome, words: &str, counts| Mark { outcome, words: words.to_owned(), duration_ms: Some(7), counts };
    [
        ("days", mark(Outcome::Done, "7 ms", None)),
        ("copied", mark(Outcome::Partial, "1 of 2 items", Some((2, 1)))),
        ("copied.found", mark(Outcome::Failed, "1 of 2 failed: no", Some((2, 1)))),
        ("finally.told", mark(Outcome::Skipped, "not reached", None)),
    ]
    .map(|(path, mark)| (path.to_owned(), mark))
    .into()
}

#[test]
fn as_a_run_went() {
    let has = |drawing, lines: &[&str]| {
        let drawn = draw_run(&example(), drawing, &marks(), false);
        for line in lines {
            assert!(drawn.lines().any(|found| found == *line), "{line}\n{drawn}");
        }
    };
    has(
        Drawing::Text,
        &[
            "  ✓ days    pure   7 ms",
            "  ! copied  write  1 of 2 items  for each, 4 at once, goes on after a failure  after: days",
            "    ✗ found        read   1 of 2 failed: no",
            "    do vm.write  write  after: found",
            "    - told  write  not reached",
        ],
    );
    has(
        Drawing::Mermaid,
        &[
            "  s_0[\"days<br/>✓ 7 ms\"]:::done",
            "  class s_1 partial",
            "  classDef skipped fill:#f5f5f5,stroke:#9e9e9e,color:#222,stroke-dasharray:4",
        ],
    );
    has(
        Drawing::Dot,
        &["    s_1g0_0 [label=\"found\\l✗ 1 of 2 failed: no\", fillcolor=\"#ffebee\", color=\"#c62828\"];"],
    );
    let document: serde_json::Value =
        serde_json::from_str(&draw_run(&example(), Drawing::Json, &marks(), false)).unwrap();
    let copied = &document["blocks"][0]["steps"][1];
    assert_eq!((&copied["path"], &copied["run"]["counts"]["failed"]), (&"copied".into(), &1.into()));
    assert_eq!(copied["blocks"][0]["steps"][0]["run"]["outcome"], "failed");
}

#[test]
fn the_same_workflow_gives_the_same_picture() {
    for drawing in [Drawing::Text, Drawing::Mermaid, Drawing::Dot, Drawing::Json] {
        assert_eq!(draw(&example(), drawing), draw(&example(), drawing));
    }
    let sequential = workflow(2, vec![act("l", Some(1), foreach(list([1]), Parallel::No, false, Vec::new(), lit(1)))]);
    assert!(draw(&sequential, Drawing::Text).contains("one by one"));
    assert_eq!(crate::plan::graph(&example().body).edge_count(), 3);
}

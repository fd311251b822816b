//! `vmflow plot`: what is drawn, and what is said when nothing can be.

use crate::support::sandbox::{Ran, Sandbox};

/// Two series that are quickly fitted.
const FLOW: &str = "workflow two {
  use db: sql
  calendar open = calendars.weekdays()
  names = [\"a\", \"b<c>\"]
  made = for each name in names in parallel 2 {
    s = series(\"nav\", labels: { auid: name }, points: [
      { at: midnight(day, \"UTC\"), value: day.day * 1.0 } for day in open.days(2025-01-06 through 2025-03-28)
    ])
    model = forecast.prophet(s, on: open, horizon: 5bd, weekly: true, yearly: false, n_changepoints: 2)
    do db.insert(\"vm_metric_metadata\", rows: [
      { metric_id: name, job_id: \"two\", metric_name: model.model, metric_labels: s.labels },
    ])
    yield model
  }
  other = forecast.naive(first([s for s in [series(\"nav\", points: [])]]), on: open) on failure skip
  output count = made.count
}
";

fn plot(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.write("two.flow", FLOW);
    sandbox.run(&[&["plot", "two.flow", "--at", "2025-04-01T06:00Z"], more].concat())
}

#[test]
fn a_directory_gets_a_picture_of_each_series() {
    let sandbox = Sandbox::new();
    let ran = plot(&sandbox, &["--components", "-o", "pictures"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let svg = sandbox.read("pictures/nav-auid-b-c.svg");
    assert!(svg.starts_with("<svg ") && svg.contains(">weekly<") && svg.contains("b&lt;c&gt;"), "{svg}");
    assert!(sandbox.read("pictures/nav-auid-a.svg").contains("5 ahead"));
    assert_eq!(std::fs::read_dir(sandbox.path().join("pictures")).unwrap().count(), 2, "each model once");
    let ran = plot(&sandbox, &["--series", "auid=\"a\"", "-o", "one.PNG"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(std::fs::read(sandbox.path().join("one.PNG")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn the_terminal_gets_what_was_asked_for() {
    let sandbox = Sandbox::new();
    let ran = plot(&sandbox, &["--series", "auid=\"a\"", "--step", "model"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("nav{auid=\"a\"}\nProphet: 60 business days with a value, 5 ahead\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains('┊') && !ran.stdout.contains("b<c>"));
    let limited = plot(&sandbox, &["--limit", "1"]);
    assert!(limited.stderr.contains("1 more"), "{}", limited.stderr);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let sandbox = Sandbox::new();
    for (more, code, why) in [
        (&["-o", "all.svg"][..], 2, "2 forecasts do not go into one file"),
        (&["-o", "all.png"], 2, "2 forecasts do not go into one file"),
        (&["-o", "all.pdf"], 2, "pictures are written as SVG or PNG, not as `pdf`"),
        (&["--series", "nobody"], 1, "no forecast of this run is of that step and series"),
    ] {
        let ran = plot(&sandbox, more);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
    sandbox.write("none.flow", "workflow none_at_all {\n  n = 1\n  output n = n\n}\n");
    let ran = sandbox.run(&["plot", "none.flow"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no step of this run gave a forecast"), "{}", ran.stderr);
}

#[test]
fn the_forecasts_of_a_run_on_record_are_drawn_from_what_it_had_read() {
    let sandbox = Sandbox::new();
    let flow = FLOW.replace("    yield model\n  }", "    yield model\n  } on failure continue");
    sandbox.write("two.flow", &flow.replace("made.count", "made.ok.count"));
    sandbox.run(&["run", "two.flow", "--at", "2025-04-01T06:00Z"]).expect(0);
    sandbox.write("two.flow", "workflow two {\n  output count = 1\n}\n");
    let ran = sandbox.run(&["plot", "last", "--series", "auid=\"a\""]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("nav{auid=\"a\"}\nProphet: 60 business days with a value, 5 ahead\n"),
        "{}",
        ran.stdout
    );
    let id = sandbox.run(&["runs", "--format", "json"]).expect(0)["runs"][0]["run_id"].as_str().unwrap().to_owned();
    let ran = sandbox.run(&["plot", &id, "--components", "-o", "pictures"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(sandbox.read("pictures/nav-auid-b-c.svg").contains(">weekly<"));
    assert_eq!(std::fs::read_dir(sandbox.path().join("pictures")).unwrap().count(), 2, "each model once");
    let ran = sandbox.run(&["plot", "last", "--step", "other"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("of that step and series"), "{}", ran.stderr);
    let unknown = sandbox.run(&["plot", "ffffffff"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("there is no run `ffffffff`"), "{}", unknown.stderr);
}

//! Every example of every primitive is checked, and the pure ones are run: they give what they say.

use std::path::PathBuf;
use std::sync::Arc;

use vmflow::check::{Surroundings, check, modules};
use vmflow::connection::clock::SystemClock;
use vmflow::diagnostic::{Diagnostic, render};
use vmflow::external::Interpreters;
use vmflow::plan::bind;
use vmflow::primitive::{Connections, Effect, registry};
use vmflow::run::{Interrupt, RunEvent, RunOptions, RunOutcome, Services, run, runtime};
use vmflow::source::Sources;

/// Checks one workflow; panics with the findings when there are any but warnings.
fn checked(text: &str) -> vmflow::check::Program {
    let mut sources = Sources::default();
    let roots = vec![(PathBuf::from("example.flow"), text.to_owned())];
    let (modules, mut findings) = modules::load(roots, &mut sources, &mut |_| Err("no files".to_owned()));
    let (program, more) = check(&modules, &Surroundings::default());
    findings.extend(more);
    findings.retain(Diagnostic::is_error);
    let shown = render::render(render::Format::Human, &sources, &findings, 0, false, 100);
    assert!(findings.is_empty(), "{text}\n{shown}");
    program
}

/// A workflow around an expression, with what examples may name.
fn workflow(lines: &str) -> String {
    format!(
        "workflow example {{\n  use db: sql\n  use vm: metrics\n  use old: metrics\n  use api: http\n  use inbox: files\n  use out: files\n  calendar weekdays = calendars.weekdays()\n  day = 2025-01-31\n  rows = [{{ id: 1, name: \"a\" }}]\n  samples = [sample(\"m\", value: 1.0, at: 2025-01-31T00:00Z, labels: {{ a: \"b\" }})]\n{lines}}}\n"
    )
}

#[test]
fn every_example_passes_the_checker() {
    for spec in registry::all() {
        for example in spec.examples {
            let mark = if spec.effect == Effect::Write { "do " } else { "" };
            checked(&workflow(&format!("  example_value = {mark}{}\n", example.source)));
        }
    }
}

#[test]
fn every_pure_example_gives_what_it_says() {
    let pure: Vec<_> = registry::all()
        .filter(|spec| spec.effect == Effect::Pure)
        .flat_map(|spec| spec.examples.iter().map(move |example| (spec.name, example)))
        .filter(|(_, example)| !example.gives.is_empty())
        .collect();
    assert!(pure.len() > 50, "only {} examples", pure.len());
    // Without the connections, which no pure example needs.
    let lines: String =
        pure.iter().enumerate().map(|(at, (_, example))| format!("  output e{at} = {}\n", example.source)).collect();
    let outcome = run_alone(&format!("workflow example {{\n  calendar weekdays = calendars.weekdays()\n{lines}}}\n"));
    assert_eq!(outcome.error, None);
    let wrong: Vec<String> = pure
        .iter()
        .enumerate()
        .filter_map(|(at, (name, example))| {
            let given = outcome.outputs.get(format!("e{at}").as_str()).map(ToString::to_string).unwrap_or_default();
            (given != example.gives)
                .then(|| format!("{name}: `{}` gives `{given}`, not `{}`", example.source, example.gives))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run_alone(text: &str) -> RunOutcome {
    let program = Arc::new(checked(text));
    let workflow = program.workflows[0].clone();
    let plan = bind(program, workflow, &indexmap::IndexMap::new()).unwrap();
    let services = Services {
        connections: Connections::default(),
        clock: Arc::new(SystemClock),
        interrupt: Interrupt::default(),
        keeping: None,
        preview: None,
        records: None,
    };
    let options = RunOptions {
        id: uuid::Uuid::nil(),
        now: "2025-01-31T12:00:00Z".parse().unwrap(),
        job: None,
        environment: "test".into(),
        timeout_ms: None,
        interpreters: Interpreters::default(),
    };
    runtime().unwrap().block_on(run(plan, services, options, Arc::new(|_: RunEvent| {})))
}

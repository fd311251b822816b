//! What the fuzz targets do with a text. `tests/fuzz.rs` does the same with every seed and every text that once
//! broke something, on the stable compiler.
//!
//! Each function panics when something that must hold does not; that it comes back at all is what is tested first.

use std::path::PathBuf;
use std::sync::Arc;

use vmflow::check::{ConnectionFacts, Store, Surroundings, check, modules};
use vmflow::config::{self, Variables};
use vmflow::diagnostic::{Diagnostic, render};
use vmflow::format::{self, Trouble};
use vmflow::query::{promql, sql};
use vmflow::source::{Source, SourceId, Sources, Span};
use vmflow::syntax;

/// The largest stack that the program gives to checking.
const STACK: usize = 64 << 20;

/// Parsing: spans lie in the text and on character boundaries; a text without errors gives every token a place.
pub fn parse(text: &str) {
    let mut sources = Sources::default();
    let source = sources.add("fuzz.flow", text.to_owned());
    let (file, findings) = syntax::parse(&source);
    place(text, &findings);
    for item in &file.items {
        assert!(text.get(item.span.start as usize..item.span.end as usize).is_some());
    }
    let _ = syntax::parse_expression(&source);
}

/// Checking, with every way of showing what was found.
pub fn check_workflow(text: &str) {
    on_large_stack(|| {
        let mut sources = Sources::default();
        let roots = vec![(PathBuf::from("fuzz.flow"), text.to_owned())];
        let nothing = |_: &std::path::Path| Err("there is no such file".to_owned());
        let (modules, mut findings) = modules::load(roots, &mut sources, &mut nothing.clone());
        let facts = ConnectionFacts { store: Store::Embedded, pool: Some(2), future_retention_ms: None };
        let known = Surroundings { connections: [(Arc::from("vm"), facts)].into(), ..Surroundings::default() };
        let (_, more) = check(&modules, &known);
        findings.extend(more);
        for format in [render::Format::Human, render::Format::Short, render::Format::Json] {
            let _ = render::render(format, &sources, &findings, 1, true, 80);
        }
    });
}

/// Formatting: what comes out says the same as what went in, and formatting it again changes nothing.
pub fn format_file(text: &str) {
    on_large_stack(|| match format::format(&source_of(text)) {
        Ok(once) => {
            let again = format::format(&source_of(&once));
            assert!(matches!(&again, Ok(again) if *again == once), "formatted again: {again:?}");
        }
        Err(Trouble::Syntax(findings)) => assert!(findings.iter().any(Diagnostic::is_error)),
        Err(Trouble::TooLarge(_)) => {}
        Err(Trouble::Bug(what)) => panic!("{what}"),
    });
}

/// Reading a configuration, its environments and its jobs.
pub fn configuration(text: &str) {
    let mut sources = Sources::default();
    let source = sources.add("vmflow.yaml", text.to_owned());
    let variables: Variables = [("PG_HOST", "localhost"), ("EMPTY", "")].into_iter().collect();
    let (config, findings) = config::load(&source, &variables);
    place(text, &findings);
    place(text, &config.check());
    for name in ["local", "prod", "base"] {
        let _ = config.outlines(name);
        let _ = config.environment_for(name, &|_| true);
    }
    for id in config.job_ids().map(str::to_owned).collect::<Vec<_>>() {
        let _ = config.job(&id);
    }
}

/// SQL literals.
pub fn sql_literal(text: &str) {
    let (template, findings) = sql::parse(text, whole(text));
    place(text, &findings);
    for hole in &template.holes {
        assert!(text.get(hole.span.start as usize..hole.span.end as usize).is_some());
    }
    let _ = sql::select_columns(text, whole(text));
}

/// PromQL literals.
pub fn promql_literal(text: &str) {
    let (template, findings) = promql::parse(text, whole(text));
    place(text, &findings);
    for hole in &template.holes {
        assert!(text.get(hole.span.start as usize..hole.span.end as usize).is_some());
    }
    let _ = promql::embedded_subset(&template);
}

fn source_of(text: &str) -> Source {
    Sources::default().add("fuzz.flow", text.to_owned())
}

fn whole(text: &str) -> Span {
    Span::new(SourceId(0), 0, u32::try_from(text.len()).expect("fuzzers make short texts"))
}

/// Every finding lies in its text.
fn place(text: &str, findings: &[Diagnostic]) {
    for label in findings.iter().flat_map(|finding| &finding.labels) {
        let range = label.span.start as usize..label.span.end as usize;
        assert!(text.get(range.clone()).is_some(), "{range:?} is no part of the text");
    }
}

fn on_large_stack(run: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        thread.expect("a thread").join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

//! The fuzz targets on the stable compiler: every text that once broke something, and the ends of what is shipped.

use std::path::Path;

use crate::support::sandbox::root;

#[allow(unreachable_pub, reason = "a library for the fuzzers, a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

type Target = (&'static str, fn(&str));

const TARGETS: &[Target] = &[
    ("parse", targets::parse),
    ("check", targets::check_workflow),
    ("format", targets::format_file),
    ("configuration", targets::configuration),
    ("sql", targets::sql_literal),
    ("promql", targets::promql_literal),
];

#[test]
fn what_once_broke_a_target_does_so_no_more() {
    for (target, run) in TARGETS {
        let Ok(seeds) = std::fs::read_dir(root().join("fuzz/seeds").join(target)) else { continue };
        for seed in seeds {
            let text = std::fs::read(seed.unwrap().path()).unwrap();
            run(&String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn every_target_is_tested_here_too() {
    let files = std::fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".rs");
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name}");
    }
}

/// A text that ends anywhere, or begins anywhere, is what an editor shows a checker all day.
#[test]
fn a_workflow_may_be_cut_anywhere() {
    let text = std::fs::read_to_string(root().join("workflows/apex_collector.flow")).unwrap();
    for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
        for part in [&text[..at], &text[at..]] {
            targets::parse(part);
            targets::check_workflow(part);
        }
    }
}

#[test]
fn a_configuration_may_be_cut_anywhere() {
    let text = std::fs::read_to_string(root().join(Path::new("vmflow.yaml"))).unwrap();
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        targets::configuration(&text[..at]);
        targets::configuration(&text[at..]);
    }
}

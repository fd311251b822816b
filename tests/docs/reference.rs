//! The generated pages: each is what `vmflow doc` prints.

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

fn check(page: &str, names: &[&str]) {
    let ran = Sandbox::new().run(&[&["doc", "--format", "markdown"], names].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{names:?}");
    golden::assert(&root().join(page), &ran.stdout);
}

#[test]
fn the_page_of_primitives_is_fresh() {
    check("docs/primitives.md", &["primitives"]);
}

#[test]
fn the_page_of_the_standard_library_is_fresh() {
    check("docs/stdlib.md", &["std"]);
}

#[test]
fn the_page_of_the_shipped_workflows_is_fresh() {
    check(
        "docs/workflows.md",
        &[
            "workflows/extractor.flow",
            "workflows/apex_collector.flow",
            "workflows/metrics_extract.flow",
            "workflows/business_date_converter.flow",
        ],
    );
}

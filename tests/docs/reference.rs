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
    let names = [
        "extractor",
        "apex_collector",
        "metrics_extract",
        "business_date_converter",
        "metrics_forecast",
        "top_coins",
        "price_collection",
        "contract_addresses",
    ];
    let files = names.map(|name| format!("workflows/{name}.flow"));
    check("docs/workflows.md", &files.each_ref().map(String::as_str));
}

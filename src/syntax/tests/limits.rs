//! Size and depth; `scripts/linear` holds the time to be in proportion.

use super::source;
use crate::diagnostic::Diagnostic;
use crate::syntax::{MAX_FINDINGS, MAX_SIZE, parse};

fn told(text: &str) -> Vec<Diagnostic> {
    parse(&source(text)).1
}

#[test]
fn nesting_is_bounded() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("workflow w {{\n  x = {}{inner}{}\n}}\n", open.repeat(depth), close.repeat(depth))
    };
    let pairs = [
        ("[", "]"),
        ("(", ")"),
        ("{ a: ", "}"),
        ("f(", ")"),
        ("a[", "]"),
        ("[x for x in ", "]"),
        ("if a then b else ", ""),
        ("f\"{", "}\""),
    ];
    for (open, close) in pairs {
        let findings = told(&nested(open, "1", close, 100));
        assert!(findings.is_empty(), "{open}: {findings:?}");
        // Broken at the innermost place, which makes alternatives and recovery try again.
        let findings = told(&nested(open, "= =", close, 100));
        assert_eq!(findings.len(), 1, "{open}");
        for depth in [200, 20_000] {
            let findings = told(&nested(open, "1", close, depth));
            assert!(findings.len() == 1 && findings[0].message.contains("nested"), "{open}: {findings:?}");
        }
    }
    let findings = told(&format!("type T = {}int{}", "list<".repeat(20_000), ">".repeat(20_000)));
    assert!(findings[0].message.contains("nested"));
    let blocks = format!("workflow w {{ {} }}", "when a { } else ".repeat(20_000));
    assert!(told(&blocks)[0].message.contains("nested"));
}

#[test]
fn long_chains_are_refused_and_overflow_no_stack() {
    let run = || {
        for part in [".b", " + b", "[1]", "()", " as int", " and b", " == b", " ?? b"] {
            let findings = told(&format!("workflow w {{\n  x = a{}\n}}\n", part.repeat(10_000)));
            assert_eq!(findings.len(), 1, "{part}");
            assert!(findings[0].message.contains("chain"), "{part}: {findings:?}");
        }
        for prefix in ["not ", "- ", "a == not "] {
            let findings = told(&format!("workflow w {{\n  x = {}a\n}}\n", prefix.repeat(10_000)));
            assert_eq!(findings.len(), 1, "{prefix}");
        }
        assert!(told(&format!("workflow w {{ x = a{} }}", " + b".repeat(900))).is_empty());
        // Chains within chains count together.
        let deep = (0..20).fold("a".to_owned(), |inner, _| format!("({inner}){}", " + b".repeat(90)));
        assert_eq!(told(&format!("workflow w {{ x = {deep} }}")).len(), 1);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn limits_are_findings() {
    let findings = told(&" ".repeat(MAX_SIZE + 1));
    assert!(findings[0].message.contains(&format!("{} bytes", MAX_SIZE + 1)));
    let findings = told(&format!("workflow w {{\n{}}}", "x = = 1\n".repeat(300)));
    assert_eq!(findings.len(), MAX_FINDINGS);
}

#[test]
fn hostile_texts_end_in_few_findings() {
    let texts = [
        "(".repeat(100) + &"x ".repeat(3000),
        "( ] ".repeat(3000),
        "{ ".repeat(100) + &"a = 1\n".repeat(2000),
        "\n".repeat(100_000),
        "workflow w {".to_owned() + &"= =\n\n\n".repeat(3000),
        "/* ".repeat(5000),
        "\"\"\"".repeat(5000),
        "f\"{".repeat(5000),
        "'".repeat(5000),
        "##\n".repeat(5000),
        "x = \"a\n".repeat(5000),
        "workflow w {\n".to_owned() + &"when a {\n".repeat(100) + &"junk ) \n".repeat(500),
        // Blocks that the rest of the text never closes, since nobody knows where it ends.
        "workflow w {\n".to_owned() + &"when a {\n".repeat(100) + "x = sql\"\"\"",
        "a )\n".repeat(30) + "workflow w {\n" + &"when a {\n".repeat(100),
        "workflow w {\n".to_owned() + &"x = f\"{when a {\n".repeat(500),
    ];
    for text in texts {
        let findings = told(&text);
        assert!(findings.len() <= 2 * MAX_FINDINGS, "{} findings", findings.len());
    }
}

//! Size, depth and time.

use std::time::{Duration, Instant};

use super::source;
use crate::diagnostic::Diagnostic;
use crate::syntax::{MAX_FINDINGS, MAX_SIZE, parse};

fn timed(text: &str) -> (Duration, Vec<Diagnostic>) {
    let source = source(text);
    let start = Instant::now();
    let (_, findings) = parse(&source);
    (start.elapsed(), findings)
}

#[test]
fn nesting_is_linear_and_bounded() {
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
        let (took, findings) = timed(&nested(open, "1", close, 100));
        assert!(findings.is_empty(), "{open}: {findings:?}");
        assert!(took < Duration::from_millis(500), "{open}: {took:?}");
        // Broken at the innermost place, which makes alternatives and recovery try again.
        let (took, findings) = timed(&nested(open, "= =", close, 100));
        assert_eq!(findings.len(), 1, "{open}");
        assert!(took < Duration::from_millis(500), "{open}: {took:?}");
        for depth in [200, 20_000] {
            let (took, findings) = timed(&nested(open, "1", close, depth));
            assert!(findings.len() == 1 && findings[0].message.contains("nested"), "{open}: {findings:?}");
            assert!(took < Duration::from_secs(2), "{open}: {took:?}");
        }
    }
    let (_, findings) = timed(&format!("type T = {}int{}", "list<".repeat(20_000), ">".repeat(20_000)));
    assert!(findings[0].message.contains("nested"));
    let blocks = format!("workflow w {{ {} }}", "when a { } else ".repeat(20_000));
    assert!(timed(&blocks).1[0].message.contains("nested"));
}

#[test]
fn long_chains_are_refused_and_overflow_no_stack() {
    let run = || {
        for part in [".b", " + b", "[1]", "()", " as int", " and b", " == b", " ?? b"] {
            let (took, findings) = timed(&format!("workflow w {{\n  x = a{}\n}}\n", part.repeat(10_000)));
            assert_eq!(findings.len(), 1, "{part}");
            assert!(findings[0].message.contains("chain"), "{part}: {findings:?}");
            assert!(took < Duration::from_secs(5), "{part}: {took:?}");
        }
        for prefix in ["not ", "- ", "a == not "] {
            let (_, findings) = timed(&format!("workflow w {{\n  x = {}a\n}}\n", prefix.repeat(10_000)));
            assert_eq!(findings.len(), 1, "{prefix}");
        }
        assert!(timed(&format!("workflow w {{ x = a{} }}", " + b".repeat(900))).1.is_empty());
        // Chains within chains count together.
        let deep = (0..20).fold("a".to_owned(), |inner, _| format!("({inner}){}", " + b".repeat(90)));
        assert_eq!(timed(&format!("workflow w {{ x = {deep} }}")).1.len(), 1);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn limits_are_findings() {
    let (_, findings) = timed(&" ".repeat(MAX_SIZE + 1));
    assert!(findings[0].message.contains(&format!("{} bytes", MAX_SIZE + 1)));
    let (_, findings) = timed(&format!("workflow w {{\n{}}}", "x = = 1\n".repeat(300)));
    assert_eq!(findings.len(), MAX_FINDINGS);
}

#[test]
fn hostile_texts_take_linear_time() {
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
        "workflow w {\n".to_owned() + &"when a {\n".repeat(100) + &"junk ) \n".repeat(500),
    ];
    for text in texts {
        let (took, findings) = timed(&text);
        assert!(took < Duration::from_secs(4), "{}: {took:?}", &text[..12]);
        assert!(findings.len() <= 2 * MAX_FINDINGS);
    }
}

use super::*;

fn findings(text: &str) -> Vec<Diagnostic> {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
    parse(text, span).1
}

#[test]
fn the_servers_verdicts_are_ours() {
    let fixture = include_str!("../../../tests/fixtures/promql.txt");
    let mut wrong = Vec::new();
    for line in fixture.lines().filter(|line| !line.starts_with("# ")) {
        let (verdict, query) = line.split_once(' ').unwrap();
        let found = findings(query);
        if found.is_empty() != (verdict == "+") {
            wrong.push(format!("{line}   => {:?}", found.first().map(|finding| &finding.message)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

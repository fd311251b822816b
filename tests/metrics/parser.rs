//! The static parser against the server.

use vmflow::query::promql;
use vmflow::source::{SourceId, Span};

use crate::support::victoria;

/// Each query of the fixture, with the server as the judge: no wrong verdict either way.
#[tokio::test]
async fn the_fixture_says_what_the_server_says() {
    let url = format!("{}/api/v1/query", victoria::url());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let mut wrong = Vec::new();
    let mut judged = 0;
    for line in include_str!("../fixtures/promql.txt").lines().filter(|line| !line.starts_with("# ")) {
        let (verdict, query) = line.split_once(' ').unwrap();
        let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
        let ours = promql::parse(query, span).1.is_empty();
        // These crash the server.
        if verdict == "!" {
            assert!(!ours, "{query}");
            continue;
        }
        let pairs = [("query", query), ("time", "1"), ("nocache", "1")];
        let status = client.post(&url).query(&pairs).send().await.unwrap().status();
        judged += 1;
        let theirs = status.is_success();
        let agrees = if verdict == "~" { theirs && !ours } else { theirs == ours };
        if !agrees || theirs != (verdict != "-") {
            wrong.push(format!("{line} (server {theirs}, here {ours})"));
        }
    }
    assert!(judged >= 700, "{judged}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

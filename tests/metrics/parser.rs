//! The static parser against the servers.

use vmflow::query::promql::{self, Reader};
use vmflow::source::{SourceId, Span};

use super::expressions::{calls, lines, made_up};
use crate::support::prometheus::Prometheus;
use crate::support::victoria;

/// A server that says of a query whether it can be answered.
struct Judge {
    client: reqwest::Client,
    url: String,
}

impl Judge {
    fn new(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { client: reqwest::Client::new(), url: format!("{url}/api/v1/query") }
    }

    async fn accepts(&self, query: &str) -> bool {
        let pairs = [("query", query), ("time", "1"), ("nocache", "1")];
        let answer = self.client.post(&self.url).query(&pairs).send().await.unwrap();
        let status = answer.status();
        assert!([200, 400, 422].contains(&status.as_u16()), "{query}: {status}");
        // A number that is NaN for want of data is no fault of the query.
        status.is_success() || answer.text().await.unwrap().contains("NaN overflows")
    }
}

fn ours(query: &str, reader: Reader<'_>) -> bool {
    let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
    promql::parse_for(query, span, reader).1.is_empty()
}

/// Each query of a fixture, with the server as the judge: no wrong verdict either way.
async fn judge(fixture: &'static str, judge: &Judge, reader: Reader<'_>, least: usize) {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for (verdict, query) in lines(fixture) {
        let ours = ours(query, reader);
        // These crash the server.
        if verdict == "!" {
            assert!(!ours, "{query}");
            continue;
        }
        let theirs = judge.accepts(query).await;
        judged += 1;
        let agrees = if verdict == "~" { theirs && !ours } else { theirs == ours };
        if !agrees || theirs != (verdict != "-") {
            wrong.push(format!("{verdict} {query} (server {theirs}, here {ours})"));
        }
    }
    assert!(judged >= least, "{judged}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn agree(queries: &[String], judge: &Judge, reader: Reader<'_>) {
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for query in queries {
        let (theirs, ours) = (judge.accepts(query).await, ours(query, reader));
        accepted += usize::from(theirs);
        // A text is an answer to Prometheus and none to a workflow.
        let is_text = query.trim_matches(['(', ')']).starts_with('"');
        if theirs != ours && !is_text {
            wrong.push(format!("{query} (server {theirs}, here {ours})"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), queries.len(), wrong.join("\n"));
    // Neither all right nor all wrong, or nothing was compared.
    assert!((queries.len() / 50..queries.len() * 49 / 50).contains(&accepted), "{accepted} of {}", queries.len());
}

#[tokio::test]
async fn the_fixture_says_what_victoria_metrics_says() {
    let server = Judge::new(&victoria::url());
    judge(include_str!("../fixtures/promql.txt"), &server, Reader::VICTORIA_METRICS, 700).await;
}

#[tokio::test]
async fn the_fixture_says_what_prometheus_says() {
    let prometheus = Prometheus::start(|_| ()).await;
    let server = Judge::new(prometheus.url());
    judge(include_str!("../fixtures/prometheus.txt"), &server, Reader::PROMETHEUS, 900).await;
}

#[tokio::test]
async fn every_call_and_made_up_expressions_are_judged_as_prometheus_does() {
    let prometheus = Prometheus::start(|_| ()).await;
    let server = Judge::new(prometheus.url());
    agree(&calls(), &server, Reader::PROMETHEUS).await;
    agree(&made_up(2_000), &server, Reader::PROMETHEUS).await;
}

#[tokio::test]
async fn made_up_expressions_are_judged_as_victoria_metrics_does() {
    let server = Judge::new(&victoria::url());
    agree(&made_up(2_000), &server, Reader::VICTORIA_METRICS).await;
}

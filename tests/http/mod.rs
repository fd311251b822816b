//! HTTP sources against servers that behave and servers that do not.

mod pages;
mod steps;

use std::sync::Arc;

use vmflow::connection::clock::SystemClock;
use vmflow::connection::http::{HttpOptions, HttpRate, HttpSource};
use vmflow::connection::{Authorization, Clock, Http, HttpRequest, HttpResponse};
use vmflow::value::{ErrorKind, Labels, StepError};

use crate::support::faulty::{Asked, FastClock, Faulty, answer};

fn options(url: &str) -> HttpOptions {
    HttpOptions {
        base_url: format!("{url}/v1"),
        headers: vec![("x-api-key".into(), "hunter22".into())],
        query: vec![("key".into(), "hunter33".into())],
        authorization: Authorization::None,
        timeout_ms: 3_000,
        pool: 2,
        rate: None,
        max_body: 64 << 20,
        proxy: None,
        verify: true,
    }
}

fn source(url: &str) -> HttpSource {
    open(&options(url))
}

fn open(options: &HttpOptions) -> HttpSource {
    HttpSource::new(options, Arc::new(SystemClock)).unwrap()
}

async fn send(source: &HttpSource, request: &HttpRequest) -> Result<HttpResponse, StepError> {
    source.send(request, source.turn().await).await
}

fn get(path: &str) -> HttpRequest {
    HttpRequest { method: "GET", path: path.into(), query: Vec::new(), headers: Labels::default(), json: None }
}

async fn ask(
    request: &HttpRequest,
    reply: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
) -> (Result<HttpResponse, StepError>, Asked) {
    let server = Faulty::start(reply).await;
    let response = send(&source(&server.url()), request).await;
    (response, server.asked()[0].clone())
}

#[tokio::test]
async fn a_request_is_sent_as_given() {
    let request = HttpRequest {
        method: "POST",
        query: vec![("a b".into(), "ä&=".to_owned()), ("day".into(), "2025-01-10".to_owned())],
        headers: [("x-extra", "1")].into_iter().collect(),
        json: Some(serde_json::json!({ "n": 1 })),
        ..get("/coins")
    };
    let (response, asked) = ask(&request, |_| answer("201 Created", "", "{\"ok\":true}")).await;
    assert_eq!(
        response.unwrap(),
        HttpResponse { status: 201, content_type: None, next: None, body: b"{\"ok\":true}".to_vec() }
    );
    assert!(
        asked.head.starts_with("POST /v1/coins?a+b=%C3%A4%26%3D&day=2025-01-10&key=hunter33 HTTP/1.1"),
        "{}",
        asked.head
    );
    assert!(asked.head.contains("x-api-key: hunter22") && asked.head.contains("x-extra: 1"), "{}", asked.head);
    assert_eq!(asked.body, b"{\"n\":1}");
}

#[tokio::test]
async fn statuses_become_kinds_and_waits() {
    let cases: [(&str, ErrorKind, bool); 7] = [
        ("404 Not Found", ErrorKind::Query, false),
        ("400 Bad Request", ErrorKind::Query, false),
        ("401 Unauthorized", ErrorKind::Configuration, false),
        ("408 Request Timeout", ErrorKind::Timeout, true),
        ("425 Too Early", ErrorKind::Timeout, true),
        ("429 Too Many Requests", ErrorKind::Connection, true),
        ("502 Bad Gateway", ErrorKind::Connection, true),
    ];
    for (status, kind, retryable) in cases {
        let (response, _) =
            ask(&get("x"), move |_| answer(status, "Retry-After: 2\r\n", "key hunter22 is bad, so is hunter33")).await;
        let error = response.unwrap_err();
        assert_eq!((error.kind, error.retryable, error.retry_after_ms), (kind, retryable, Some(2000)), "{status}");
        assert!(error.message.contains("key ••• is bad, so is •••"), "{}", error.message);
    }
}

#[tokio::test]
async fn redirects_stay_on_the_host() {
    let (response, _) = ask(&get("x"), |_| answer("302 Found", "location: http://127.0.0.1:1/steal\r\n", "")).await;
    let error = response.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Configuration, false));
    let moved = |asked: &Asked| {
        let first = asked.head.starts_with("GET /v1/x");
        if first { answer("302 Found", "location: /v1/y\r\n", "") } else { answer("200 OK", "", "there") }
    };
    assert_eq!(ask(&get("x"), moved).await.0.unwrap().body, b"there");
    let round = |_: &Asked| answer("302 Found", "location: /v1/x\r\n", "");
    assert_eq!(ask(&get("x"), round).await.0.unwrap_err().kind, ErrorKind::Configuration);
}

#[tokio::test]
async fn bodies_have_a_limit_and_an_end() {
    let huge = "x".repeat((1 << 20) + 1);
    let server = Faulty::start(move |_| answer("200 OK", "", &huge)).await;
    let small = open(&HttpOptions { max_body: 1 << 20, ..options(&server.url()) });
    let error = send(&small, &get("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("more than 1 MiB"), "{}", error.message);
    assert_eq!(send(&source(&server.url()), &get("x")).await.unwrap().body.len(), (1 << 20) + 1);
    let (response, _) = ask(&get("x"), |_| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec()).await;
    let error = response.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
}

#[tokio::test]
async fn a_server_that_hangs_or_is_gone() {
    let (response, _) = ask(&get("x"), |_| Vec::new()).await;
    assert_eq!(response.unwrap_err().kind, ErrorKind::Timeout);
    let error = send(&source("http://127.0.0.1:1"), &get("x")).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
}

#[tokio::test]
async fn a_failed_post_says_whether_it_may_have_happened() {
    let post = HttpRequest { method: "POST", json: Some(serde_json::json!({})), ..get("x") };
    let cases = [
        ("500 Internal Server Error", ErrorKind::Ambiguous),
        ("504 Gateway Timeout", ErrorKind::Ambiguous),
        ("503 Service Unavailable", ErrorKind::Connection),
        ("429 Too Many Requests", ErrorKind::Connection),
        ("400 Bad Request", ErrorKind::Query),
    ];
    for (status, kind) in cases {
        let (response, _) = ask(&post, move |_| answer(status, "", "{}")).await;
        assert_eq!(response.unwrap_err().kind, kind, "{status}");
    }
    let (hung, _) = ask(&post, |_| Vec::new()).await;
    assert_eq!(hung.unwrap_err().kind, ErrorKind::Ambiguous);
    let gone = send(&source("http://127.0.0.1:1"), &post).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::Connection);
}

#[tokio::test]
async fn a_write_is_not_sent_on() {
    let post = HttpRequest { method: "POST", json: Some(serde_json::json!({})), ..get("x") };
    let cases = [
        ("301 Moved Permanently", ErrorKind::Configuration),
        ("302 Found", ErrorKind::Configuration),
        ("308 Permanent Redirect", ErrorKind::Configuration),
        ("303 See Other", ErrorKind::Ambiguous),
    ];
    for (status, kind) in cases {
        let server = Faulty::start(move |_| answer(status, "location: /v1/y\r\n", "")).await;
        let error = send(&source(&server.url()), &post).await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (kind, false), "{status}");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_breaks_off_is_not_repeated_blindly() {
    let post = HttpRequest { method: "POST", json: Some(serde_json::json!({})), ..get("x") };
    let cut = |_: &Asked| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec();
    assert_eq!(ask(&post, cut).await.0.unwrap_err().kind, ErrorKind::Ambiguous);
}

#[tokio::test]
async fn a_body_counts_by_what_it_is_unpacked_to() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zeros");
    std::fs::write(&file, vec![b'0'; 3 << 20]).unwrap();
    let packed = std::process::Command::new("gzip").arg("-c").arg(&file).output().unwrap().stdout;
    assert!(packed.len() < 10_000);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let whole = [head.into_bytes(), packed].concat();
    let server = Faulty::start(move |_| whole.clone()).await;
    let body = send(&source(&server.url()), &get("x")).await.unwrap().body;
    assert_eq!(body.len(), 3 << 20);
    let small = open(&HttpOptions { max_body: 1 << 20, ..options(&server.url()) });
    let error = send(&small, &get("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.ends_with("answered more than 1 MiB"), "{}", error.message);
}

#[tokio::test]
async fn a_server_that_drips_is_not_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let error = send(&source(&url), &get("x")).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
}

#[tokio::test]
async fn a_rate_spreads_requests_and_a_wish_for_peace_holds_all_of_them() {
    let rate = Some(HttpRate { count: 10, per_ms: 60_000 });
    let reply = |asked: &Asked| {
        let is_busy = asked.head.starts_with("GET /v1/busy");
        if is_busy { answer("429 Too Many Requests", "retry-after: 30\r\n", "") } else { answer("200 OK", "", "{}") }
    };
    let server = Faulty::start(reply).await;
    let clock = Arc::new(FastClock::default());
    let source = HttpSource::new(&HttpOptions { rate, ..options(&server.url()) }, clock.clone()).unwrap();
    let waited = || (clock.now() - SystemClock.now()).num_milliseconds();
    for _ in 0..3 {
        send(&source, &get("x")).await.unwrap();
    }
    // Two waits of six seconds, less what the requests themselves took.
    assert!((8_000..=12_100).contains(&waited()), "{}", waited());
    let before = waited();
    assert_eq!(send(&source, &get("busy")).await.unwrap_err().retry_after_ms, Some(30_000));
    send(&source, &get("x")).await.unwrap();
    assert!(waited() - before >= 32_000, "{}", waited() - before);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_pool_has() {
    use futures_util::FutureExt;
    let source = source("http://127.0.0.1:1");
    let first = source.turn().now_or_never();
    let second = source.turn().now_or_never();
    assert!(first.is_some() && second.is_some());
    assert!(source.turn().now_or_never().is_none());
    drop(first);
    assert!(source.turn().now_or_never().is_some());
}

#[tokio::test]
async fn a_proxy_is_one_that_the_configuration_names() {
    let server = Faulty::start(|_| answer("200 OK", "", "{}")).await;
    let url = server.url().replace("http://", "http://me:hunter44@");
    let source = open(&HttpOptions { proxy: Some(url), ..options("http://coins.example.com") });
    send(&source, &get("x")).await.unwrap();
    let head = server.asked()[0].head.clone();
    assert!(head.starts_with("GET http://coins.example.com/v1/x"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic bwu6ahvudgvyndq="), "{head}");
}

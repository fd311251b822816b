//! HTTP sources against servers that behave and servers that do not.

use vmflow::connection::http::{HttpOptions, HttpSource};
use vmflow::connection::{Authorization, Http, HttpRequest, HttpResponse};
use vmflow::value::{ErrorKind, Labels, StepError};

use crate::support::faulty::{Asked, Faulty, answer};

fn source(url: &str) -> HttpSource {
    HttpSource::new(&HttpOptions {
        base_url: format!("{url}/v1"),
        headers: vec![("x-api-key".into(), "hunter22".into())],
        authorization: Authorization::None,
        timeout_ms: 2_000,
        pool: 2,
        verify: true,
    })
    .unwrap()
}

fn get(path: &str) -> HttpRequest {
    HttpRequest { method: "GET", path: path.into(), query: Vec::new(), headers: Labels::default(), json: None }
}

async fn ask(
    request: &HttpRequest,
    reply: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
) -> (Result<HttpResponse, StepError>, Asked) {
    let server = Faulty::start(reply).await;
    let response = source(&server.url()).send(request).await;
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
    assert_eq!(response.unwrap(), HttpResponse { status: 201, body: b"{\"ok\":true}".to_vec() });
    assert!(asked.head.starts_with("POST /v1/coins?a+b=%C3%A4%26%3D&day=2025-01-10 HTTP/1.1"), "{}", asked.head);
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
        let (response, _) = ask(&get("x"), move |_| answer(status, "Retry-After: 2\r\n", "key hunter22 is bad")).await;
        let error = response.unwrap_err();
        assert_eq!((error.kind, error.retryable, error.retry_after_ms), (kind, retryable, Some(2000)), "{status}");
        assert!(error.message.contains("key ••• is bad"), "{}", error.message);
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
    let huge = "x".repeat(64 * 1024 * 1024 + 1);
    let (response, _) = ask(&get("x"), move |_| answer("200 OK", "", &huge)).await;
    let error = response.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("more than 64 MiB"), "{}", error.message);
    let (response, _) = ask(&get("x"), |_| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec()).await;
    let error = response.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true));
}

#[tokio::test]
async fn a_server_that_hangs_or_is_gone() {
    let (response, _) = ask(&get("x"), |_| Vec::new()).await;
    assert_eq!(response.unwrap_err().kind, ErrorKind::Timeout);
    let error = source("http://127.0.0.1:1").send(&get("x")).await.unwrap_err();
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
    let gone = source("http://127.0.0.1:1").send(&post).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::Connection);
}

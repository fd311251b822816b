//! Signed requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use vmflow::lifecycle::{EndStatus, SinkKind, Told, WebhookOptions};

use super::{InMemory, run_id, sink, standing, story, tell};
use crate::support::faulty::{Asked, Faulty, answer};

fn header<'a>(asked: &'a Asked, name: &str) -> &'a str {
    let line = asked.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: "))).unwrap();
    line.split_once(": ").unwrap().1
}

#[tokio::test]
async fn each_event_is_posted_by_itself_with_a_signature_that_a_receiver_can_check() {
    let server = Faulty::start(|_| answer("202 Accepted", "", "thanks")).await;
    let options = WebhookOptions {
        url: format!("{}/hooks/vmflow?x=1", server.url()),
        secret: Some("very secret".into()),
        headers: vec![("x-team".into(), "data".into())],
        steps: false,
    };
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Failed));
    assert_eq!(tell(&sink("hook", SinkKind::Webhook(options)), &outbox, 60).await, standing("hook", 2, 0));
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in &asked {
        assert!(request.head.starts_with("POST /hooks/vmflow?x=1 HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(header(request, "x-team"), "data");
        let told: Told = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(header(request, "webhook-id"), told.id);
        let signed =
            [format!("{}.{}.", told.id, header(request, "webhook-timestamp")).as_bytes(), &request.body].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"very secret");
        let signature = STANDARD.decode(header(request, "webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&key, &signed, &signature).unwrap();
    }
}

#[tokio::test]
async fn an_event_is_not_sent_on_to_another_address() {
    let elsewhere = Faulty::start(|_| answer("200 OK", "", "")).await;
    let target = elsewhere.url();
    let server = Faulty::start(move |_| answer("302 Found", &format!("location: {target}\r\n"), "")).await;
    let options = WebhookOptions { url: server.url(), secret: None, headers: Vec::new(), steps: false };
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    let found = tell(&sink("hook", SinkKind::Webhook(options)), &outbox, 20).await;
    assert!(found.failing.unwrap().contains("302"));
    assert_eq!((elsewhere.asked().len(), outbox.passed("hook")), (0, (0, 0)));
}

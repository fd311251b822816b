//! BigQuery, as strict as it says it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use vmflow::lifecycle::{BigQueryOptions, Credentials, EndStatus, SinkKind};

use super::{InMemory, run_id, sink, standing, story, tell};
use crate::support::faulty::{Asked, Faulty, answer};

/// The columns, and whether each must be there.
const COLUMNS: [(&str, bool); 12] = [
    ("event_id", true),
    ("event_type", true),
    ("source_system", true),
    ("connection_name", false),
    ("target_object_type", false),
    ("event_schema_ref", false),
    ("correlation_id", false),
    ("trace_id", false),
    ("created_at", true),
    ("status", true),
    ("error_message", false),
    ("payload", false),
];

fn options(url: &str, credentials: Credentials) -> SinkKind {
    SinkKind::BigQuery(BigQueryOptions {
        project: "p".into(),
        dataset: "events".into(),
        table: "event_log".into(),
        endpoint: Some(url.to_owned()),
        source_system: None,
        credentials,
    })
}

/// What the service answers to a request for `p.events.event_log`.
fn insert_all(asked: &Asked, token: Option<&str>) -> Vec<u8> {
    let wanted = "POST /bigquery/v2/projects/p/datasets/events/tables/event_log/insertAll HTTP/1.1\r\n";
    if !asked.head.starts_with(wanted) {
        return answer("404 Not Found", "", r#"{"error":{"code":404,"message":"Not found: Table"}}"#);
    }
    let has_token =
        token.is_none_or(|token| asked.head.to_lowercase().contains(&format!("authorization: bearer {token}")));
    if !has_token {
        return answer("401 Unauthorized", "", r#"{"error":{"code":401,"message":"Invalid Credentials"}}"#);
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let errors: Vec<Value> =
        (0..).zip(body["rows"].as_array().unwrap()).filter_map(|(at, row)| wrong(at, row)).collect();
    let mut said = json!({ "kind": "bigquery#tableDataInsertAllResponse" });
    if !errors.is_empty() {
        said["insertErrors"] = errors.into();
    }
    answer("200 OK", "content-type: application/json\r\n", &said.to_string())
}

fn wrong(at: usize, row: &Value) -> Option<Value> {
    let json = row["json"].as_object().unwrap();
    let unknown =
        json.keys().find(|key| COLUMNS.iter().all(|(name, _)| name != key)).map(|key| (key.as_str(), "no such field"));
    let missing =
        COLUMNS.iter().find(|(name, must)| *must && !json.contains_key(*name)).map(|(name, _)| (*name, "missing"));
    let is_text = json["payload"].as_str().is_some_and(|text| serde_json::from_str::<Value>(text).is_ok());
    let payload = (!is_text).then_some(("payload", "is no JSON text"));
    let id = (row["insertId"] != json["event_id"]).then_some(("insertId", "is not the event's"));
    let (place, why) = unknown.or(missing).or(payload).or(id)?;
    Some(
        json!({ "index": at, "errors": [{ "reason": "invalid", "location": place, "message": why, "debugInfo": "" }] }),
    )
}

#[tokio::test]
async fn runs_become_rows_that_a_strict_table_takes() {
    let server = Faulty::start(|asked| insert_all(asked, Some("t0ken"))).await;
    let events = [story(&run_id(), EndStatus::Success), story(&run_id(), EndStatus::Failed)].concat();
    let outbox = InMemory::of(&events);
    let sink = sink("bq", options(&server.url(), Credentials::Token("t0ken".into())));
    assert_eq!(tell(&sink, &outbox, 60).await, standing("bq", 4, 0));
    let body: Value = serde_json::from_slice(&server.asked()[0].body).unwrap();
    let rows: Vec<(&str, &str)> = body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["json"]["event_type"].as_str().unwrap(), row["json"]["status"].as_str().unwrap()))
        .collect();
    let wanted = [
        ("job.started", "success"),
        ("job.completed", "success"),
        ("job.started", "success"),
        ("job.failed", "failed"),
    ];
    assert_eq!(rows, wanted);
    assert_eq!(body["rows"][3]["json"]["correlation_id"], json!(events[5].run.id));
}

#[tokio::test]
async fn a_row_that_is_refused_in_a_200_is_dropped_and_counted_and_a_busy_service_is_asked_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let server = Faulty::start(move |_| {
        let reason = if count.fetch_add(1, Ordering::SeqCst) == 0 { "backendError" } else { "invalid" };
        let errors = json!([{ "index": 1, "errors": [{ "reason": reason, "location": "status", "message": "no" }] }]);
        let said = json!({ "kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors });
        answer("200 OK", "", &said.to_string())
    })
    .await;
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    let sink = sink("bq", options(&server.url(), Credentials::None));
    assert_eq!(tell(&sink, &outbox, 60).await, standing("bq", 1, 1));
    assert_eq!((calls.load(Ordering::SeqCst), outbox.passed("bq")), (2, (3, 1)));
    assert!(outbox.failures.lock().unwrap()[0].contains("backendError in `status`: no"));
}

#[tokio::test]
async fn a_service_account_signs_for_its_token_and_asks_anew_when_that_is_taken_back() {
    let grants = Arc::new(AtomicUsize::new(0));
    let count = grants.clone();
    let tokens = Faulty::start(move |asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        if let Err(why) = judge(&body) {
            return answer(
                "400 Bad Request",
                "",
                &json!({ "error": "invalid_grant", "error_description": why }).to_string(),
            );
        }
        let token = format!("grant-{}", count.fetch_add(1, Ordering::SeqCst));
        answer("200 OK", "", &json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer" }).to_string())
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    let key = include_str!("service_account.json").replace("TOKEN_URI", &tokens.url());
    std::fs::write(&file, key).unwrap();
    // The first token is taken back before it is used.
    let server = Faulty::start(|asked| insert_all(asked, Some("grant-1"))).await;
    let sink = sink("bq", options(&server.url(), Credentials::ServiceAccount(file)));
    let outbox = InMemory::of(&story(&run_id(), EndStatus::Success));
    assert_eq!(tell(&sink, &outbox, 60).await, standing("bq", 2, 0), "{:?}", outbox.failures.lock().unwrap());
    assert_eq!(grants.load(Ordering::SeqCst), 2);
    // The newest token serves until it ends.
    assert_eq!(tell(&sink, &InMemory::of(&story(&run_id(), EndStatus::Success)), 60).await, standing("bq", 2, 0));
    assert_eq!(grants.load(Ordering::SeqCst), 2);
}

/// Whether a request for a token is one that Google would grant.
fn judge(body: &str) -> Result<(), String> {
    let pairs: Vec<(String, String)> =
        reqwest::Url::parse(&format!("http://x/?{body}")).unwrap().query_pairs().into_owned().collect();
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value("grant_type") != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return Err("grant_type".to_owned());
    }
    let assertion = value("assertion").ok_or("no assertion")?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or("no signature")?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string());
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, include_bytes!("service_account.pub.der"));
    key.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| "the signature is wrong")?;
    let claims: Value = serde_json::from_slice(&decode(signed.split('.').nth(1).ok_or("no claims")?)?).unwrap();
    let is_right = claims["iss"] == "teller@test.iam.gserviceaccount.com"
        && claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() == 3600
        && claims["scope"].as_str().unwrap().starts_with("https://www.googleapis.com/auth/bigquery");
    if is_right { Ok(()) } else { Err(format!("claims {claims}")) }
}

#[tokio::test]
async fn a_machine_of_googles_gives_its_own_token() {
    let metadata = Faulty::start(|asked| {
        let is_asked_rightly =
            asked.head.starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token ")
                && asked.head.to_lowercase().contains("metadata-flavor: google");
        if !is_asked_rightly {
            return answer("403 Forbidden", "", "");
        }
        answer("200 OK", "", r#"{"access_token":"machine","expires_in":3000,"token_type":"Bearer"}"#)
    })
    .await;
    let server = Faulty::start(|asked| insert_all(asked, Some("machine"))).await;
    let sink = sink("bq", options(&server.url(), Credentials::Metadata(Some(metadata.url()))));
    assert_eq!(tell(&sink, &InMemory::of(&story(&run_id(), EndStatus::Success)), 60).await, standing("bq", 2, 0));
}

#[test]
fn a_key_that_is_none_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    for (text, wanted) in [
        ("{}", "no JSON with `client_email`"),
        (r#"{"client_email":"a","private_key":"s3cret","token_uri":"https://x"}"#, "no PKCS #8 in PEM"),
    ] {
        std::fs::write(&file, text).unwrap();
        let options = vmflow::lifecycle::SinkOptions {
            name: "bq".into(),
            kind: options("http://x", Credentials::ServiceAccount(file.clone())),
        };
        let Err(error) = vmflow::lifecycle::open(&options, &super::clock()) else { panic!("{text}") };
        assert!(error.message.contains(wanted) && !error.message.contains("s3cret"), "{error:?}");
    }
}

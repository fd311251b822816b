//! What steps make of a source: retries, waits, types, writes, secrets.

use serde_json::Value as Json;

use crate::language::lab;
use crate::support::faulty::{Asked, Faulty, answer};
use crate::support::sandbox::{Ran, Sandbox};

/// A project with a source, and the runtime that the source lives on.
pub(super) struct Web {
    runtime: tokio::runtime::Runtime,
    pub(super) server: Faulty,
    pub(super) sandbox: Sandbox,
}

impl Web {
    /// A source that answers like this; `settings` is what else its connection says.
    pub(super) fn start(settings: &str, reply: impl Fn(&Asked, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let nth = move || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let server = runtime.block_on(Faulty::start(move |asked| reply(asked, nth())));
        let mut sandbox = lab();
        // What a run reaches stands in its configuration; nothing listens here.
        sandbox.set("HTTP_PROXY", "http://127.0.0.1:1").set("http_proxy", "http://127.0.0.1:1");
        let connection = format!("kind: http, base_url: \"{}\"{settings}", server.url());
        sandbox.write(
            "vmflow.yaml",
            &format!(
                "default_environment: local\nenvironments:\n  local:\n    connections:\n      api: {{ {connection} }}\n"
            ),
        );
        Self { runtime, server, sandbox }
    }

    /// Runs statements of a workflow.
    pub(super) fn run(&self, statements: &str) -> Ran {
        let text = format!(
            "type Coin = {{ id: text, market_cap: decimal? }}\nworkflow main {{\n  use api: http\n{statements}\n}}\n"
        );
        self.sandbox.write("main.flow", &text);
        self.sandbox.run(&["run", "main.flow"])
    }

    /// The first lines of what was asked.
    pub(super) fn asked(&self) -> Vec<String> {
        let _guard = self.runtime.enter();
        let line = |asked: Asked| asked.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        self.server.asked().into_iter().map(line).collect()
    }
}

/// `"status"`, the kind and the message of the error.
pub(super) fn failure(ran: &Ran) -> (String, String) {
    let result: Json = ran.expect(1);
    let text = |name: &str| result["error"][name].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}

const PATIENT: &str = "with { retry: 3, backoff: constant(1ms), timeout: 5s }";

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let web = Web::start("", |_, _| {
        let coins: Vec<String> = (0..20)
            .map(|n| format!(r#"{{"id":"{n}","market_cap":{}}}"#, if n == 17 { "\"n/a\"" } else { "1.5" }))
            .collect();
        answer("200 OK", "", &format!("[{}]", coins.join(",")))
    });
    let ran = web.run("  coins = api.get(\"/coins\").json as list<Coin>\n  output n = coins.count");
    let wanted = r#"coins[17].market_cap: expected decimal or none, got "n/a""#;
    assert_eq!(failure(&ran), ("data".to_owned(), wanted.to_owned()));
    let ran = web.run("  got = api.get(\"/coins\")\n  tail = got.json[17].market_cap as decimal?\n  output t = tail");
    assert_eq!(failure(&ran).1, r#"got.json[17].market_cap: expected decimal or none, got "n/a""#);
}

#[test]
fn a_source_that_fails_for_a_while_is_asked_until_it_answers() {
    let web = Web::start("", |_, nth| match nth {
        1 => answer("500 Internal Server Error", "", ""),
        2 => answer("429 Too Many Requests", "retry-after: 1\r\n", ""),
        3 => answer("200 OK", "", r#"[{"id": "a""#),
        _ => answer("200 OK", "", r#"[{"id": "a"}]"#),
    });
    let ran = web.run(&format!("  coins = api.get(\"/coins\").json as list<Coin> {PATIENT}\n  output n = coins.count"));
    let result = ran.expect(0);
    assert_eq!((&result["outputs"]["n"], web.asked().len()), (&Json::from(1), 4));
    assert!(ran.stderr.contains("cut off"), "{}", ran.stderr);
}

#[test]
fn a_source_that_asks_for_too_much_time_is_not_waited_for() {
    let web = Web::start("", |_, _| answer("429 Too Many Requests", "retry-after: 7200\r\n", "slow down"));
    let ran = web.run(&format!("  coins = api.get(\"/coins\").json as list<Coin> {PATIENT}\n  output n = coins.count"));
    let result = ran.expect(4);
    assert_eq!(web.asked().len(), 1);
    assert_eq!(result["error"]["kind"], "connection");
    let help = result["error"]["help"].as_str().unwrap();
    assert!(help.starts_with("the server asks to wait 2h, and this step waits 5s at most"), "{help}");
}

#[test]
fn writes_are_repeated_where_that_is_safe() {
    let failing = |_: &Asked, nth: usize| match nth {
        1 => answer("500 Internal Server Error", "", ""),
        _ => answer("204 No Content", "", ""),
    };
    for (call, asked) in [
        ("put(\"/x\", json: 1)", 2),
        ("delete(\"/x\")", 2),
        ("post(\"/x\", json: 1)", 1),
        ("patch(\"/x\", json: 1)", 1),
    ] {
        let web = Web::start("", failing);
        let ran = web.run(&format!("  done = do api.{call} {PATIENT}\n  output status = done.status"));
        let method = call.split('(').next().unwrap().to_uppercase();
        assert_eq!(web.asked(), vec![format!("{method} /x"); asked], "{}", ran.stderr);
        if asked == 2 {
            assert_eq!(ran.expect(0)["outputs"]["status"], 204);
        } else {
            assert_eq!(failure(&ran).0, "ambiguous");
        }
    }
}

#[test]
fn a_write_whose_answer_is_no_json_has_happened() {
    let web = Web::start("", |_, _| answer("200 OK", "", "[1, 2"));
    let ran = web.run(&format!("  done = do api.put(\"/x\", json: 1) {PATIENT}\n  output status = done.status"));
    assert_eq!(failure(&ran).0, "data");
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn keys_of_the_query_go_with_every_request_and_show_nowhere() {
    let mut web =
        Web::start(", query: { appid: \"${APPID}\", empty: \"${EMPTY:-}\" }, token: \"${API_TOKEN}\"", |asked, _| {
            answer("400 Bad Request", "", &format!("you sent {}", asked.head.replace("\r\n", " ")))
        });
    web.sandbox.set("APPID", "hunter-key").set("API_TOKEN", "hunter-token");
    let ran = web.run("  coins = api.get(\"/coins\", query: { page: 1 }).json as list<Coin>\n  output n = coins.count");
    let head = web.server.asked()[0].head.clone();
    assert!(
        head.starts_with("GET /coins?page=1&appid=hunter-key HTTP") && head.contains("Bearer hunter-token"),
        "{head}"
    );
    let (_, message) = failure(&ran);
    assert!(message.contains("you sent GET /coins?page=1&appid=•••"), "{message}");
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter-"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_connection_is_slow_for_all_steps_and_loops_together() {
    // Six requests at twenty a second have five waits of 50 ms between them, whichever step makes them.
    let web = Web::start(", rate: per_second(20), pool: 2", |_, _| answer("200 OK", "", "1"));
    let begun = std::time::Instant::now();
    let ran = web.run(
        "  a = api.get(\"/a\").json as int with { timeout: 40ms }\n  loop = for each x in [1, 2, 3, 4, 5] in parallel 5 {\n    v = api.get(\"/b\").json as int with { timeout: 400ms }\n    yield v\n  }\n  output n = a + sum(loop)",
    );
    assert_eq!(ran.expect(0)["outputs"]["n"], 6);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(250));
}

//! Answers in pages: by number, by cursor, by address, by header; and sources that would never end.

use serde_json::{Value as Json, json};

use super::steps::{Web, failure};
use crate::support::faulty::{Asked, answer};

/// An argument of what was asked.
fn argument(asked: &Asked, name: &str) -> Option<String> {
    let line = asked.head.lines().next()?;
    let query = line.split(' ').nth(1)?.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
}

fn page_of(asked: &Asked) -> i64 {
    argument(asked, "page").and_then(|page| page.parse().ok()).unwrap_or(1)
}

/// Three pages of two items.
fn items(page: i64) -> Json {
    if page <= 3 { json!([{ "id": format!("{page}a") }, { "id": format!("{page}b") }]) } else { json!([]) }
}

fn ok(body: &Json) -> Vec<u8> {
    answer("200 OK", "", &body.to_string())
}

/// Runs one call; its result has the ids, joined.
fn walk(web: &Web, call: &str) -> crate::support::sandbox::Ran {
    web.run(&format!(
        "  got = api.pages({call}) with {{ retry: 3, backoff: constant(1ms) }}\n  coins = got.json as list<Coin>\n  output ids = join([c.id for c in coins], \",\")\n  output pages = got.pages"
    ))
}

fn found(web: &Web, call: &str) -> (String, i64) {
    let outputs = walk(web, call).expect(0)["outputs"].clone();
    (outputs["ids"].as_str().unwrap().to_owned(), outputs["pages"].as_i64().unwrap())
}

#[test]
fn pages_by_number_end_with_the_first_empty_one() {
    let web = Web::start("", |asked, _| ok(&items(page_of(asked))));
    assert_eq!(found(&web, r#""/x", query: { size: 2 }, number: "page""#), ("1a,1b,2a,2b,3a,3b".to_owned(), 4));
    let asked = web.asked();
    assert_eq!(asked, (1..=4).map(|page| format!("GET /x?size=2&page={page}")).collect::<Vec<_>>());
    assert_eq!(found(&web, r#""/x", query: { page: 3 }, number: "page""#), ("3a,3b".to_owned(), 2));
    assert_eq!(found(&web, r#""/x", number: "page", take: 3"#), ("1a,1b,2a".to_owned(), 2));
    assert_eq!(found(&web, r#""/x", number: "page", take: 4, max_pages: 2"#), ("1a,1b,2a,2b".to_owned(), 2));
}

#[test]
fn a_page_that_fails_is_asked_again_and_the_others_are_not() {
    let web = Web::start("", |asked, nth| match (page_of(asked), nth) {
        (2, 2) => answer("500 Internal Server Error", "", ""),
        (3, 4) => answer("200 OK", "", "[{"),
        (page, _) => ok(&items(page)),
    });
    assert_eq!(found(&web, r#""/x", number: "page""#).0, "1a,1b,2a,2b,3a,3b");
    let pages: Vec<String> = web.asked().iter().map(|line| line.rsplit('=').next().unwrap().to_owned()).collect();
    assert_eq!(pages, ["1", "2", "2", "3", "3", "4"]);
}

#[test]
fn pages_by_cursor_by_address_and_by_header() {
    let web = Web::start("", |asked, _| {
        let page = argument(asked, "after").map_or(1, |after| after.trim_start_matches("c%2F").parse().unwrap());
        let next = if page < 3 { json!(format!("c/{}", page + 1)) } else { json!(null) };
        ok(&json!({ "data": { "items": items(page) }, "meta": { "next": next } }))
    });
    let call = r#""/x", query: { size: 2 }, items: "data.items", cursor: "after", next: "meta.next""#;
    assert_eq!(found(&web, call), ("1a,1b,2a,2b,3a,3b".to_owned(), 3));
    assert_eq!(web.asked(), ["GET /x?size=2", "GET /x?size=2&after=c%2F2", "GET /x?size=2&after=c%2F3"]);

    let web = Web::start("", |asked, _| {
        let page = page_of(asked);
        let next = if page < 3 { json!(format!("/x?size=2&page={}", page + 1)) } else { json!(null) };
        ok(&json!({ "results": items(page), "next": next }))
    });
    assert_eq!(found(&web, r#""/x", items: "results", next: "next""#), ("1a,1b,2a,2b,3a,3b".to_owned(), 3));

    let web = Web::start("", |asked, _| {
        let page = page_of(asked);
        let host = asked.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let link = format!(
            "link: <http://{host}/x?page=1>; rel=\"first\", <http://{host}/x?page={}>; rel=\"next\"\r\n",
            page + 1
        );
        answer("200 OK", if page < 3 { &link } else { "" }, &items(page).to_string())
    });
    assert_eq!(found(&web, r#""/x""#), ("1a,1b,2a,2b,3a,3b".to_owned(), 3));
}

#[test]
fn a_walk_that_would_not_end_or_would_lie_fails() {
    #[allow(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, &str, fn(&Asked, usize) -> Vec<u8>, &str); 8] = [
        (
            "the number is not heeded",
            r#""/x", number: "p""#,
            |_, _| ok(&items(1)),
            "page 2: it holds the same items as the page before",
        ),
        (
            "too many",
            r#""/x", number: "page", max_pages: 2"#,
            |asked, _| ok(&items(page_of(asked))),
            "page 3: there are more than 2 pages",
        ),
        (
            "a circle",
            r#""/x", items: "d", cursor: "c", next: "n""#,
            |asked, _| {
                ok(&json!({ "d": [], "n": if argument(asked, "c").as_deref() == Some("a") { "b" } else { "a" } }))
            },
            "page 4: the source names a next page that was read before, so there would be no end",
        ),
        (
            "elsewhere",
            r#""/x""#,
            |_, _| answer("200 OK", "link: <http://evil.example/x>; rel=next\r\n", "[]"),
            "page 1: the source says that its next page is at an address that leads to http://evil.example",
        ),
        (
            "no list",
            r#""/x", number: "page""#,
            |_, _| ok(&json!({ "coins": [], "n": 1 })),
            "page 1: the answer is a record, where a list of items is wanted",
        ),
        (
            "no such list",
            r#""/x", items: "a.b", number: "page""#,
            |_, _| ok(&json!({ "a": {} })),
            "page 1: `a.b` is missing, where a list of items is wanted",
        ),
        (
            "no place for a cursor",
            r#""/x", items: "d", cursor: "c", next: "meta.next""#,
            |_, _| ok(&json!({ "d": [] })),
            "page 1: the answer has no `meta`, in which `meta.next` would stand",
        ),
        (
            "the last page is gone",
            r#""/x", number: "page""#,
            |asked, _| match page_of(asked) {
                4 => answer("404 Not Found", "", "no such page"),
                page => ok(&items(page)),
            },
            "page 4: GET ",
        ),
    ];
    for (name, call, reply, message) in cases {
        let web = Web::start("", reply);
        let (_, found) = failure(&walk(&web, call));
        assert!(found.starts_with(message), "{name}: {found}");
        assert!(web.asked().len() <= 4, "{name}");
    }
    let web = Web::start("", |_, _| ok(&json!({ "coins": [], "n": 1 })));
    let ran = walk(&web, r#""/x", number: "page""#);
    assert_eq!(ran.expect(1)["error"]["help"], "say where they are: `items: \"coins\"`");
}

#[test]
fn ways_that_exclude_each_other_are_found_before_the_run() {
    let web = Web::start("", |_, _| ok(&json!([])));
    for (call, message) in [
        (r#""/x", number: "page", next: "n""#, "pages go by `number` or by `next`, not by both"),
        (r#""/x", cursor: "c""#, "`cursor` wants `next`"),
        (r#""/x", number: """#, "at least one character"),
        (r#""/x", take: 0"#, "a number of at least 1"),
    ] {
        let ran = walk(&web, call);
        assert!(ran.code != 0 && ran.stderr.contains(message), "{call}: {}", ran.stderr);
    }
    assert_eq!(web.asked(), [""; 0]);
}

use proptest::prelude::*;

use super::{Reading, read};
use crate::query::sql::{SqlDialect, Statement, Surroundings, parse, understand};
use crate::schema::{Column, Schema, Table};
use crate::source::{SourceId, Span};
use crate::value::Type;

const DIALECTS: [Option<SqlDialect>; 4] =
    [None, Some(SqlDialect::Sqlite), Some(SqlDialect::Postgres), Some(SqlDialect::MySql)];

fn span(text: &str) -> Span {
    Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap())
}

fn read_all(text: &str) {
    for dialect in DIALECTS {
        let reading = read(text, span(text), dialect);
        if let Reading::Parsed(parsed) = reading {
            mean(text, dialect, &Statement(parsed));
        } else if let Reading::Wrong(finding) = reading {
            let place = finding.span().unwrap();
            assert!(text.get(place.start as usize..place.end as usize).is_some(), "{text}: {finding:?}");
            assert!(!finding.message.contains("Expected") && !finding.message.contains("Line"), "{finding:?}");
        }
    }
}

/// Whatever can be read can be understood, or not, without a panic.
fn mean(text: &str, dialect: Option<SqlDialect>, statement: &Statement) {
    let column = |ty: &str| Column { ty: ty.to_owned(), nullable: true, default: None };
    let columns = [("x", "date"), ("y", "text"), ("z", "integer[]")];
    let columns = columns.into_iter().map(|(name, ty)| (name.to_owned(), column(ty))).collect();
    let table = Table { columns, ..Table::default() };
    let schema = Schema { tables: [("t".to_owned(), table)].into(), ..Schema::default() };
    let holes: Vec<(usize, Type)> = text.match_indices(':').map(|(at, _)| (at, Type::Int)).collect();
    let is_made_here = |_: &str| false;
    let surroundings = Surroundings {
        span: span(text),
        dialect,
        schema: Some(&schema),
        holes: &holes,
        is_made_here: &is_made_here,
        is_local: false,
    };
    for finding in understand(statement, &surroundings).findings {
        let place = finding.span().unwrap();
        assert!(text.get(place.start as usize..place.end as usize).is_some(), "{text}: {finding:?}");
    }
}

#[test]
fn places_are_right_behind_letters_of_several_bytes_and_line_ends() {
    let text = "select 'é', 'ü'\nfrom t -- ß\nwhere a = 1 adn b = :c";
    let Reading::Wrong(finding) = read(text, span(text), None) else { panic!() };
    let place = finding.span().unwrap();
    assert_eq!(&text[place.start as usize..place.end as usize], "adn");
}

#[test]
fn a_statement_is_wrong_only_when_no_dialect_knows_it() {
    for text in ["select a::int from t", "select `a` from t", "select * from t where a is 'x'", "select top_5 from t"] {
        assert!(matches!(read(text, span(text), None), Reading::Parsed(_)), "{text}");
    }
}

/// What is said of a text, with its fix.
fn told(text: &str, dialect: SqlDialect) -> String {
    let Reading::Wrong(finding) = read(text, span(text), Some(dialect)) else { return String::new() };
    let fix = finding.fix.map_or(String::new(), |fix| format!(" ({})", fix.message));
    format!("{}{fix} {}", finding.message, finding.help.unwrap_or_default())
}

#[test]
fn a_name_behind_a_call_excuses_nothing() {
    let cases = [
        ("select max(a) as b from t were c = 'x'", "expected `where`, found `were` (write `where`) "),
        ("select count(*) as n from t limt 5", "expected `limit`, found `limt` (write `limit`) "),
        ("select a max(b) as c from t", "`max` cannot stand here is a `,` missing before it?"),
        ("select * from f() as (a int, b text)", ""),
        ("select * from f() as t(a int, b text)", ""),
    ];
    for (text, wanted) in cases {
        assert_eq!(told(text, SqlDialect::Postgres), wanted, "{text}");
    }
    assert!(told("select count(*) as n from t foo bar baz", SqlDialect::Sqlite).starts_with("`bar` cannot stand here"));
}

#[test]
fn of_two_words_that_are_equally_near_none_is_written() {
    assert_eq!(told("select a from t order by a dsc", SqlDialect::Sqlite), "expected `asc` or `desc`, found `dsc` ");
}

/// The command checks on a stack eight times as large.
#[test]
fn deep_and_long_texts_end() {
    let worker = std::thread::Builder::new().stack_size(8 << 20).spawn(read_deep_and_long_texts);
    worker.unwrap().join().unwrap();
}

fn read_deep_and_long_texts() {
    let nested =
        |open: &str, inner: &str, close: &str, n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
    for depth in [10, 30, 55, 200, 2_000] {
        read_all(&format!("select {}", nested("(", "1", ")", depth)));
        read_all(&format!("select * from {}", nested("(", "t", ")", depth)));
        read_all(&format!("select * from {}", nested("(select * from ", "t", ") x", depth)));
        read_all(&format!("select {}", nested("case when ", "1", " then 1 end", depth)));
        read_all(&format!("select {}", nested("f(", "1", ")", depth)));
        read_all(&format!("select {}", nested("not ", "1", "", depth)));
        read_all(&format!("select {}", nested("(", "1 1", ")", depth)));
        read_all(&format!("select * from {}", nested("(", "t t t", ")", depth)));
    }
    read_all(&format!("select {}", vec!["1"; 2_400].join(" + ")));
    read_all(&format!("select 1 where {}", vec!["a = 1"; 1_200].join(" and ")));
    read_all(&vec!["select 1"; 1_600].join(" union "));
    read_all(&"(".repeat(1 << 20));
    read_all(&format!("select {}", "a ".repeat(500_000)));
}

const WORDS: &str = "(select|from|where|and|or|not|in|is|null|as|join|left|on|group by|order by|limit|insert into|values|update|set|delete|with|case|when|then|else|end|union|:a|:b.c|t|x|'y'|1|\\(|\\)|,|\\.|\\*|=|<|::|\\[|\\]|;|é|\"q\"|exists|between|over|materialized|isnull|indexed by|glob)";

proptest! {
    #[test]
    fn no_text_panics(text in proptest::string::string_regex(&format!("(select |with |insert |update |delete )?({WORDS} ?){{0,30}}")).unwrap()) {
        let _ = parse(&text, span(&text));
        read_all(&text);
    }
}

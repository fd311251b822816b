use crate::query::sql::{Meaning, SqlDialect, Surroundings, parse, read, understand};
use crate::schema::{Column, Schema, Table};
use crate::source::{SourceId, Span};

const ALL: [SqlDialect; 3] = [SqlDialect::Sqlite, SqlDialect::Postgres, SqlDialect::MySql];

fn span(text: &str) -> Span {
    Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap())
}

fn schema() -> Schema {
    let table = |columns: &[(&str, &str)]| {
        let column = |ty: &str| Column { ty: ty.to_owned(), nullable: false, default: None };
        let columns = columns.iter().map(|(name, ty)| ((*name).to_owned(), column(ty))).collect();
        Table { columns, ..Table::default() }
    };
    let tables = [
        ("assets", table(&[("id", "integer"), ("symbol", "text"), ("price", "numeric"), ("listed", "date")])),
        ("prices", table(&[("asset_id", "integer"), ("day", "date"), ("value", "real"), ("source", "text")])),
        ("Order Lines", table(&[("id", "integer"), ("Line No", "integer")])),
    ];
    Schema { tables: tables.map(|(name, table)| (name.to_owned(), table)).into(), ..Schema::default() }
}

fn meaning(text: &str, dialect: SqlDialect) -> Meaning {
    let (_, slips) = parse(text, span(text));
    let (statement, wrong) = read(text, span(text), Some(dialect));
    assert!(slips.is_empty() && wrong.is_none(), "{text}: {slips:?} {wrong:?}");
    let (schema, is_made_here) = (schema(), |_: &str| false);
    let surroundings = Surroundings {
        span: span(text),
        dialect: Some(dialect),
        schema: Some(&schema),
        holes: &[],
        is_made_here: &is_made_here,
        is_local: false,
    };
    understand(&statement.unwrap(), &surroundings)
}

/// Each finding as its place and message.
fn found(text: &str, dialect: SqlDialect) -> Vec<String> {
    let told = meaning(text, dialect).findings;
    let shown = told.iter().map(|finding| {
        let place = finding.span().unwrap();
        format!("{}: {}", &text[place.start as usize..place.end as usize], finding.message)
    });
    shown.collect()
}

fn right(dialects: &[SqlDialect], texts: &[&str]) {
    for (text, dialect) in texts.iter().flat_map(|text| dialects.iter().map(move |dialect| (*text, *dialect))) {
        assert_eq!(found(text, dialect), [""; 0], "{dialect:?}: {text}");
    }
}

fn wrong(dialects: &[SqlDialect], texts: &[(&str, &str)]) {
    for ((text, told), dialect) in texts.iter().flat_map(|one| dialects.iter().map(move |dialect| (*one, *dialect))) {
        assert_eq!(found(text, dialect), [told], "{dialect:?}: {text}");
    }
}

#[test]
fn a_union_is_in_the_order_of_its_first_columns() {
    right(
        &ALL,
        &[
            "select id as n from assets union all select asset_id from prices order by n",
            "with u as (select id as n from assets union select asset_id from prices order by n) select n from u",
            "select id as n from assets union select asset_id from prices union select 1 order by n desc, 1",
        ],
    );
    let message = "m: the result has no column `m`: the first query of a `union` names its columns";
    wrong(&ALL, &[("select id as n from assets union all select asset_id from prices order by m", message)]);
    let text = "select id as n from assets union all select asset_id as m from prices order by m, id";
    right(&[SqlDialect::Sqlite], &[text]);
    assert_eq!(found(text, SqlDialect::Postgres).len(), 2);
}

#[test]
fn the_queries_of_a_union_are_as_wide() {
    wrong(
        &ALL,
        &[(
            "select id from assets union select asset_id, source from prices",
            "asset_id: this query gives 2 columns, and the one before it 1",
        )],
    );
    right(&ALL, &["select id, symbol from assets union select asset_id, source from prices"]);
}

#[test]
fn rows_are_bounded_by_what_they_come_from() {
    for (text, is_bounded) in [
        ("with k as (select id from assets where symbol = :x) select id from k", true),
        ("select id from (select id from assets limit 5) as k", true),
        ("with k as (select id from assets where symbol = :x) select a.id from assets a join k on k.id = a.id", true),
        (
            "with k as (select id from assets where symbol = :x) select k.id from k left join prices on k.id = asset_id",
            true,
        ),
        (
            "with k as (select id from assets where symbol = :x) select a.id from assets a left join k on k.id = a.id",
            false,
        ),
        ("with k as (select id from assets where symbol = :x) select a.id from assets a, k", false),
        ("with k as (select id from assets) select id from k", false),
        ("select id from assets", false),
    ] {
        assert_eq!(meaning(text, SqlDialect::Sqlite).rows.unwrap().is_bounded, is_bounded, "{text}");
    }
}

#[test]
fn a_result_has_one_column_of_a_name() {
    wrong(
        &ALL,
        &[
            ("select id, id from assets", "id: the query gives two columns named `id`"),
            (
                "select * from assets a join \"Order Lines\" l on l.id = a.id",
                "*: the query gives two columns named `id`",
            ),
            (
                "select a.*, l.id from assets a join \"Order Lines\" l on l.id = a.id",
                "id: the query gives two columns named `id`",
            ),
        ],
    );
    right(
        &ALL,
        &[
            "select a.id, b.id as other from assets a, assets b",
            "select id from assets where id in (select id from assets)",
        ],
    );
}

#[test]
fn columns_are_looked_for_in_every_clause() {
    let no = "symbl: `assets` has no column `symbl`";
    wrong(
        &ALL,
        &[
            ("select row_number() over (partition by symbl order by id) as n from assets", no),
            ("select row_number() over (order by symbl) as n from assets", no),
            ("select id from assets join prices using (asset_id)", "asset_id: `assets` has no column `asset_id`"),
        ],
    );
    wrong(
        &ALL[..2],
        &[
            ("select count(*) filter (where symbl = 'a') as n from assets", no),
            ("select string_agg(symbol, ',' order by symbl) as n from assets", no),
            ("insert into assets (id) values (1) on conflict (symbl) do nothing", no),
            (
                "insert into assets (id, symbol) values (1, upper(symbl))",
                "symbl: no table is read here that could have a column `symbl`",
            ),
            (
                "select id from assets limit (select count(*) from pricess)",
                "pricess: the database has no table `pricess`",
            ),
        ],
    );
    right(&[SqlDialect::MySql], &["insert into assets (id, symbol) values (1, upper(symbol))"]);
    right(&ALL, &["select p.id from assets p join \"Order Lines\" l using (id) where l.\"Line No\" > 1"]);
}

#[test]
fn names_in_double_quotes_are_no_texts() {
    wrong(
        &ALL,
        &[
            ("select \"symbl\" from assets", "\"symbl\": `assets` has no column `symbl`"),
            ("select id from assets where symbol = \"abc\"", "\"abc\": `assets` has no column `abc`"),
        ],
    );
    right(&ALL[..1], &["select strftime(\"%Y\", day) as y from prices where source <> \"\""]);
    let told = meaning("select \"Line Nr\" as n from \"Order Lines\"", SqlDialect::Sqlite).findings;
    assert_eq!(told[0].fix.as_ref().unwrap().edits[0].replacement, "\"Line No\"");
}

#[test]
fn sqlite_has_its_own_functions() {
    wrong(
        &ALL[..1],
        &[
            ("select date_trunc('month', day) as m from prices", "date_trunc: SQLite has no function `date_trunc`"),
            ("select uper(symbol) as s from assets", "uper: SQLite has no function `uper`"),
            ("select ceil(value) as s from prices", "value: SQLite has no function `ceil`"),
            ("select id from assets order by greatest(id, 1)", "greatest: SQLite has no function `greatest`"),
            (
                "select cast(day as date) as d from prices",
                "day: SQLite has no casts to `date`: it makes a number of this",
            ),
            ("select id from assets offset 5", "5: SQLite has no `offset` without `limit`"),
        ],
    );
    right(&ALL[..1], &["select max(id, 1) as m, iif(id > 1, 'a', 'b') as i, current_timestamp as t from assets"]);
    right(
        &ALL[1..],
        &["select date_trunc('month', day) as m, own(day) as o from prices", "select id from assets limit 5 offset 5"],
    );
}

#[test]
fn names_of_the_select_list_are_seen_where_the_database_sees_them() {
    let no = "p: `assets` has no column `p`";
    wrong(&ALL, &[("select price as p, p * 2 as q from assets", no)]);
    wrong(&ALL[1..], &[("select price as p from assets where p > 2", no)]);
    wrong(&ALL[1..2], &[("select price as p from assets group by p having p > 2", no)]);
    right(&ALL[..1], &["select price as p from assets where p > 2"]);
    right(&[ALL[0], ALL[2]], &["select price as p from assets group by p having p > 2"]);
    right(&ALL, &["select price as p, count(*) as n from assets group by p order by p, n"]);
}

#[test]
fn an_insert_gives_a_value_for_each_column() {
    wrong(
        &ALL,
        &[
            (
                "insert into prices (asset_id, day) values (:n, :day, :f)",
                ":f: the insert names 2 columns and gives 3 values",
            ),
            ("insert into prices (asset_id, day) values (:n)", ":n: the insert names 2 columns and gives 1 value"),
            (
                "insert into prices (asset_id) select id, listed from assets",
                "listed: the insert names 1 column and gives 2 columns",
            ),
        ],
    );
    right(&ALL, &["insert into prices values (1, '2025-01-31')", "insert into prices (asset_id) select * from assets"]);
}

#[test]
fn sqlite_makes_a_number_of_what_shall_be_yes_or_no() {
    let ty = |text: &str| meaning(text, SqlDialect::Sqlite).columns.unwrap()[0].ty.clone().map(|ty| ty.to_string());
    assert_eq!(ty("select cast(id as boolean) as b from assets").as_deref(), Some("int"));
    assert_eq!(ty("select cast(symbol as boolean) as b from assets"), None);
    assert_eq!(ty("select cast(id > 1 as boolean) as b from assets").as_deref(), Some("bool"));
    assert_eq!(ty("select date(day, '+1 day') as d from prices").as_deref(), Some("date"));
}

#[test]
fn what_only_a_run_would_refuse_is_told() {
    wrong(
        &ALL,
        &[
            (
                "select id from assets where id in (select asset_id, day from prices)",
                "day: one value is looked for, and this query gives 2 columns",
            ),
            ("select id from assets order by 3", "3: this is the column 3 of the select list, which has 1 column"),
            ("select id from assets limit most", "most: `most` is a name, where a number of rows is wanted"),
            (
                "select row_number() as n from assets",
                "row_number: `row_number` tells a row's place, and nothing says among which",
            ),
            (
                "select id as n from assets a join \"Order Lines\" l on a.id = l.id",
                "id: both `a` and `l` have a column `id`",
            ),
        ],
    );
    right(
        &ALL,
        &[
            "select id from assets where id in (select asset_id from prices)",
            "select id from assets where (id, listed) in (select asset_id, day from prices)",
            "select id, symbol from assets order by 2, 1 limit 5",
            "select row_number() over (order by id) as n from assets",
            "select a.id from assets a join \"Order Lines\" l on a.id = l.id order by id",
            "select symbol from assets a join \"Order Lines\" l on a.id = l.id",
            "select id as n from assets a join \"Order Lines\" l using (id)",
        ],
    );
    let public = ("select id from public.assets", "public: SQLite has no schema `public`");
    wrong(&[SqlDialect::Sqlite], &[public]);
    right(&[SqlDialect::Postgres], &["select id from public.assets"]);
}

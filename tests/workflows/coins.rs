//! The workflows of coins, on SQLite and on PostgreSQL, from a source that misbehaves in every way it is known for.

use serde_json::{Value as Json, json};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::plan::group;
use crate::support::coingecko::{Coingecko, coin, reply};
use crate::support::place::wait;
use crate::support::postgres;
use crate::support::sandbox::{Ran, Sandbox};

/// The shipped project with a market of its own.
struct Market {
    sandbox: Sandbox,
    postgres: Option<String>,
}

impl Market {
    fn on_sqlite(source: &Coingecko) -> Self {
        Self { sandbox: Self::sandbox(source), postgres: None }
    }

    fn on_postgres(source: &Coingecko) -> Self {
        let url = wait(postgres::fresh_schema());
        let mut sandbox = Self::sandbox(source);
        sandbox.set("MARKET_DATABASE_URL", &url).set("COINGECKO_API_KEY", "the-demo-key");
        let market = Self { sandbox, postgres: Some(url) };
        market.execute(&market.sandbox.read("workflows/schema/market.postgres.sql"));
        market
    }

    fn both(source: &Coingecko) -> [Self; 2] {
        [Self::on_sqlite(source), Self::on_postgres(source)]
    }

    /// The project without the waits that no test has the time for.
    fn sandbox(source: &Coingecko) -> Sandbox {
        let mut sandbox = Sandbox::new();
        sandbox.set("COINGECKO_URL", source.url());
        let edit = |file: &str, old: &str, new: &str| {
            let text = sandbox.read(file);
            assert!(text.contains(old), "{file} does not hold `{old}`");
            sandbox.write(file, &text.replace(old, new));
        };
        edit("vmflow.yaml", "        rate: per_minute(10)\n", "");
        edit("vmflow.yaml", "        rate: per_minute(30)\n", "");
        for name in ["top_coins", "price_collection", "contract_addresses"] {
            edit(&format!("workflows/{name}.flow"), "exponential(2s, max: 2m)", "exponential(10ms, max: 5s)");
        }
        sandbox
    }

    fn run(&self, job: &str, at: &str, more: &[&str]) -> Ran {
        let mut arguments = vec!["run", job, "--at", at];
        if self.postgres.is_some() {
            arguments.extend(["--env", "prod", "--yes"]);
        }
        arguments.extend(more);
        self.sandbox.run(&arguments)
    }

    fn plan(&self, job: &str, at: &str, more: &[&str]) -> Json {
        let mut arguments = vec!["plan", job, "--at", at];
        if self.postgres.is_some() {
            arguments.extend(["--env", "prod"]);
        }
        arguments.extend(more);
        self.sandbox.run(&arguments).expect(0)
    }

    fn execute(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async {
            match &self.postgres {
                Some(url) => {
                    PgConnection::connect(url).await.unwrap().execute(sqlx::raw_sql(sql)).await.unwrap();
                }
                None => drop(self.sqlite().await.execute(sqlx::raw_sql(sql)).await.unwrap()),
            }
        });
    }

    /// One text for each row of a query with a single column of texts.
    fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async {
            match &self.postgres {
                Some(url) => {
                    sqlx::query_scalar(sql).fetch_all(&mut PgConnection::connect(url).await.unwrap()).await.unwrap()
                }
                None => sqlx::query_scalar(sql).fetch_all(&mut self.sqlite().await).await.unwrap(),
            }
        })
    }

    fn count(&self, from: &str) -> String {
        self.texts(&format!("select cast(count(*) as text) from {from}")).remove(0)
    }

    async fn sqlite(&self) -> SqliteConnection {
        let file = self.sandbox.path().join(".vmflow/market.db");
        SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
    }

    /// The duplicates that the predecessor's users looked for, by their own query and its like for the other tables.
    fn assert_single(&self) {
        let rankings = "SELECT asset_id, snapshot_date, source, COUNT(*) as count
  FROM asset_rankings
  GROUP BY asset_id, snapshot_date, source
  HAVING COUNT(*) > 1";
        let prices = "select asset_id, timestamp, source from asset_prices group by 1, 2, 3 having count(*) > 1";
        let contracts = "select chain, lower(contract_address) from asset_contracts where contract_address like '0%' group by 1, 2 having count(*) > 1";
        let assets = "select coingecko_id from assets group by 1 having count(*) > 1";
        for query in [rankings, prices, contracts, assets] {
            assert_eq!(self.count(&format!("({query}) d")), "0", "{query}");
        }
    }
}

/// The counters and outputs of a run that went well.
fn counted<'a>(ran: &Ran, names: impl IntoIterator<Item = &'a str>) -> Vec<i64> {
    let result = ran.expect(0);
    names
        .into_iter()
        .map(|name| result["outputs"][name].as_i64().unwrap_or_else(|| panic!("{name}: {result}")))
        .collect()
}

const COUNTERS: [&str; 4] = ["items_processed", "items_created", "items_updated", "items_skipped"];

/// A price with more digits than a float has.
fn exact() -> Json {
    serde_json::from_str("0.1000000000000000055").unwrap()
}

/// Three hundred ranked coins, two of them with one symbol, and three that have no place in a ranking.
fn coins() -> Vec<Json> {
    let mut coins: Vec<Json> = (1..=298).map(|rank| coin(&format!("c{rank}-x"), rank, 1.5)).collect();
    coins[0]["current_price"] = exact();
    coins[0]["platforms"] = json!({ "ethereum": "0xABcd", "solana": "So1Ana", "near-protocol": null });
    coins[1]["platforms"] = json!({ "ethereum": "0xabCD" });
    coins[2]["platforms"] = json!({ "binance-smart-chain": "0xABcd", "": "" });
    coins.extend([coin("usd-one", 299, 1), coin("usd-two", 300, 1), coin("unpriced-x", 301, Json::Null)]);
    coins.extend([coin("unranked-x", Json::Null, 1), coin("held-x", Json::Null, 0.5)]);
    coins
}

#[test]
fn top_coins_come_through_a_source_that_misbehaves_and_once() {
    let source = Coingecko::start(coins());
    for market in Market::both(&source) {
        source.set(coins());
        source.mishap(|_, nth| match nth {
            1 => Some(reply("429 Too Many Requests", "retry-after: 1\r\n", r#"{"status":{"error_code":429}}"#)),
            2 | 5 => Some(reply("500 Internal Server Error", "", "")),
            3 => Some(reply("200 OK", "", r#"[{"id":"c1-x","symbol":"c1","na"#)),
            _ => None,
        });
        let first = market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=303"]);
        assert_eq!(counted(&first, COUNTERS), [303, 600, 0, 3]);
        let asked = source.take_asked();
        let pages: Vec<&str> = asked.iter().map(|asked| asked.get("page").unwrap()).collect();
        assert_eq!(pages, ["1", "1", "1", "1", "2", "2"], "a page that came is not asked for again");
        assert!(asked.iter().all(|asked| asked.get("per_page") == Some("250")));
        let key = asked[0].head.contains("x-cg-demo-api-key: the-demo-key");
        assert_eq!(key, market.postgres.is_some(), "{}", asked[0].head);
        assert_eq!(market.count("assets where symbol = 'USD'"), "2");
        let exact = "select cast(r.price_usd as text) from asset_rankings r join assets a on a.id = r.asset_id where a.coingecko_id = 'c1-x'";
        assert_eq!(market.texts(exact), ["0.1000000000000000055"]);

        let mut later = coins();
        later.iter_mut().for_each(|coin| coin["total_volume"] = json!(7.25));
        later[4]["name"] = json!("renamed");
        source.set(later);
        let again = market.run("top_coins", "2026-10-30T23:59Z", &["-p", "limit=303"]);
        let names = ["assets_created", "assets_updated", "assets_unchanged", "rankings_created", "rankings_updated"];
        assert_eq!(counted(&again, names), [0, 1, 299, 0, 300]);
        market.assert_single();
        assert_eq!(market.texts("select name from assets where coingecko_id = 'c5-x'"), ["renamed"]);

        let tomorrow = market.run("top_coins", "2026-10-31T00:00Z", &["-p", "limit=303"]);
        assert_eq!(counted(&tomorrow, names), [0, 0, 300, 300, 0]);
        market.assert_single();
        assert_eq!(market.count("asset_rankings"), "600");
    }
}

#[test]
fn prices_of_what_is_tracked_are_stored_once_a_minute() {
    let source = Coingecko::start(coins());
    for market in Market::both(&source) {
        source.set(coins());
        market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=303"]).expect(0);
        market.execute("insert into assets (symbol, name, coingecko_id) values ('HELD', 'held', 'held-x')");
        let id = if market.postgres.is_some() { "gen_random_uuid()" } else { "'one'" };
        let holdings = r#"[{"symbol": "held"}, {"asset_id": "nobody", "amount": 3}]"#;
        market.execute(&format!("insert into accounts (id, name, holdings) values ({id}, 'one', '{holdings}')"));
        source.take_asked();
        let mut now = coins();
        now[249]["current_price"] = Json::Null;
        source.set(now);

        let first = market.run("price_collection", "2026-10-30T12:34:59Z", &["-p", "limit=250"]);
        assert_eq!(counted(&first, COUNTERS), [251, 250, 0, 1]);
        assert!(first.stderr.contains("1 of 251 assets have no price"), "{}", first.stderr);
        let asked = source.take_asked();
        let pieces: Vec<usize> = asked.iter().map(|asked| asked.get("ids").unwrap().split(',').count()).collect();
        assert_eq!(pieces, [200, 51]);
        assert_eq!(first.json()["outputs"]["minute"], "2026-10-30T12:34:00Z");
        assert_eq!(market.count("asset_prices p join assets a on a.id = p.asset_id where a.symbol = 'HELD'"), "1");

        let mut later = coins();
        later.iter_mut().for_each(|coin| coin["total_volume"] = json!(7.25));
        later[249]["current_price"] = Json::Null;
        source.set(later);
        let same = market.run("price_collection", "2026-10-30T12:34:00Z", &["-p", "limit=250"]);
        assert_eq!(counted(&same, COUNTERS), [251, 0, 250, 1]);
        let next = market.run("price_collection", "2026-10-30T12:35Z", &["-p", "limit=250"]);
        assert_eq!(counted(&next, COUNTERS), [251, 250, 0, 1]);
        market.assert_single();
    }
}

#[test]
fn contracts_have_one_spelling_and_one_owner() {
    let source = Coingecko::start(coins());
    for market in Market::both(&source) {
        source.set(coins());
        market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=303"]).expect(0);
        source.take_asked();
        let names = ["contracts_found", "contracts_created", "contracts_updated", "contracts_unchanged"];
        let first = market.run("contract_addresses", "2026-10-30T01:00Z", &[]);
        assert_eq!(counted(&first, names), [3, 3, 0, 0]);
        assert!(first.stderr.contains("1 contracts are claimed twice"), "{}", first.stderr);
        assert_eq!(source.take_asked().len(), 1, "one call for all coins");
        let stored = "select a.coingecko_id || ' ' || c.chain || ' ' || c.contract_address || ' ' || c.token_standard
                      from asset_contracts c join assets a on a.id = c.asset_id order by 1";
        let expected = ["c1-x ethereum 0xabcd ERC20", "c1-x solana So1Ana SPL", "c3-x bsc 0xabcd BEP20"];
        assert_eq!(market.texts(stored), expected);

        let again = market.run("contract_addresses", "2026-10-30T02:00Z", &[]);
        assert_eq!(counted(&again, names), [3, 0, 0, 3]);
        market.execute("update asset_contracts set token_standard = null where chain = 'bsc'");
        let mended = market.run("contract_addresses", "2026-10-30T03:00Z", &[]);
        assert_eq!(counted(&mended, names), [3, 0, 1, 2]);
        assert_eq!(market.texts(stored), expected);
        market.assert_single();
    }
}

#[test]
fn a_source_without_sense_fails_the_run_and_leaves_the_store_alone() {
    let source = Coingecko::start(coins());
    let market = Market::on_sqlite(&source);
    let broken = |change: fn(&mut Json)| {
        let mut coins = coins();
        change(&mut coins[17]);
        source.set(coins);
        let result = market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=20"]).expect(1);
        result["error"]["message"].as_str().unwrap().to_owned()
    };
    let message = broken(|coin| coin["market_cap"] = json!("n/a"));
    assert_eq!(message, r#"coins[17].market_cap: expected decimal or none, got "n/a""#);
    assert_eq!(broken(|coin| coin["name"] = Json::Null), "coins[17].name: expected text, got null");
    source.set(Vec::new());
    let empty = market.run("top_coins", "2026-10-30T00:00Z", &[]).expect(1);
    assert_eq!(empty["error"]["message"], "the source answered with an empty list");
    source.mishap(|_, _| Some(reply("200 OK", "", "<html>maintenance</html>")));
    assert!(
        market.run("top_coins", "2026-10-30T00:00Z", &[]).expect(1)["error"]["message"]
            .as_str()
            .unwrap()
            .contains("not JSON")
    );
    source.mishap(|_, _| None);
    source.set(coins());
    market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=20"]).expect(0);
    assert_eq!(market.count("assets"), "20");
}

#[test]
fn a_table_that_is_not_as_it_should_be_fails_the_run_instead_of_storing_nothing() {
    let source = Coingecko::start(coins());
    for market in Market::both(&source) {
        market.run("top_coins", "2026-10-30T00:00Z", &["-p", "limit=20"]).expect(0);
        market.execute("alter table asset_prices rename column volume_24h_usd to volume24h_usd");
        let result = market.run("price_collection", "2026-10-30T12:00Z", &[]).expect(1);
        assert!(result["error"]["message"].as_str().unwrap().contains("volume_24h_usd"), "{}", result["error"]);
        assert_eq!(market.count("asset_prices"), "0");
    }
}

#[test]
fn plans_say_what_the_runs_then_do() {
    let source = Coingecko::start(coins());
    let counted = |plan: &Json, step: &str, what: &str| group(plan, step)["counts"][what].as_i64().unwrap();
    for market in Market::both(&source) {
        let more = ["-p", "limit=303"];
        let first = market.plan("top_coins", "2026-10-30T00:00Z", &more);
        assert_eq!(counted(&first, "kept.assets", "created"), 300);
        // Which ids the new assets get, the database says when they are written.
        let rankings = group(&first, "kept.rankings");
        let why = "known after the run: it is read after `kept.assets` writes";
        assert_eq!((&rankings["unknown"], &rankings["why"]), (&json!(1), &json!(why)));
        assert_eq!(first["reads_before_writes"], json!([]));
        market.run("top_coins", "2026-10-30T00:00Z", &more).expect(0);
        let tomorrow = "2026-10-31T00:00Z";
        let plan = market.plan("top_coins", tomorrow, &more);
        let rankings = counted(&plan, "kept.rankings", "created");
        assert!(rankings > 200, "{plan}");
        let ran = market.run("top_coins", tomorrow, &more).expect(0);
        assert_eq!(rankings, ran["outputs"]["rankings_created"].as_i64().unwrap());
        let again = market.plan("top_coins", tomorrow, &more);
        assert_eq!(counted(&again, "kept.rankings", "unchanged"), rankings);

        for (job, step, at, more) in [
            ("price_collection", "stored", "2026-10-30T12:34:59Z", &["-p", "limit=250"][..]),
            ("contract_addresses", "kept", "2026-10-30T01:00Z", &[][..]),
        ] {
            let plan = market.plan(job, at, more);
            let ran = market.run(job, at, more).expect(0);
            let created = counted(&plan, step, "created");
            assert!(created > 0, "{job}: {plan}");
            assert_eq!(created, ran["outputs"]["items_created"].as_i64().unwrap(), "{job}");
            let again = market.plan(job, at, more);
            assert_eq!(again["summary"]["to_write"], 0, "{job}: {again}");
        }
        market.assert_single();
    }
}

//! A source of coins that answers as CoinGecko does, and misbehaves as a test wants it to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

/// What goes wrong with the n-th request, from 1; `None` when nothing does.
type Mishap = dyn Fn(&Asked, usize) -> Option<Vec<u8>> + Send + Sync;

/// What was asked: a path and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) head: String,
}

impl Asked {
    /// An argument of the query.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A source on a port of its own; it lives as long as the tests.
pub(crate) struct Coingecko {
    url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    coins: Vec<Json>,
    mishap: Arc<Mishap>,
    asked: Vec<Asked>,
}

/// A coin as `/coins/markets` gives it.
pub(crate) fn coin(id: &str, rank: impl Into<Json>, price: impl Into<Json>) -> Json {
    json!({
        "id": id, "symbol": id.split('-').next().unwrap(), "name": format!("{id} coin"), "image": format!("https://img/{id}.png"),
        "current_price": price.into(), "market_cap": 123_456_789_012_i64, "market_cap_rank": rank.into(), "total_volume": 5.5,
        "price_change_percentage_24h": -1.25, "roi": null, "platforms": {},
    })
}

impl Coingecko {
    /// A source that has these coins, in the order of the market.
    pub(crate) fn start(coins: Vec<Json>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { coins, mishap: Arc::new(|_, _| None), asked: Vec::new() }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that went away is none of the source's business.
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { url, state }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Changes what it knows.
    pub(crate) fn set(&self, coins: Vec<Json>) {
        self.state.lock().unwrap().coins = coins;
    }

    /// Says what goes wrong from now on; requests count from 1 again.
    pub(crate) fn mishap(&self, mishap: impl Fn(&Asked, usize) -> Option<Vec<u8>> + Send + Sync + 'static) {
        let mut state = self.state.lock().unwrap();
        state.mishap = Arc::new(mishap);
        state.asked.clear();
    }

    /// What it was asked, in order, and forgets it.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// A whole answer.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let url = reqwest::Url::parse(&format!("http://source{}", head.split(' ').nth(1)?)).ok()?;
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let asked = Asked { path: url.path().to_owned(), query, head };
    let (coins, mishap, nth) = {
        let mut state = state.lock().unwrap();
        state.asked.push(asked.clone());
        (state.coins.clone(), state.mishap.clone(), state.asked.len())
    };
    let whole = mishap(&asked, nth).unwrap_or_else(|| well(&asked, &coins));
    stream.write_all(&whole).ok()
}

/// What it answers when all is well.
fn well(asked: &Asked, coins: &[Json]) -> Vec<u8> {
    let body = match asked.path.as_str() {
        "/coins/markets" => markets(asked, coins),
        "/coins/list" => coins.iter().map(|coin| json!({ "id": coin["id"], "platforms": coin["platforms"] })).collect(),
        _ => return reply("404 Not Found", "", "{\"error\":\"coin not found\"}"),
    };
    reply("200 OK", "", &Json::Array(body).to_string())
}

fn markets(asked: &Asked, coins: &[Json]) -> Vec<Json> {
    let number = |name: &str, otherwise: usize| asked.get(name).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    // As the real one: a hundred when nothing is said, and never more than 250.
    let (size, page) = (number("per_page", 100).min(250), number("page", 1));
    let ids: Option<Vec<&str>> = asked.get("ids").map(|ids| ids.split(',').collect());
    let wanted = |coin: &&Json| ids.as_ref().is_none_or(|ids| ids.contains(&coin["id"].as_str().unwrap()));
    coins.iter().filter(wanted).skip((page - 1) * size).take(size).cloned().collect()
}

//! HTTP sources: JSON in, bytes out, below one base address.

mod link;
mod pace;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};

use super::transport::{self, Authorization, Redirects, Transport, TransportOptions};
use super::{Answer, Clock, Http, HttpRequest, HttpResponse, Located, Turn};
use crate::value::{ErrorKind, Labels, StepError};
use pace::Pace;

pub use pace::HttpRate;

/// How to reach an HTTP source.
#[derive(Clone)]
pub struct HttpOptions {
    /// The address that all paths lie below.
    pub base_url: String,
    /// Headers sent with every request; their values count as secrets.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// Pairs of every query string; their values count as secrets.
    pub query: Vec<(Arc<str>, Arc<str>)>,
    /// Credentials.
    pub authorization: Authorization,
    /// How long a request may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many requests may be under way at once.
    pub pool: usize,
    /// How often a request may start.
    pub rate: Option<HttpRate>,
    /// The largest body that is taken, in bytes, once it is unpacked.
    pub max_body: usize,
    /// The proxy that it is reached through.
    pub proxy: Option<String>,
    /// Whether the server's certificate is verified.
    pub verify: bool,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(Arc<str>, Arc<str>)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("HttpOptions")
            .field("headers", &names(&self.headers))
            .field("query", &names(&self.query))
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
}

/// A live HTTP source.
pub struct HttpSource {
    reads: Transport,
    writes: Transport,
    base: Url,
    shown: String,
    query: Vec<(Arc<str>, Arc<str>)>,
    max_body: usize,
    pace: Pace,
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource").field("base", &self.shown).finish_non_exhaustive()
    }
}

impl HttpSource {
    /// Prepares a client; nothing is sent. Fails, as `Configuration`, when the address or a header is impossible.
    pub fn new(options: &HttpOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let base = transport::parse_url("base_url", &options.base_url)?;
        let shared = TransportOptions {
            authorization: options.authorization.clone(),
            headers: options.headers.clone(),
            timeout_ms: options.timeout_ms,
            pool: options.pool,
            verify: options.verify,
            ca: None,
        };
        let client = |redirects| {
            let client = Transport::through(&shared, redirects, options.proxy.as_deref())?;
            Ok(client.hiding(options.query.iter().map(|(_, value)| value.clone())))
        };
        let (reads, writes) = (client(Redirects::SameHost)?, client(Redirects::Never)?);
        let (shown, query) = (transport::masked_url(&base), options.query.clone());
        let pace = Pace::new(options.rate, options.pool, clock);
        Ok(Self { reads, writes, base, shown, query, max_body: options.max_body, pace })
    }

    /// The address of `path`, which stays below the base address whatever it holds.
    fn address(&self, path: &str) -> Result<Url, StepError> {
        let refuse = |why: &str| {
            let message = format!("the path `{path}` {why}");
            Err(StepError::new(ErrorKind::Data, message).help("write a path below the connection's base address"))
        };
        if path.contains("://") || path.starts_with("//") {
            return refuse("is a whole address");
        }
        if path.contains(['?', '#']) {
            return refuse("holds `?` or `#`; give the pairs as `query`");
        }
        if path.contains(['\\', '\n', '\r', '\t']) {
            return refuse("holds a character that no path has");
        }
        let url = transport::join(&self.base, path);
        if self.below(&url).is_none() || has_dots(path) {
            return refuse("leads out of the base address");
        }
        Ok(url)
    }

    /// The part of an address's path that lies below the base address.
    fn below<'u>(&self, url: &'u Url) -> Option<&'u str> {
        let base = self.base.path().trim_end_matches('/');
        url.path().strip_prefix(base).filter(|rest| rest.starts_with('/'))
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, StepError> {
        let mut url = self.address(&request.path)?;
        if !request.query.is_empty() || !self.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(request.query.iter().map(|(name, value)| (&**name, value)))
                .extend_pairs(self.query.iter());
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| StepError::new(ErrorKind::Internal, format!("`{}` is no method", request.method)))?;
        let who = format!("{} {}/{}", request.method, self.shown, request.path.trim_start_matches('/'));
        let is_read = method == Method::GET;
        let client = if is_read { &self.reads } else { &self.writes };
        let mut builder = client.request(method, url).headers(headers(&request.headers)?);
        if let Some(json) = &request.json {
            builder = builder.json(json);
        }
        let sent = if is_read { client.send(&who, builder).await } else { client.send_once(&who, builder).await };
        let response = sent.inspect_err(|error| error.retry_after_ms.into_iter().for_each(|ms| self.pace.hold(ms)))?;
        let (status, next) = (response.status().as_u16(), link::next(response.headers()));
        let content_type = content_type(&response);
        let body = client.body(&who, response, self.max_body).await;
        // The source has said that it did what it was asked; what it said besides is lost.
        let body = if is_read { body } else { body.map_err(transport::unsure) }?;
        Ok(HttpResponse { status, content_type, next, body })
    }
}

/// The headers of a request: `accept` unless it says so itself.
fn headers(given: &Labels) -> Result<HeaderMap, StepError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in given.iter() {
        let wrong = |what: &str| StepError::new(ErrorKind::Data, format!("the header `{name}` has {what}"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("an impossible name"))?;
        headers.insert(key, HeaderValue::from_str(value).map_err(|_| wrong("an impossible value"))?);
    }
    Ok(headers)
}

fn content_type(response: &Response) -> Option<String> {
    let text = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    text.split(';').next().map(|kind| kind.trim().to_ascii_lowercase()).filter(|kind| !kind.is_empty())
}

/// Whether a segment is `.` or `..`, also when written with `%2e`.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

impl Http for HttpSource {
    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(self.pace.turn())
    }

    fn send<'a>(&'a self, request: &'a HttpRequest, turn: Turn) -> Answer<'a, HttpResponse> {
        Box::pin(async move {
            let answer = self.exchange(request).await;
            drop(turn);
            answer
        })
    }

    fn locate(&self, address: &str) -> Result<Located, StepError> {
        let refuse = |why: &str| {
            let message = format!("the source says that its next page is at an address that {why}");
            StepError::new(ErrorKind::Data, message).help("only what lies below the connection's `base_url` is asked")
        };
        let url = self.base.join(address.trim()).map_err(|_| refuse("is none"))?;
        if url.origin() != self.base.origin() {
            return Err(refuse(&format!("leads to {}", url.origin().ascii_serialization())));
        }
        let path = self.below(&url).filter(|_| !has_dots(url.path())).ok_or_else(|| refuse("leads out of its base"))?;
        let is_own = |name: &str| self.query.iter().any(|(own, _)| **own == *name);
        let pairs = url.query_pairs().filter(|(name, _)| !is_own(name));
        Ok((path.into(), pairs.map(|(name, value)| (name.as_ref().into(), value.into_owned())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::clock::SystemClock;

    fn source() -> HttpSource {
        let options = HttpOptions {
            base_url: "https://api.example.com/v1/".to_owned(),
            headers: vec![("x-api-key".into(), "hunter2".into())],
            query: vec![("key".into(), "hunter3".into())],
            authorization: Authorization::None,
            timeout_ms: 1000,
            pool: 1,
            rate: None,
            max_body: 1 << 20,
            proxy: None,
            verify: true,
        };
        assert!(!format!("{options:?}").contains("hunter"));
        HttpSource::new(&options, Arc::new(SystemClock)).unwrap()
    }

    #[test]
    fn paths_stay_below_the_base_address() {
        let source = source();
        for (path, whole) in [("coins", "/v1/coins"), ("/coins/a b", "/v1/coins/a%20b"), ("", "/v1/")] {
            assert_eq!(source.address(path).unwrap().path(), whole);
        }
        for path in ["http://evil.com", "//evil.com", "../admin", "a/%2e%2E/../../b", "a?b=c", "a#b", "\\\\evil.com"] {
            assert!(source.address(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_next_page_lies_below_the_base_address() {
        let source = source();
        let good = [
            "https://api.example.com/v1/coins%20x?page=2&key=echoed&q=a%26b",
            "/v1/coins%20x?page=2&q=a%26b",
            "https://api.example.com:443/v1/coins%20x?page=2&q=a%26b",
        ];
        for address in good {
            let (path, query) = source.locate(address).unwrap();
            assert_eq!(&*path, "/coins%20x");
            assert_eq!(query, [("page".into(), "2".to_owned()), ("q".into(), "a&b".to_owned())], "{address}");
            assert_eq!(source.address(&path).unwrap().path(), "/v1/coins%20x");
        }
        let bad =
            ["https://evil.com/v1/x", "http://api.example.com/v1/x", "//evil.com/v1/x", "/admin", "/v1/../admin", "x:"];
        for address in bad {
            assert!(source.locate(address).is_err(), "{address}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let source = source();
        assert!(!format!("{source:?}").contains("hunter"));
        assert_eq!(source.reads.masked("hunter2, hunter3"), "•••, •••");
    }
}

//! HTTP sources: JSON in, bytes out, below one base address.

use std::fmt;
use std::sync::Arc;

use reqwest::{Method, Url};

use super::transport::{self, Authorization, Transport, TransportOptions};
use super::{Answer, Http, HttpRequest, HttpResponse};
use crate::value::{ErrorKind, StepError};

/// The largest body that is taken, in bytes.
pub const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// How to reach an HTTP source.
#[derive(Clone)]
pub struct HttpOptions {
    /// The address that all paths lie below.
    pub base_url: String,
    /// Headers sent with every request; their values count as secrets.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// Credentials.
    pub authorization: Authorization,
    /// How long a request may take, in milliseconds.
    pub timeout_ms: u64,
    /// Connections kept open.
    pub pool: usize,
    /// Whether the server's certificate is verified.
    pub verify: bool,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpOptions")
            .field("headers", &headers)
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
}

/// A live HTTP source.
#[derive(Debug)]
pub struct HttpSource {
    transport: Transport,
    base: Url,
    shown: String,
}

impl HttpSource {
    /// Prepares a client; nothing is sent. Fails, as `Configuration`, when the address or a header is impossible.
    pub fn new(options: &HttpOptions) -> Result<Self, StepError> {
        let base = transport::parse_url("base_url", &options.base_url)?;
        let transport = Transport::new(&TransportOptions {
            authorization: options.authorization.clone(),
            headers: options.headers.clone(),
            timeout_ms: options.timeout_ms,
            pool: options.pool,
            verify: options.verify,
        })?;
        let shown = transport::masked_url(&base);
        Ok(Self { transport, base, shown })
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
        let below = self.base.path().trim_end_matches('/');
        if url.path().strip_prefix(below).is_none_or(|rest| !rest.starts_with('/')) || has_dots(path) {
            return refuse("leads out of the base address");
        }
        Ok(url)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, StepError> {
        let mut url = self.address(&request.path)?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query.iter().map(|(name, value)| (&**name, value)));
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| StepError::new(ErrorKind::Internal, format!("`{}` is no method", request.method)))?;
        let mut builder = self.transport.request(method, url).header("accept", "application/json");
        for (name, value) in request.headers.iter() {
            builder = builder.header(&**name, &**value);
        }
        if let Some(json) = &request.json {
            builder = builder.json(json);
        }
        let who = format!("{} {}/{}", request.method, self.shown, request.path.trim_start_matches('/'));
        let response = match request.method {
            "GET" => self.transport.send(&who, builder).await?,
            _ => self.transport.send_once(&who, builder).await?,
        };
        let status = response.status().as_u16();
        let body = self.transport.body(&who, response, LARGEST_BODY).await?;
        Ok(HttpResponse { status, body })
    }
}

/// Whether a segment is `.` or `..`, also when written with `%2e`.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

impl Http for HttpSource {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> Answer<'a, HttpResponse> {
        Box::pin(self.exchange(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> HttpSource {
        HttpSource::new(&HttpOptions {
            base_url: "https://api.example.com/v1/".to_owned(),
            headers: vec![("x-api-key".into(), "hunter2".into())],
            authorization: Authorization::None,
            timeout_ms: 1000,
            pool: 1,
            verify: true,
        })
        .unwrap()
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
    fn secrets_are_not_shown() {
        let source = source();
        assert!(!format!("{source:?}").contains("hunter2"));
    }
}

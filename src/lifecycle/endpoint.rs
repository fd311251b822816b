//! A server that events are posted to.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Method, RequestBuilder, Response, Url};

use super::sink::Undelivered;
use crate::connection::transport::{self, Authorization, Redirects, Transport, TransportOptions};
use crate::value::StepError;

/// How long one request may take, in milliseconds, as long as nothing else is configured. The predecessor's client
/// gave up after as much.
pub(super) const TIMEOUT_MS: u64 = 10_000;
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 4 << 20;

/// One address, and what proves to it who is telling.
#[derive(Debug)]
pub(super) struct Endpoint {
    transport: Transport,
    url: Url,
    shown: String,
}

impl Endpoint {
    /// Prepares a client; nothing is sent. `what` says whose address it is, for messages.
    pub(super) fn new(
        what: &str,
        url: &str,
        authorization: Authorization,
        headers: Vec<(Arc<str>, Arc<str>)>,
        timeout_ms: u64,
    ) -> Result<Self, StepError> {
        let url = transport::parse_url("url", url)?;
        let options = TransportOptions { authorization, headers, timeout_ms, pool: 1, verify: true, ca: None };
        // A POST that is sent on becomes a GET, and nothing is told.
        let transport = Transport::through(&options, Redirects::Never, None)?;
        let shown = format!("{what} at {}", transport::masked_url(&url));
        Ok(Self { transport, url, shown })
    }

    /// The same, which also blanks out this text in what it says.
    pub(super) fn hiding(self, secret: &Arc<str>) -> Self {
        Self { transport: self.transport.hiding([secret.clone()]), ..self }
    }

    /// The address with this behind it.
    pub(super) fn at(&self, path: &str) -> Url {
        transport::join(&self.url, path)
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn post(&self, url: Url) -> RequestBuilder {
        self.transport.request(Method::POST, url)
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.transport.request(Method::GET, url)
    }

    /// Sends; any answer but 200 to 299 is an error. What was wrong with the events themselves stays wrong; all else
    /// may pass: a table that is not there yet, and credentials, which somebody will mend.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Undelivered> {
        let later = |error: StepError| Undelivered::Later { why: error.message, after_ms: error.retry_after_ms };
        let response = self.transport.exchange(&self.shown, request).await.map_err(later)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let error = self.transport.refusal(&self.shown, response).await;
        Err(if matches!(status.as_u16(), 400 | 413 | 422) {
            Undelivered::Never { why: error.message }
        } else {
            later(error)
        })
    }

    /// Sends, and reads the answer whole.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Vec<u8>, Undelivered> {
        let response = self.send(request).await?;
        let body = self.transport.body(&self.shown, response, LARGEST_ANSWER).await;
        body.map_err(|error| self.senseless(&error.message))
    }

    /// An answer that makes no sense: perhaps somebody stands between, so it may pass.
    pub(super) fn senseless(&self, what: &str) -> Undelivered {
        Undelivered::Later { why: self.transport.masked(&format!("{}: {what}", self.shown)), after_ms: None }
    }
}

/// A request with this body, compressed when it is large: from as many bytes on as the predecessor's client did.
pub(super) fn compressed(request: RequestBuilder, body: Vec<u8>) -> RequestBuilder {
    if body.len() < 1000 {
        return request.body(body);
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(small) => request.header("content-encoding", "gzip").body(small),
        // A vector takes everything.
        Err(_) => request.body(body),
    }
}

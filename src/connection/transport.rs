//! What every HTTP client here shares: TLS, credentials, limits, and errors that show no secret.

use std::error::Error as _;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url};

use crate::value::{ErrorKind, StepError};

/// How many redirects are followed, all to the host that was asked: a key in a header goes nowhere else.
const REDIRECTS: usize = 5;

/// How much of an error's body is shown, in characters.
const SHOWN: usize = 400;

/// How much of an error's body is read, in bytes.
const ERROR_BODY: usize = 16 * 1024;

/// What proves who is asking. Its `Debug` shows no secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Nothing.
    #[default]
    None,
    /// `Authorization: Bearer …`.
    Bearer(Arc<str>),
    /// `Authorization: Basic …`.
    Basic {
        /// The user.
        user: Arc<str>,
        /// The password.
        password: Arc<str>,
    },
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(•••)",
            Self::Basic { .. } => "Basic(•••)",
        })
    }
}

/// A client for one server. Its `Debug` shows no secret.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    authorization: Authorization,
    headers: HeaderMap,
    secrets: Vec<Arc<str>>,
    timeout: Duration,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// How a [`Transport`] is made.
pub(crate) struct TransportOptions {
    /// Credentials.
    pub authorization: Authorization,
    /// Headers for every request; their values are secrets.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// For a whole request; of a streamed answer, for each piece of it.
    pub timeout_ms: u64,
    /// Connections kept open.
    pub pool: usize,
    /// Whether the server's certificate is verified.
    pub verify: bool,
    /// A file of certificates, in PEM, to trust besides the machine's.
    pub ca: Option<PathBuf>,
}

/// Whether a client goes where it is sent on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// On the host that was asked, a few times.
    SameHost,
    /// Never: a `POST` that is sent on becomes a `GET`, and nothing is written.
    Never,
}

impl Transport {
    /// A client. Fails when a header is no header.
    pub(crate) fn new(options: &TransportOptions) -> Result<Self, StepError> {
        Self::through(options, Redirects::SameHost, None)
    }

    /// A client that goes through a proxy, if one is given. The variables of the environment (`HTTPS_PROXY`) are not
    /// asked: what a run reaches stands in its configuration.
    pub(crate) fn through(
        options: &TransportOptions,
        redirects: Redirects,
        proxy: Option<&str>,
    ) -> Result<Self, StepError> {
        // The first caller wins; every caller installs the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = Duration::from_millis(options.timeout_ms);
        let client = Client::builder().no_proxy();
        let client = match proxy {
            Some(address) => client.proxy(proxy_at(address)?),
            None => client,
        };
        let client = client
            .connect_timeout(timeout)
            .read_timeout(timeout)
            .pool_max_idle_per_host(options.pool.max(1))
            .redirect(match redirects {
                Redirects::SameHost => same_host(),
                Redirects::Never => reqwest::redirect::Policy::none(),
            })
            .tls_danger_accept_invalid_certs(!options.verify)
            .tls_certs_merge(certificates(options.ca.as_deref())?)
            .user_agent(concat!("vmflow/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| StepError::new(ErrorKind::Configuration, root_cause(&error)).context("no HTTP client"))?;
        let mut secrets: Vec<Arc<str>> = options.headers.iter().map(|(_, value)| value.clone()).collect();
        secrets.extend(match &options.authorization {
            Authorization::None => None,
            Authorization::Bearer(secret) | Authorization::Basic { password: secret, .. } => Some(secret.clone()),
        });
        // A value of three characters would blank out half of every message.
        secrets.retain(|secret| secret.len() > 3);
        let headers = header_map(&options.headers)?;
        Ok(Self { client, authorization: options.authorization.clone(), headers, secrets, timeout })
    }

    /// The same client, which also blanks out these in what it says.
    pub(crate) fn hiding(mut self, secrets: impl IntoIterator<Item = Arc<str>>) -> Self {
        // A value of three characters would blank out half of every message.
        self.secrets.extend(secrets.into_iter().filter(|secret| secret.len() > 3));
        self
    }

    /// A request that must be over within the time limit.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.streamed(method, url).timeout(self.timeout)
    }

    /// A request whose answer may take longer as a whole.
    pub(crate) fn streamed(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url).headers(self.headers.clone());
        match &self.authorization {
            Authorization::None => request,
            Authorization::Bearer(token) => request.bearer_auth(token),
            Authorization::Basic { user, password } => request.basic_auth(user, Some(password)),
        }
    }

    /// Sends; a status outside 200 to 299 is an error. `who` names the server in messages.
    pub(crate) async fn send(&self, who: &str, request: RequestBuilder) -> Result<Response, StepError> {
        let response = self.exchange(who, request).await?;
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(who, response).await) }
    }

    /// Sends; whatever is answered is an answer.
    pub(crate) async fn exchange(&self, who: &str, request: RequestBuilder) -> Result<Response, StepError> {
        request.send().await.map_err(|error| self.failure(who, &error))
    }

    /// The same as [`Transport::send`] for a request that changes something: unless the server was never reached, or says that it
    /// did nothing, a failure leaves open whether it happened, and its kind is `Ambiguous`.
    pub(crate) async fn send_once(&self, who: &str, request: RequestBuilder) -> Result<Response, StepError> {
        let response = request.send().await.map_err(|error| {
            let failure = self.failure(who, &error);
            if error.is_connect() || error.is_builder() { failure } else { unsure(failure) }
        })?;
        match response.status().as_u16() {
            200..=299 => Ok(response),
            // 303 is also how a form says that it has been taken. Only 503 says that nothing was done.
            303 | 408 | 500..=502 | 504..=599 => Err(unsure(self.refusal(who, response).await)),
            _ => Err(self.refusal(who, response).await),
        }
    }

    /// The whole body, at most `limit` bytes.
    pub(crate) async fn body(&self, who: &str, mut response: Response, limit: usize) -> Result<Vec<u8>, StepError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.failure(who, &error))? {
            if body.len() + piece.len() > limit {
                return Err(too_much(who, limit));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// What a failed exchange means.
    pub(crate) fn failure(&self, who: &str, error: &reqwest::Error) -> StepError {
        let cause = self.masked(&root_cause(error));
        if error.is_timeout() {
            let seconds = self.timeout.as_secs_f64();
            return StepError::transient(ErrorKind::Timeout, format!("{who} did not answer within {seconds} s"));
        }
        if error.is_redirect() {
            return StepError::new(ErrorKind::Configuration, format!("{who} redirects: {cause}"))
                .help("write the final address into the configuration");
        }
        if error.is_builder() {
            return StepError::new(ErrorKind::Configuration, format!("no request can be made to {who}: {cause}"));
        }
        let what = if error.is_connect() { "cannot be reached" } else { "broke the connection off" };
        StepError::transient(ErrorKind::Connection, format!("{who} {what}: {cause}"))
    }

    /// What an answer outside 200 to 299 means.
    pub(crate) async fn refusal(&self, who: &str, response: Response) -> StepError {
        let status = response.status();
        let retry_after_ms = retry_after(response.headers());
        let body = first_bytes(response).await;
        let said = self.masked(&shown(&error_text(&body)));
        let code = status.as_u16();
        let said = if said.is_empty() { reason(status).to_owned() } else { said };
        let message = format!("{who} answered {code}: {said}");
        let error = match code {
            300..=399 => StepError::new(ErrorKind::Configuration, message)
                .help("a write is not sent on; write the final address into the configuration"),
            401 | 403 => StepError::new(ErrorKind::Configuration, message).help("check the connection's credentials"),
            408 | 425 | 504 => StepError::transient(ErrorKind::Timeout, message),
            429 | 500..=599 => StepError::transient(ErrorKind::Connection, message),
            _ => StepError::new(ErrorKind::Query, message),
        };
        StepError { retry_after_ms, ..error }
    }

    /// The text with every secret of this client blanked out.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, "•••"))
    }
}

fn too_much(who: &str, limit: usize) -> StepError {
    let most = if limit >= 1 << 20 { format!("{} MiB", limit >> 20) } else { format!("{limit} bytes") };
    StepError::new(ErrorKind::Data, format!("{who} answered more than {most}"))
        .help("ask for less at a time, or raise the connection's `max_body`")
}

/// The certificates in a file; none without one.
fn certificates(file: Option<&Path>) -> Result<Vec<Certificate>, StepError> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let wrong = |why: String| {
        let message = format!("the certificates `{}` cannot be used: {why}", file.display());
        StepError::new(ErrorKind::Configuration, message)
            .help("`ca` names a file in PEM, with `-----BEGIN CERTIFICATE-----`")
    };
    let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&bytes).map_err(|error| wrong(root_cause(&error)))?;
    if found.is_empty() { Err(wrong("there is none in it".to_owned())) } else { Ok(found) }
}

/// A failure after which nobody knows whether the request was carried out.
pub(crate) fn unsure(error: StepError) -> StepError {
    StepError { kind: ErrorKind::Ambiguous, ..error }
        .help("it may have happened; with `with { key: […] }` the step says that repeating it is safe")
}

/// An address without user and password, for messages.
pub(crate) fn masked_url(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for addresses that cannot have either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// Reads an address of `http` or `https`. `what` names the setting.
pub(crate) fn parse_url(what: &str, text: &str) -> Result<Url, StepError> {
    let wrong = |why: &str| {
        StepError::new(ErrorKind::Configuration, format!("`{what}` {why}")).help("write `https://host/path`")
    };
    // The text itself may hold a password, so it is not shown.
    let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("is no address: {error}")))?;
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok(url),
        other => Err(wrong(&format!("has the scheme `{other}`; `http` or `https` is wanted"))),
    }
}

/// A request with these pairs as its body, which unlike an address may have any length.
pub(crate) fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    // The address is only a place to encode pairs in.
    let Ok(mut url) = Url::parse("http://form") else { return request };
    url.query_pairs_mut().extend_pairs(pairs);
    let body = url.query().unwrap_or_default().to_owned();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// `base` with `path` after its own path.
pub(crate) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/')));
    url
}

/// A proxy for everything, with the user and password of its address.
fn proxy_at(address: &str) -> Result<reqwest::Proxy, StepError> {
    let url = parse_url("proxy", address)?;
    reqwest::Proxy::all(url)
        .map_err(|error| StepError::new(ErrorKind::Configuration, root_cause(&error)).context("no proxy"))
}

fn same_host() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let from = attempt.previous().last().map(Url::origin);
        if attempt.previous().len() > REDIRECTS {
            attempt.error("too many redirects")
        } else if from.is_some_and(|from| from != attempt.url().origin()) {
            attempt.error("to another host")
        } else {
            attempt.follow()
        }
    })
}

fn header_map(headers: &[(Arc<str>, Arc<str>)]) -> Result<HeaderMap, StepError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = |what: &str| StepError::new(ErrorKind::Configuration, format!("the header `{name}` has {what}"));
        let key = reqwest::header::HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("an impossible name"))?;
        let mut value = reqwest::header::HeaderValue::from_str(value).map_err(|_| wrong("an impossible value"))?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

/// The innermost reason, which says more than "error sending request" and holds no address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let is_outermost = error.source().is_none();
    if is_outermost { "the exchange failed".to_owned() } else { cause.to_string() }
}

/// `Retry-After` in milliseconds; a date is compared with the answer's own `Date`, so no clock is needed.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number beyond all numbers is still a wish to be left alone.
        return Some(text.parse::<u64>().map_or(u64::MAX, |seconds| seconds.saturating_mul(1000)));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let now = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    u64::try_from((until - now).num_milliseconds().max(0)).ok()
}

async fn first_bytes(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    // What could be read of an error's body is better than a second error about it.
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() >= ERROR_BODY {
            break;
        }
    }
    body
}

/// The `error` or `message` of a JSON body, else the body.
fn error_text(body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let field = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    field("error").or_else(|| field("message")).unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// One line, without what a terminal would obey, of a length to be read.
fn shown(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = words.chars().filter(|c| !c.is_control()).take(SHOWN + 1).collect();
    match plain.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", plain.get(..at).unwrap_or(&plain)),
        None => plain,
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_credentials() {
        let url = parse_url("read_url", "https://me:hunter2@vm.example.com/select/0/prometheus").unwrap();
        assert_eq!(masked_url(&url), "https://vm.example.com/select/0/prometheus");
        assert_eq!(join(&url, "/api/v1/query").path(), "/select/0/prometheus/api/v1/query");
        let error = parse_url("read_url", "me:hunter2@vm").unwrap_err();
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(7000));
        headers.insert(RETRY_AFTER, "Sun, 22 Nov 2026 06:00:30 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
        headers.insert(DATE, "Sun, 22 Nov 2026 06:00:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(30_000));
    }

    #[test]
    fn bodies_are_cut_to_one_line() {
        assert_eq!(shown("\n  a\u{1b}[31m\tb\n"), "a[31m b");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN + 1);
        assert_eq!(error_text(br#"{"status":"error","errorType":"422","error":"no"}"#), "no");
    }
}

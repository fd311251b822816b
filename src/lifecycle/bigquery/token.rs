//! Access tokens for Google's services: of a service account ([RFC 7523]) or of the machine.
//!
//! [RFC 7523]: https://www.rfc-editor.org/rfc/rfc7523

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::Credentials;
use crate::connection::Clock;
use crate::connection::transport::{Authorization, form};
use crate::lifecycle::endpoint::{Endpoint, TIMEOUT_MS};
use crate::lifecycle::sink::Undelivered;
use crate::value::{ErrorKind, StepError};

/// What is asked for: no more than adding rows.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery.insertdata";
/// Where a machine of Google's finds its tokens.
const METADATA: &str = "http://metadata.google.internal";
const METADATA_PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";
/// How long an assertion holds, in seconds; Google takes no longer one.
const HOUR_S: i64 = 3_600;
/// How long before its end a token is thrown away, in seconds.
const EARLY_S: i64 = 60;

/// Where tokens come from, and the newest.
pub(super) struct Tokens {
    source: Source,
    clock: Arc<dyn Clock>,
    newest: Mutex<Option<Token>>,
}

enum Source {
    None,
    Fixed(Arc<str>),
    Account(Box<Account>, Endpoint),
    Metadata(Endpoint),
}

struct Token {
    text: Arc<str>,
    until_s: i64,
}

/// A service account's key, as in Google's file.
#[derive(Deserialize)]
struct Account {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
    token_uri: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

impl Tokens {
    pub(super) fn new(credentials: &Credentials, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let source = match credentials {
            Credentials::None => Source::None,
            Credentials::Token(token) => Source::Fixed(token.clone()),
            Credentials::ServiceAccount(path) => {
                let account = account(path)?;
                let endpoint = Endpoint::new(
                    "the token service",
                    &account.token_uri,
                    Authorization::None,
                    Vec::new(),
                    TIMEOUT_MS,
                )?;
                Source::Account(Box::new(account), endpoint)
            }
            Credentials::Metadata(address) => {
                let address = address.as_deref().unwrap_or(METADATA);
                let flavor = vec![(Arc::from("metadata-flavor"), Arc::from("Google"))];
                Source::Metadata(Endpoint::new(
                    "the metadata server",
                    address,
                    Authorization::None,
                    flavor,
                    TIMEOUT_MS,
                )?)
            }
        };
        Ok(Self { source, clock, newest: Mutex::new(None) })
    }

    /// A token that holds for a while yet; nothing where none is wanted.
    pub(super) async fn get(&self) -> Result<Option<Arc<str>>, Undelivered> {
        let (endpoint, request) = match &self.source {
            Source::None => return Ok(None),
            Source::Fixed(token) => return Ok(Some(token.clone())),
            Source::Account(account, endpoint) => {
                let assertion = account.assertion(self.clock.now().timestamp()).map_err(later)?;
                let pairs = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
                (endpoint, form(endpoint.post(endpoint.url().clone()), &pairs))
            }
            Source::Metadata(endpoint) => (endpoint, endpoint.get(endpoint.at(METADATA_PATH))),
        };
        let mut newest = self.newest.lock().await;
        let now_s = self.clock.now().timestamp();
        if let Some(token) = newest.as_ref().filter(|token| token.until_s > now_s) {
            return Ok(Some(token.text.clone()));
        }
        let body = endpoint.ask(request).await.map_err(|error| match error {
            // A refused assertion says nothing of the events.
            Undelivered::Never { why } => Undelivered::Later { why, after_ms: None },
            later @ Undelivered::Later { .. } => later,
        })?;
        // The body holds the token, so that an error of reading it is not shown.
        let granted: Granted =
            serde_json::from_slice(&body).map_err(|_| endpoint.senseless("what it answered is no token"))?;
        let text: Arc<str> = granted.access_token.into();
        *newest = Some(Token { text: text.clone(), until_s: now_s + granted.expires_in - EARLY_S });
        Ok(Some(text))
    }

    /// Asks for a new one next time.
    pub(super) async fn forget(&self) {
        *self.newest.lock().await = None;
    }
}

fn later(error: StepError) -> Undelivered {
    Undelivered::Later { why: error.message, after_ms: None }
}

fn account(path: &Path) -> Result<Account, StepError> {
    let wrong = |why: &str| {
        let message = format!("the service account's key `{}` cannot be used: {why}", path.display());
        StepError::new(ErrorKind::Configuration, message).help("give the JSON file that Google made for the account")
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let account: Account = serde_json::from_slice(&bytes)
        .map_err(|_| wrong("it is no JSON with `client_email`, `private_key` and `token_uri`"))?;
    account.key().map_err(|error| wrong(&error.message))?;
    Ok(account)
}

impl Account {
    fn key(&self) -> Result<RsaKeyPair, StepError> {
        let wrong = |why: String| StepError::new(ErrorKind::Configuration, why);
        let der = PrivatePkcs8KeyDer::from_pem_slice(self.private_key.as_bytes())
            .map_err(|_| wrong("its `private_key` is no PKCS #8 in PEM".to_owned()))?;
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| wrong(format!("its `private_key`: {error}")))
    }

    /// A signed statement that we are the account, for an hour from now.
    fn assertion(&self, now_s: i64) -> Result<String, StepError> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.private_key_id });
        let claims = json!({
            "iss": self.client_email, "scope": SCOPE, "aud": self.token_uri, "iat": now_s, "exp": now_s + HOUR_S,
        });
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let key = self.key()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| StepError::new(ErrorKind::Configuration, "the service account's key does not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

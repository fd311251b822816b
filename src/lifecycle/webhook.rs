//! Requests to an address of the user's, one for each event, signed as [Standard Webhooks] says.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use ring::hmac;

use super::endpoint::{Endpoint, TIMEOUT_MS};
use super::sink::{Refused, Sink, Undelivered};
use super::told::{Told, What};
use crate::connection::Clock;
use crate::connection::transport::Authorization;
use crate::value::{ErrorKind, StepError};

/// Where events are posted.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookOptions {
    /// The address.
    pub url: String,
    /// What events are signed with: a text, or `whsec_` and base64.
    pub secret: Option<Arc<str>>,
    /// Headers of every request; their values are secrets.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// Whether steps are told of, too.
    pub steps: bool,
}

impl std::fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookOptions").field("steps", &self.steps).finish_non_exhaustive()
    }
}

pub(super) struct WebhookSink {
    name: Arc<str>,
    endpoint: Endpoint,
    key: Option<hmac::Key>,
    steps: bool,
    clock: Arc<dyn Clock>,
}

impl WebhookSink {
    pub(super) fn new(name: Arc<str>, options: &WebhookOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let endpoint =
            Endpoint::new("the webhook", &options.url, Authorization::None, options.headers.clone(), TIMEOUT_MS)?;
        let key = options.secret.as_deref().map(key).transpose()?;
        Ok(Self { name, endpoint, key, steps: options.steps, clock })
    }
}

fn key(secret: &str) -> Result<hmac::Key, StepError> {
    let bytes = match secret.strip_prefix("whsec_") {
        None => secret.as_bytes().to_vec(),
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| {
            StepError::new(
                ErrorKind::Configuration,
                "the webhook's `secret` begins with `whsec_`, but no base64 follows",
            )
        })?,
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// `v1,` and what the receiver computes, too: of the id, the second of sending, and the body.
fn signature(key: &hmac::Key, id: &str, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

impl Sink for WebhookSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, told: &Told) -> bool {
        self.steps || !matches!(told.what, What::StepEnded { .. })
    }

    /// One by one: receivers expect it, and each has its own signature.
    fn batch(&self) -> usize {
        1
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(async move {
            for told in events {
                let body = serde_json::to_vec(told).map_err(|error| Undelivered::Never { why: error.to_string() })?;
                let seconds = self.clock.now().timestamp();
                let mut request = self.endpoint.post(self.endpoint.url().clone());
                request = request.header("content-type", "application/json").header("webhook-id", &told.id);
                request = request.header("webhook-timestamp", seconds);
                if let Some(key) = &self.key {
                    request = request.header("webhook-signature", signature(key, &told.id, seconds, &body));
                }
                self.endpoint.send(request.body(body)).await?;
            }
            Ok(Vec::new())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the specification's reference implementations.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(self::key("whsec_!").is_err());
    }
}

//! VF703: secrets that go over a network as they are.

use super::reading::Reading;
use super::secret::{Url, is_loopback};
use super::yaml::{Content, Field, Mapping, field, fields};
use crate::diagnostic::{Diagnostic, codes};

/// The keys under which a connection's address stands.
const ADDRESSES: [&str; 6] = ["url", "read_url", "write_url", "base_url", "host", "endpoint"];

/// Reports a connection that sends a secret unencrypted to another machine. Looks at what is written, so that it is
/// found where the variables are not set; an address that a variable gives is passed over. A connection without
/// secrets says nothing that somebody could take, and a name without a dot is a neighbour on this machine's own
/// network, as in a compose file.
pub(super) fn report_secrets_on_the_wire(reading: &mut Reading<'_>, map: &Mapping) {
    let has_secret = has_secret(reading, map);
    let addresses = ADDRESSES.into_iter().filter_map(|key| field(map, key));
    for address in addresses {
        let url = Url::new(text(address).unwrap_or_default());
        if !has_secret && url.password().is_none() {
            continue;
        }
        let Some((place, help)) = plain(map, address, &url) else { continue };
        let message = format!("`{}` goes to another machine unencrypted, and a secret with it", address.key);
        reading.findings.push(Diagnostic::new(&codes::VF703, place.node.span, message).help(help));
    }
}

/// Whether the connection has a secret of its own. One that may be empty (`${TOKEN:-}`) may be none.
fn has_secret(reading: &Reading<'_>, map: &Mapping) -> bool {
    let is_secret = |field: Field<'_>| {
        let is_given = text(field).is_some_and(|text| !text.is_empty() && !text.ends_with(":-}"));
        is_given && reading.words.is_sensitive(field.key)
    };
    let pairs = ["headers", "query"].into_iter().filter_map(|key| field(map, key)?.node.as_map());
    fields(map).chain(pairs.flat_map(fields)).any(is_secret)
}

/// What makes an address one without encryption, with what to do.
fn plain<'n>(map: &'n Mapping, address: Field<'n>, url: &Url) -> Option<(Field<'n>, &'static str)> {
    let scheme = url.expose().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_web = scheme.as_deref() == Some("http");
    let host = if scheme.is_none() { url.expose() } else { url.host() };
    if is_web {
        return is_elsewhere(host).then_some((address, "write `https://`"));
    }
    let tls = field(map, "tls").filter(|tls| text(*tls) == Some("disable"))?;
    let help = "write `verify-full`, or `require` where the server's certificate cannot be checked";
    is_elsewhere(host).then_some((tls, help))
}

fn text(field: Field<'_>) -> Option<&str> {
    match &field.node.content {
        Content::Scalar(text, _) => Some(text),
        _ => None,
    }
}

/// Whether a host is another machine for all that its name says.
fn is_elsewhere(host: &str) -> bool {
    !is_loopback(host) && host.contains(['.', ':']) && !host.contains('$')
}

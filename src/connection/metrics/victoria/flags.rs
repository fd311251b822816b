//! What a server was started with, as far as it tells.

use std::collections::BTreeMap;

use reqwest::Method;

use super::VictoriaMetrics;
use crate::connection::transport;

/// The largest list of flags that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The flags that were set, without their dashes; `None` when the server does not tell: part of a cluster, behind a
/// proxy, or not allowed to.
pub(super) struct Flags(Option<BTreeMap<String, String>>);

impl Flags {
    /// Lines such as `-retentionPeriod="100y"`.
    fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (name, value) = line.trim().strip_prefix('-')?.split_once('=')?;
            Some((name.trim_start_matches('-').to_owned(), value.trim_matches('"').to_owned()))
        };
        let flags: Option<BTreeMap<_, _>> = text.lines().filter(|text| !text.trim().is_empty()).map(line).collect();
        Self(flags.filter(|flags| !flags.is_empty()))
    }

    /// A flag's value; `None` when it was not set, or nobody knows.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get(name).map(String::as_str)
    }

    /// Whether only samples of the very same instant replace each other. With a longer interval a server drops
    /// neighbours, and only the usual reads show it.
    pub(super) fn replace_equal_instants_only(&self) -> bool {
        self.0.is_some() && matches!(self.get("dedup.minScrapeInterval"), None | Some("0" | "0s" | "1ms"))
    }
}

impl VictoriaMetrics {
    /// Its flags, asked for once.
    pub(super) async fn flags(&self) -> &Flags {
        self.flags.get_or_init(|| self.ask_flags()).await
    }

    async fn ask_flags(&self) -> Flags {
        let request = self.transport.request(Method::GET, transport::join(&self.read_url, "flags"));
        let Ok(response) = self.transport.send(&self.shown, request).await else { return Flags(None) };
        let body = self.transport.body(&self.shown, response, LARGEST).await.unwrap_or_default();
        Flags::read(&String::from_utf8_lossy(&body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read() {
        let flags = Flags::read("-dedup.minScrapeInterval=\"1ms\"\n-retentionPeriod=\"100y\"\n");
        assert_eq!((flags.get("retentionPeriod"), flags.get("x")), (Some("100y"), None));
        assert!(flags.replace_equal_instants_only());
        assert!(Flags::read("-retentionPeriod=\"1\"\n").replace_equal_instants_only());
        for unknown in ["", "<html>", "-dedup.minScrapeInterval=\"30s\"\n"] {
            assert!(!Flags::read(unknown).replace_equal_instants_only(), "{unknown}");
        }
    }
}

//! Encryption, in the words that every server's connection shares.

/// Whether and how a connection is encrypted, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlTls {
    /// Never.
    Disable,
    /// When the server offers it; protects from nobody who sits in between.
    #[default]
    Prefer,
    /// Always, without looking at the certificate.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

//! Where output goes and how rich it may be.

use std::io::{IsTerminal, Write};

use super::arguments::{Color, Global};
use crate::config::Variables;

/// The two streams and what they can show.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "four facts, each true by itself")]
pub(crate) struct Terminal {
    /// Whether stdout takes colour.
    pub(crate) color_out: bool,
    /// Whether stderr takes colour.
    pub(crate) color_err: bool,
    /// Whether a person looks at stdout.
    pub(crate) is_interactive: bool,
    /// Whether stderr may be drawn over: a terminal, no CI, not quiet.
    pub(crate) animates: bool,
    /// -2 errors only … 2 everything.
    pub(crate) verbosity: i16,
    /// The width to draw within.
    pub(crate) width: usize,
}

impl Terminal {
    pub(crate) fn new(global: &Global, variables: &Variables) -> Self {
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let colors = |is_terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !variables.no_color(),
        };
        let verbosity = i16::from(global.verbose) - i16::from(global.quiet);
        Self {
            color_out: colors(out),
            color_err: colors(err),
            is_interactive: out,
            animates: err && !variables.ci() && verbosity >= 0,
            verbosity,
            width: 100,
        }
    }

    /// Writes data to stdout. A reader that went away is no reason to complain.
    #[allow(clippy::unused_self, reason = "whoever writes was handed the terminal")]
    pub(crate) fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes a line for people to stderr.
    #[allow(clippy::unused_self, reason = "whoever writes was handed the terminal")]
    pub(crate) fn tell(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{text}");
    }
}

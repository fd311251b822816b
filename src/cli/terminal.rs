//! Where output goes and how rich it may be.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::SecondsFormat;
use serde_json::json;
use terminal_size::{Width, terminal_size_of};

use super::arguments::{Color, Global, LogFormat};
use crate::config::Variables;
use crate::connection::Clock;
use crate::connection::clock::SystemClock;

/// In longer lines the eye loses its place; what is no terminal gets these.
const WIDEST: usize = 100;

/// Whether something that was to go to stdout did not. There is one stdout, whoever writes to it.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether data did not get to stdout, though somebody waited for it.
pub(crate) fn has_lost_output() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// The two streams and what they can show.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "five facts, each true by itself")]
pub(crate) struct Terminal {
    /// Whether stdout takes colour.
    pub(crate) color_out: bool,
    /// Whether stderr takes colour.
    pub(crate) color_err: bool,
    /// Whether a person looks at stdout.
    pub(crate) is_interactive: bool,
    /// Whether stderr may be drawn over: a terminal, no CI, not quiet.
    pub(crate) animates: bool,
    /// Whether what is told on stderr is an object a line.
    pub(crate) logs_json: bool,
    /// -2 errors only … 2 everything.
    pub(crate) verbosity: i16,
    /// The width to draw within, in columns.
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
        let logs_json = global.log_format == LogFormat::Json;
        let verbosity = i16::from(global.verbose) - i16::from(global.quiet);
        Self {
            color_out: colors(out),
            color_err: colors(err),
            is_interactive: out,
            animates: err && !variables.ci() && verbosity >= 0 && !logs_json,
            logs_json,
            verbosity,
            width: terminal_size_of(std::io::stdout())
                .or_else(|| terminal_size_of(std::io::stderr()))
                .map_or(WIDEST, |(Width(columns), _)| usize::from(columns).min(WIDEST)),
        }
    }

    /// Writes data to stdout. A reader that went away is no reason to complain; of anything else that keeps the data from
    /// being written the command tells once, and it [ends so](has_lost_output).
    pub(crate) fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let Err(error) = written.map_err(|error| (error.kind() != ErrorKind::BrokenPipe).then_some(error)) else {
            return;
        };
        if let Some(error) = error.filter(|_| !LOST.swap(true, Ordering::Relaxed)) {
            self.refuse(&format!("vmflow: cannot write to stdout: {error}"));
        }
    }

    /// Writes a line for people to stderr.
    pub(crate) fn tell(&self, text: &str) {
        self.tell_as("WARN", text);
    }

    /// The same, of what keeps the command from doing what it was asked.
    pub(crate) fn refuse(&self, text: &str) {
        self.tell_as("ERROR", text);
    }

    fn tell_as(&self, level: &str, text: &str) {
        if self.logs_json {
            let at = SystemClock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
            return self.write(&json!({ "at": at, "level": level, "message": text }).to_string());
        }
        self.write(text);
    }

    /// Writes a line to stderr as it is.
    #[allow(clippy::unused_self, reason = "whoever writes was handed the terminal")]
    pub(crate) fn write(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{text}");
    }
}

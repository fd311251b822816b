//! A run on a terminal: a line for each step that is under way, a bar for each loop.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::config::Redactor;
use crate::run::{EventKind, RunEvent, StepStatus};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// The display. Steps of loop bodies do not show; their loop's bar moves instead.
pub(super) struct Progress {
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
    has_color: bool,
}

impl Progress {
    pub(super) fn new(has_color: bool) -> Self {
        Self { bars: MultiProgress::new(), running: Mutex::default(), has_color }
    }

    /// Takes an event in.
    pub(super) fn show(&self, event: &RunEvent, redactor: &Redactor) {
        match &event.kind {
            EventKind::StepStarted { step } if step.path.len() == 1 => self.start(&step.path.join(".")),
            EventKind::LoopProgress { step, done, total, failed } if step.path.len() == 1 => {
                self.advance(&step.path.join("."), (*done, *total, *failed));
            }
            EventKind::StepFinished { step, status, duration_ms, .. } if step.path.len() == 1 => {
                self.finish(&step.path.join("."), *status, *duration_ms);
            }
            EventKind::AttemptFailed { step, error, .. } => {
                let text = format!("  ! {}: {}, trying again", step.path.join("."), error.message);
                self.line(&redactor.redact(&text));
            }
            EventKind::Warning { step, message } => {
                self.line(&redactor.redact(&format!("  ! {}: {message}", step.path.join("."))));
            }
            EventKind::Redone { step, why } => {
                self.line(&redactor.redact(&format!("  ! {}: done again: {why}", step.path.join("."))));
            }
            EventKind::Asked { step, asked } => {
                self.line(&redactor.redact(&format!("  ? {}: {asked}", step.path.join("."))));
            }
            EventKind::Logged { step, line } => {
                self.line(&redactor.redact(&format!("  · {}: {line}", step.path.join("."))));
            }
            EventKind::RunFinished { .. } => self.clear(),
            _ => {}
        }
    }

    fn start(&self, name: &str) {
        let style = ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style).with_message(name.to_owned()));
        bar.enable_steady_tick(TICK);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bar);
    }

    fn advance(&self, name: &str, (done, total, failed): (u64, u64, u64)) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bar) = running.get(name) else { return };
        let template = "  {spinner} {msg} [{bar:24}] {pos}/{len} {elapsed}, {rate}, {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> ")
                .with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
                    // A text that cannot be written to is not drawn.
                    let _ = write!(to, "{:.1}/s", state.per_sec());
                }),
        );
        bar.set_length(total);
        bar.set_position(done);
        if failed > 0 {
            bar.set_message(format!("{name}, {failed} failed"));
        }
    }

    fn finish(&self, name: &str, status: StepStatus, duration_ms: u64) {
        if let Some(bar) = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(name) {
            bar.finish_and_clear();
            self.line(&format!("  {} {name} {duration_ms} ms", super::report::mark(status, self.has_color)));
        }
    }

    fn line(&self, text: &str) {
        // A terminal that went away is no reason to fail a run.
        let _ = self.bars.println(text);
    }

    fn clear(&self) {
        let _ = self.bars.clear();
    }
}

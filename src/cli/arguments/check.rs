//! `vmflow check`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigArguments, SnapshotArguments};
use crate::diagnostic::render::Format;
use crate::diagnostic::{Named, Selection, closest};

/// `vmflow check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vmflow check
  vmflow check workflows stdlib --format short
  vmflow check --fix
  cat new.flow | vmflow check - --stdin-filename workflows/new.flow

Exit codes: 0 nothing wrong (warnings may be there), 1 errors, or something to fix with --diff,
2 bad usage, 4 a file could not be written.")]
pub(crate) struct CheckArguments {
    /// Files, directories, packages and their jobs (`PACKAGE/JOB`); `-` reads stdin
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,
    /// Look also for these that are looked for on request only: `VF903`, `VF9`, `all`; may be repeated
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(crate) select: Vec<Named>,
    /// Leave out these, unless they are errors; may be repeated
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(crate) ignore: Vec<Named>,
    /// Treat warnings, or these, as errors; may be repeated
    #[arg(long, value_name = "warnings|CODE,…", value_delimiter = ',')]
    pub(crate) deny: Vec<Denied>,
    /// Apply the fixes of what is found, and show what is left
    #[arg(long, conflicts_with_all = ["diff", "write_baseline"])]
    pub(crate) fix: bool,
    /// Show what `--fix` would change, and change nothing
    #[arg(long, conflicts_with = "write_baseline")]
    pub(crate) diff: bool,
    /// Leave out the findings that this file records
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Record what is found in this file
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub(crate) write_baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) snapshots: SnapshotArguments,
    /// Ask the databases themselves, instead of the snapshots
    #[arg(long, conflicts_with = "folder")]
    pub(crate) live: bool,
    /// The name that stdin's text has in findings
    #[arg(long, value_name = "FILE", default_value = "stdin.flow")]
    pub(crate) stdin_filename: PathBuf,
}

impl CheckArguments {
    /// What is to be shown, and as what; or why it cannot be so.
    pub(crate) fn selection(&self) -> Result<Selection, String> {
        let mut selection = Selection::default();
        self.select.iter().for_each(|named| selection.request(named));
        self.ignore.iter().try_for_each(|named| selection.ignore(named))?;
        for denied in &self.deny {
            match denied {
                Denied::Warnings => selection.deny_warnings(),
                Denied::Codes(named) => selection.deny(named),
            }
        }
        Ok(selection)
    }
}

/// What counts as an error.
#[derive(Debug, Clone)]
pub(crate) enum Denied {
    /// Every warning.
    Warnings,
    /// Certain findings.
    Codes(Named),
}

impl std::str::FromStr for Denied {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "warnings" => Ok(Self::Warnings),
            _ if closest(text, ["warnings"]).is_some() => Err("did you mean `warnings`?".to_owned()),
            _ => text.parse().map(Self::Codes),
        }
    }
}

/// How findings print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// With the source around each.
    Human,
    /// A line each.
    Short,
    /// One document.
    Json,
    /// A document a line, for each finding.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A report of GitLab's Code Quality.
    Gitlab,
    /// XML as test runners write it, with a test for each file.
    Junit,
}

impl From<CheckFormat> for Format {
    fn from(format: CheckFormat) -> Self {
        match format {
            CheckFormat::Human => Self::Human,
            CheckFormat::Short => Self::Short,
            CheckFormat::Json => Self::Json,
            CheckFormat::Jsonl => Self::Jsonl,
            CheckFormat::Sarif => Self::Sarif,
            CheckFormat::Github => Self::Github,
            CheckFormat::Gitlab => Self::Gitlab,
            CheckFormat::Junit => Self::Junit,
        }
    }
}

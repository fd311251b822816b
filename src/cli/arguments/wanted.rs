//! What to run: the arguments that `run` and `plan` share.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indexmap::IndexMap;

use super::{ConfigArguments, ParameterFlag};
use crate::plan::GivenArgument;

/// Which workflow, with which arguments, where and when.
#[derive(Debug, Clone, Args)]
pub(crate) struct Wanted {
    /// A file (`FILE` or `FILE:WORKFLOW`), or a job: its id, or `PACKAGE/JOB`
    #[arg(value_name = "FILE|JOB")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// The job; the same as naming it
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    pub(crate) job_id: Option<String>,
    /// A parameter; may be given several times
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Parameters from a JSON file; `-p` goes before it
    #[arg(long = "params", value_name = "FILE.json")]
    pub(crate) params_file: Option<PathBuf>,
    /// The parameter `since`: `-7d`, `-12h`, `yesterday`, a date, an instant; with a zone `today@Europe/London`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// The parameter `until`, likewise
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// The instant that is taken for now, such as 2026-10-30T18:00Z
    #[arg(long, value_name = "TIMESTAMP")]
    pub(crate) at: Option<String>,
    /// Parameters as flags of their own.
    #[arg(skip)]
    pub(crate) flags: Vec<ParameterFlag>,
    /// Whether help of the target was asked for.
    #[arg(skip)]
    pub(crate) wants_help: bool,
    /// Arguments that a saved plan holds; `-p` and `--params` go before them
    #[arg(skip)]
    pub(crate) saved: IndexMap<Arc<str>, GivenArgument>,
}

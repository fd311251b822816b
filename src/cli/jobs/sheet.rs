//! All that is known of a job, for people and as JSON.

use std::fmt::Write;

use chrono::SecondsFormat;
use serde_json::{Value as Json, json};

use crate::check::Deprecation;
use crate::cli::arguments;
use crate::cli::table;
use crate::config::{Job, JobParam, mask_all};
use crate::diagnostic::render::printable;
use crate::doc::{Parameter, Workflow};
use crate::package::Due;
use crate::plan::{SINCE, UNTIL};
use crate::syntax;
use crate::value::Value;

/// A job, or a workflow of a file, with what it needs.
pub(super) struct Sheet {
    /// What it is run by.
    pub(super) target: String,
    /// The package that it is of, and its folder.
    pub(super) package: Option<(String, String)>,
    pub(super) workflow: Workflow,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) job: Option<Job>,
    pub(super) due: Option<Due>,
    /// The environment that it runs in when nothing else is said.
    pub(super) environment: Option<String>,
    /// The kind of each connection there, by name.
    pub(super) kinds: Vec<(String, String)>,
}

pub(super) fn labels_json(job: &Job) -> Json {
    job.labels.iter().map(|(name, value)| (name.to_string(), json!(&**value))).collect::<serde_json::Map<_, _>>().into()
}

impl Sheet {
    pub(super) fn json(&self) -> Json {
        let job = self.job.as_ref();
        let (next, is_certain) = match self.due {
            Some(Due::At(at)) => (Some(at), true),
            Some(Due::Perhaps(at)) => (Some(at), false),
            _ => (None, true),
        };
        let schedule = job.and_then(|job| job.schedule.as_ref()).map(|schedule| {
            json!({
                "cron": &*schedule.cron.node,
                "timezone": schedule.timezone.name(),
                "calendar": schedule.calendar.as_ref().map(|calendar| &*calendar.node),
                "next_due": next.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, false)),
                "next_due_is_certain": is_certain,
            })
        });
        json!({
            "id": self.target,
            "package": self.package.as_ref().map(|(name, _)| name),
            "name": job.map(|job| &*job.name),
            "description": job.and_then(|job| job.description.as_deref()),
            "workflow": self.workflow.name,
            "file": self.file,
            "line": self.line,
            "signature": self.signature(),
            "doc": self.workflow.doc,
            "deprecated": self.workflow.deprecated,
            "parameters": self.workflow.parameters.iter().map(|param| self.parameter_json(param)).collect::<Vec<_>>(),
            "outputs": self.workflow.outputs,
            "connections": self.workflow.connections.iter().map(|used| json!({
                "name": used.name, "kind": used.kind, "is": self.kind(&used.name),
            })).collect::<Vec<_>>(),
            "environment": self.environment,
            "schedule": schedule,
            "enabled": job.map(|job| job.enabled),
            "after": job.map(|job| job.after.iter().map(|after| &*after.node).collect::<Vec<_>>()),
            "labels": job.map(labels_json),
            "timeout_ms": job.and_then(|job| job.timeout_ms),
        })
    }

    fn parameter_json(&self, param: &Parameter) -> Json {
        json!({
            "name": param.name,
            "type": param.ty,
            "flag": flag(&param.name),
            "default": param.default,
            "is_wanted": self.is_wanted(param),
            "given": self.given(param).map(shown),
            "doc": param.doc,
            "deprecated": param.deprecated,
        })
    }

    fn given(&self, param: &Parameter) -> Option<&JobParam> {
        self.job.as_ref()?.params.get(param.name.as_str())
    }

    /// Whether a run must be given it.
    fn is_wanted(&self, param: &Parameter) -> bool {
        param.default.is_none() && !param.ty.ends_with('?') && self.given(param).is_none()
    }

    fn kind(&self, connection: &str) -> Option<&str> {
        self.kinds.iter().find(|(name, _)| name == connection).map(|(_, kind)| kind.as_str())
    }

    /// `copy(account: text, limit: int = 100)`
    fn signature(&self) -> String {
        let params = self.workflow.parameters.iter().map(|param| {
            let default = param.default.as_ref().map(|default| format!(" = {default}")).unwrap_or_default();
            format!("{}: {}{default}", param.name, param.ty)
        });
        format!("{}({})", self.workflow.name, params.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn human(&self, width: usize) -> String {
        let mut text = format!("{}\n", self.target);
        let described = self.job.as_ref().and_then(|job| job.description.as_deref());
        let old = self.workflow.deprecated.as_ref().map(Deprecation::sentence).unwrap_or_default();
        let doc = [old.as_str(), described.unwrap_or_default(), self.workflow.doc.as_str()];
        for part in doc.into_iter().filter(|part| !part.is_empty()) {
            let _ = writeln!(text, "\n{}", textwrap::indent(&textwrap::fill(part, table::wrapping(width - 2)), "  "));
        }
        let facts: Vec<Vec<String>> =
            self.facts().into_iter().map(|(name, fact)| vec![name.to_owned(), fact]).collect();
        let _ = write!(text, "\n{}\n{}", table::aligned(&facts, width), self.usage(width));
        if !self.workflow.parameters.is_empty() {
            let rows: Vec<Vec<String>> =
                self.workflow.parameters.iter().map(|param| self.parameter_row(param)).collect();
            let _ = write!(text, "\n{}", table::aligned(&rows, width));
        }
        if !self.workflow.outputs.is_empty() {
            let rows = self
                .workflow
                .outputs
                .iter()
                .map(|output| vec![format!("  {}: {}", output.name, output.ty), flat(&output.doc)]);
            let _ = write!(text, "\nOutputs:\n{}", table::aligned(&rows.collect::<Vec<_>>(), width));
        }
        printable(&text)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("file", format!("{}:{}", self.file, self.line)), ("signature", self.signature())];
        facts.extend(self.package.as_ref().map(|(name, folder)| ("package", format!("{name} ({folder})"))));
        if let Some(job) = &self.job {
            facts.extend(self.schedule(job).map(|schedule| ("schedule", schedule)));
            let after: Vec<&str> = job.after.iter().map(|after| &*after.node).collect();
            facts.extend((!after.is_empty()).then(|| ("after", after.join(", "))));
            let labels: Vec<String> = job.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            facts.extend((!labels.is_empty()).then(|| ("labels", labels.join(", "))));
            facts.extend(
                job.timeout_ms
                    .map(|ms| ("timeout", Value::Duration(i64::try_from(ms).unwrap_or(i64::MAX)).to_string())),
            );
        }
        facts.extend(self.environment.clone().map(|name| ("environment", name)));
        let connections: Vec<String> = self.workflow.connections.iter().map(|used| self.connection(used)).collect();
        facts.extend((!connections.is_empty()).then(|| ("connections", connections.join(", "))));
        facts
    }

    /// `db: sql, here sqlite`
    fn connection(&self, used: &crate::doc::Connection) -> String {
        let here = match (self.kind(&used.name), &self.environment) {
            (Some(kind), _) if kind == used.kind => String::new(),
            (Some(kind), _) => format!(" ({kind})"),
            (None, Some(environment)) => format!(" (not in `{environment}`)"),
            (None, None) => String::new(),
        };
        format!("{}: {}{here}", used.name, used.kind)
    }

    fn schedule(&self, job: &Job) -> Option<String> {
        let schedule = job.schedule.as_ref()?;
        let days =
            schedule.calendar.as_ref().map(|name| format!(", on open days of `{}`", name.node)).unwrap_or_default();
        let at = |at: &chrono::DateTime<chrono_tz::Tz>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
        let due = match &self.due {
            Some(Due::At(next)) => format!("; next due at {}", at(next)),
            Some(Due::Perhaps(next)) => format!("; next due at {}, if that day is open", at(next)),
            Some(Due::Never) => "; never due".to_owned(),
            None => String::new(),
        };
        let state = if job.enabled { "" } else { "; disabled" };
        Some(format!("{} {}{days}{due}{state}", schedule.cron.node, schedule.timezone))
    }

    /// `Usage: vmflow run rates/copy --account <text> [--limit <int>]`: what must be given, and of the rest what has room.
    fn usage(&self, width: usize) -> String {
        let (wanted, others): (Vec<&Parameter>, Vec<&Parameter>) =
            self.workflow.parameters.iter().partition(|param| self.is_wanted(param));
        let mut line = format!("Usage: vmflow run {}", self.target);
        line.extend(wanted.into_iter().map(|param| format!(" {}", with_value(param))));
        for param in others {
            let flag = format!(" [{}]", with_value(param));
            if line.chars().count() + flag.chars().count() + 2 > width {
                line.push_str(" …");
                break;
            }
            line.push_str(&flag);
        }
        format!("{line}\n")
    }

    fn parameter_row(&self, param: &Parameter) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(param.deprecated.as_ref().map(Deprecation::sentence));
        parts.extend(Some(flat(&param.doc)).filter(|doc| !doc.is_empty()));
        let given = self.given(param).map(|given| match shown(given) {
            Json::String(text) => text,
            other => other.to_string(),
        });
        match (given, &param.default) {
            (Some(given), _) => parts.push(format!("[the job's: {given}]")),
            (None, Some(default)) => parts.push(format!("[default: {default}]")),
            (None, None) if self.is_wanted(param) => parts.push("[wanted]".to_owned()),
            (None, None) => {}
        }
        vec![format!("  {}", with_value(param)), parts.join(" ")]
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How a parameter is given: as a flag, unless the command has one of that name.
///
/// The `_` behind a word of the language is not needed there.
fn flag(param: &str) -> String {
    let name = param.strip_suffix('_').filter(|plain| !syntax::is_name(plain)).unwrap_or(param);
    let grammar = arguments::command();
    let own = grammar.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let mut taken = own.chain(grammar.get_arguments()).filter_map(clap::Arg::get_long).chain(["help", "version"]);
    let is_taken = ![SINCE, UNTIL].contains(&name) && taken.any(|long| long == name);
    if is_taken { format!("-p {param}") } else { format!("--{name}") }
}

fn with_value(param: &Parameter) -> String {
    let flag = flag(&param.name);
    let ty = param.ty.trim_end_matches('?');
    let between = if flag.starts_with("-p") { "=" } else { " " };
    match ty {
        _ if ty.starts_with('"') => format!("{flag}{between}{}", ty.replace([' ', '"'], "")),
        _ => format!("{flag}{between}<{ty}>"),
    }
}

/// What a job gives, unless it must not be shown.
fn shown(given: &JobParam) -> Json {
    if given.is_secret { mask_all(&given.value) } else { given.value.clone() }
}

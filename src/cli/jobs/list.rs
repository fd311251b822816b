//! `vmflow jobs list`: the jobs of the configuration, and those of each package, broken ones beside the good.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::cli::Exit;
use crate::cli::arguments::{JobsList, ListFormat};
use crate::cli::history::{self, History, last_of_jobs, started};
use crate::cli::packages::{self, Seen};
use crate::cli::project::{Project, refuse, shown_path};
use crate::cli::table;
use crate::cli::terminal::Terminal;
use crate::config::{Config, Job, MANIFEST_NAME};
use crate::diagnostic::render::{self, printable};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::store::RunRow;

/// How many errors of a package are told in the list.
const TOLD: usize = 3;

/// The jobs of the configuration, or of a package.
struct Section {
    package: Option<Seen>,
    lines: Vec<Line>,
}

/// A job.
struct Line {
    id: String,
    summary: String,
    workflow: Option<String>,
    job: Option<Job>,
    /// Why it cannot run.
    error: Option<String>,
    last: Option<RunRow>,
}

pub(super) fn list(config: &Config, command: &JobsList, project: &mut Project, terminal: &Terminal) -> Exit {
    let folders = packages::folders(config, project);
    let named: Vec<(String, PathBuf)> =
        folders.into_iter().map(|folder| (packages::name_of(&folder, config, project).to_string(), folder)).collect();
    let asked = |name: &str| command.package.as_ref().is_none_or(|package| package == name);
    if let Some(package) = &command.package
        && !named.iter().any(|(name, _)| name == package)
    {
        let hint = did_you_mean(package, named.iter().map(|(name, _)| name.as_str()))
            .unwrap_or_else(|| "a package is a folder below `packages`, or one that `vmflow.yaml` names".to_owned());
        return refuse(terminal, Exit::Usage, &format!("no package is called `{package}`; {hint}"));
    }
    let same = packages::same_names(named.iter().map(|(name, folder)| (name.as_str(), folder.as_path())));
    let top = config.source().span().before();
    project.findings.extend(same.iter().filter(|(name, _)| asked(name)).map(|(name, folders)| {
        let finding = Diagnostic::new(&codes::VF701, top, packages::several(name, folders));
        finding.help("give one of them another name in its `package.yaml`: none of their jobs runs now")
    }));
    let mut sections = Vec::new();
    if command.package.is_none() {
        sections.push(Section { package: None, lines: config.job_ids().map(|id| of_config(config, id)).collect() });
    }
    for (_, folder) in named.iter().filter(|(name, _)| asked(name)) {
        sections.push(of_package(packages::look(folder, config, project), project));
    }
    add_last_runs(config, &mut sections);
    terminal.print(&match command.format {
        ListFormat::Json => format!("{:#}\n", as_json(&sections, project)),
        ListFormat::Human => as_text(config, &sections, project, terminal),
    });
    let is_broken = |section: &Section| {
        section.lines.iter().any(|line| line.error.is_some()) || section.package.as_ref().is_some_and(Seen::is_broken)
    };
    if project.has_errors() || sections.iter().any(is_broken) { Exit::Failed } else { Exit::Ok }
}

/// Without a store that can be read there are no last runs to tell of; the jobs are there all the same.
fn add_last_runs(config: &Config, sections: &mut [Section]) {
    let Ok(history) = History::of(config.clone()) else { return };
    let lines = || sections.iter().flat_map(|section| &section.lines);
    let mut last = last_of_jobs(&history, lines().map(|line| line.id.as_str()));
    for line in sections.iter_mut().flat_map(|section| &mut section.lines) {
        line.last = last.remove(&line.id);
    }
}

fn of_config(config: &Config, id: &str) -> Line {
    let job = config.job(id);
    let error = job.as_ref().err().and_then(|findings| findings.first()).map(|finding| finding.message.clone());
    let job = job.ok();
    let summary = job.as_ref().map(|job| one_line(&job.name, job.description.as_deref())).unwrap_or_default();
    let workflow = job.as_ref().map(|job| job.workflow.display().to_string());
    Line { id: id.to_owned(), summary, workflow, job, error, last: None }
}

fn of_package(seen: Seen, project: &Project) -> Section {
    let lines = seen.package.jobs.iter().map(|packaged| {
        let job = packaged.job.clone();
        let name = job.as_ref().map_or(&*packaged.home.name, |job| &*job.name);
        let described = job.as_ref().and_then(|job| job.description.as_deref());
        let doc = packaged.doc.lines().next().filter(|line| !line.is_empty());
        let is_named = !packaged.id.ends_with(&format!("/{name}"));
        let summary = match (is_named, described.or(doc)) {
            (true, text) => one_line(name, text),
            (false, text) => text.unwrap_or_default().to_owned(),
        };
        let workflow = packaged.home.path.display().to_string();
        let error = error_of(&seen, job.as_ref(), &workflow, project);
        Line { id: packaged.id.to_string(), summary, workflow: Some(workflow), job, error, last: None }
    });
    Section { lines: lines.collect(), package: Some(seen) }
}

fn one_line(name: &str, description: Option<&str>) -> String {
    match description {
        Some(text) => format!("{name}: {text}"),
        None => name.to_owned(),
    }
}

/// Why a job of a package cannot run: it could not be read, or its file is wrong.
fn error_of(seen: &Seen, job: Option<&Job>, file: &str, project: &Project) -> Option<String> {
    let is_in_file = |finding: &&Diagnostic| {
        let source = finding.span().and_then(|span| project.sources.get(span.source));
        finding.is_error() && source.is_some_and(|source| &*source.name == file)
    };
    let wrong = seen.findings.iter().find(is_in_file);
    let errors = || seen.findings.iter().filter(|finding| finding.is_error());
    let is_manifest = |finding: &&Diagnostic| {
        let source = finding.span().and_then(|span| project.sources.get(span.source));
        source.is_some_and(|source| source.name.ends_with(MANIFEST_NAME))
    };
    let unread = || errors().find(is_manifest).or_else(|| errors().next());
    match (wrong, job) {
        (Some(wrong), _) => Some(wrong.message.clone()),
        (None, None) => Some(unread().map_or_else(|| "it cannot be read".to_owned(), |wrong| wrong.message.clone())),
        (None, Some(_)) if !seen.package.is_sound => unread().map(|wrong| wrong.message.clone()),
        (None, Some(_)) => None,
    }
}

fn as_json(sections: &[Section], project: &Project) -> Json {
    let name = |section: &Section| section.package.as_ref().map(|seen| seen.package.name.to_string());
    let jobs: Vec<Json> = sections
        .iter()
        .flat_map(|section| section.lines.iter().map(move |line| line_json(line, name(section).as_deref())))
        .collect();
    let packages: Vec<Json> = sections.iter().filter_map(|section| package_json(section, project)).collect();
    let errors: Vec<Json> = errors_json(&project.findings, project);
    json!({ "jobs": jobs, "packages": packages, "errors": errors })
}

fn line_json(line: &Line, package: Option<&str>) -> Json {
    let Some(job) = &line.job else {
        return json!({ "id": line.id, "package": package, "workflow": line.workflow, "error": line.error });
    };
    json!({
        "id": line.id,
        "package": package,
        "name": &*job.name,
        "description": job.description.as_deref().or(Some(line.summary.as_str()).filter(|text| package.is_some() && !text.is_empty())),
        "workflow": line.workflow,
        "enabled": job.enabled,
        "schedule": job.schedule.as_ref().map(|schedule| json!({
            "cron": &*schedule.cron.node,
            "timezone": schedule.timezone.name(),
            "calendar": schedule.calendar.as_ref().map(|calendar| &*calendar.node),
        })),
        "after": job.after.iter().map(|after| &*after.node).collect::<Vec<_>>(),
        "labels": super::sheet::labels_json(job),
        "last_run": line.last.as_ref().map(history::as_json),
        "error": line.error,
    })
}

fn package_json(section: &Section, project: &Project) -> Option<Json> {
    let seen = section.package.as_ref()?;
    let package = &seen.package;
    Some(json!({
        "name": &*package.name,
        "version": package.version.as_deref(),
        "description": package.description.as_deref(),
        "folder": package.folder.display().to_string(),
        "jobs": section.lines.iter().map(|line| &*line.id).collect::<Vec<_>>(),
        "errors": errors_json(&seen.findings, project),
    }))
}

/// Errors as `vmflow check --format json` has them.
fn errors_json(findings: &[Diagnostic], project: &Project) -> Vec<Json> {
    let errors: Vec<Diagnostic> = findings.iter().filter(|finding| finding.is_error()).cloned().collect();
    let lines = render::render(render::Format::Jsonl, &project.sources, &errors, 0, false, 0);
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn as_text(config: &Config, sections: &[Section], project: &Project, terminal: &Terminal) -> String {
    let mut text = errors_text(&project.findings, project, None, "");
    for section in sections {
        match &section.package {
            None if section.lines.is_empty() => {}
            None => {
                let _ = writeln!(text, "{}", shown_path(Path::new(&*config.source().name)));
            }
            Some(seen) => {
                text.push_str(&heading(seen));
                text.push_str(&errors_text(&seen.findings, project, Some(&seen.package.folder), "  "));
            }
        }
        let rows: Vec<Vec<String>> = section.lines.iter().map(row).collect();
        text.push_str(&table::aligned(&rows, terminal.width));
    }
    if text.is_empty() { "no jobs are configured, and there are no packages\n".to_owned() } else { text }
}

fn heading(seen: &Seen) -> String {
    let package = &seen.package;
    let version = package.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let description = package.description.as_deref().map(|text| format!(": {}", flat(text))).unwrap_or_default();
    printable(&format!("{}{version} ({}){description}\n", package.name, package.folder.display()))
}

fn row(line: &Line) -> Vec<String> {
    if let Some(error) = &line.error {
        return vec![format!("  {}", printable(&line.id)), "✗ broken".to_owned(), flat(error)];
    }
    let when = line.job.as_ref().map(|job| {
        let schedule = job.schedule.as_ref();
        let when = schedule.map(|schedule| format!("{} {}", schedule.cron.node, schedule.timezone));
        let state = (!job.enabled).then(|| "disabled".to_owned());
        when.into_iter().chain(state).collect::<Vec<_>>().join(", ")
    });
    let last = line.last.as_ref().map(|run| format!("last run {}: {}", started(run), run.status.name()));
    let summary = Some(flat(&line.summary)).filter(|summary| !summary.is_empty());
    let text = summary.into_iter().chain(last).collect::<Vec<_>>().join("; ");
    vec![format!("  {}", printable(&line.id)), when.unwrap_or_default(), text]
}

fn flat(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The first errors, a line each, and how to see the others.
fn errors_text(findings: &[Diagnostic], project: &Project, folder: Option<&Path>, indent: &str) -> String {
    let errors: Vec<Diagnostic> = findings.iter().filter(|finding| finding.is_error()).cloned().collect();
    let told = errors.get(..TOLD.min(errors.len())).unwrap_or_default();
    let lines = render::render(render::Format::Short, &project.sources, told, 0, false, 0);
    let mut text = String::new();
    for line in lines.lines() {
        let _ = writeln!(text, "{indent}✗ {line}");
    }
    if errors.len() > TOLD {
        let how = folder.map(|folder| format!(": `vmflow check {}`", folder.display())).unwrap_or_default();
        let _ = writeln!(text, "{indent}✗ and {} more{how}", errors.len() - TOLD);
    }
    text
}

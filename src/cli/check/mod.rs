//! `vmflow check`.

pub(super) mod files;
mod fix;
mod known;

use std::path::Path;

use self::files::File;
use super::Exit;
use super::arguments::{CheckArguments, CheckFormat};
use super::diff;
use super::history::History;
use super::live::Live;
use super::project::{Project, refuse, surroundings};
use super::replace::replace;
use super::schema::Refused;
use super::snapshots;
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::config::{Config, Job, Variables};
use crate::diagnostic::{self, Baseline, Selection, render};

pub(super) fn check(command: &CheckArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    match begin(command, variables) {
        Ok((check, files)) => check.all(files, terminal),
        Err(why) => refuse(terminal, Exit::Usage, &why),
    }
}

/// What stays the same while files are checked, mended and checked again.
struct Check<'a> {
    command: &'a CheckArguments,
    variables: &'a Variables,
    selection: Selection,
    known: Baseline,
    /// Why files that were asked for could not be read, a line each.
    unread: Vec<String>,
}

/// What is wrong with the files.
struct Found {
    project: Project,
    /// How many known findings did not occur.
    gone: usize,
    /// What is to be told beside the findings, a line each.
    notes: Vec<String>,
}

fn begin<'a>(command: &'a CheckArguments, variables: &'a Variables) -> Result<(Check<'a>, Vec<File>), String> {
    let selection = command.selection()?;
    let known = known::read(command.baseline.as_deref())?;
    if let Some(folder) = &command.snapshots.folder {
        snapshots::is_there(folder)?;
    }
    let (files, unread) = files::read(command, variables)?;
    if (command.fix || command.diff) && reads_stdin(command) && files.len() > 1 {
        return Err("with `--fix` and `--diff`, `-` stands alone".to_owned());
    }
    Ok((Check { command, variables, selection, known, unread }, files))
}

fn usage(why: String) -> Refused {
    (Exit::Usage, why)
}

fn reads_stdin(command: &CheckArguments) -> bool {
    command.paths.iter().any(|path| files::is_stdin(path))
}

impl Check<'_> {
    /// Checks what could be read. What could not be is told of, and ends the command with no less than [`Exit::Usage`].
    fn all(&self, files: Vec<File>, terminal: &Terminal) -> Exit {
        let unread = self.unread.iter().map(|why| refuse(terminal, Exit::Usage, why));
        let unread = unread.reduce(Exit::worst).unwrap_or(Exit::Ok);
        self.run(files, terminal).unwrap_or_else(|(exit, why)| refuse(terminal, exit, &why)).worst(unread)
    }

    fn run(&self, mut files: Vec<File>, terminal: &Terminal) -> Result<Exit, Refused> {
        let found = self.look(&files)?;
        found.notes.iter().for_each(|note| terminal.tell(note));
        if let Some(path) = &self.command.write_baseline {
            if !self.unread.is_empty() {
                return Err(usage(
                    "no baseline is written, as it would know nothing of what cannot be read".to_owned(),
                ));
            }
            return Ok(known::write(path, &found.project, terminal));
        }
        if !(self.command.fix || self.command.diff) {
            if self.command.format == CheckFormat::Human {
                fix::offer(&found.project, &files, terminal);
            }
            return Ok(self.report(found, files.len(), terminal));
        }
        let (found, mended) = fix::mend(&mut files, found, |files| self.look(files))?;
        if self.command.diff {
            return Ok(show(&files, &mended, terminal));
        }
        if reads_stdin(self.command) {
            return Ok(self.pass_on(&files, found, &mended, terminal));
        }
        self.write(files, found, mended, terminal)
    }

    /// Finds what is wrong and wanted, in order.
    fn look(&self, files: &[File]) -> Result<Found, Refused> {
        let mut project = Project { selection: self.selection.clone(), ..Project::default() };
        let near = files.first().map_or(Path::new("."), |file| &file.path);
        let config = project.config(&self.command.config, near, self.variables).map_err(usage)?;
        if self.command.live && config.is_none() {
            return Err(usage(
                "`--live` asks the connections of an environment, and there is no vmflow.yaml".to_owned(),
            ));
        }
        let environment = config.as_ref().and_then(|config| {
            project.findings.extend(config.check());
            let flag = self.command.config.env.as_deref();
            let chosen = config.choose_environment(flag, None);
            // Where nobody asked for an environment, none is needed to check.
            if flag.is_some() || self.command.live { project.accept(chosen) } else { chosen.ok() }
        });
        let known = config.as_ref().zip(environment).map(|(config, name)| self.known(config, &name, &mut project));
        let (surroundings, live) = known.transpose()?.unwrap_or_default();
        let roots = files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        let checked = project.check(roots, &surroundings);
        let (is_live, notes) = (live.is_some(), live.as_ref().map(Live::left_out).unwrap_or_default());
        if let Some(live) = live {
            let refusals = live.refusals(&checked.program.statements, &project);
            project.findings.extend(refusals);
            if let Some(config) = &config {
                let unknown = live.unknown(&checked.program, config, &mut project)?;
                project.findings.extend(unknown);
            }
        }
        let slips = super::programs::slips(&checked, &project.sources, &super::prepare::interpreters(self.variables));
        project.findings.extend(slips);
        if let Some(config) = &config {
            // Where nothing was recorded yet, nothing is known.
            let history = if is_live { History::of(config.clone()).ok() } else { None };
            let misfits = super::jobs::misfits(config, &checked, &project.findings);
            project.findings.extend(misfits);
            if let Some(history) = &history {
                let jobs: Vec<Job> = config.job_ids().filter_map(|id| config.job(id).ok()).collect();
                project.findings.extend(super::jobs::overlaps(jobs.iter(), history));
            }
            let faults = super::packages::faults(config, &checked, history.as_ref(), &mut project);
            project.findings.extend(faults);
        }
        // The program ends soon: taking a large tree apart takes longer than leaving it to that.
        std::mem::forget(checked);
        diagnostic::sort(&mut project.findings);
        let gone = known::hide(&self.known, &mut project, is_live);
        Ok(Found { project, gone, notes })
    }

    /// What is known of an environment, and its databases where they are to be asked.
    fn known(
        &self,
        config: &Config,
        environment: &str,
        project: &mut Project,
    ) -> Result<(Surroundings, Option<Live>), Refused> {
        if !self.command.live {
            let folder = self.command.snapshots.folder.as_deref();
            let known = snapshots::surroundings(config, environment, folder).map_err(usage)?;
            return Ok((known, None));
        }
        let live = Live::open(config, environment, project)?;
        Ok((Surroundings { schemas: live.schemas(), ..surroundings(config, environment) }, Some(live)))
    }

    /// Prints the findings and says whether they fail.
    fn report(&self, mut found: Found, files: usize, terminal: &Terminal) -> Exit {
        terminal.print(&self.rendered(&mut found.project, files, terminal.color_out, terminal));
        known::tell(found.gone, terminal);
        if found.project.has_errors() { Exit::Failed } else { Exit::Ok }
    }

    fn rendered(&self, project: &mut Project, files: usize, color: bool, terminal: &Terminal) -> String {
        project.selection.weigh(&mut project.findings);
        let format = self.command.format.into();
        render::render(format, &project.sources, &project.findings, files, color, terminal.width)
    }

    /// The mended text of stdin to stdout, the findings beside it.
    fn pass_on(&self, files: &[File], mut found: Found, mended: &fix::Mended, terminal: &Terminal) -> Exit {
        terminal.print(&files.iter().map(|file| file.text.as_str()).collect::<String>());
        terminal.tell(self.rendered(&mut found.project, files.len(), terminal.color_err, terminal).trim_end());
        mended.tell("fixed", files, terminal);
        if found.project.has_errors() { Exit::Failed } else { Exit::Ok }
    }

    /// Writes what was mended. What could not be written is as it was, and so are its findings.
    fn write(
        &self,
        mut files: Vec<File>,
        mut found: Found,
        mut mended: fix::Mended,
        terminal: &Terminal,
    ) -> Result<Exit, Refused> {
        let mut failed = Vec::new();
        for (index, file) in files.iter_mut().enumerate().filter(|(_, file)| file.is_changed()) {
            if let Err(why) = replace(&file.path, &file.before, &file.text) {
                file.text.clone_from(&file.before);
                mended.forget(index);
                failed.push(why);
            }
        }
        if !failed.is_empty() {
            found = self.look(&files)?;
        }
        let exit = self.report(found, files.len(), terminal);
        mended.tell("fixed", &files, terminal);
        for why in &failed {
            terminal.tell(&format!("vmflow: {why}"));
        }
        Ok(if failed.is_empty() { exit } else { Exit::Environment })
    }
}

/// Prints what would change.
fn show(files: &[File], mended: &fix::Mended, terminal: &Terminal) -> Exit {
    let diffs = files
        .iter()
        .filter(|file| file.is_changed())
        .map(|file| diff::unified(&file.path.display().to_string(), &file.before, &file.text, terminal.color_out));
    terminal.print(&diffs.collect::<String>());
    mended.tell("would fix", files, terminal);
    if files.iter().any(File::is_changed) { Exit::Failed } else { Exit::Ok }
}

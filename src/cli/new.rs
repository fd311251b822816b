//! `vmflow new`.

use std::path::{Path, PathBuf};

use super::Exit;
use super::arguments::{NewArguments, NewCommand, NewItem, NewTest};
use super::files::{append, create, inside, is_there};
use super::project::{Project, is_name, read_text, refuse, split_target, text_of, workflow_of};
use super::skeleton;
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::format::{Trouble, format};
use crate::source::Sources;
use crate::syntax;

const WORKFLOW: &str = include_str!("templates/new/workflow.flow");
const STEP: &str = include_str!("templates/new/step.flow");

pub(super) fn new(command: &NewArguments, terminal: &Terminal) -> Exit {
    let mut project = Project::default();
    let begun = match &command.what {
        NewCommand::Workflow(item) => begin(item, "workflows", WORKFLOW),
        NewCommand::Step(item) => begin(item, "lib", STEP),
        NewCommand::Test(test) => begin_test(test, &mut project),
    };
    match begun.and_then(|begun| begun.checked(&mut project)) {
        Ok(checked) => match checked.write() {
            Ok(()) => {
                terminal.print(&format!("wrote {}\n", checked.path.display()));
                Exit::Ok
            }
            Err(message) => refuse(terminal, Exit::Environment, &message),
        },
        Err(message) => {
            if project.has_errors() {
                project.tell(terminal);
            }
            refuse(terminal, Exit::Usage, &message)
        }
    }
}

/// What is to be written where.
struct Begun {
    path: PathBuf,
    /// Whether the file was named, so that it may be there already.
    is_named: bool,
    text: String,
}

impl Begun {
    /// What is to be written, when what comes out passes its checks.
    fn checked(self, project: &mut Project) -> Result<Checked, String> {
        let path = inside(&self.path)?;
        let shown = path.display();
        let is_new = !is_there(&path);
        if !is_new && !self.is_named {
            return Err(format!("`{shown}` is there already; add to it with `--in {shown}`"));
        }
        let before = if is_new { String::new() } else { text_of(&path)? };
        let text = formatted(&path, self.text).map_err(|why| format!("what was begun {why}"))?;
        let added = format!("{}{text}", glue(&before));
        *project = Project::default();
        project.check(vec![(path.clone(), format!("{before}{added}"))], &Surroundings::default());
        if project.has_errors() {
            return Err(format!("with this added, `{shown}` would not pass its checks; nothing was written"));
        }
        Ok(Checked { path, is_new, added })
    }
}

/// What makes a file that passes its checks.
struct Checked {
    path: PathBuf,
    is_new: bool,
    added: String,
}

impl Checked {
    fn write(&self) -> Result<(), String> {
        let write = if self.is_new { create } else { append };
        write(&self.path, &self.added)
    }
}

/// What parts something from the text before it.
fn glue(before: &str) -> &'static str {
    match before {
        "" => "",
        before if before.ends_with('\n') => "\n",
        _ => "\n\n",
    }
}

/// A text in canonical form, or what is wrong with it.
pub(super) fn formatted(path: &Path, text: String) -> Result<String, String> {
    let source = Sources::default().add(path.display().to_string(), text);
    format(&source).map_err(|trouble| match trouble {
        Trouble::Syntax(findings) => {
            let first = findings.first().map(|finding| finding.message.clone()).unwrap_or_default();
            format!("cannot be read ({first})")
        }
        _ => "cannot be formatted".to_owned(),
    })
}

fn begin(item: &NewItem, folder: &str, template: &str) -> Result<Begun, String> {
    let name = identifier(&item.name)?;
    let path = item.file.clone().unwrap_or_else(|| Path::new(folder).join(format!("{name}.flow")));
    Ok(Begun { path, is_named: item.file.is_some(), text: template.replace("NAME", name) })
}

/// A name of the language, and one that a file may have on any machine.
fn identifier(name: &str) -> Result<&str, String> {
    let is_snake = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match (is_snake, is_name(name)) {
        (true, true) => Ok(name),
        (true, false) => Err(format!("`{name}` is a word of the language; choose another name")),
        (false, _) => {
            Err(format!("`{name}` is no name; write one of letters in lower case, digits and `_`: `daily_rates`"))
        }
    }
}

fn begin_test(test: &NewTest, project: &mut Project) -> Result<Begun, String> {
    let (file, name) = split_target(&test.flow);
    let file = inside(&file)?;
    let checked = project.check(vec![(file.clone(), text_of(&file)?)], &Surroundings::default());
    if project.has_errors() {
        return Err(format!("`{}` does not pass its checks", file.display()));
    }
    let workflow = workflow_of(&checked.program, name, &file)?;
    let beside = file.parent().unwrap_or(Path::new("")).join("tests").join(format!("{}_test.flow", workflow.name));
    let path = inside(test.file.as_deref().unwrap_or(&beside))?;
    let body = skeleton::test(&workflow, &checked.program.functions, &project.sources);
    let import = import(&path, &file, &read_text(&path).unwrap_or_default());
    Ok(Begun { path, is_named: test.file.is_some(), text: format!("{import}\n{body}") })
}

/// The line by which one file imports another; none where its text has one.
pub(super) fn import(path: &Path, file: &Path, text: &str) -> String {
    let line = format!("import {:?}", relative(path, file));
    if path == file || text.contains(&line) {
        return String::new();
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let alias = if syntax::is_name(&stem) { String::new() } else { format!(" as {}", syntax::name_like(&stem)) };
    format!("{line}{alias}\n")
}

/// The way from the folder of one file to another, both from the working directory.
fn relative(from: &Path, to: &Path) -> String {
    let folder: Vec<_> = from.parent().unwrap_or(Path::new("")).components().collect();
    let target: Vec<_> = to.components().collect();
    let shared = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let up = folder.iter().skip(shared).map(|_| "..".to_owned());
    let down = target.iter().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_begins_where_both_part() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("workflows/tests/a_test.flow", "workflows/a.flow"), "../a.flow");
        assert_eq!(way("a_test.flow", "workflows/a.flow"), "workflows/a.flow");
        assert_eq!(way("x/y/t.flow", "x/z/a.flow"), "../z/a.flow");
    }

    #[test]
    fn an_import_of_a_file_that_has_no_name_gives_it_one() {
        let line = |file: &str, text: &str| import(Path::new("t.flow"), Path::new(file), text);
        assert_eq!(line("a.flow", ""), "import \"a.flow\"\n");
        assert_eq!(line("daily-rates.flow", ""), "import \"daily-rates.flow\" as daily_rates\n");
        assert_eq!(line("1x-y.flow", ""), "import \"1x-y.flow\" as the_1x_y\n");
        assert_eq!(line("daily-rates.flow", "import \"daily-rates.flow\" as rates\n"), "");
        assert_eq!(line("t.flow", ""), "");
    }
}

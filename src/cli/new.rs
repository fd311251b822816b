//! `vmflow new`.

use std::path::{Path, PathBuf};

use super::Exit;
use super::arguments::{NewArguments, NewCommand, NewItem, NewTest};
use super::files::{append, create, inside, is_there};
use super::project::{Project, is_name, read_text, refuse, split_target, workflow_of};
use super::skeleton;
use super::terminal::Terminal;
use crate::check::Surroundings;

const WORKFLOW: &str = include_str!("templates/new/workflow.flow");
const STEP: &str = include_str!("templates/new/step.flow");

pub(super) fn new(command: &NewArguments, terminal: &Terminal) -> Exit {
    let mut project = Project::default();
    let begun = match &command.what {
        NewCommand::Workflow(item) => begin(item, "workflows", WORKFLOW),
        NewCommand::Step(item) => begin(item, "lib", STEP),
        NewCommand::Test(test) => begin_test(test, &mut project),
    };
    match begun.and_then(|begun| begun.write(&mut project)) {
        Ok(path) => {
            terminal.print(&format!("wrote {}\n", path.display()));
            Exit::Ok
        }
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
    /// Writes the file, or adds to it, when what comes out passes its checks.
    fn write(self, project: &mut Project) -> Result<PathBuf, String> {
        let path = inside(&self.path)?;
        let shown = path.display();
        if !is_there(&path) {
            return create(&path, &self.text).map(|()| path);
        }
        if !self.is_named {
            return Err(format!("`{shown}` is there already; add to it with `--in {shown}`"));
        }
        let before = read_text(&path).map_err(|why| format!("cannot read `{shown}`: {why}"))?;
        let glue = if before.is_empty() {
            ""
        } else if before.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        let added = format!("{glue}{}", self.text);
        project.check(vec![(path.clone(), format!("{before}{added}"))], &Surroundings::default());
        if project.has_errors() {
            return Err(format!("with this added, `{shown}` would not pass its checks; nothing was written"));
        }
        append(&path, &added).map(|()| path)
    }
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
    let text = read_text(&file).map_err(|why| format!("cannot read `{}`: {why}", file.display()))?;
    let checked = project.check(vec![(file.clone(), text)], &Surroundings::default());
    if project.has_errors() {
        return Err(format!("`{}` does not pass its checks", file.display()));
    }
    let workflow = workflow_of(&checked.program, name, &file)?;
    let beside = file.parent().unwrap_or(Path::new("")).join("tests").join(format!("{}_test.flow", workflow.name));
    let path = inside(test.file.as_deref().unwrap_or(&beside))?;
    let body = skeleton::test(&workflow, &checked.program.functions, &project.sources);
    let import = if path == file { String::new() } else { format!("import \"{}\"\n", relative(&path, &file)) };
    let has_import = read_text(&path).is_ok_and(|text| text.contains(import.trim_end()));
    let head = if has_import || import.is_empty() { String::new() } else { format!("{import}\n") };
    Ok(Begun { path, is_named: test.file.is_some(), text: format!("{head}{body}") })
}

/// The way from the folder of one file to another, both from the working directory.
pub(super) fn relative(from: &Path, to: &Path) -> String {
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
}

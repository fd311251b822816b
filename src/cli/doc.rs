//! `vmflow doc`.

use std::path::PathBuf;

use super::Exit;
use super::arguments::{DocArguments, DocFormat};
use super::markdown;
use super::project::{Project, refuse, split_target, text_of};
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::doc::{self, Module, NotFound, Page, Reference};

/// What stands on the command line for all of something.
const PRIMITIVES: &str = "primitives";
const LIBRARY: &str = "std";

pub(super) fn doc(command: &DocArguments, terminal: &Terminal) -> Exit {
    if command.names.is_empty() && command.format == DocFormat::Human {
        terminal.print(&markdown::plain(&doc::index(&doc::library()), terminal));
        return Exit::Ok;
    }
    let (files, names): (Vec<&String>, Vec<&String>) = command.names.iter().partition(|name| is_file(name));
    let asked = named(&names, command.names.is_empty()).and_then(|mut pages| {
        let (whole, parts) = documented(&files, terminal)?;
        pages.extend((!whole.is_empty()).then_some(Page::Files(whole)));
        pages
            .extend((!parts.is_empty()).then_some(Page::Entries(Reference { modules: parts, ..Reference::default() })));
        Ok(pages)
    });
    match asked {
        Ok(pages) => {
            terminal.print(&text(command.format, pages, terminal));
            Exit::Ok
        }
        Err((exit, Some(message))) => refuse(terminal, exit, &message),
        Err((exit, None)) => exit,
    }
}

/// How the command ends early, and what is still to be told.
type Refusal = (Exit, Option<String>);

/// A name of the library never has a slash or the suffix.
fn is_file(name: &str) -> bool {
    let (file, _) = split_target(name);
    name.contains('/') || file.extension().is_some_and(|extension| extension == "flow")
}

fn text(format: DocFormat, pages: Vec<Page>, terminal: &Terminal) -> String {
    let written = |pages: &[Page]| pages.iter().map(Page::markdown).collect::<Vec<_>>().join("\n");
    match format {
        DocFormat::Human => markdown::plain(&written(&pages), terminal),
        DocFormat::Markdown => written(&pages),
        DocFormat::Json => {
            let mut reference = Reference::default();
            for page in pages {
                reference.extend(page.reference());
            }
            format!("{:#}\n", doc::json(&reference))
        }
    }
}

/// What is not in a file: the pages, then what was asked for by name, in one.
fn named(names: &[&String], is_everything: bool) -> Result<Vec<Page>, Refusal> {
    let library = doc::library();
    let mut pages = Vec::new();
    let mut entries = Reference::default();
    if is_everything {
        return Ok(vec![Page::Primitives, Page::Library(library)]);
    }
    for name in names {
        match name.as_str() {
            PRIMITIVES => pages.push(Page::Primitives),
            LIBRARY => pages.push(Page::Library(library.clone())),
            name => entries.extend(doc::find(&library, name).map_err(|why| unknown(name, &why))?),
        }
    }
    pages.extend((!entries.is_empty()).then_some(Page::Entries(entries)));
    Ok(pages)
}

fn unknown(name: &str, why: &NotFound) -> Refusal {
    let help = why
        .near
        .as_ref()
        .map_or_else(|| "`vmflow doc` lists all there is".to_owned(), |near| format!("did you mean `{near}`?"));
    (Exit::Usage, Some(format!("nothing is called `{name}`; {help}")))
}

/// Files as a whole, and workflows that were asked for by name.
fn documented(files: &[&String], terminal: &Terminal) -> Result<(Vec<Module>, Vec<Module>), Refusal> {
    let usage = |message: String| (Exit::Usage, Some(message));
    let mut roots: Vec<(PathBuf, String)> = Vec::new();
    for name in files {
        let (file, _) = split_target(name);
        let text = text_of(&file).map_err(usage)?;
        roots.push((file, text));
    }
    let mut project = Project::default();
    let checked = project.check(roots, &Surroundings::default());
    if project.has_errors() {
        project.tell(terminal);
        return Err((Exit::Failed, None));
    }
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for name in files {
        let (file, workflow) = split_target(name);
        let shown = file.display().to_string();
        let found = checked.modules.all.iter().find(|module| *module.source.name == *shown);
        let module = found.map(|module| doc::module(module, &checked.program));
        match (module, workflow) {
            (None, _) => {}
            (Some(module), None) => whole.push(module),
            (Some(module), Some(workflow)) => parts.push(
                doc::part(&module, workflow)
                    .ok_or_else(|| usage(format!("`{}` holds nothing that is called `{workflow}`", file.display())))?,
            ),
        }
    }
    Ok((whole, parts))
}

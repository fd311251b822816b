//! `vmflow man`: generated from the arguments.

use clap::Command;
use clap_mangen::Man;

use super::Exit;
use super::arguments::{ManArguments, command as grammar};
use super::project::refuse;
use super::terminal::Terminal;

pub(super) fn man(arguments: &ManArguments, terminal: &Terminal) -> Exit {
    let written = match &arguments.out {
        Some(directory) => std::fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(documented(), directory))
            .map_err(|error| format!("cannot write to `{}`: {error}", directory.display())),
        None => page().map(|page| terminal.print(&page)).map_err(|error| error.to_string()),
    };
    match written {
        Ok(()) => Exit::Ok,
        Err(message) => refuse(terminal, Exit::Environment, &message),
    }
}

/// All but `vmflow help`, which only repeats the rest.
fn documented() -> Command {
    grammar().disable_help_subcommand(true)
}

fn page() -> std::io::Result<String> {
    let mut page = Vec::new();
    Man::new(documented()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

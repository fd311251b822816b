//! `docs/cli.md` against the grammar of the command line: it tells of every command and of every flag.

use clap::Command;

use crate::support::sandbox::root;

/// What stands below `## vmflow name`, or the whole page for a command without a section.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let heading = format!("\n## vmflow {name}\n");
    let Some((_, below)) = page.split_once(&heading) else { return page };
    below.split("\n## ").next().unwrap_or_default()
}

/// Whether a flag is named as a whole: `--in` is not found in `--ignore`.
fn tells_of(text: &str, flag: &str) -> bool {
    text.match_indices(flag).any(|(at, _)| {
        !text[at + flag.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
            && !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-')
    })
}

fn untold(page: &str, path: &str, command: &Command, faults: &mut Vec<String>) {
    if !page.contains(&format!("`vmflow {path}")) {
        faults.push(format!("`vmflow {path}` is not in the page"));
    }
    let text = section(page, path.split(' ').next().unwrap_or_default());
    for argument in
        command.get_arguments().filter(|argument| argument.get_id() != "help" && argument.get_id() != "version")
    {
        if let Some(long) = argument.get_long()
            && !tells_of(text, &format!("--{long}"))
        {
            faults.push(format!("`--{long}` of `vmflow {path}` is not where the page tells of that command"));
        }
    }
    for inner in command.get_subcommands() {
        untold(page, &format!("{path} {}", inner.get_name()), inner, faults);
    }
}

#[test]
fn the_page_of_the_command_line_tells_of_everything() {
    let page = std::fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let mut faults = Vec::new();
    let grammar = vmflow::cli::command();
    assert!(grammar.get_subcommands().count() > 8);
    for command in grammar.get_subcommands() {
        untold(&page, command.get_name(), command, &mut faults);
    }
    for global in grammar.get_arguments().filter_map(clap::Arg::get_long) {
        assert!(tells_of(&page, &format!("--{global}")) || matches!(global, "help" | "version"), "--{global}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

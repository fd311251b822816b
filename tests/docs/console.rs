//! The README's terminal sessions: every command is run, in order, in one copy of the shipped project.

use std::path::Path;
use std::process::Command;

use super::blocks::{self, Block};
use crate::support::sandbox::{Ran, Sandbox, root};

/// A line after `$ ` and what it prints.
struct Exchange {
    command: String,
    output: String,
}

fn exchanges(block: &Block) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), exchanges.last_mut()) {
            (Some(command), _) => exchanges.push(Exchange { command: command.to_owned(), output: String::new() }),
            (None, Some(last)) => last.output.push_str(&format!("{line}\n")),
            (None, None) => panic!("line {}: a session begins with `$ `", block.line),
        }
    }
    exchanges
}

/// Whatever differs from run to run: durations.
fn normalised(text: &str) -> String {
    let duration = regex::Regex::new(r"\b\d+ ms\b").unwrap();
    duration.replace_all(text.trim_end(), "N ms").into_owned()
}

/// What the command prints; `None` for one that a test cannot run.
fn answer(sandbox: &Sandbox, command: &str) -> Option<String> {
    if command == "scripts/test" {
        // It runs this very test.
        assert!(root().join(command).is_file());
        return None;
    }
    if let Some(rest) = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("vmflow ")) {
        return Some(vmflow(sandbox, rest));
    }
    if command.starts_with("sqlite3 ") {
        return Some(sqlite(sandbox, command));
    }
    assert!(command.starts_with("sed -i "), "`{command}` is no command that the README may show");
    Some(shell(sandbox, command))
}

/// As a person sees it at a terminal: `run` prints for people there, JSON elsewhere.
fn vmflow(sandbox: &Sandbox, arguments: &str) -> String {
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    if matches!(arguments.first(), Some(&"run" | &"plan")) && !arguments.contains(&"--format") {
        arguments.extend(["--format", "human"]);
    }
    let ran = sandbox.run(&arguments);
    format!("{}{}", ran.stdout, ran.stderr)
}

fn shell(sandbox: &Sandbox, command: &str) -> String {
    let ran: Ran = Command::new("sh").args(["-c", command]).current_dir(sandbox.path()).output().unwrap().into();
    assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
    format!("{}{}", ran.stdout, ran.stderr)
}

/// `sqlite3 FILE "SELECT …"` without the program, which not every machine has.
fn sqlite(sandbox: &Sandbox, command: &str) -> String {
    use sqlx::{Connection, Row};
    let (file, query) = command.trim_start_matches("sqlite3 ").split_once(' ').unwrap();
    let query = query.trim_matches('"').to_owned();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(sandbox.path().join(file));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
        let cell = |row: &sqlx::sqlite::SqliteRow, at: usize| {
            let as_float = row.try_get::<f64, _>(at).map(|x| x.to_string());
            let as_int = row.try_get::<i64, _>(at).map(|n| n.to_string());
            row.try_get::<String, _>(at).or(as_int).or(as_float).unwrap()
        };
        let line = |row| (0..sqlx::Row::len(row)).map(|at| cell(row, at)).collect::<Vec<_>>().join("|");
        rows.iter().map(|row| format!("{}\n", line(row))).collect()
    })
}

/// The page with what each command of `block` really printed, where that differs by more than durations.
fn renewed(page: &str, block: &Block, sandbox: &Sandbox) -> String {
    let mut session = String::new();
    for Exchange { command, output } in exchanges(block) {
        let real = answer(sandbox, &command).filter(|real| normalised(real) != normalised(&output));
        session.push_str(&format!("$ {command}\n{}", real.map_or(output, |real| format!("{}\n", real.trim_end()))));
    }
    page.replace(&block.text, &session)
}

/// Writes the files that a page shows: blocks that say `file NAME`.
fn write_files(text: &str, sandbox: &Sandbox) {
    for block in blocks::of(text) {
        if let [_, "file", name] = block.info.split_whitespace().collect::<Vec<_>>().as_slice() {
            sandbox.write(name, &block.text);
        }
    }
}

fn check(page: &Path) {
    let text = std::fs::read_to_string(page).unwrap();
    let sandbox = Sandbox::new();
    write_files(&text, &sandbox);
    let sessions = || blocks::of(&text).into_iter().filter(|block| block.language() == "console");
    let renewed = sessions().fold(text.clone(), |page, block| renewed(&page, &block, &sandbox));
    assert!(sessions().count() > 0, "no session in {}", page.display());
    crate::support::golden::assert(page, &renewed);
}

#[test]
fn the_page_of_plans_shows_what_its_commands_print() {
    check(&root().join("docs/plan.md"));
}

#[test]
fn the_page_of_packages_shows_what_its_commands_print() {
    check(&root().join("docs/packages.md"));
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    check(&root().join("README.md"));
}

//! Words of SQL that stand where a name was meant: `from order`, `select group, …`.

use super::Source;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::scan::Token;

/// Words that every database keeps for itself and that make likely names.
const RESERVED: &[&str] = &["group", "limit", "order", "table", "where", "having", "union", "to", "default", "check"];

/// What stands before a name.
const BEFORE: &[&str] = &["from", "join", "into", "update", "select"];

/// What stands behind one.
const BEHIND: &[&str] = &["from", "where", "join", "order", "group", "limit", "set", "values"];

/// What cannot be a table's name.
const NO_TABLES: &[&str] = &["where", "set", "values", "on", "having"];

/// The first of them.
pub(super) fn find(source: &Source<'_>) -> Option<Diagnostic> {
    source.tokens.iter().enumerate().find_map(|(at, token)| {
        let before = at.checked_sub(1).and_then(|at| source.tokens.get(at))?;
        missing_table(source, before, token).or_else(|| used_as_name(source, before, token, source.tokens.get(at + 1)))
    })
}

/// `from where`, `update set`.
fn missing_table(source: &Source<'_>, before: &Token, token: &Token) -> Option<Diagnostic> {
    let wants_table = before.is_any(source.text, &["from", "join", "into"]);
    if !wants_table || !token.is_any(source.text, NO_TABLES) {
        return None;
    }
    let message = format!("expected the name of a table, found `{}`", token.text(source.text));
    let help = format!("name the table behind `{}`", before.text(source.text));
    Some(Diagnostic::new(&VF401, source.at(token), message).help(help))
}

fn used_as_name(source: &Source<'_>, before: &Token, token: &Token, behind: Option<&Token>) -> Option<Diagnostic> {
    let ends = behind.is_none_or(|behind| {
        behind.is_punct(source.text, ",") || behind.is_punct(source.text, ";") || behind.is_any(source.text, BEHIND)
    });
    if !ends || !token.is_any(source.text, RESERVED) || !before.is_any(source.text, BEFORE) {
        return None;
    }
    let word = token.text(source.text);
    let finding = Diagnostic::new(&VF401, source.at(token), format!("`{word}` is a word of SQL and no name"));
    Some(finding.help(format!("if a table or column is called so, write \"{word}\" in double quotes")))
}

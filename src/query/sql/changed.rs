//! The table that a statement changes, from its words.

use super::scan::{Token, TokenKind, scan};

/// The table that a statement changes, without quotes: `raw.nav`. `None` where no word says that it changes one.
pub(crate) fn changed_table(text: &str) -> Option<String> {
    let (tokens, _) = scan(text);
    let name = (0..tokens.len()).find_map(|at| named(text, &tokens, at))?;
    written(text, tokens.get(name..)?)
}

/// The token that begins the table's name, if this one begins a change.
fn named(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is_any(text, words));
    let past = |at: usize, words: &[&str]| (at..tokens.len()).find(|at| !is(*at, words)).unwrap_or(tokens.len());
    // `or replace` and the like: whatever stands behind `or` is no name.
    let past_or = |at: usize| if is(at, &["or"]) { at + 2 } else { past(at, &["ignore"]) };
    // Nothing is changed by `for update`, nor by what may stand behind `on conflict`.
    let is_clause = at.checked_sub(1).is_some_and(|before| is(before, &["for", "do", "key"]));
    if is(at, &["insert", "replace", "merge"]) {
        let into = past_or(at + 1);
        return is(into, &["into"]).then_some(into + 1);
    }
    if is(at, &["delete"]) {
        return is(at + 1, &["from"]).then(|| past(at + 2, &["only"]));
    }
    if is(at, &["update"]) && !is_clause {
        return Some(past(past_or(at + 1), &["only"]));
    }
    is(at, &["truncate"]).then(|| past(at + 1, &["table", "only"]))
}

/// A name of one part or several.
fn written(text: &str, tokens: &[Token]) -> Option<String> {
    let is_name = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    let mut name = plain(text, tokens.first().filter(|token| is_name(token))?);
    for pair in tokens.get(1..)?.chunks(2) {
        let [dot, part] = pair else { break };
        if !(dot.is_punct(text, ".") && is_name(part)) {
            break;
        }
        name = format!("{name}.{}", plain(text, part));
    }
    Some(name)
}

fn plain(text: &str, token: &Token) -> String {
    token.text(text).replace(['"', '`'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_the_table_that_it_changes() {
        for (text, table) in [
            ("delete from nav where day < '2020-01-01'", "nav"),
            ("INSERT INTO \"raw\".nav(a) values (1)", "raw.nav"),
            ("insert or replace into `raw` . nav values (1)", "raw.nav"),
            ("replace into nav values (1)", "nav"),
            ("with x as (select a from y for update) update only nav set a = 1", "nav"),
            ("with x as (select replace(a, 'update t') from y) delete from nav", "nav"),
            ("-- update other\n/* delete from another */ truncate table nav;", "nav"),
            ("merge into nav using raw on true when matched then delete", "nav"),
            ("update or rollback fail set a = 1", "fail"),
            ("update abort set a = 1", "abort"),
            ("insert ignore into nav values (1)", "nav"),
            ("insert into nav values (1) on conflict (a) do update set a = 2", "nav"),
        ] {
            assert_eq!(changed_table(text).as_deref(), Some(table), "{text}");
        }
        assert_eq!(changed_table("vacuum"), None);
        assert_eq!(changed_table("select 'delete from nav' for update"), None);
        assert_eq!(changed_table("delete from"), None);
    }
}

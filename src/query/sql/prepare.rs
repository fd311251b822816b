//! A statement as a database can be asked about it without values.

use super::{Hole, Piece, SqlDialect, SqlTemplate};

/// The text with placeholders, and the way back to the literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What the database is given.
    pub text: String,
    /// For each piece: where it begins in the text, where in the literal, and how long it is there.
    pieces: Vec<(usize, usize, usize)>,
}

impl Prepared {
    /// The byte of the literal that a byte of the text comes from; within a placeholder, its hole.
    pub fn place(&self, byte: usize) -> usize {
        let at = self.pieces.partition_point(|(begin, ..)| *begin <= byte);
        let piece = at.checked_sub(1).and_then(|at| self.pieces.get(at));
        piece.map_or(0, |(begin, literal, length)| literal + (byte - begin).min(*length))
    }
}

/// Writes a template with a placeholder for each hole. `None` where the connection would write the statement
/// another way: `any(:list)` on SQLite and MySQL.
pub fn prepare(template: &SqlTemplate, dialect: SqlDialect) -> Option<Prepared> {
    let (mut text, mut pieces, mut literal) = (String::new(), Vec::new(), 0);
    for piece in &template.pieces {
        let (written, length) = match piece {
            Piece::Text(text) => (text.to_string(), text.len()),
            Piece::Hole(number) => {
                let hole = template.holes.get(*number)?;
                let length = 1 + hole.path.iter().map(|part| part.len() + 1).sum::<usize>() - 1;
                (placeholder(hole, &text, *number, dialect)?, length)
            }
        };
        pieces.push((text.len(), literal, length));
        text.push_str(&written);
        literal += length;
    }
    Some(Prepared { text, pieces })
}

fn placeholder(hole: &Hole, before: &str, number: usize, dialect: SqlDialect) -> Option<String> {
    let placeholder = match dialect {
        SqlDialect::Postgres => format!("${}", number + 1),
        SqlDialect::Sqlite => format!("?{}", number + 1),
        SqlDialect::MySql => "?".to_owned(),
    };
    if !hole.is_list {
        return Some(placeholder);
    }
    let Some(inner) = before.trim_end().strip_suffix('(') else { return Some(format!("({placeholder})")) };
    let is_in = inner.trim_end().to_ascii_lowercase().ends_with("in");
    (is_in || dialect == SqlDialect::Postgres).then_some(placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql::parse;
    use crate::source::{SourceId, Span};

    fn prepared(text: &str, dialect: SqlDialect) -> Option<Prepared> {
        prepare(&parse(text, Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap())).0, dialect)
    }

    #[test]
    fn places_lead_back_to_the_literal() {
        let text = "select 1 where a = :row.field and b in :bs and cc = 1";
        let prepared = prepared(text, SqlDialect::Postgres).unwrap();
        assert_eq!(prepared.text, "select 1 where a = $1 and b in ($2) and cc = 1");
        let place = |word: &str| prepared.place(prepared.text.find(word).unwrap());
        assert_eq!(place("cc"), text.find("cc").unwrap());
        assert_eq!(place("$1"), text.find(":row").unwrap());
        assert_eq!(place("b in"), text.find("b in").unwrap());
        assert_eq!(prepared.place(10_000), text.len());
    }

    #[test]
    fn what_is_written_another_way_is_not_asked() {
        assert_eq!(prepared("select 1 where a = any(:xs)", SqlDialect::Sqlite), None);
        assert!(prepared("select 1 where a in ( :xs )", SqlDialect::Sqlite).is_some());
        assert!(prepared("select 1 where a = any(:xs)", SqlDialect::Postgres).is_some());
    }
}

//! A statement whose tables are values.

use std::sync::Arc;

use super::{Hole, Piece, SqlTemplate};
use crate::source::Span;

/// The template with a hole for each place that names a table, behind its other holes. `text` is the literal's place.
#[must_use]
pub fn with_tables(template: &SqlTemplate, text: Span, tables: &[(Arc<str>, Span)]) -> SqlTemplate {
    let mut cut = SqlTemplate { pieces: Vec::new(), holes: template.holes.clone(), kind: template.kind };
    let mut names = tables.iter().peekable();
    let mut at = 0;
    for piece in &template.pieces {
        let Piece::Text(written) = piece else {
            cut.pieces.push(piece.clone());
            at += length(piece, template);
            continue;
        };
        let mut from = 0;
        while let Some((name, span)) = names.peek() {
            let (start, end) =
                (span.start.saturating_sub(text.start) as usize, span.end.saturating_sub(text.start) as usize);
            let Some(before) = start.checked_sub(at).filter(|_| end <= at + written.len()) else { break };
            push(&mut cut.pieces, written.get(from..before));
            cut.pieces.push(Piece::Hole(cut.holes.len()));
            cut.holes.push(Hole { path: vec![name.clone()], span: *span, is_list: false });
            from = end - at;
            names.next();
        }
        push(&mut cut.pieces, written.get(from..));
        at += written.len();
    }
    cut
}

fn push(pieces: &mut Vec<Piece>, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece::Text(text.into()));
    }
}

/// How long a piece is in the literal.
fn length(piece: &Piece, template: &SqlTemplate) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Hole(number) => {
            template.holes.get(*number).map_or(0, |hole| hole.path.iter().map(|part| part.len() + 1).sum())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql::{SqlDialect, parse, read, tables};
    use crate::source::SourceId;

    fn cut(text: &str) -> (String, Vec<String>) {
        let span = Span::new(SourceId(0), 100, 100 + u32::try_from(text.len()).unwrap());
        let template = parse(text, span).0;
        let statement = read(text, span, Some(SqlDialect::Sqlite)).0.unwrap();
        let names: Vec<(Arc<str>, Span)> =
            tables(&statement, span).into_iter().map(|(name, span)| (name.into(), span)).collect();
        let cut = with_tables(&template, span, &names);
        let shown = cut.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Hole(at) => format!("<{}>", cut.holes[*at].path.join(".")),
        });
        (shown.collect(), names.into_iter().map(|(name, _)| name.to_string()).collect())
    }

    #[test]
    fn names_of_tables_become_holes_and_nothing_else_does() {
        let (text, names) = cut(
            "with t as (select * from rows where day = :day.first) select rows.n, é.m from t join rows on 1 = 1, \"é\" \
             where exists (select 1 from newest n where n.a in :list) and (select max(a) from newest) > 'rows'",
        );
        assert_eq!(
            text,
            "with t as (select * from <rows> where day = <day.first>) select rows.n, é.m from t join <rows> on 1 = 1, <é> \
             where exists (select 1 from <newest> n where n.a in <list>) and (select max(a) from <newest>) > 'rows'"
        );
        assert_eq!(names, ["rows", "rows", "é", "newest", "newest"]);
        assert_eq!(cut("select json_each.value from json_each('[1]')").1, [] as [&str; 0]);
    }
}

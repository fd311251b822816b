//! Pipe tables: a row a line, columns of one width.

use std::iter::repeat_n;

use super::document::{Commas, Doc, Item, List, Style, width};
use super::writer::Writer;
use crate::syntax::ast::{Expr, Name};

/// A row, its cells as written.
struct Row<'s> {
    /// The comments above it.
    above: Vec<Doc<'s>>,
    cells: Vec<&'s str>,
    /// The comment behind it.
    trailing: Option<&'s str>,
}

/// `table { … }`.
pub(super) fn table<'s>(writer: &mut Writer<'s>, columns: &[Name], cells: &[Vec<Expr>]) -> Doc<'s> {
    let open = Doc::concat([writer.word(), writer.open()]);
    let mut rows = vec![row(writer, columns.iter().map(|column| column.span.end))];
    for cells in cells {
        rows.push(row(writer, cells.iter().map(|cell| cell.span.end)));
    }
    let widths: Vec<usize> = (0..columns.len()).map(|at| widest(&rows, at)).collect();
    let items = rows.into_iter().map(|row| Item { doc: aligned(row, &widths), trailing: None }).collect();
    let (dangling, close) = writer.close();
    let style = Style { padded: true, commas: Commas::None };
    List::new(open, items, close, style, true).dangling(dangling).doc()
}

/// A row whose cells end at these bytes. No comment is inside, because a row is one line.
fn row<'s>(writer: &mut Writer<'s>, ends: impl Iterator<Item = u32>) -> Row<'s> {
    let above = writer.above();
    let mut trailing = writer.bar();
    let mut cells = Vec::new();
    for end in ends {
        cells.push(writer.pass(end as usize).0);
        trailing = writer.bar();
    }
    Row { above, cells, trailing }
}

/// The columns that the widest cell takes. A query of several lines is none to align with.
fn widest(rows: &[Row<'_>], at: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.cells.get(at));
    cells.filter(|cell| !cell.contains('\n')).map(|cell| width(cell)).max().unwrap_or(0)
}

fn aligned<'s>(row: Row<'s>, widths: &[usize]) -> Doc<'s> {
    let mut text = "|".to_owned();
    for (cell, widest) in row.cells.into_iter().zip(widths) {
        text.push(' ');
        text.push_str(cell);
        text.extend(repeat_n(' ', widest.saturating_sub(width(cell))));
        text.push_str(" |");
    }
    let mut parts = row.above;
    parts.push(Doc::text(text));
    parts.extend(row.trailing.map(Doc::Trailing));
    Doc::concat(parts)
}

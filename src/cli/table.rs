//! Rows as an aligned table for people.

/// Narrower than this, a column is not wrapped.
const NARROWEST: usize = 30;

/// Two spaces between columns; what does not fit into `width` is wrapped in the last one.
pub(super) fn aligned(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns.saturating_sub(1)).map(|at| widest(at).unwrap_or(0)).collect();
    rows.iter().map(|row| line(row, &widths, width)).collect()
}

/// Wraps between words only: a date has hyphens too.
pub(super) fn wrapping<'a>(width: usize) -> textwrap::Options<'a> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn line(row: &[String], widths: &[usize], width: usize) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
    let mut line = cells.collect::<Vec<_>>().concat();
    let indent = line.chars().count();
    let last = row.get(widths.len()).map_or("", String::as_str);
    let wrapped = textwrap::wrap(last, wrapping(width.saturating_sub(indent).max(NARROWEST)));
    line.push_str(&wrapped.join(&format!("\n{}", " ".repeat(indent))));
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_the_last_one_wraps() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = [row(["a", "one two three four five six seven"]), row(["día", "x"]), row(["none", ""])];
        assert_eq!(aligned(&rows, 36), "a     one two three four five six\n      seven\ndía   x\nnone\n");
    }
}

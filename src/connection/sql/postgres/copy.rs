//! Rows into PostgreSQL as one stream: `copy … from stdin`.
//!
//! In its binary form where the bytes of all columns are known, else as texts, which the server reads as it would
//! literals, whatever the column's type.

use super::binary::{self, forms};
use super::statement::Place;
use super::write::text_of;
use crate::connection::sql::rows::{Column, cell};
use crate::value::{Table, Value};

/// How much is sent at once.
const CHUNK: usize = 1 << 18;

impl Place<'_> {
    /// Copies rows into `into`, `t (a, b)`; with their numbers, from 0, before them when `numbered`.
    pub(super) async fn copy(
        &mut self,
        into: &str,
        columns: &[&Column],
        rows: &Table,
        numbered: bool,
    ) -> Result<u64, sqlx::Error> {
        if let Some(forms) = forms(columns, rows) {
            return self.copy_bytes(into, &forms, rows, numbered).await;
        }
        let mut stream = self.connection.copy_in_raw(&format!("copy {into} from stdin")).await?;
        let mut text = String::with_capacity(CHUNK + CHUNK / 4);
        for at in 0..rows.rows {
            line(&mut text, columns, rows, at, numbered);
            if text.len() >= CHUNK {
                stream.send(text.as_bytes()).await?;
                text.clear();
            }
        }
        stream.send(text.as_bytes()).await?;
        stream.finish().await
    }

    async fn copy_bytes(
        &mut self,
        into: &str,
        forms: &[binary::Form],
        rows: &Table,
        numbered: bool,
    ) -> Result<u64, sqlx::Error> {
        let mut stream = self.connection.copy_in_raw(&format!("copy {into} from stdin (format binary)")).await?;
        let mut bytes = Vec::with_capacity(CHUNK + CHUNK / 4);
        bytes.extend_from_slice(binary::HEAD);
        for at in 0..rows.rows {
            binary::line(&mut bytes, forms, rows, at, numbered);
            if bytes.len() >= CHUNK {
                stream.send(bytes.as_slice()).await?;
                bytes.clear();
            }
        }
        bytes.extend_from_slice(binary::END);
        stream.send(bytes.as_slice()).await?;
        stream.finish().await
    }
}

/// A row: values between tabs.
fn line(text: &mut String, columns: &[&Column], rows: &Table, at: usize, numbered: bool) {
    if numbered {
        text.push_str(&at.to_string());
    }
    for (place, column) in columns.iter().enumerate() {
        if numbered || place > 0 {
            text.push('\t');
        }
        field(text, &cell(rows, place, at), column);
    }
    text.push('\n');
}

fn field(text: &mut String, value: &Value, column: &Column) {
    let start = text.len();
    if !text_of(value, column, text) {
        text.push_str("\\N");
        return;
    }
    let is_special = |byte: u8| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    if text.bytes().skip(start).any(is_special) {
        let escaped = escape(text.get(start..).unwrap_or_default());
        text.truncate(start);
        text.push_str(&escaped);
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Where COPY stumbled, in its own words: `COPY t, line 3, column a: "x"`. The number of the row, from 0, and the column.
pub(super) fn stumbled(context: &str) -> Option<(usize, Option<&str>)> {
    let place = context.lines().find_map(|line| line.strip_prefix("COPY "))?;
    // The words after the table's name are in the server's language; the number is not.
    let mut parts = place.split(", ").skip(1);
    // The words of a whole line come after a colon.
    let line = parts.next()?.split(':').next()?;
    let number: String = line.chars().filter(char::is_ascii_digit).collect();
    let column = parts.next().and_then(|text| text.split(':').next()?.split(' ').nth(1));
    Some((number.parse::<usize>().ok()?.checked_sub(1)?, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::sql::rows::Family;

    #[test]
    fn what_separates_is_escaped() {
        let column = Column { name: "t".to_owned(), ty: "text".to_owned(), family: Family::Other };
        let mut text = String::from("\t");
        field(&mut text, &Value::text("a\tb\nc\\d\r"), &column);
        assert_eq!(text, "\ta\\tb\\nc\\\\d\\r");
        text.clear();
        field(&mut text, &Value::None, &column);
        assert_eq!(text, "\\N");
        text.clear();
        // A text that reads like a null.
        field(&mut text, &Value::text("\\N"), &column);
        assert_eq!(text, "\\\\N");
    }

    #[test]
    fn the_row_is_found_in_the_servers_words() {
        assert_eq!(stumbled("COPY pairs, line 5001, column a: \"x\""), Some((5000, Some("a"))));
        assert_eq!(stumbled("PL/pgSQL function f() line 3 at RAISE\nCOPY t2, line 7"), Some((6, None)));
        assert_eq!(stumbled("COPY t2, line 322: \"3321\t1, 2\""), Some((321, None)));
        assert_eq!(stumbled("COPY pairs, Zeile 2, Spalte b: »x«"), Some((1, Some("b"))));
        assert_eq!(stumbled("PL/pgSQL function f() line 3 at RAISE"), None);
    }
}

//! Values. In a file those of more than a megabyte lie beside it; on a server all of them are in the table.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::link::{Done, Link, binds};
use super::words::Kind::{Int, Text};

/// From how many bytes on a value of the embedded store has a file of its own.
pub(in crate::store) const LARGE: usize = 1 << 20;

/// How many bytes of values go to a server in one statement, unless one alone has more.
const PORTION: usize = 4 << 20;

/// A value that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// As JSON.
    Here(String),
    /// It lies in a file.
    Beside,
}

/// Adds values, each with what stands for it; those that are there already stay.
pub(super) async fn add(link: &mut Link, outputs: &[(&str, &str)]) -> Done<()> {
    if outputs.is_empty() {
        return Ok(());
    }
    match link {
        Link::Sqlite(_) => in_table(link, outputs).await,
        Link::Postgres(connection) => {
            for portion in portions(outputs) {
                let (hashes, bodies): (Vec<&str>, Vec<&[u8]>) =
                    portion.iter().map(|(hash, json)| (*hash, json.as_bytes())).unzip();
                sqlx::query(
                    "insert into outputs (hash, bytes, body)
                     select hash, length(body), body from unnest($1::text[], $2::bytea[]) as list (hash, body)
                     on conflict (hash) do nothing",
                )
                .bind(hashes)
                .bind(bodies)
                .execute(&mut *connection)
                .await?;
            }
            Ok(())
        }
    }
}

async fn in_table(link: &mut Link, outputs: &[(&str, &str)]) -> Done<()> {
    let words = link.words();
    let rows: Vec<Json> = outputs
        .iter()
        .map(|(hash, json)| json!({ "hash": hash, "bytes": json.len(), "body": (json.len() < LARGE).then_some(json) }))
        .collect();
    let list = words.list("$1", &[("hash", Text), ("bytes", Int), ("body", Text)]);
    let sql = format!(
        "insert into outputs (hash, bytes, body) select hash, bytes, body from {list} where true
         on conflict (hash) do nothing"
    );
    link.run(&sql, binds![words.as_list(&rows)]).await.map(drop)
}

/// The values, so many at once that they are not too many bytes.
fn portions<'a, 'b>(mut outputs: &'a [(&'b str, &'b str)]) -> Vec<&'a [(&'b str, &'b str)]> {
    let mut portions = Vec::new();
    while !outputs.is_empty() {
        let mut bytes = 0;
        let fits = outputs.iter().take_while(|(_, json)| {
            bytes += json.len();
            bytes <= PORTION
        });
        let (portion, rest) = outputs.split_at(fits.count().max(1));
        portions.push(portion);
        outputs = rest;
    }
    portions
}

/// A value by what stands for it.
pub(super) async fn read(link: &mut Link, hash: &str) -> Done<Option<Body>> {
    let body = match link {
        Link::Sqlite(_) => {
            let row = link.row("select body from outputs where hash = $1", binds![hash]).await?;
            row.map(|row| row.maybe_text("body")).transpose()?
        }
        Link::Postgres(connection) => {
            let row: Option<Vec<u8>> = sqlx::query_scalar("select body from outputs where hash = $1")
                .bind(hash)
                .fetch_optional(connection)
                .await?;
            let text = |body| String::from_utf8(body).map_err(|error| sqlx::Error::Decode(error.into()));
            row.map(text).transpose()?.map(Some)
        }
    };
    Ok(body.map(|body| body.map_or(Body::Beside, Body::Here)))
}

/// What stands for the values that lie in files.
pub(super) async fn beside(link: &mut Link) -> Done<HashSet<String>> {
    match link {
        Link::Sqlite(_) => {
            let rows = link.rows("select hash from outputs where body is null", &[]).await?;
            rows.iter().map(|row| row.text("hash")).collect()
        }
        Link::Postgres(_) => Ok(HashSet::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_in_portions_and_a_large_one_by_itself() {
        let (small, large) = ("x".repeat(3 << 20), "y".repeat(9 << 20));
        let outputs = [("a", &*small), ("b", "1"), ("c", &*small), ("d", &*large), ("e", "2")];
        let sizes: Vec<usize> = portions(&outputs).iter().map(|portion| portion.len()).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
        assert!(portions(&[]).is_empty());
    }
}

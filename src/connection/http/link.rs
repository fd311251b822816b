//! `Link` headers (RFC 8288): where the next page is.

use reqwest::header::{HeaderMap, LINK};

/// The target of the link whose relation is `next`.
pub(super) fn next(headers: &HeaderMap) -> Option<String> {
    let texts = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(links).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.to_owned())
}

/// The links of a header, each with its parameters. What is no link ends the list.
fn links(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((target, tail)) = rest.split_once('<').and_then(|(_, tail)| tail.split_once('>')) {
        let end = end_of_link(tail);
        found.push((target.trim(), tail.get(..end).unwrap_or(tail)));
        rest = tail.get(end..).unwrap_or_default();
    }
    found
}

/// Where the comma is that ends a link; one within quotes does not.
fn end_of_link(tail: &str) -> usize {
    let mut is_quoted = false;
    let comma = |(_, letter): &(usize, char)| {
        is_quoted ^= *letter == '"';
        *letter == ',' && !is_quoted
    };
    tail.char_indices().find(comma).map_or(tail.len(), |(at, _)| at)
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let of = |texts: &[&str]| {
            let mut headers = HeaderMap::new();
            for text in texts {
                headers.append(LINK, text.parse().unwrap());
            }
            next(&headers)
        };
        let cases: [(&[&str], Option<&str>); 8] = [
            (&[r#"</v1/x?page=2>; rel="next""#], Some("/v1/x?page=2")),
            (&[r#"<https://a/x?p=1,2>; title="a, b"; rel=prev, <https://a/x?p=3>; rel=next"#], Some("https://a/x?p=3")),
            (&[r#"<a>; rel="first""#, r#"<b>; REL="last Next""#], Some("b")),
            (&[r#"<a>; rel="prev""#], None),
            (&[r#"<a>; rel="nextish""#], None),
            (&["<a; rel=next"], None),
            (&[""], None),
            (&[], None),
        ];
        for (texts, target) in cases {
            assert_eq!(of(texts).as_deref(), target, "{texts:?}");
        }
    }
}

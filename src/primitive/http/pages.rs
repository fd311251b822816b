//! Answers that come in pages: by number, by cursor, by address.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::query::{check_query, query_pairs};
use super::{answer, exchange};
use crate::connection::HttpRequest;
use crate::primitive::record::record;
use crate::primitive::refined::{HttpPath, Part, Positive};
use crate::primitive::{Context, Effect, Effectful, Example, Form, Known, Primitive, args};
use crate::value::{ErrorKind, HttpConnection, Labels, StepError, T, Type};

record! {
    /// The items of all pages.
    pub(super) struct Paged {
        /// The items in the order of the pages, as one JSON list.
        json: Arc<Json>,
        /// How many pages there were.
        pages: i64,
    }
}

/// What a call has got so far; another attempt goes on from here.
#[derive(Debug, Default)]
pub(crate) struct PagesSoFar {
    items: Vec<Json>,
    pages: i64,
    /// How many items the last page had.
    last: usize,
    /// What to ask next; nothing before the first page.
    next: Option<HttpRequest>,
    /// The addresses that were asked.
    asked: HashSet<String>,
}

pub(super) struct Pages;
args! {
    pub(super) struct PagesArgs {
        /// The source.
        connection: HttpConnection,
        /// The path below the source's base URL, such as `/api/items`.
        path: HttpPath,
        /// The query string of the first page, as for `get`.
        query: Option<T>,
        /// Where in a page its items are, such as `data.items`; left out, the page itself is the list.
        items: Option<Part>,
        /// The argument of the query that counts pages, from what `query` gives it or from 1; the first page without items ends it.
        number: Option<Part>,
        /// The argument of the query that takes what a page holds at `next`.
        cursor: Option<Part>,
        /// Where in a page the next one is named, such as `meta.next`: as a value for `cursor`, or else as an address; nothing there ends it.
        next: Option<Part>,
        /// How many items are enough; no page is asked for beyond them.
        take: Option<Positive>,
        /// How many pages there may be; more of them are a failure, never a shorter list.
        max_pages: Positive = Positive(100),
        /// Further headers; secrets belong into the connection's.
        headers: Labels = Labels::default(),
    }
}
impl Primitive for Pages {
    type Args = PagesArgs;
    type Output = Paged;
    const NAME: &'static str = "http.pages";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The items of all pages of a source, by `number`, by `next`, or by the header `Link: …; rel=next`.";
    const EXAMPLES: &'static [Example] = &[
        Example {
            source: r#"api.pages("/api/items", query: { size: 250 }, number: "page", take: 1000).json"#,
            gives: "",
        },
        Example {
            source: r#"api.pages("/api/items", items: "data", cursor: "after", next: "meta.next").json"#,
            gives: "",
        },
    ];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let is_given = |at: usize| call.types.get(at).is_some_and(Option::is_some);
        let (number, cursor, next) = (is_given(4), is_given(5), is_given(6));
        if number && (cursor || next) {
            return Some(Err("pages go by `number` or by `next`, not by both".to_owned()));
        }
        if cursor && !next {
            return Some(Err("`cursor` wants `next`: where in a page the next cursor is".to_owned()));
        }
        check_query(&call, 2)
    }
}
impl Effectful for Pages {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: PagesArgs, context: &Context) -> BoxFuture<'_, Result<Paged, StepError>> {
        Box::pin(async move {
            let query = query_pairs(args.query.as_ref().map(|query| &query.0))?;
            let path = args.path.0.clone();
            let first = HttpRequest { method: "GET", path, query, headers: args.headers.clone(), json: None };
            let question = format!("{first:?}");
            let mut so_far = context.attempts.take_pages(&question);
            let mut walk = Walk { args: &args, context, so_far: &mut so_far };
            match walk.go(first).await {
                Ok(()) => Ok(Paged { json: Arc::new(Json::Array(so_far.items)), pages: so_far.pages }),
                Err(error) => {
                    let error = error.context(format!("page {}", so_far.pages + 1));
                    context.attempts.keep_pages(question, so_far);
                    Err(error)
                }
            }
        })
    }
}

struct Walk<'a> {
    args: &'a PagesArgs,
    context: &'a Context,
    so_far: &'a mut PagesSoFar,
}

impl Walk<'_> {
    async fn go(&mut self, first: HttpRequest) -> Result<(), StepError> {
        let mut request = match self.so_far.next.take() {
            Some(next) => next,
            None => self.numbered(first),
        };
        loop {
            match self.page(&request).await {
                Ok(Some(next)) => request = next,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.so_far.next = Some(request);
                    return Err(error);
                }
            }
            // The limit on time is each page's own.
            self.context.attempts.begin();
        }
    }

    /// Asks for one page; gives what to ask next.
    async fn page(&mut self, request: &HttpRequest) -> Result<Option<HttpRequest>, StepError> {
        if self.so_far.pages >= self.args.max_pages.0 {
            return Err(StepError::new(ErrorKind::Data, format!("there are more than {} pages", self.so_far.pages))
                .help("raise `max_pages`, or say with `take` how many items are enough"));
        }
        let response = exchange(self.context, &self.args.connection.0, request).await?;
        let (is_empty, link) = (response.status == 204, response.next.clone());
        let mut page = Arc::unwrap_or_clone(answer::read(&request.path, response)?.json);
        let items = if is_empty { Vec::new() } else { self.items(&mut page)? };
        let next = self.following(request, &page, &items, link)?;
        self.so_far.asked.insert(address(request));
        self.so_far.pages += 1;
        self.so_far.last = items.len();
        self.so_far.items.extend(items);
        if let Some(enough) = self.args.take.as_ref().and_then(|take| usize::try_from(take.0).ok())
            && self.so_far.items.len() >= enough
        {
            self.so_far.items.truncate(enough);
            return Ok(None);
        }
        match next {
            Some(next) if self.so_far.asked.contains(&address(&next)) => Err(circle()),
            next => Ok(next),
        }
    }

    /// Takes the list out of a page. A page without one is no empty page.
    fn items(&self, page: &mut Json) -> Result<Vec<Json>, StepError> {
        let place = self.args.items.as_ref().map(|items| &*items.0);
        let mut fields = place.into_iter().flat_map(|place| place.split('.'));
        let found = fields.try_fold(&mut *page, |json, field| json.get_mut(field));
        match found {
            Some(Json::Array(items)) => Ok(std::mem::take(items)),
            other => {
                let found = other.map_or("missing", |json| kind(json));
                Err(no_items(page, place, found))
            }
        }
    }

    fn following(
        &self,
        request: &HttpRequest,
        page: &Json,
        items: &[Json],
        link: Option<String>,
    ) -> Result<Option<HttpRequest>, StepError> {
        if let Some(number) = &self.args.number {
            return self.next_number(request, &number.0, items);
        }
        let Some(place) = &self.args.next else {
            return link.map(|address| self.at(request, &address)).transpose();
        };
        let named = next_named(page, &place.0)?;
        match (named, &self.args.cursor) {
            (None, _) => Ok(None),
            (Some(value), Some(cursor)) => Ok(Some(with(request, &cursor.0, value))),
            (Some(address), None) => self.at(request, &address).map(Some),
        }
    }

    fn next_number(&self, request: &HttpRequest, name: &str, items: &[Json]) -> Result<Option<HttpRequest>, StepError> {
        if items.is_empty() {
            return Ok(None);
        }
        let before = self.so_far.items.len() - self.so_far.last;
        if self.so_far.pages > 0 && self.so_far.items.get(before..) == Some(items) {
            return Err(StepError::new(ErrorKind::Data, "it holds the same items as the page before")
                .help(format!("the source does not heed `{name}`: look up what it calls the number of a page")));
        }
        let number = number_of(request, name)?;
        Ok(Some(with(request, name, (number + 1).to_string())))
    }

    fn at(&self, request: &HttpRequest, address: &str) -> Result<HttpRequest, StepError> {
        let (path, query) = self.context.http(&self.args.connection.0)?.locate(address)?;
        Ok(HttpRequest { path, query, ..request.clone() })
    }

    /// The first request, which says the number of its page.
    fn numbered(&self, first: HttpRequest) -> HttpRequest {
        match &self.args.number {
            Some(number) if first.query.iter().all(|(name, _)| *name != number.0) => {
                with(&first, &number.0, "1".to_owned())
            }
            _ => first,
        }
    }
}

fn circle() -> StepError {
    StepError::new(ErrorKind::Data, "the source names a next page that was read before, so there would be no end")
        .help("the source is at fault; with `take` the walk ends before it")
}

fn no_items(page: &Json, place: Option<&str>, found: &str) -> StepError {
    let what = place.map_or_else(|| "the answer".to_owned(), |place| format!("`{place}`"));
    let error = StepError::new(ErrorKind::Data, format!("{what} is {found}, where a list of items is wanted"));
    let fields = page.as_object().into_iter().flatten().filter(|(_, value)| value.is_array());
    let lists: Vec<String> = fields.map(|(name, _)| format!("`items: {name:?}`")).collect();
    if lists.is_empty() { error } else { error.help(format!("say where they are: {}", lists.join(" or "))) }
}

/// The request with another value for an argument of its query.
fn with(request: &HttpRequest, name: &str, value: String) -> HttpRequest {
    let mut request = request.clone();
    match request.query.iter_mut().find(|(other, _)| **other == *name) {
        Some((_, old)) => *old = value,
        None => request.query.push((name.into(), value)),
    }
    request
}

fn number_of(request: &HttpRequest, name: &str) -> Result<i64, StepError> {
    let text = request.query.iter().find(|(other, _)| **other == *name).map_or("", |(_, value)| value);
    text.parse().ok().filter(|number| *number < i64::MAX).ok_or_else(|| {
        StepError::new(ErrorKind::Data, format!("`{name}` counts pages, and `{text}` is no number"))
            .help(format!("begin with a number: `query: {{ {name}: 1 }}`"))
    })
}

fn address(request: &HttpRequest) -> String {
    format!("{} {:?}", request.path, request.query)
}

/// What a page holds at a place such as `meta.next`.
fn walk<'j>(page: &'j Json, place: &str) -> Option<&'j Json> {
    place.split('.').try_fold(page, |json, field| json.get(field))
}

/// The next page's name. That it is missing says that there is none; a page without what it should stand in does not.
fn next_named(page: &Json, place: &str) -> Result<Option<String>, StepError> {
    if let Some((outer, _)) = place.rsplit_once('.')
        && !walk(page, outer).is_some_and(Json::is_object)
    {
        return Err(StepError::new(
            ErrorKind::Data,
            format!("the answer has no `{outer}`, in which `{place}` would stand"),
        ));
    }
    match walk(page, place) {
        None | Some(Json::Null | Json::Bool(false)) => Ok(None),
        Some(Json::String(text)) => Ok((!text.is_empty()).then(|| text.clone())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => {
            let message = format!("`{place}` is {}, where a cursor or an address is wanted", kind(other));
            Err(StepError::new(ErrorKind::Data, message))
        }
    }
}

const fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a record",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_named_or_there_is_none() {
        let named = |page: Json| next_named(&page, "meta.next").map_err(|error| error.message);
        assert_eq!(named(json!({ "meta": { "next": "abc" } })), Ok(Some("abc".to_owned())));
        assert_eq!(named(json!({ "meta": { "next": 17 } })), Ok(Some("17".to_owned())));
        for end in [json!(null), json!(""), json!(false)] {
            assert_eq!(named(json!({ "meta": { "next": end } })), Ok(None));
        }
        assert_eq!(named(json!({ "meta": {} })), Ok(None));
        assert_eq!(named(json!({})), Err("the answer has no `meta`, in which `meta.next` would stand".to_owned()));
        assert!(named(json!({ "meta": { "next": ["a"] } })).unwrap_err().contains("is a list"));
    }
}

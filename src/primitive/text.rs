//! Texts: letters, parts, printing.

use std::fmt::Write;
use std::sync::Arc;

use super::refined::{Count, Part};
use super::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{self, ErrorKind, StepError, T, Type, Value, cut};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Upper>(),
    Spec::pure::<Lower>(),
    Spec::pure::<Trim>(),
    Spec::pure::<Length>(),
    Spec::pure::<Split>(),
    Spec::pure::<Join>(),
    Spec::pure::<Replace>(),
    Spec::pure::<StartsWith>(),
    Spec::pure::<EndsWith>(),
    Spec::pure::<Format>(),
    Spec::pure::<PercentEncode>(),
    Spec::pure::<ParseJson>(),
    Spec::pure::<Take>(),
    Spec::pure::<Skip>(),
];

args! {
    struct TextArgs {
        /// The text.
        text: Arc<str>,
    }
}

struct Upper;
impl Primitive for Upper {
    type Args = TextArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.upper";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A text in upper case.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"upper("btc")"#, gives: "BTC" }];
}
impl Pure for Upper {
    fn run(args: TextArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.to_uppercase().into())
    }
}

struct Lower;
impl Primitive for Lower {
    type Args = TextArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.lower";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A text in lower case.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"lower("BTC")"#, gives: "btc" }];
}
impl Pure for Lower {
    fn run(args: TextArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.to_lowercase().into())
    }
}

struct Trim;
impl Primitive for Trim {
    type Args = TextArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.trim";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A text without white space at its ends.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"trim("  nav ")"#, gives: "nav" }];
}
impl Pure for Trim {
    fn run(args: TextArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.trim().into())
    }
}

struct Length;
impl Primitive for Length {
    type Args = TextArgs;
    type Output = i64;
    const NAME: &'static str = "text.length";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "How many characters a text has.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"length("café")"#, gives: "4" }];
}
impl Pure for Length {
    fn run(args: TextArgs) -> Result<i64, StepError> {
        Ok(i64::try_from(args.text.chars().count()).unwrap_or(i64::MAX))
    }
}

struct Split;
args! {
    struct SplitArgs {
        /// The text.
        text: Arc<str>,
        /// What stands between the parts.
        by: Part,
    }
}
impl Primitive for Split {
    type Args = SplitArgs;
    type Output = Vec<Arc<str>>;
    const NAME: &'static str = "text.split";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The parts of a text between separators, empty ones too.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"split("a,b,,c", ",")"#, gives: "[a, b, , c]" }];
}
impl Pure for Split {
    fn run(args: SplitArgs) -> Result<Vec<Arc<str>>, StepError> {
        Ok(args.text.split(&*args.by.0).map(Arc::from).collect())
    }
}

struct Join;
args! {
    struct JoinArgs {
        /// The texts.
        parts: Vec<Arc<str>>,
        /// What to put between them.
        by: Arc<str>,
    }
}
impl Primitive for Join {
    type Args = JoinArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.join";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Texts put together, with a separator between them.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"join(["a", "b"], by: "/")"#, gives: "a/b" }];
}
impl Pure for Join {
    fn run(args: JoinArgs) -> Result<Arc<str>, StepError> {
        Ok(args.parts.join(&*args.by).into())
    }
}

struct Replace;
args! {
    struct ReplaceArgs {
        /// The text.
        text: Arc<str>,
        /// What to look for, taken as it is.
        part: Part,
        /// What to put in its place.
        by: Arc<str>,
    }
}
impl Primitive for Replace {
    type Args = ReplaceArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.replace";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A text with every occurrence of a part replaced.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"replace("a-b-c", "-", by: "_")"#, gives: "a_b_c" }];
}
impl Pure for Replace {
    fn run(args: ReplaceArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.replace(&*args.part.0, &args.by).into())
    }
}

args! {
    struct PartArgs {
        /// The text.
        text: Arc<str>,
        /// What to look for, taken as it is.
        part: Arc<str>,
    }
}

struct StartsWith;
impl Primitive for StartsWith {
    type Args = PartArgs;
    type Output = bool;
    const NAME: &'static str = "text.starts_with";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether a text begins with a part.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"starts_with("apex_nav", "apex_")"#, gives: "true" }];
}
impl Pure for StartsWith {
    fn run(args: PartArgs) -> Result<bool, StepError> {
        Ok(args.text.starts_with(&*args.part))
    }
}

struct EndsWith;
impl Primitive for EndsWith {
    type Args = PartArgs;
    type Output = bool;
    const NAME: &'static str = "text.ends_with";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether a text ends with a part.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"ends_with("requests_total", "_total")"#, gives: "true" }];
}
impl Pure for EndsWith {
    fn run(args: PartArgs) -> Result<bool, StepError> {
        Ok(args.text.ends_with(&*args.part))
    }
}

struct Format;
args! {
    struct FormatArgs {
        /// The value.
        value: T,
        /// As in `f"{value:format}"`: strftime's letters for dates and instants (in UTC), Python's for numbers and texts.
        format: Arc<str>,
    }
}
impl Primitive for Format {
    type Args = FormatArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.format";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A value printed with a format.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"format(2025-01-31, "%d/%m/%Y")"#, gives: "31/01/2025" },
        Example { source: r#"format(1234.5, ",.2f")"#, gives: "1,234.50" },
    ];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let (Some(ty), Some(Value::Text(format))) = (call.types.first()?, call.literals.get(1)?) else { return None };
        value::check_format(ty, format).err().map(Err)
    }
}
impl Pure for Format {
    fn run(args: FormatArgs) -> Result<Arc<str>, StepError> {
        value::format(&args.value.0, &args.format).map(Arc::from)
    }
}

struct PercentEncode;
impl Primitive for PercentEncode {
    type Args = TextArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.percent_encode";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "A text as one piece of an address's path: everything but letters, digits and `-._~` is escaped.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"f"/api/rates/{percent_encode("EUR/USD")}""#, gives: "/api/rates/EUR%2FUSD" },
        Example { source: r#"percent_encode("é")"#, gives: "%C3%A9" },
    ];
}
impl Pure for PercentEncode {
    fn run(args: TextArgs) -> Result<Arc<str>, StepError> {
        let mut encoded = String::with_capacity(args.text.len());
        for byte in args.text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                // Writing into a text never fails.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        Ok(encoded.into())
    }
}

args! {
    struct CountArgs {
        /// The text.
        text: Arc<str>,
        /// How many characters; more than there are does no harm.
        count: Count,
    }
}

impl CountArgs {
    /// The byte behind so many characters.
    fn at(&self) -> usize {
        let count = usize::try_from(self.count.0).unwrap_or(usize::MAX);
        self.text.char_indices().nth(count).map_or(self.text.len(), |(at, _)| at)
    }
}

struct ParseJson;
args! {
    struct ParseJsonArgs {
        /// One JSON value and nothing behind it.
        text: Arc<str>,
    }
}
impl Primitive for ParseJson {
    type Args = ParseJsonArgs;
    type Output = Arc<serde_json::Value>;
    const NAME: &'static str = "text.parse_json";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "Reads JSON that is kept in a text, as in a column; walk it, or decode it with `as T`.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"parse_json("{ \"a\": [1, 2] }").a[1] as int?"#, gives: "2" }];
}
impl Pure for ParseJson {
    fn run(args: ParseJsonArgs) -> Result<Arc<serde_json::Value>, StepError> {
        let refused =
            |error| StepError::new(ErrorKind::Data, format!("{:?} is not JSON: {error}", cut(&args.text, 60)));
        serde_json::from_str(&args.text).map(Arc::new).map_err(refused)
    }
}

struct Take;
impl Primitive for Take {
    type Args = CountArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.take";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The first characters of a text.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#""café au lait".take(4)"#, gives: "café" }];
}
impl Pure for Take {
    fn run(args: CountArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.get(..args.at()).unwrap_or_default().into())
    }
}

struct Skip;
impl Primitive for Skip {
    type Args = CountArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "text.skip";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A text without its first characters.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#""café au lait".skip(5)"#, gives: "au lait" }];
}
impl Pure for Skip {
    fn run(args: CountArgs) -> Result<Arc<str>, StepError> {
        Ok(args.text.get(args.at()..).unwrap_or_default().into())
    }
}

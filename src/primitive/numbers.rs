//! Numbers: adding up, comparing, rounding. Nothing wraps: a result that does not fit is an error.

use std::marker::PhantomData;
use std::sync::Arc;

use bigdecimal::{BigDecimal, FromPrimitive, RoundingMode, ToPrimitive};

use super::refined::Digits;
use super::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{
    ErrorKind, Number, Ordered, Reflect, ReflectError, Sequence, StepError, Type, Value, decimal_from_text,
};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Sum>().widened(),
    Spec::pure::<Min>(),
    Spec::pure::<Max>(),
    Spec::pure::<Mean>(),
    Spec::pure::<Round>(),
    Spec::pure::<Abs>(),
    Spec::pure::<Floor>(),
    Spec::pure::<Ceil>(),
    Spec::pure::<IsFinite>(),
    Spec::pure::<ParseInt>(),
    Spec::pure::<ParseFloat>(),
    Spec::pure::<ParseDecimal>(),
];

fn overflow(doing: &str, limit: &str) -> StepError {
    StepError::new(ErrorKind::Arithmetic, format!("{doing} does not fit into {limit}"))
}

fn not_numbers(verb: &str, value: &Value) -> StepError {
    StepError::new(ErrorKind::Data, format!("`{verb}` wants numbers of one kind, found `{}`", value.kind()))
}

pub(super) fn empty(verb: &str) -> StepError {
    StepError::new(ErrorKind::Missing, format!("an empty list has no `{verb}`"))
        .help(format!("decide what then: `if xs.count > 0 then {verb}(xs) else …`"))
}

/// Adds two numbers of one kind; an int among floats is a float.
pub(super) fn add(a: &Value, b: &Value) -> Result<Value, StepError> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(|| overflow("the sum", "`int`")),
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_add(*b).map(Value::Duration).ok_or_else(|| overflow("the sum", "`duration`"))
        }
        (Value::Float(a), Value::Float(b)) => floats(*a, *b),
        (Value::Float(a), Value::Int(b)) | (Value::Int(b), Value::Float(a)) => floats(*a, *b as f64),
        (Value::Decimal(a), Value::Decimal(b)) => Ok(Value::Decimal(Arc::new(&**a + &**b))),
        (Value::Decimal(a), Value::Int(b)) | (Value::Int(b), Value::Decimal(a)) => {
            Ok(Value::Decimal(Arc::new(&**a + BigDecimal::from(*b))))
        }
        (a, b) => Err(not_numbers("sum", if matches!(a, Value::Int(_)) { b } else { a })),
    }
}

fn floats(a: f64, b: f64) -> Result<Value, StepError> {
    let sum = a + b;
    if sum.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(overflow("the sum", "`float`"));
    }
    Ok(Value::Float(sum))
}

/// Items that are taken one by one, so that those of a column are never all values at once.
#[derive(Debug)]
struct Items<R>(Sequence, PhantomData<R>);

impl<R: Reflect> Reflect for Items<R> {
    fn ty() -> Type {
        Type::list(R::ty())
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let wrong = ReflectError::Type { wanted: Self::ty(), found: value.kind() };
        Sequence::of(&value).map(|items| Self(items, PhantomData)).ok_or(wrong)
    }
    fn into_value(self) -> Value {
        self.0.into_value()
    }
}

args! {
    struct NumbersArgs {
        /// The numbers.
        items: Items<Number>,
    }
}

struct Sum;
impl Primitive for Sum {
    type Args = NumbersArgs;
    type Output = Number;
    const NAME: &'static str = "numbers.sum";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Numbers or durations added up; 0 for an empty list.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: "sum([1, 2, 3])", gives: "6" },
        Example { source: "sum([1.5, 2])", gives: "3.5" },
        Example { source: "sum([])", gives: "0" },
    ];
}
impl Pure for Sum {
    /// An empty list gives the int 0, of which the checker makes one of the type that it knows the list to have.
    fn run(args: NumbersArgs) -> Result<Number, StepError> {
        let mut items = args.items.0.iter();
        let Some(first) = items.next() else { return Ok(Number(Value::Int(0))) };
        items.try_fold(first, |total, item| add(&total, &item)).map(Number)
    }
}

args! {
    struct OrderedArgs {
        /// The values: numbers, texts, dates, instants. NaN counts as greater than every number.
        items: Items<Ordered>,
    }
}

struct Min;
impl Primitive for Min {
    type Args = OrderedArgs;
    type Output = Ordered;
    const NAME: &'static str = "numbers.min";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The smallest, or earliest, value of a list; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "min([2025-01-31, 2025-01-30])", gives: "2025-01-30" }];
}
impl Pure for Min {
    fn run(args: OrderedArgs) -> Result<Ordered, StepError> {
        args.items.0.iter().min().map(Ordered).ok_or_else(|| empty("min"))
    }
}

struct Max;
impl Primitive for Max {
    type Args = OrderedArgs;
    type Output = Ordered;
    const NAME: &'static str = "numbers.max";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The greatest, or latest, value of a list; an empty list fails.";
    const EXAMPLES: &'static [Example] = &[Example { source: "max([3, 1, 2])", gives: "3" }];
}
impl Pure for Max {
    fn run(args: OrderedArgs) -> Result<Ordered, StepError> {
        args.items.0.iter().max().map(Ordered).ok_or_else(|| empty("max"))
    }
}

struct Mean;
impl Primitive for Mean {
    type Args = NumbersArgs;
    type Output = Number;
    const NAME: &'static str = "numbers.mean";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The average: a float of ints and floats, else of the items' type; an empty list fails.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "mean([1, 2])", gives: "1.5" }, Example { source: "mean([1s, 2s])", gives: "1s500ms" }];
    fn returns() -> Type {
        Type::Float
    }
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        match call.types.first()?.as_ref()?.item()? {
            item @ (Type::Decimal | Type::Duration | Type::Any) => Some(Ok(item)),
            _ => None,
        }
    }
}
impl Pure for Mean {
    fn run(args: NumbersArgs) -> Result<Number, StepError> {
        let (count, items) = (args.items.0.len(), &args.items.0);
        // Ints and durations are added in 128 bits, so that a mean never fails for its sum.
        let whole = |pick: fn(&Value) -> Option<i64>| {
            items.iter().map(|item| pick(&item).map(i128::from)).sum::<Option<i128>>().filter(|_| count > 0)
        };
        if let Some(total) = whole(|value| if let Value::Int(n) = value { Some(*n) } else { None }) {
            return Ok(Number(Value::Float(total as f64 / count as f64)));
        }
        if let Some(total) = whole(|value| if let Value::Duration(ms) = value { Some(*ms) } else { None }) {
            let mean = i64::try_from(total / count as i128).map_err(|_| overflow("the mean", "`duration`"))?;
            return Ok(Number(Value::Duration(mean)));
        }
        match items.iter().try_fold(Value::Int(0), |total, item| add(&total, &item))? {
            Value::Float(total) => Ok(Number(Value::Float(total / count as f64))),
            Value::Decimal(total) => Ok(Number(Value::Decimal(Arc::new(&*total / BigDecimal::from(count as u64))))),
            _ => Err(empty("mean")),
        }
    }
}

/// Refuses a duration, whose parts are rounded by nobody's rule.
fn no_duration(call: &Known<'_>, verb: &str) -> Option<Result<Type, String>> {
    let is_duration = matches!(call.types.first(), Some(Some(Type::Duration)));
    is_duration.then(|| Err(format!("`{verb}` wants a number, found `duration`; its `.seconds` is one")))
}

struct Round;
args! {
    struct RoundArgs {
        /// The number.
        x: Number,
        /// How many digits to keep after the point.
        digits: Digits = Digits(0),
    }
}
impl Primitive for Round {
    type Args = RoundArgs;
    type Output = Number;
    const NAME: &'static str = "numbers.round";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The nearest number with so many digits after the point, halves away from zero; the type stays.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: "round(2.345, 1)", gives: "2.3" }, Example { source: "round(-2.5)", gives: "-3" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        no_duration(&call, "round")
    }
}
impl Pure for Round {
    /// A float is rounded as the exact number it is: 2.675 is a little less than it looks and gives 2.67.
    fn run(args: RoundArgs) -> Result<Number, StepError> {
        let digits = args.digits.0;
        let rounded = match &args.x.0 {
            Value::Int(n) => Value::Int(*n),
            Value::Decimal(d) => Value::Decimal(Arc::new(d.with_scale_round(digits, RoundingMode::HalfUp))),
            Value::Float(x) if digits == 0 => Value::Float(x.round()),
            Value::Float(x) => Value::Float(round_float(*x, digits)),
            other => return Err(not_numbers("round", other)),
        };
        Ok(Number(rounded))
    }
}

/// Floats from 2^53 on have no digits after the point, and those that are not finite stay what they are.
fn round_float(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || x.abs() >= 9_007_199_254_740_992.0 {
        return x;
    }
    let exact = BigDecimal::from_f64(x).map(|d| d.with_scale_round(digits, RoundingMode::HalfUp));
    exact.and_then(|d| d.to_string().parse().ok()).unwrap_or(x)
}

args! {
    struct NumberArgs {
        /// The number.
        x: Number,
    }
}

struct Abs;
impl Primitive for Abs {
    type Args = NumberArgs;
    type Output = Number;
    const NAME: &'static str = "numbers.abs";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A number or duration without its sign.";
    const EXAMPLES: &'static [Example] = &[Example { source: "abs(-1.5)", gives: "1.5" }];
}
impl Pure for Abs {
    fn run(args: NumberArgs) -> Result<Number, StepError> {
        let value = match &args.x.0 {
            Value::Int(n) => Value::Int(n.checked_abs().ok_or_else(|| overflow("the absolute value", "`int`"))?),
            Value::Duration(n) => {
                Value::Duration(n.checked_abs().ok_or_else(|| overflow("the absolute value", "`duration`"))?)
            }
            Value::Float(x) => Value::Float(x.abs()),
            Value::Decimal(d) => Value::Decimal(Arc::new(d.abs())),
            other => return Err(not_numbers("abs", other)),
        };
        Ok(Number(value))
    }
}

/// A number as the whole number that `mode` leads to.
fn whole(verb: &str, x: &Number, mode: RoundingMode) -> Result<i64, StepError> {
    let exact = match &x.0 {
        Value::Int(n) => return Ok(*n),
        Value::Float(x) if x.abs() < 1e19 => BigDecimal::from_f64(*x),
        Value::Float(_) => None,
        Value::Decimal(d) => Some((**d).clone()),
        other => return Err(not_numbers(verb, other)),
    };
    exact
        .and_then(|d| d.with_scale_round(0, mode).to_i64())
        .ok_or_else(|| overflow(&format!("`{verb}` of the number"), "`int`"))
}

struct Floor;
impl Primitive for Floor {
    type Args = NumberArgs;
    type Output = i64;
    const NAME: &'static str = "numbers.floor";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The greatest whole number that is not above a number.";
    const EXAMPLES: &'static [Example] = &[Example { source: "floor(-1.5)", gives: "-2" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        no_duration(&call, "floor")
    }
}
impl Pure for Floor {
    fn run(args: NumberArgs) -> Result<i64, StepError> {
        whole("floor", &args.x, RoundingMode::Floor)
    }
}

struct Ceil;
impl Primitive for Ceil {
    type Args = NumberArgs;
    type Output = i64;
    const NAME: &'static str = "numbers.ceil";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The smallest whole number that is not below a number.";
    const EXAMPLES: &'static [Example] = &[Example { source: "ceil(1.2)", gives: "2" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        no_duration(&call, "ceil")
    }
}
impl Pure for Ceil {
    fn run(args: NumberArgs) -> Result<i64, StepError> {
        whole("ceil", &args.x, RoundingMode::Ceiling)
    }
}

struct IsFinite;
args! {
    struct IsFiniteArgs {
        /// The number.
        x: f64,
    }
}
impl Primitive for IsFinite {
    type Args = IsFiniteArgs;
    type Output = bool;
    const NAME: &'static str = "numbers.is_finite";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether a float is a number: neither NaN nor infinite.";
    const EXAMPLES: &'static [Example] = &[Example { source: "is_finite(1.5)", gives: "true" }];
}
impl Pure for IsFinite {
    fn run(args: IsFiniteArgs) -> Result<bool, StepError> {
        Ok(args.x.is_finite())
    }
}

args! {
    struct WrittenNumberArgs {
        /// The number as it is written, with a point and without separators; white space around it is no matter.
        text: Arc<str>,
    }
}

/// The number that a text is, read by `number`; an error says what was wanted.
fn written<N>(text: &str, wanted: &str, number: impl Fn(&str) -> Option<N>) -> Result<N, StepError> {
    let plain = Some(text.trim()).filter(|text| !text.contains('_'));
    plain.and_then(number).ok_or_else(|| {
        let error = StepError::new(ErrorKind::Data, format!("{} is not {wanted}", shown(text)));
        StepError { help: separator(text.trim()), ..error }
    })
}

/// A text in quotes, its beginning when it is long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// What to do about a sign between digits. Nobody but the author knows whether a comma stands for the point.
fn separator(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().take(40).collect();
    let sign = letters.windows(3).find_map(|three| match three {
        [a, sign, b] if a.is_ascii_digit() && b.is_ascii_digit() && !sign.is_ascii_alphanumeric() => Some(*sign),
        _ => None,
    })?;
    match sign {
        '.' | ',' if letters.contains(&',') => Some(
            "a comma between groups of digits goes by `replace(text, \",\", \"\")`; where it stands for the point, \
             write `replace(text, \",\", \".\")`"
                .to_owned(),
        ),
        '_' | '\'' | ' ' | '\u{a0}' | '\u{202f}' => {
            Some(format!("take the separators out: `replace(text, \"{sign}\", \"\")`"))
        }
        _ => None,
    }
}

struct ParseInt;
impl Primitive for ParseInt {
    type Args = WrittenNumberArgs;
    type Output = i64;
    const NAME: &'static str = "numbers.parse_int";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Reads a whole number that is written in a text, as in a label.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"parse_int("-42")"#, gives: "-42" }];
}
impl Pure for ParseInt {
    fn run(args: WrittenNumberArgs) -> Result<i64, StepError> {
        written(&args.text, "a whole number from -9223372036854775808 to 9223372036854775807", |text| text.parse().ok())
    }
}

struct ParseFloat;
impl Primitive for ParseFloat {
    type Args = WrittenNumberArgs;
    type Output = f64;
    const NAME: &'static str = "numbers.parse_float";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Reads a number that is written in a text: `1.5`, `2e-3`, also `NaN` and `Inf`.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"parse_float("1.5e3")"#, gives: "1500" }];
}
impl Pure for ParseFloat {
    fn run(args: WrittenNumberArgs) -> Result<f64, StepError> {
        written(&args.text, "a number", |text| text.parse().ok())
    }
}

struct ParseDecimal;
impl Primitive for ParseDecimal {
    type Args = WrittenNumberArgs;
    type Output = BigDecimal;
    const NAME: &'static str = "numbers.parse_decimal";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Reads a number that is written in a text, with all of its digits.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"parse_decimal("0.10")"#, gives: "0.10" }];
}
impl Pure for ParseDecimal {
    fn run(args: WrittenNumberArgs) -> Result<BigDecimal, StepError> {
        written(&args.text, "a number", decimal_from_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Reflect;

    fn numbers(values: impl IntoIterator<Item = impl Reflect>) -> NumbersArgs {
        let items = Value::list(values.into_iter().map(Reflect::into_value).collect());
        NumbersArgs { items: Items::from_value(items).unwrap() }
    }

    fn number(value: impl Reflect) -> NumberArgs {
        NumberArgs { x: Number(value.into_value()) }
    }

    #[test]
    fn ints_never_wrap() {
        assert_eq!(Sum::run(numbers([i64::MAX, 1])).unwrap_err().kind, ErrorKind::Arithmetic);
        assert_eq!(Abs::run(number(i64::MIN)).unwrap_err().kind, ErrorKind::Arithmetic);
        assert_eq!(Mean::run(numbers([i64::MAX, i64::MAX])).unwrap().0, Value::Float(i64::MAX as f64));
        for bad in [1e19, f64::NAN, f64::INFINITY, 9_223_372_036_854_775_808.0] {
            assert_eq!(Floor::run(number(bad)).unwrap_err().kind, ErrorKind::Arithmetic, "{bad}");
        }
        assert!(Ceil::run(number("1e10000".parse::<BigDecimal>().unwrap())).is_err());
        assert_eq!(Ceil::run(number("1e-9".parse::<BigDecimal>().unwrap())).unwrap(), 1);
    }

    #[test]
    fn an_empty_list_has_a_sum_and_no_mean() {
        assert_eq!(Sum::run(numbers(Vec::<f64>::new())).unwrap().0, Value::Float(0.0));
        assert_eq!(Mean::run(numbers(Vec::<f64>::new())).unwrap_err().kind, ErrorKind::Missing);
        assert_eq!(
            Min::run(OrderedArgs { items: Items::from_value(Value::list(vec![])).unwrap() }).unwrap_err().message,
            "an empty list has no `min`"
        );
    }

    #[test]
    fn kinds_do_not_mix() {
        let mixed =
            NumbersArgs { items: Items::from_value(Value::list(vec![Value::Int(1), Value::text("2")])).unwrap() };
        assert_eq!(Sum::run(mixed).unwrap_err().message, "`sum` wants numbers of one kind, found `text`");
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let written = |text: &str| WrittenNumberArgs { text: text.into() };
        let message = |text: &str| ParseInt::run(written(text)).unwrap_err().message;
        assert_eq!(ParseInt::run(written(" +42\n")).unwrap(), 42);
        let float = |text: &str| Value::Float(ParseFloat::run(written(text)).unwrap());
        assert_eq!((float("-1e-3"), float("+Inf")), (Value::Float(-0.001), Value::Float(f64::INFINITY)));
        assert!(ParseFloat::run(written("NaN")).unwrap().is_nan());
        assert_eq!(
            ParseDecimal::run(written("12345678901234567890.10")).unwrap().to_string(),
            "12345678901234567890.10"
        );
        let no = |text: &str| format!("{text} is not a whole number from -9223372036854775808 to 9223372036854775807");
        for bad in ["n/a", "", "1.5", "9223372036854775808", "1_000", "- 5"] {
            assert_eq!(message(bad), no(&format!("{bad:?}")));
        }
        assert_eq!(message(&"9".repeat(1_000_000)), no(&format!("\"{}\"…", "9".repeat(60))));
        // Ten characters that would be a gigabyte of digits, and digits that would take a minute.
        for bad in ["1e999999999".to_owned(), "9".repeat(2_000_000), "1_0".to_owned()] {
            assert!(ParseDecimal::run(written(&bad)).is_err());
        }
    }

    #[test]
    fn what_a_comma_stands_for_is_the_authors_to_say() {
        let help = |text: &str| ParseFloat::run(WrittenNumberArgs { text: text.into() }).unwrap_err().help;
        for comma in ["1,5", "1,234.5", "1.234,50"] {
            assert!(help(comma).is_some_and(|help| help.contains("stands for the point")), "{comma}");
        }
        assert_eq!(help("1 000").as_deref(), Some("take the separators out: `replace(text, \" \", \"\")`"));
        for none in ["_1", "- 5", "n/a", "1.2.3", "2025-01-31"] {
            assert_eq!(help(none), None, "{none}");
        }
    }

    #[test]
    fn floats_round_as_the_numbers_they_are() {
        let round =
            |x: f64, digits| Round::run(RoundArgs { x: Number(Value::Float(x)), digits: Digits(digits) }).unwrap().0;
        assert_eq!(round(2.675, 2), Value::Float(2.67));
        assert_eq!(round(0.125, 2), Value::Float(0.13));
        assert_eq!(round(-2.5, 0), Value::Float(-3.0));
        assert_eq!(round(f64::INFINITY, 2), Value::Float(f64::INFINITY));
        assert_eq!(round(1e300, 5), Value::Float(1e300));
        assert_eq!(round(5e-324, 30), Value::Float(0.0));
    }
}

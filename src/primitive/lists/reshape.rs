//! Lists in another shape: flattened, cut into pieces, numbered, reversed, without another's items.

use std::collections::HashSet;

use super::pairs;
use crate::primitive::refined::Positive;
use crate::primitive::{Example, Form, Primitive, Pure, Spec, args};
use crate::value::{Column, ErrorKind, RecordType, Reflect, Sequence, StepError, T, Type, Value};

pub(in crate::primitive) static SPECS: &[Spec] = &[
    Spec::pure::<Flatten>(),
    Spec::pure::<Chunk>(),
    Spec::pure::<Enumerate>(),
    Spec::pure::<Reverse>(),
    Spec::pure::<Difference>(),
];

struct Flatten;
args! {
    struct FlattenArgs {
        /// Lists, one level of which goes.
        lists: Vec<Sequence>,
    }
}
impl Primitive for Flatten {
    type Args = FlattenArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.flatten";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The items of several lists in one list.";
    const EXAMPLES: &'static [Example] = &[Example { source: "flatten([[1, 2], [], [3]])", gives: "[1, 2, 3]" }];
}
impl Pure for Flatten {
    fn run(args: FlattenArgs) -> Result<Sequence, StepError> {
        let items: Column = args.lists.iter().flat_map(Sequence::iter).collect();
        Sequence::from_value(items.into_list()).map_err(|error| StepError::new(ErrorKind::Internal, error.to_string()))
    }
}

struct Chunk;
args! {
    struct ChunkArgs {
        /// The list.
        items: Sequence,
        /// How many items each piece has; the last may have fewer.
        size: Positive,
    }
}
impl Primitive for Chunk {
    type Args = ChunkArgs;
    type Output = T;
    const NAME: &'static str = "lists.chunk";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A list cut into pieces of one size, as for writing it in batches.";
    const EXAMPLES: &'static [Example] = &[Example { source: "chunk([1, 2, 3], size: 2)", gives: "[[1, 2], [3]]" }];
    fn returns() -> Type {
        Type::list(Type::list(T::ty()))
    }
}
impl Pure for Chunk {
    fn run(args: ChunkArgs) -> Result<T, StepError> {
        let size = usize::try_from(args.size.0).unwrap_or(usize::MAX);
        let (count, items) = (args.items.len().div_ceil(size), &args.items);
        let piece = |n: usize| {
            let rows: Vec<usize> = (n * size..(n + 1).saturating_mul(size).min(items.len())).collect();
            items.pick(&rows).into_value()
        };
        Ok(T(Value::list((0..count).map(piece).collect())))
    }
}

args! {
    struct ItemsArgs {
        /// The list.
        items: Sequence,
    }
}

struct Enumerate;
impl Primitive for Enumerate {
    type Args = ItemsArgs;
    type Output = T;
    const NAME: &'static str = "lists.enumerate";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The items of a list with their places, counted from 0.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"enumerate(["a", "b"])"#, gives: "[{ index: 0, item: a }, { index: 1, item: b }]" }];
    fn returns() -> Type {
        Type::list(Type::Record(RecordType::new([("index", Type::Int), ("item", T::ty())])))
    }
}
impl Pure for Enumerate {
    fn run(args: ItemsArgs) -> Result<T, StepError> {
        let rows = args.items.len();
        let numbers = (0..).take(rows).map(Value::Int).collect();
        Ok(T(pairs(["index", "item"], [numbers, args.items.to_column()], rows)))
    }
}

struct Reverse;
impl Primitive for Reverse {
    type Args = ItemsArgs;
    type Output = Sequence;
    const NAME: &'static str = "lists.reverse";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A list from its end to its beginning.";
    const EXAMPLES: &'static [Example] = &[Example { source: "reverse([3, 1, 2])", gives: "[2, 1, 3]" }];
}
impl Pure for Reverse {
    fn run(args: ItemsArgs) -> Result<Sequence, StepError> {
        Ok(args.items.pick(&(0..args.items.len()).rev().collect::<Vec<_>>()))
    }
}

struct Difference;
args! {
    struct DifferenceArgs {
        /// The list.
        items: Vec<T>,
        /// What is left out of it.
        without: Vec<T>,
    }
}
impl Primitive for Difference {
    type Args = DifferenceArgs;
    type Output = Vec<T>;
    const NAME: &'static str = "lists.difference";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The items of a list that are not in another, in their order.";
    const EXAMPLES: &'static [Example] = &[Example { source: "difference([1, 2, 3], without: [2])", gives: "[1, 3]" }];
}
impl Pure for Difference {
    fn run(args: DifferenceArgs) -> Result<Vec<T>, StepError> {
        let unwanted: HashSet<T> = args.without.into_iter().collect();
        Ok(args.items.into_iter().filter(|item| !unwanted.contains(item)).collect())
    }
}

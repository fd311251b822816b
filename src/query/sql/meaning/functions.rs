//! What the well-known functions give. Any other gives something unknown.

use sqlparser::ast::{
    Expr, Function, FunctionArgumentClause, FunctionArguments, OrderByExpr, WindowFrame, WindowFrameBound, WindowSpec,
    WindowType,
};

use super::Reader;
use super::expression::{Known, any_null, arguments};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::value::Type;

/// Functions that make one value of many rows.
pub(super) const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "total",
    "string_agg",
    "group_concat",
    "array_agg",
    "bool_and",
    "bool_or",
    "every",
    "json_agg",
    "jsonb_agg",
    "json_group_array",
    "json_group_object",
    "jsonb_object_agg",
    "json_object_agg",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "percentile_cont",
    "percentile_disc",
    "mode",
    "corr",
];

/// Functions that give a text, null when an argument is.
const TEXTS: &[&str] = &[
    "upper",
    "lower",
    "trim",
    "ltrim",
    "rtrim",
    "btrim",
    "replace",
    "substr",
    "substring",
    "left",
    "right",
    "initcap",
    "repeat",
    "lpad",
    "rpad",
    "to_char",
    "md5",
    "hex",
    "strftime",
    "printf",
    "translate",
    "split_part",
    "reverse",
    "quote",
    "typeof",
];

/// Functions that give a whole number, null when an argument is.
const INTS: &[&str] =
    &["length", "char_length", "character_length", "octet_length", "instr", "strpos", "unicode", "ascii"];

/// Functions of a row's place among others.
const NUMBERINGS: &[&str] = &["row_number", "rank", "dense_rank", "ntile"];

impl Reader<'_> {
    pub(super) fn call(&mut self, call: &Function) -> Known {
        let given: Vec<Known> = arguments(&call.args).into_iter().map(|argument| self.expr(argument)).collect();
        self.clauses_of(call);
        self.known_function(call);
        let name = call.name.to_string().to_lowercase();
        self.numbers_rows(call, &name);
        self.local_call(call, &name, &given);
        let known = self.result(&name, &given);
        // With a filter or a window there may be no row to look at.
        let is_loose = call.filter.is_some() || call.over.is_some();
        let argument_nullable = if is_loose { None } else { any_null(&given) };
        Known { argument_nullable, ..known }
    }

    /// `row_number()` alone.
    fn numbers_rows(&mut self, call: &Function, name: &str) {
        let has_rows = call.over.is_some() || !call.within_group.is_empty();
        if has_rows || !NUMBERINGS.contains(&name) {
            return;
        }
        let span = Self::path(&call.name).map_or(self.surroundings.span, |path| self.across(&path));
        let finding =
            Diagnostic::new(&VF401, span, format!("`{name}` tells a row's place, and nothing says among which"));
        self.findings.push(finding.help(format!("write `{name}(…) over (order by …)`")));
    }

    /// What a call may hold beside its arguments: a condition, an order, a window.
    fn clauses_of(&mut self, call: &Function) {
        call.filter.iter().for_each(|filter| drop(self.expr(filter)));
        self.keys(&call.within_group);
        if let FunctionArguments::List(list) = &call.args {
            for clause in &list.clauses {
                match clause {
                    FunctionArgumentClause::OrderBy(keys) => self.keys(keys),
                    FunctionArgumentClause::Where(condition) => drop(self.expr(condition)),
                    _ => {}
                }
            }
        }
        if let Some(WindowType::WindowSpec(window)) = &call.over {
            self.window(window);
        }
    }

    pub(super) fn window(&mut self, window: &WindowSpec) {
        for key in &window.partition_by {
            self.key(key);
        }
        self.keys(&window.order_by);
        if let Some(WindowFrame { start_bound, end_bound, .. }) = &window.window_frame {
            for bound in end_bound.iter().chain([start_bound]) {
                if let WindowFrameBound::Preceding(Some(by)) | WindowFrameBound::Following(Some(by)) = bound {
                    self.expr(by);
                }
            }
        }
    }

    /// What rows are put in order by.
    pub(super) fn keys(&mut self, keys: &[OrderByExpr]) {
        for key in keys {
            self.key(&key.expr);
        }
    }

    /// What rows are grouped or put in order by.
    pub(super) fn key(&mut self, key: &Expr) {
        self.expr(key);
        self.local_key(key);
    }

    fn result(&self, name: &str, given: &[Known]) -> Known {
        let first = given.first().and_then(|argument| argument.ty.clone());
        let strict = any_null(given);
        let fraction = if self.is_sqlite() { Type::Float } else { Type::Decimal };
        match name {
            "count" => Known::of(Type::Int, Some(false)),
            "sum" => Known::maybe(first.filter(Type::is_number), Some(true)),
            "min" | "max" if given.len() == 1 => Known::maybe(first, Some(true)),
            "avg" => {
                let is_known = self.surroundings.dialect.is_some();
                let ty = first.filter(Type::is_number).filter(|_| is_known);
                Known::maybe(ty.map(|ty| if ty == Type::Float { ty } else { fraction }), Some(true))
            }
            "total" => Known::of(Type::Float, Some(false)),
            "string_agg" | "group_concat" => Known::of(Type::Text, Some(true)),
            "bool_and" | "bool_or" | "every" => Known::of(Type::Bool, Some(true)),
            "coalesce" | "ifnull" => {
                let nullable = given.iter().try_fold(true, |all, argument| Some(all && argument.nullable?));
                Known { nullable, ..one_of(given) }
            }
            "nullif" => Known::maybe(first, Some(true)),
            "greatest" | "least" => Known { nullable: strict, ..one_of(given) },
            "abs" => Known::maybe(first.filter(Type::is_number), strict),
            "round" if given.len() == 1 => {
                Known::maybe(first.filter(|ty| matches!(ty, Type::Float | Type::Decimal)), strict)
            }
            "lag" | "lead" | "first_value" | "last_value" | "nth_value" => Known::maybe(first, Some(true)),
            "concat" | "concat_ws" => Known::of(Type::Text, Some(false)),
            "now" | "current_timestamp" | "transaction_timestamp" | "statement_timestamp" | "clock_timestamp" => {
                Known::of(Type::Timestamp, Some(false))
            }
            "current_date" => Known::of(Type::Date, Some(false)),
            // Of what is no day or instant it makes a null.
            "date" if self.is_sqlite() => Known::of(Type::Date, Some(true)),
            "time" if self.is_sqlite() => Known::of(Type::Time, Some(true)),
            "datetime" if self.is_sqlite() => Known::of(Type::Timestamp, Some(true)),
            "date_trunc" => Known::of(Type::Timestamp, strict),
            name if TEXTS.contains(&name) => Known::of(Type::Text, strict),
            name if INTS.contains(&name) => Known::of(Type::Int, strict),
            name if NUMBERINGS.contains(&name) => Known::of(Type::Int, Some(false)),
            _ => Known::default(),
        }
    }
}

/// A value that is one of several: of their common type, if they have one.
pub(super) fn one_of(values: &[Known]) -> Known {
    let typed = values.iter().filter(|value| value.null.is_none());
    let types: Option<Vec<&Type>> = typed.map(|value| value.ty.as_ref()).collect();
    let ty = types.and_then(|types| {
        let (first, rest) = types.split_first()?;
        rest.iter().try_fold((*first).clone(), |ty, other| ty.join(other))
    });
    Known::maybe(ty, any_null(values))
}

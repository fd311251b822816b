//! What grammar rules are called among people.

use super::parser::Rule;

/// What a rule amounts to in "expected …", in the order in which it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// A comma, or a bracket that closes.
    Closer(&'static str),
    /// A word or sign to be written as it is.
    Exact(&'static str),
    /// Something to be filled in.
    Noun(&'static str),
    /// Any operator: said only when nothing else would do.
    Operator,
    /// Not worth a word: what may always follow, the inside of a literal.
    Silent,
}

const EXPRESSION: Word = Word::Noun("an expression");

/// The word for a rule. No wildcard, so that a new rule needs a decision.
#[rustfmt::skip]
pub(super) const fn word(rule: Rule) -> Word {
    use Word::{Closer, Exact, Noun, Operator, Silent};
    match rule {
        Rule::comma => Closer("`,`"),
        Rule::rparen => Closer("`)`"),
        Rule::rbrack => Closer("`]`"),
        Rule::rbrace => Closer("`}`"),
        Rule::rangle => Closer("`>`"),
        Rule::colon => Exact("`:`"),
        Rule::equals => Exact("`=`"),
        Rule::arrow => Exact("`->`"),
        Rule::lparen | Rule::params => Exact("`(`"),
        Rule::lbrack => Exact("`[`"),
        Rule::lbrace => Exact("`{`"),
        Rule::langle => Exact("`<`"),
        Rule::bar => Exact("`|`"),
        Rule::k_at | Rule::at => Exact("`at`"),
        Rule::k_as => Exact("`as`"),
        Rule::k_calendar | Rule::calendar => Exact("`calendar`"),
        Rule::k_defaults | Rule::defaults => Exact("`defaults`"),
        Rule::k_do | Rule::effect => Exact("`do`"),
        Rule::k_each => Exact("`each`"),
        Rule::k_else => Exact("`else`"),
        Rule::k_failed => Exact("`failed`"),
        Rule::k_failure => Exact("`failure`"),
        Rule::k_finally => Exact("`finally`"),
        Rule::k_fn | Rule::fn_def => Exact("`fn`"),
        Rule::k_for | Rule::loop_ | Rule::comp_for | Rule::comprehension => Exact("`for`"),
        Rule::k_given | Rule::given => Exact("`given`"),
        Rule::k_if | Rule::comp_if | Rule::if_ => Exact("`if`"),
        Rule::k_import | Rule::import => Exact("`import`"),
        Rule::k_in => Exact("`in`"),
        Rule::k_of => Exact("`of`"),
        Rule::k_on | Rule::recovery => Exact("`on failure`"),
        Rule::k_output | Rule::output => Exact("`output`"),
        Rule::k_parallel | Rule::parallel => Exact("`in parallel`"),
        Rule::k_param | Rule::param => Exact("`param`"),
        Rule::k_require => Exact("`require`"),
        Rule::k_set | Rule::set => Exact("`set`"),
        Rule::k_table | Rule::table => Exact("`table`"),
        Rule::k_test | Rule::test => Exact("`test`"),
        Rule::k_then => Exact("`then`"),
        Rule::k_transaction | Rule::transaction => Exact("`transaction`"),
        Rule::k_type | Rule::type_def => Exact("`type`"),
        Rule::k_use | Rule::connection | Rule::use_value => Exact("`use`"),
        Rule::k_when | Rule::when_ => Exact("`when`"),
        Rule::k_with | Rule::with => Exact("`with`"),
        Rule::k_workflow | Rule::workflow => Exact("`workflow`"),
        Rule::k_yield | Rule::yield_ => Exact("`yield`"),
        Rule::recovery_word => Exact("`skip`, `continue` or `stop`"),
        Rule::ident | Rule::pattern | Rule::param_sig | Rule::path | Rule::label
        | Rule::field_ty => Noun("a name"),
        Rule::ty | Rule::ty_part | Rule::ty_atom | Rule::ty_name | Rule::calendar_ty | Rule::record_ty => Noun("a type"),
        Rule::expr | Rule::paren | Rule::list | Rule::literal | Rule::one_expression | Rule::cell
        | Rule::boolean | Rule::none | Rule::tagged
        | Rule::k_not | Rule::minus => Noun("an expression"),
        Rule::arg => Noun("an argument"),
        Rule::entry => Noun("an entry `name: value`"),
        Rule::record => Noun("a record `{ … }`"),
        Rule::string | Rule::fstring => Noun("a text"),
        Rule::number => Noun("a number"),
        Rule::moment => Noun("a date"),
        Rule::header | Rule::row => Noun("a row `| … |`"),
        Rule::block => Noun("a block `{ … }`"),
        Rule::statement | Rule::bound | Rule::unbound | Rule::check | Rule::check_kind | Rule::one_statement
        | Rule::part | Rule::one_part | Rule::parts | Rule::test_part | Rule::one_test_part | Rule::handler => Noun("a statement"),
        Rule::item | Rule::one_item | Rule::step_def | Rule::step_kind => Noun("`workflow`, `step`, `action`, `fn` or another top-level item"),
        Rule::external => Noun("`=` and what runs the step"),
        Rule::k_and | Rule::k_or | Rule::compare_op | Rule::range_op | Rule::coalesce | Rule::add_op
        | Rule::multiply_op => Operator,
        Rule::call | Rule::index | Rule::field | Rule::cast | Rule::dot | Rule::dot_or_none | Rule::clause
        | Rule::optional | Rule::format | Rule::ftext | Rule::fend | Rule::hole | Rule::doc | Rule::item_end
        | Rule::statement_end | Rule::bad | Rule::bad_item | Rule::file | Rule::EOI
        | Rule::word | Rule::starts | Rule::numeral | Rule::one_moment | Rule::date | Rule::timestamp | Rule::time
        | Rule::quantity | Rule::plain | Rule::odd_number | Rule::zone | Rule::unit | Rule::digits | Rule::infix | Rule::prefix | Rule::postfix | Rule::primary
        | Rule::operand | Rule::closes
        | Rule::continuing | Rule::item_sync | Rule::statement_sync | Rule::first_word | Rule::starter
        | Rule::chunk | Rule::group | Rule::grouped | Rule::opener | Rule::closer => Silent,
    }
}

/// What would have been right, from the rules that were tried, in the order in which it is said.
pub(super) fn wanted(rules: &[Rule]) -> Vec<Word> {
    let after_expression = rules.contains(&Rule::add_op);
    let mut words: Vec<Word> = rules
        .iter()
        .filter(|rule| !(after_expression && continues_expression(**rule)))
        .map(|rule| word(*rule))
        .filter(|word| *word != Word::Silent)
        .collect();
    let has = |wanted: fn(&Word) -> bool| words.iter().any(wanted);
    let (expression, closer) = (has(|word| *word == EXPRESSION), has(|word| matches!(word, Word::Closer(_))));
    let other = has(|word| *word != Word::Operator);
    // Say the shortest thing that is true: one of many ways to begin an expression is "an expression".
    words.retain(|word| match word {
        Word::Closer(_) => true,
        Word::Noun(_) => !expression || *word == EXPRESSION,
        Word::Exact(_) => !expression && !closer,
        Word::Operator | Word::Silent => !other,
    });
    words.sort_unstable_by_key(|word| (*word != Word::Closer("`,`"), *word));
    words.dedup();
    words
}

/// "`,` or `)`", "an expression"; nothing where that would be a long list.
pub(super) fn sentence(words: &[Word]) -> Option<String> {
    let names: Vec<&str> = words.iter().map(|word| said(*word)).collect();
    match names.as_slice() {
        [one] => Some((*one).to_owned()),
        [rest @ .., last] if names.len() <= 5 => Some(format!("{} or {last}", rest.join(", "))),
        _ => None,
    }
}

/// After an operand these are tried each time, as much as operators are.
const fn continues_expression(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::lparen
            | Rule::lbrack
            | Rule::k_as
            | Rule::k_with
            | Rule::k_on
            | Rule::clause
            | Rule::with
            | Rule::recovery
    )
}

const fn said(word: Word) -> &'static str {
    match word {
        Word::Closer(text) | Word::Exact(text) | Word::Noun(text) => text,
        Word::Operator => "an operator",
        Word::Silent => "",
    }
}

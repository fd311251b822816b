//! What servers take and the grammar is known to miss: there its refusal says nothing.

use super::Source;
use super::complaint::Complaint;
use super::pattern::{Pattern, places};

/// The constructs.
const GAPS: &[Pattern] = &[
    "exclude _",
    "trim ( leading from",
    "trim ( trailing from",
    "trim ( both from",
    "for no key",
    "for key share",
    "by distinct",
    "by all",
    "between symmetric",
    ") as ( _ _",
    "using ( _ ) as",
    "using ( _ , _ ) as",
    "( variadic",
    ", variadic",
    "xmlelement (",
    "xmlparse (",
    "xmlserialize (",
    "xmlpi (",
    "xmlroot (",
    "xmltable (",
    "json_table (",
    "collation for",
    "rows from",
    "search depth",
    "search breadth",
    "cycle _",
    "overriding system",
    "overriding user",
    "_ table _",
    "set _ [",
    // SQLite's.
    "into _ as",
    "< <",
    "> >",
    "raise (",
    "- > >",
    // MySQL's.
    "mod #",
    "mod _",
    "sounds like",
    "in share mode",
    "! #",
    "! _",
    "! (",
    "from ( _ ,",
    "from ( _ _ ,",
    "interval (",
    "update _ ,",
    "update _ _ ,",
];

/// How many words may lie between such a construct and the place where reading stopped.
const REACH: usize = 6;

/// Whether the text holds one of them where reading stopped.
pub(super) fn may_be_one(source: &Source<'_>, complaint: &Complaint) -> bool {
    let stopped = complaint.at.map_or(source.tokens.len(), |at| source.token_at(at));
    let is_near = |at: usize| at.abs_diff(stopped) <= REACH;
    // SQLite takes several of these, one for each unique index.
    let many_conflicts = || places(source, "on conflict").count() > 1;
    GAPS.iter().any(|pattern| places(source, pattern).any(is_near)) || many_conflicts()
}

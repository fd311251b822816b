//! Every code, with the page that `vmflow explain CODE` prints.
//!
//! The pages are `docs/codes/VF….md`, so that the documentation and the program say the same. A page
//! is a title, an explanation, an example that fails with exactly this code, and one that passes.
//!
//! Ranges follow the stages: 0xx syntax, 1xx names, 2xx types, 3xx dates, 4xx SQL, 5xx metrics,
//! 6xx effects, 7xx configuration and secrets, 8xx structure and cost, 9xx style. A number is
//! never used twice, also not after its check is gone.

use super::Severity;

/// A check, as documented.
pub struct Code {
    /// `VF101`.
    pub id: &'static str,
    /// How much a finding weighs unless it says otherwise.
    pub severity: Severity,
    /// What is checked, in a few words.
    pub title: &'static str,
    /// Whether it is looked for only when somebody asks (`check --select`): matters of taste and of house rules.
    pub is_on_request: bool,
    /// Its whole page, as Markdown.
    pub page: &'static str,
}

impl Code {
    /// What it means, why it matters and what to do, in a few sentences.
    pub fn explanation(&self) -> &'static str {
        let (_, behind_title) = self.page.split_once('\n').unwrap_or_default();
        behind_title.split("\n## ").next().unwrap_or_default().trim()
    }

    /// A whole file in which only this is wrong: a workflow, or a `vmflow.yaml` for the codes of configuration.
    pub fn failing(&self) -> &'static str {
        self.example("\n## Fails\n")
    }

    /// The same file, mended.
    pub fn passing(&self) -> &'static str {
        self.example("\n## Passes\n")
    }

    /// Whether the examples are configurations and not workflows.
    pub fn is_about_configuration(&self) -> bool {
        self.page.split_once("\n## Fails\n").is_some_and(|(_, fails)| fails.trim_start().starts_with("```yaml\n"))
    }

    /// The `vmflow.yaml` that the examples are checked with; empty when they need none.
    pub fn configuration(&self) -> &'static str {
        self.example("\n## Configuration\n")
    }

    /// The snapshot of the connection `db` that the examples are checked with; empty when they need none.
    pub fn schema(&self) -> &'static str {
        self.example("\n## Schema\n")
    }

    /// What the store of the connection `vm` holds when the examples are checked with `--live`, as lines of JSON; empty when
    /// no store is asked.
    pub fn series(&self) -> &'static str {
        self.example("\n## Series\n")
    }

    /// The runs that are on record when the examples are checked with `--live`: `{ job, runs, seconds }`; empty when none need be.
    pub fn runs(&self) -> &'static str {
        self.example("\n## Runs\n")
    }

    /// Whether it is looked for with `--live` only: its examples need a store that is asked.
    pub fn is_live(&self) -> bool {
        !self.series().is_empty() || !self.runs().is_empty()
    }

    /// The code block below a heading, its last line ended.
    fn example(&self, heading: &str) -> &'static str {
        let (_, below) = self.page.split_once(heading).unwrap_or_default();
        let (_, block) = below.split_once("```").unwrap_or_default();
        let (_, code) = block.split_once('\n').unwrap_or_default();
        code.split("```").next().unwrap_or_default()
    }
}

/// A code is its id.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

/// The id only: a failed test should not print the page.
impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! is_on_request {
    () => {
        false
    };
    (on request) => {
        true
    };
}

macro_rules! codes {
    ($($id:ident $severity:ident $title:literal $($word:ident)*;)*) => {
        $(
            #[doc = $title]
            pub static $id: Code = Code {
                id: stringify!($id),
                severity: Severity::$severity,
                title: $title,
                is_on_request: is_on_request!($($word)*),
                page: include_str!(concat!("../../docs/codes/", stringify!($id), ".md")),
            };
        )*
        /// All codes, in order.
        pub static ALL: &[&Code] = &[$(&$id),*];
    };
}

codes! {
    VF001 Error "syntax error";
    VF002 Error "unclosed block, string or query literal";
    VF003 Error "impossible literal";
    VF101 Error "unknown name";
    VF102 Error "name defined twice or shadowed";
    VF103 Warning "result never used";
    VF104 Warning "unused import, parameter, connection or calendar";
    VF105 Error "dependency cycle";
    VF106 Error "unknown, missing or duplicate argument";
    VF107 Error "the run's outcome is not known here";
    VF201 Error "type mismatch";
    VF202 Error "optional value used without a decision";
    VF203 Error "outcomes of a loop used as a list";
    VF204 Warning "comparison always true or false";
    VF205 Warning "lossy or repeated `as`";
    VF206 Warning "union case not covered";
    VF207 Error "computation that always fails";
    VF208 Warning "name in braces in a plain text";
    VF301 Error "date used as an instant, or the reverse";
    VF302 Error "business days need a calendar";
    VF303 Error "zone missing where it changes the answer";
    VF304 Warning "calendar does not cover the range";
    VF305 Warning "range that is empty or off by one";
    VF306 Warning "schedule and calendar disagree";
    VF307 Warning "time of day that clocks skip or repeat";
    VF401 Error "SQL does not parse";
    VF402 Info "the query's result types are unknown";
    VF403 Error "SQL parameter not in scope";
    VF404 Error "unknown table or column";
    VF405 Error "parameter does not fit the column";
    VF406 Error "a query that writes";
    VF407 Error "upsert key without a unique index";
    VF408 Warning "statement that touches every row";
    VF409 Warning "row order used without `order by`";
    VF410 Warning "comparison that nulls defeat";
    VF411 Error "a local query computes with decimals";
    VF501 Error "PromQL does not parse";
    VF502 Error "placeholder in an illegal position or of the wrong type";
    VF503 Warning "selector matches everything";
    VF504 Warning "rate of a gauge, or sum of a counter";
    VF505 Warning "window shorter than the step";
    VF506 Warning "metric, label or value that the store does not have";
    VF507 Error "expression outside the embedded store's subset";
    VF510 Warning "samples further ahead than the store keeps";
    VF511 Warning "label with a new value in every run";
    VF512 Warning "samples of one series at one instant";
    VF513 Error "invalid metric or label name";
    VF601 Error "write without `do`";
    VF602 Error "effect stronger than declared";
    VF603 Warning "write in a parallel loop that is done twice";
    VF604 Warning "retry of a write that is not idempotent";
    VF605 Warning "failure swallowed";
    VF701 Error "configuration does not fit";
    VF702 Error "secret in clear, or secret flowing out";
    VF703 Warning "secret sent unencrypted";
    VF704 Warning "no timeout on a database" on request;
    VF801 Warning "query per item";
    VF802 Warning "more items at once than the connection lets through";
    VF803 Warning "needless or backward `after:`";
    VF804 Warning "loop without bound" on request;
    VF805 Warning "a job is due again before it is done";
    VF901 Warning "name in another style";
    VF902 Info "undocumented workflow, parameter or output" on request;
    VF903 Info "value repeated" on request;
    VF904 Info "workflow without a test" on request;
    VF905 Warning "something deprecated is used";
    VF906 Warning "suppression that does nothing";
    VF907 Warning "program with a syntax error";
}

/// The code with this name, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_parts() {
        for code in ALL {
            assert!(code.page.starts_with(&format!("# {}: {}\n\n", code.id, code.title)), "{code:?}");
            let sentences = code.explanation().matches(['.', ':']).count();
            assert!(sentences >= 2 && !code.explanation().contains("\n#"), "{code:?}");
            assert!(code.failing().ends_with("}\n") && code.passing().ends_with("}\n"), "{code:?}");
            assert_ne!(code.failing(), code.passing(), "{code:?}");
        }
    }

    #[test]
    fn every_page_belongs_to_a_code() {
        let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes")).unwrap();
        for page in pages {
            let name = page.unwrap().file_name().into_string().unwrap();
            assert!(find(name.trim_end_matches(".md")).is_some(), "{name}");
        }
    }
}

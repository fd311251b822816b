//! How names are written.

use super::Facts;
use crate::diagnostic::{Diagnostic, codes};
use crate::syntax::ast::{
    Action, Block, ClauseKind, File, ItemKind, Name, Otherwise, Parameter, Statement, StatementKind, StepBody, When,
    Workflow, WorkflowItemKind,
};

/// VF901: names in `snake_case`, those of types in `PascalCase`.
pub(super) fn style(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for module in facts.modules.all.iter().filter(|module| module.is_root) {
        Style { findings }.file(&module.file);
    }
}

struct Style<'f> {
    findings: &'f mut Vec<Diagnostic>,
}

impl Style<'_> {
    fn file(&mut self, file: &File) {
        for item in &file.items {
            match &item.kind {
                ItemKind::Type(definition) => self.pascal(&definition.name),
                ItemKind::Calendar(binding) => self.snake("calendar", &binding.name),
                ItemKind::Function(function) => {
                    self.snake("function", &function.name);
                    self.parameters(&function.params);
                }
                ItemKind::Step(step) => {
                    self.snake(if step.is_action { "action" } else { "step" }, &step.name);
                    self.parameters(&step.params);
                    if let StepBody::Block(block) = &step.body {
                        self.block(block);
                    }
                }
                ItemKind::Workflow(workflow) => self.workflow(workflow),
                ItemKind::Import(_) | ItemKind::Test(_) => {}
            }
        }
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.snake("parameter", &parameter.name);
        }
    }

    fn workflow(&mut self, workflow: &Workflow) {
        self.snake("workflow", &workflow.name);
        for item in &workflow.items {
            match &item.kind {
                WorkflowItemKind::Use(connection) => self.snake("connection", &connection.name),
                WorkflowItemKind::Param(param) => self.snake("parameter", &param.name),
                WorkflowItemKind::Calendar(binding) => self.snake("calendar", &binding.name),
                WorkflowItemKind::Output(binding) => self.snake("output", &binding.name),
                WorkflowItemKind::Failed(block) | WorkflowItemKind::Finally(block) => self.block(block),
                WorkflowItemKind::Statement(statement) => self.statement(statement),
                WorkflowItemKind::Defaults(_) => {}
            }
        }
    }

    fn block(&mut self, block: &Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Statement) {
        if let StatementKind::Step { name, action, .. } = &statement.kind {
            if let Some(name) = name {
                self.snake("step", name);
            }
            match action {
                Action::Transaction { block, .. } => self.block(block),
                Action::ForEach(each) => {
                    let names = std::iter::once(&each.pattern.first).chain(&each.pattern.second);
                    names.for_each(|name| self.snake("item", name));
                    self.block(&each.block);
                }
                Action::When(when) => self.when(when),
                Action::Expression(_) | Action::Do(..) => {}
            }
        }
        for clause in &statement.clauses {
            if let ClauseKind::OnFailureBlock(block) = &clause.kind {
                self.block(block);
            }
        }
    }

    fn when(&mut self, first: &When) {
        let mut next = Some(first);
        while let Some(when) = next.take() {
            self.block(&when.then);
            match &when.otherwise {
                Some(Otherwise::When(inner)) => next = Some(inner),
                Some(Otherwise::Block(block)) => self.block(block),
                None => {}
            }
        }
    }

    fn snake(&mut self, what: &str, name: &Name) {
        if name.node.chars().any(char::is_uppercase) {
            let wanted = words(&name.node).join("_");
            self.report(name, format!("the {what} `{}` is not in `snake_case`", name.node), &wanted);
        }
    }

    fn pascal(&mut self, name: &Name) {
        let begins_small = name.node.chars().next().is_some_and(char::is_lowercase);
        if begins_small || name.node.contains('_') {
            let wanted: String = words(&name.node).iter().map(|word| capital(word)).collect();
            self.report(name, format!("the type `{}` is not in `PascalCase`", name.node), &wanted);
        }
    }

    fn report(&mut self, name: &Name, message: String, wanted: &str) {
        let finding = Diagnostic::new(&codes::VF901, name.span, message);
        self.findings.push(finding.help(format!("call it `{wanted}`, here and where it is used")));
    }
}

/// `maxDays` and `HTTPRows` as their words, in small letters; underscores at the beginning stay.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let is_after_small = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        let ends_capitals = before.is_some_and(|before| before.is_uppercase())
            && letters.get(at + 1).is_some_and(|after| after.is_lowercase());
        let is_edge = *letter == '_' && words.last().is_some_and(|word| !word.trim_matches('_').is_empty());
        if is_edge || (letter.is_uppercase() && (is_after_small || ends_capitals)) {
            words.push(String::new());
        }
        if !is_edge && let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capital(word: &str) -> String {
    let mut letters = word.trim_start_matches('_').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        let cases = [
            ("maxDays", "max_days"),
            ("HTTPRows", "http_rows"),
            ("Max_Days", "max_days"),
            ("_keptRow", "_kept_row"),
            ("day2Rows", "day2_rows"),
            ("N", "n"),
            ("tailing_", "tailing"),
        ];
        for (name, wanted) in cases {
            assert_eq!(words(name).join("_"), wanted, "{name}");
        }
        assert_eq!(words("apex_row").iter().map(|word| capital(word)).collect::<String>(), "ApexRow");
    }
}

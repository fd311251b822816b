//! Steps that stand for a program: which one it is, and whether it can be given and give back what is declared.

use std::path::PathBuf;
use std::sync::Arc;

use super::Checker;
use super::cast::can_decode;
use super::expression::broken;
use super::modules::{ModuleId, resolved};
use super::program::{External, FunctionBody};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::external::{Code, Language, Program, dedent};
use crate::source::{Span, plain_lines};
use crate::syntax::ast::{self, Literal, StepDefinition, Tag, Tagged};
use crate::value::Type;

/// Where the text of a program stands.
enum Text<'a> {
    File(&'a Arc<str>),
    Inline(&'a Tagged),
}

/// A call of `external.…`, as written.
struct Written<'a> {
    language: Language,
    text: Text<'a>,
    span: Span,
    entry: Option<Arc<str>>,
}

impl Checker<'_> {
    /// `= external.python("file.py", entry: "function")` or `= external.shell("file.sh")`.
    pub(super) fn external(
        &mut self,
        scope: &mut Scope,
        step: &StepDefinition,
        call: &ast::Expr,
        stated: Option<Type>,
    ) -> (FunctionBody, Type) {
        let returns = stated.unwrap_or_else(|| {
            let finding = Diagnostic::new(&codes::VF201, call.span, "an external step states its result type")
                .help("write `-> T` before the `=`");
            self.report(finding);
            Type::Error
        });
        // Nobody knows what a program does, so what it writes may not be repeated unless the workflow says so.
        scope.footprint.is_unsafe_to_repeat |= step.is_action;
        self.check_exchange(scope, step, &returns);
        match written(call) {
            Ok(written) => (FunctionBody::External(self.program_of(scope.module, step, &written)), returns),
            Err((span, message)) => {
                let help = "write `external.python(\"file.py\", entry: \"function\")` or `external.shell(\"file.sh\")`";
                self.report(Diagnostic::new(&codes::VF106, span, message).help(help));
                (FunctionBody::Expression(broken(call.span)), returns)
            }
        }
    }

    /// Arguments must become JSON, and JSON the result.
    fn check_exchange(&mut self, scope: &Scope, step: &StepDefinition, returns: &Type) {
        for param in &step.params {
            let ty = self.read_type(scope.module, &param.ty);
            if !can_send(&ty) {
                let message = format!("a program cannot be given a `{ty}`");
                let finding = Diagnostic::new(&codes::VF201, param.ty.span, message);
                self.report(finding.help(match ty {
                    Type::Connection(_) => "read what it needs in a step before, and pass the rows",
                    Type::Calendar => "pass the days: `calendar.days(…)` gives a list of dates",
                    _ if ty.has_secret() => "pass the secret as a parameter of its own, of type `secret`",
                    _ => "pass plain values: texts, numbers, dates, lists, records",
                }));
            }
        }
        if let Some(written) = &step.returns
            && *returns != Type::Error
            && !can_decode(returns)
        {
            let message = format!("a program cannot give back a `{returns}`");
            let help = "it gives back JSON: texts, numbers, dates, lists, maps and records";
            self.report(Diagnostic::new(&codes::VF201, written.span, message).help(help));
        }
    }

    fn program_of(&mut self, module: ModuleId, step: &StepDefinition, written: &Written<'_>) -> External {
        let declaring = self.modules.all.get(module.0);
        let file = declaring.and_then(|module| module.path().map(PathBuf::from)).unwrap_or_default();
        let code = match written.text {
            Text::File(path) => {
                let path = resolved(&file, path);
                if let Some(Err(why)) = self.modules.programs.get(&path) {
                    let message = format!("cannot read `{}`: {why}", path.display());
                    let help = "a program's path is relative to the file that it is named in";
                    self.report(Diagnostic::new(&codes::VF101, written.span, message).help(help));
                }
                Code::File(path)
            }
            Text::Inline(tagged) => {
                let line = declaring.map_or(1, |module| module.source.position(tagged.text_span.start).line);
                Code::Inline { text: dedent(&plain_lines(&tagged.text)).into(), file: file.clone(), line }
            }
        };
        let entry = written.entry.clone().unwrap_or_else(|| step.name.node.clone());
        let directory = file.parent().map(PathBuf::from).unwrap_or_default();
        External { program: Program { language: written.language, code, entry, directory }, span: written.span }
    }
}

/// The file that an external step names.
pub(super) fn file_of(call: &ast::Expr) -> Option<Arc<str>> {
    match written(call).ok()?.text {
        Text::File(path) => Some(path.clone()),
        Text::Inline(_) => None,
    }
}

fn can_send(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::Optional(inner) if **inner == Type::Secret => true,
        Type::Optional(inner) | Type::List(inner) | Type::Range(inner) => can_send(inner) && !inner.has_secret(),
        Type::Map(key, value) => can_send(key) && can_send(value) && !ty.has_secret(),
        Type::Record(record) | Type::Table(record) => {
            !ty.has_secret() && record.fields.iter().all(|field| can_send(&field.ty))
        }
        Type::Connection(_) | Type::Calendar | Type::Sql | Type::Promql | Type::Outcomes(..) => false,
        _ => true,
    }
}

fn written(call: &ast::Expr) -> Result<Written<'_>, (Span, String)> {
    let no = |span: Span, what: &str| Err((span, what.to_owned()));
    let ast::ExprKind::Call { callee, arguments, arguments_span } = &call.kind else {
        return no(call.span, "a step without a block runs an external program");
    };
    let Some(language) = language(callee) else {
        return no(callee.span, "a step without a block runs an external program");
    };
    let mut text = None;
    let mut entry = None;
    for argument in arguments {
        let value = &argument.value;
        match (argument.name.as_ref().map(|name| &*name.node), &value.kind) {
            (None, ast::ExprKind::Literal(Literal::Text(path))) if text.is_none() => {
                text = Some((Text::File(path), value.span));
            }
            (None, ast::ExprKind::Tagged(tagged)) if text.is_none() => {
                if tag_of(tagged) != Some(language) {
                    let name = language.name();
                    return no(value.span, &format!("`external.{name}` takes a file or `{name}\"\"\"…\"\"\"`"));
                }
                text = Some((Text::Inline(tagged), tagged.text_span));
            }
            (Some("entry"), ast::ExprKind::Literal(Literal::Text(name))) if language == Language::Python => {
                entry = Some(name.clone());
            }
            (Some("entry"), _) if language == Language::Python => {
                return no(value.span, "the `entry` is a plain text, the name of a function");
            }
            (None, _) if text.is_none() => return no(value.span, "the file of a program is a plain text"),
            _ if language == Language::Shell => {
                return no(value.span, "`external.shell` takes a script and nothing else");
            }
            _ => return no(value.span, "`external.python` takes a file and an `entry`"),
        }
    }
    let Some((text, span)) = text else {
        return no(*arguments_span, &format!("`external.{}` needs a file", language.name()));
    };
    Ok(Written { language, text, span, entry })
}

/// The language behind `external.`.
fn language(callee: &ast::Expr) -> Option<Language> {
    let ast::ExprKind::Field { of, name, optional: false } = &callee.kind else { return None };
    let is_external = matches!(&of.kind, ast::ExprKind::Name(left) if &**left == "external");
    is_external.then(|| Language::find(&name.node)).flatten()
}

const fn tag_of(tagged: &Tagged) -> Option<Language> {
    match tagged.tag {
        Tag::Python => Some(Language::Python),
        Tag::Shell => Some(Language::Shell),
        Tag::Sql | Tag::Promql | Tag::Regex => None,
    }
}

//! Top-level items, and the items of workflows and tests.

use pest::iterators::{Pair, Pairs};

use super::super::ast::{
    Binding, Expr, File, FunctionDefinition, Import, ImportTarget, Item, ItemKind, Name, Parameter, Statement,
    StatementKind, StepBody, StepDefinition, Tagged, Test, TestItem, TypeDefinition, Use, Workflow, WorkflowItem,
    WorkflowItemKind, WorkflowParam, visit,
};
use super::super::parser::Rule;
use super::{Reader, after, child, children};
use crate::source::{Span, Spanned};

type Node<'i> = Pair<'i, Rule>;

impl Reader<'_> {
    /// A whole file.
    pub(in crate::syntax) fn file(&self, mut pairs: Pairs<'_, Rule>) -> File {
        let inner = pairs.next().into_iter().flat_map(Pair::into_inner);
        let item = |pair: Node<'_>| match pair.as_rule() {
            Rule::item => self.item(&pair),
            Rule::bad_item => self.bad(&pair, Rule::one_item),
            _ => None,
        };
        let items = inner.filter_map(item).collect();
        File { items, tagged: self.tagged.take() }
    }

    fn item(&self, pair: &Node<'_>) -> Option<Item> {
        let inner = pair.clone().into_inner().find(|inner| !matches!(inner.as_rule(), Rule::doc))?;
        let kind = match inner.as_rule() {
            Rule::import => ItemKind::Import(self.import(&inner)?),
            Rule::type_def => ItemKind::Type(TypeDefinition {
                name: self.named(&inner)?,
                ty: self.type_expr(&child(&inner, Rule::ty)?)?,
            }),
            Rule::calendar => ItemKind::Calendar(self.binding(&inner)?),
            Rule::fn_def => ItemKind::Function(self.function(&inner)?),
            Rule::step_def => ItemKind::Step(self.step_definition(&inner)?),
            Rule::workflow => ItemKind::Workflow(self.workflow(&inner)?),
            Rule::test => ItemKind::Test(self.test(&inner)?),
            _ => return None,
        };
        Some(Item { doc: self.doc(pair), kind, span: self.span(&inner) })
    }

    fn named(&self, pair: &Node<'_>) -> Option<Name> {
        Some(self.name(&child(pair, Rule::ident)?))
    }

    fn binding(&self, pair: &Node<'_>) -> Option<Binding> {
        Some(Binding { name: self.named(pair)?, value: self.expr(child(pair, Rule::expr)?)? })
    }

    fn import(&self, pair: &Node<'_>) -> Option<Import> {
        let alias = child(pair, Rule::ident).map(|name| self.name(&name));
        let written = pair.clone().into_inner().find(|inner| matches!(inner.as_rule(), Rule::string | Rule::path))?;
        let target = match written.as_rule() {
            Rule::string => ImportTarget::File(self.text_value(&written)),
            _ => ImportTarget::Module(self.path(&written)),
        };
        Some(Import { target, target_span: self.span(&written), alias })
    }

    fn path(&self, pair: &Node<'_>) -> Vec<Name> {
        pair.clone().into_inner().map(|part| self.name(&part)).collect()
    }

    fn function(&self, pair: &Node<'_>) -> Option<FunctionDefinition> {
        Some(FunctionDefinition {
            name: self.named(pair)?,
            params: self.parameters(&child(pair, Rule::params)?)?,
            returns: self.type_expr(&child(pair, Rule::ty)?)?,
            body: self.expr(child(pair, Rule::expr)?)?,
        })
    }

    fn parameters(&self, pair: &Node<'_>) -> Option<Vec<Parameter>> {
        children(pair, Rule::param_sig)
            .map(|param| {
                Some(Parameter {
                    doc: self.doc(&param),
                    name: self.named(&param)?,
                    ty: self.type_expr(&child(&param, Rule::ty)?)?,
                    default: self.optional_expr(child(&param, Rule::expr))?,
                })
            })
            .collect()
    }

    /// Nothing where nothing was written.
    #[expect(clippy::option_option, reason = "the outer one is for what does not build, as everywhere here")]
    fn optional_expr(&self, pair: Option<Node<'_>>) -> Option<Option<Expr>> {
        pair.map_or(Some(None), |pair| self.expr(pair).map(Some))
    }

    fn step_definition(&self, pair: &Node<'_>) -> Option<StepDefinition> {
        let keyword = child(pair, Rule::step_kind)?;
        let returns = match child(pair, Rule::ty) {
            Some(ty) => Some(self.type_expr(&ty)?),
            None => None,
        };
        let body = match child(pair, Rule::external) {
            Some(external) => StepBody::External(self.expr(child(&external, Rule::expr)?)?),
            None => StepBody::Block(self.block(&child(pair, Rule::block)?)),
        };
        Some(StepDefinition {
            is_action: self.written(&keyword) == "action",
            keyword_span: self.span(&keyword),
            name: self.named(pair)?,
            params: self.parameters(&child(pair, Rule::params)?)?,
            returns,
            body,
        })
    }

    fn workflow(&self, pair: &Node<'_>) -> Option<Workflow> {
        let items = |inner: Node<'_>| match inner.as_rule() {
            Rule::part => self.workflow_items(&inner),
            Rule::bad => self.bad(&inner, Rule::one_part).into_iter().collect(),
            _ => Vec::new(),
        };
        Some(Workflow { name: self.named(pair)?, items: pair.clone().into_inner().flat_map(items).collect() })
    }

    /// A piece of a workflow's body.
    pub(in crate::syntax) fn parts(&self, mut pairs: Pairs<'_, Rule>) -> (Vec<WorkflowItem>, Vec<Tagged>) {
        let inner = pairs.next().into_iter().flat_map(Pair::into_inner);
        let parts = inner.filter(|inner| inner.as_rule() == Rule::part).flat_map(|part| self.workflow_items(&part));
        (parts.collect(), self.tagged.take())
    }

    /// One item; or a parameter and the statement below it, for a `require` that does not mention the parameter.
    fn workflow_items(&self, pair: &Node<'_>) -> Vec<WorkflowItem> {
        let Some(mut item) = self.workflow_item(pair) else { return Vec::new() };
        let inner = child(pair, Rule::param);
        let keyword = inner.and_then(|param| child(&param, Rule::k_require)).map(|keyword| self.span(&keyword));
        let below = match (&mut item.kind, keyword) {
            (WorkflowItemKind::Param(param), Some(keyword)) => below(param, &mut item.span, keyword),
            _ => None,
        };
        std::iter::once(item).chain(below).collect()
    }

    fn workflow_item(&self, pair: &Node<'_>) -> Option<WorkflowItem> {
        let inner = pair.clone().into_inner().find(|inner| inner.as_rule() != Rule::doc)?;
        let kind = match inner.as_rule() {
            Rule::connection => WorkflowItemKind::Use(self.connection(&inner)?),
            Rule::param => WorkflowItemKind::Param(self.workflow_param(&inner)?),
            Rule::calendar => WorkflowItemKind::Calendar(self.binding(&inner)?),
            Rule::defaults => WorkflowItemKind::Defaults(self.settings(&inner, "defaults")?),
            Rule::output => WorkflowItemKind::Output(self.binding(&inner)?),
            Rule::handler => self.handler(&inner)?,
            _ => WorkflowItemKind::Statement(self.statement(&inner)?),
        };
        Some(WorkflowItem { doc: self.doc(pair), kind, span: self.span(&inner) })
    }

    fn handler(&self, pair: &Node<'_>) -> Option<WorkflowItemKind> {
        let block = self.block(&child(pair, Rule::block)?);
        let failed = child(pair, Rule::k_failed).is_some();
        Some(if failed { WorkflowItemKind::Failed(block) } else { WorkflowItemKind::Finally(block) })
    }

    fn connection(&self, pair: &Node<'_>) -> Option<Use> {
        let mut names = children(pair, Rule::ident).map(|name| self.name(&name));
        Some(Use { name: names.next()?, kind: names.next()? })
    }

    fn workflow_param(&self, pair: &Node<'_>) -> Option<WorkflowParam> {
        Some(WorkflowParam {
            name: self.named(pair)?,
            ty: self.type_expr(&child(pair, Rule::ty)?)?,
            default: self.optional_expr(after(pair, Rule::equals))?,
            require: self.optional_expr(after(pair, Rule::k_require))?,
            message: self.optional_expr(after(pair, Rule::k_else))?,
        })
    }

    fn test(&self, pair: &Node<'_>) -> Option<Test> {
        let title = child(pair, Rule::string)?;
        let item = |inner: Node<'_>| match inner.as_rule() {
            Rule::test_part => self.test_item(&inner),
            Rule::bad => self.bad(&inner, Rule::one_test_part),
            _ => None,
        };
        Some(Test {
            title: Spanned::new(self.text_value(&title), self.span(&title)),
            workflow: self.path(&child(pair, Rule::path)?),
            items: pair.clone().into_inner().filter_map(item).collect(),
        })
    }

    fn test_item(&self, pair: &Node<'_>) -> Option<TestItem> {
        let inner = pair.clone().into_inner().find(|inner| inner.as_rule() != Rule::doc)?;
        Some(match inner.as_rule() {
            Rule::at => TestItem::At(self.expr(child(&inner, Rule::expr)?)?),
            Rule::set => TestItem::Set(self.settings(&inner, "set")?),
            Rule::given => TestItem::Given {
                path: self.path(&child(&inner, Rule::path)?),
                fails: child(&inner, Rule::k_failure).is_some(),
                value: self.expr(child(&inner, Rule::expr)?)?,
            },
            _ => TestItem::Statement(self.statement(&inner)?),
        })
    }
}

/// Takes from a parameter the `require` that is none of its own, as the statement that it is.
fn below(param: &mut WorkflowParam, whole: &mut Span, keyword: Span) -> Option<WorkflowItem> {
    let condition = param.require.take_if(|require| !visit::mentions(require, &param.name.node))?;
    let span = Span { end: whole.end, ..keyword };
    whole.end = param.default.as_ref().map_or(param.ty.span, |default| default.span).end;
    let kind = StatementKind::Check { is_expect: false, condition, message: param.message.take() };
    let statement = Statement { kind, span, clauses: Vec::new() };
    Some(WorkflowItem { doc: String::new(), kind: WorkflowItemKind::Statement(statement), span })
}

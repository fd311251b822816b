use super::PromqlTemplate;
use crate::diagnostic::Diagnostic;
pub fn embedded_subset(_t: &PromqlTemplate) -> Vec<Diagnostic> {
    Vec::new()
}

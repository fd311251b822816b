//! The fenced blocks of a Markdown page.

/// A block between fences.
pub(super) struct Block {
    /// What stands behind the opening fence: `console`, `flow fragment`.
    pub(super) info: String,
    /// The line of the opening fence, from 1.
    pub(super) line: usize,
    /// What is between the fences, its last line ended.
    pub(super) text: String,
}

impl Block {
    /// The first word behind the fence.
    pub(super) fn language(&self) -> &str {
        self.info.split_whitespace().next().unwrap_or_default()
    }
}

/// All blocks of a page, in order.
pub(super) fn of(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block { info: info.trim().to_owned(), line: at + 1, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

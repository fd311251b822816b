//! Keeping a panic inside a library from ending more than the work it was asked for.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Takes the word away from the panics of guarded work, and of nothing else.
fn quiet_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                told(panic);
            }
        }));
    });
}

/// Does work that may panic on what an enemy wrote; `None` when it did, of which nothing is printed. What the work had
/// in hand is not used again.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    quiet_hook();
    let was_quiet = IS_QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(was_quiet);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_answer() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> i32 { panic!("of no concern") }), None);
        assert!(!IS_QUIET.get());
    }
}

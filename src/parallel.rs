//! Pure work on many things at once, on as many threads as there are cores, and work that wants much stack.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, ScopedJoinHandle, available_parallelism, scope};

/// How many threads run at once. Asked once: the system reads a dozen files to answer.
pub(crate) fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| available_parallelism().map_or(1, NonZeroUsize::get))
}

thread_local! {
    /// How much stack this thread has for whatever asks next, in bytes.
    static FREE: Cell<usize> = const { Cell::new(0) };
}

/// Does `work` on a thread that was begun with `stack` bytes and uses hardly any itself: [`on_stack`] takes them.
pub(crate) fn with_stack<T>(stack: usize, work: impl FnOnce() -> T) -> T {
    let before = FREE.replace(stack);
    let made = work();
    FREE.set(before);
    made
}

/// Does `work` with `stack` bytes: on this thread when it has them free, since another costs more than a small file takes
/// to check; also when there is no other.
pub(crate) fn on_stack<T: Send>(stack: usize, work: impl Fn() -> T + Sync) -> T {
    if FREE.get() >= stack {
        // What this calls in turn stands too deep to take them again.
        return with_stack(0, work);
    }
    scope(|scope| match Builder::new().stack_size(stack).spawn_scoped(scope, &work) {
        Ok(thread) => joined(thread),
        Err(_) => work(),
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// What `work` makes of each item, in the order of the items whichever was done first. Each thread has `stack` bytes
/// and `begin`s once; it takes the next item that none has taken.
pub(crate) fn map<T: Sync, S, R: Send>(
    items: &[T],
    stack: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = begin();
        let taken = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        });
        taken.map(|(index, item)| (index, work(&mut state, item))).collect::<Vec<_>>()
    };
    let others = if items.len() > 1 { cores().min(items.len()) - 1 } else { 0 };
    let share = || -> Vec<(usize, R)> {
        scope(|scope| {
            let spawn = |_| Builder::new().stack_size(stack).spawn_scoped(scope, run);
            let running: Vec<_> = (0..others).map_while(|other| spawn(other).ok()).collect();
            let own = run();
            own.into_iter().chain(running.into_iter().flat_map(joined)).collect()
        })
    };
    let mut done = if items.is_empty() { Vec::new() } else { on_stack(stack, share) };
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    #[test]
    fn free_stack_is_taken_once() {
        let own = current().id();
        let on = |stack| super::on_stack(stack, || current().id());
        assert_ne!(on(1 << 20), own);
        super::with_stack(2 << 20, || {
            assert_eq!(on(1 << 20), own);
            assert_ne!(on(4 << 20), own);
            super::on_stack(1 << 20, || assert_ne!(on(1 << 20), own));
            assert_eq!(on(1 << 20), own);
        });
    }

    #[test]
    fn what_is_made_stands_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1_000).collect();
        let work = |count: &mut usize, item: &usize| {
            *count += 1;
            (*item * 2, *count)
        };
        let made = super::map(&items, 1 << 20, || 0, work);
        assert!(made.iter().zip(&items).all(|((double, _), item)| *double == item * 2));
        assert!(super::map(&[] as &[usize], 1 << 20, || 0, work).is_empty());
    }
}

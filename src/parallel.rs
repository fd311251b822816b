//! Pure work on many things at once, on as many threads as there are cores.

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
    let threads = cores().min(items.len());
    let mut done: Vec<(usize, R)> = scope(|scope| {
        let spawn = |_| Builder::new().stack_size(stack).spawn_scoped(scope, run);
        let running: Vec<_> = (0..threads).map_while(|thread| spawn(thread).ok()).collect();
        // Without any other thread this one does it.
        let own = if running.is_empty() { run() } else { Vec::new() };
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        running.into_iter().flat_map(join).chain(own).collect()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
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

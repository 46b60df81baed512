//! The categories of memory, and the one that the current thread allocates for.

use std::cell::Cell;
use std::marker::PhantomData;

/// What memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Category {
    /// Weights and biases.
    Parameters,
    /// Gradients of parameters.
    Gradients,
    /// Moments and the like that an optimizer keeps.
    OptimizerState,
    /// Results of layers, kept from the forward pass for the backward pass.
    Activations,
    /// Datasets and batches.
    Data,
    /// Everything else.
    Other,
}

impl Category {
    /// All categories, in the order of [`Snapshot`](super::Snapshot)'s arrays.
    pub const ALL: [Self; 6] =
        [Self::Parameters, Self::Gradients, Self::OptimizerState, Self::Activations, Self::Data, Self::Other];

    /// Its name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Gradients => "gradients",
            Self::OptimizerState => "optimizer state",
            Self::Activations => "activations",
            Self::Data => "data",
            Self::Other => "other",
        }
    }
}

thread_local! {
    // Constant and without destructor: the allocator may read it at any time in a thread's life and reading allocates nothing.
    static CURRENT: Cell<Category> = const { Cell::new(Category::Other) };
}

/// The category that this thread allocates for.
pub(super) fn current() -> Category {
    CURRENT.with(Cell::get)
}

/// What this thread allocates from now on is for `category`, until the guard is dropped; guards nest. Other threads are
/// not affected, and a block keeps its category however it is grown and wherever it is freed.
#[must_use = "the category holds while the guard lives"]
pub fn tag(category: Category) -> Guard {
    Guard { before: CURRENT.replace(category), on_this_thread: PhantomData }
}

/// Puts the category back that held before. Stays on its thread.
#[derive(Debug)]
pub struct Guard {
    before: Category,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_nest_and_stay_on_their_thread() {
        let outer = tag(Category::Data);
        {
            let _inner = tag(Category::Gradients);
            assert_eq!(current(), Category::Gradients);
            assert_eq!(std::thread::spawn(current).join().unwrap(), Category::Other);
        }
        assert_eq!(current(), Category::Data);
        drop(outer);
        assert_eq!(current(), Category::Other);
    }

    #[test]
    fn the_order_is_that_of_the_numbers() {
        for (at, category) in Category::ALL.into_iter().enumerate() {
            assert_eq!(category as usize, at, "{}", category.name());
        }
    }
}

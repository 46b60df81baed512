//! In which order an epoch visits the rows. Knows nothing of the data itself.

use crate::Seed;

/// The rows `0..len` in the order in which `epoch` visits them: as they stand, or shuffled by the seed's stream
/// `shuffle/<epoch>`, so that any epoch's order is known without drawing those before it.
pub fn order(len: usize, seed: Seed, epoch: usize, shuffle: bool) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..len as u32).collect();
    if shuffle {
        seed.stream(&format!("shuffle/{epoch}")).shuffle(&mut rows);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_has_its_own_repeatable_order() {
        let epoch = |epoch| order(50, Seed(1), epoch, true);
        assert_eq!(order(4, Seed(1), 0, false), [0, 1, 2, 3]);
        assert_eq!(epoch(0), epoch(0));
        assert_ne!(epoch(0), epoch(1));
        let mut sorted = epoch(3);
        sorted.sort_unstable();
        assert_eq!(sorted, order(50, Seed(9), 0, false));
    }
}

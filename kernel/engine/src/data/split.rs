//! Which rows a split puts on which side. Works on row numbers and class labels only.

use std::collections::BTreeMap;

use crate::{EngineError, Result, Seed};

/// Row numbers `(kept, held out)`, both in shuffled order. With labels each class gives its share, to the nearest
/// row: the shares are rounded by largest remainder, so that their sum is that of the whole, ties to the lower label.
pub(super) fn split(len: usize, labels: Option<&[u32]>, held_out: f64, seed: Seed) -> Result<(Vec<u32>, Vec<u32>)> {
    let count = held_out_count(len, held_out)?;
    let mut rows: Vec<u32> = (0..len as u32).collect();
    seed.stream("split").shuffle(&mut rows);
    let label = |row: u32| labels.map_or(0, |labels| labels[row as usize]);
    let mut quota = quotas(rows.iter().map(|&row| label(row)), held_out, count);
    Ok(rows.into_iter().partition(|&row| match quota.get_mut(&label(row)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    }))
}

fn held_out_count(len: usize, held_out: f64) -> Result<usize> {
    let refuse =
        |reason: String| Err(EngineError::Value(format!("cannot hold out {held_out} of {len} rows: {reason}")));
    if !(held_out > 0.0 && held_out < 1.0) {
        return refuse("give a fraction between 0 and 1, such as 0.2".to_owned());
    }
    match (len as f64 * held_out).round() as usize {
        0 => refuse("none would be held out; give a larger fraction or more rows".to_owned()),
        count if count >= len => refuse("none would be left; give a smaller fraction or more rows".to_owned()),
        count => Ok(count),
    }
}

fn quotas(labels: impl Iterator<Item = u32>, held_out: f64, count: usize) -> BTreeMap<u32, usize> {
    let mut sizes = BTreeMap::new();
    labels.for_each(|label| *sizes.entry(label).or_insert(0usize) += 1);
    let share = |size: usize| size as f64 * held_out;
    let mut quota: BTreeMap<u32, usize> = sizes.iter().map(|(&label, &size)| (label, share(size) as usize)).collect();
    let mut by_remainder: Vec<(u32, f64)> = sizes.iter().map(|(&label, &size)| (label, share(size).fract())).collect();
    by_remainder.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let missing = count.saturating_sub(quota.values().sum());
    for (label, _) in by_remainder.into_iter().take(missing) {
        quota.entry(label).and_modify(|left| *left += 1);
    }
    quota
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_share() {
        let labels: Vec<u32> = [(0, 50), (1, 30), (2, 20)].iter().flat_map(|&(l, n)| vec![l; n]).collect();
        let (kept, held) = split(100, Some(&labels), 0.2, Seed(4)).unwrap();
        let count = |rows: &[u32], label| rows.iter().filter(|&&row| labels[row as usize] == label).count();
        assert_eq!([0, 1, 2].map(|label| count(&held, label)), [10, 6, 4]);
        assert_eq!([0, 1, 2].map(|label| count(&kept, label)), [40, 24, 16]);
        assert_ne!(held, split(100, Some(&labels), 0.2, Seed(5)).unwrap().1);
        assert_eq!(held, split(100, Some(&labels), 0.2, Seed(4)).unwrap().1);
    }

    #[test]
    fn the_sides_are_disjoint_and_whole() {
        for (len, fraction, expect) in [(10, 0.25, 3), (7, 0.5, 4), (3, 0.3, 1), (1797, 0.2, 359)] {
            let labels: Vec<u32> = (0..len as u32).map(|row| row % 3).collect();
            for labels in [None, Some(labels.as_slice())] {
                let (mut kept, held) = split(len, labels, fraction, Seed(1)).unwrap();
                assert_eq!(held.len(), expect, "{len} {fraction}");
                kept.extend(held);
                kept.sort_unstable();
                assert_eq!(kept, (0..len as u32).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn impossible_fractions_are_refused() {
        let check = |len, fraction, expect: &str| {
            assert_eq!(split(len, None, fraction, Seed(1)).unwrap_err().to_string(), expect);
        };
        let range = "give a fraction between 0 and 1, such as 0.2";
        check(10, 0.0, &format!("cannot hold out 0 of 10 rows: {range}"));
        check(10, 1.5, &format!("cannot hold out 1.5 of 10 rows: {range}"));
        check(10, f64::NAN, &format!("cannot hold out NaN of 10 rows: {range}"));
        let few = "none would be held out; give a larger fraction or more rows";
        check(2, 0.1, &format!("cannot hold out 0.1 of 2 rows: {few}"));
        let all = "none would be left; give a smaller fraction or more rows";
        check(2, 0.9, &format!("cannot hold out 0.9 of 2 rows: {all}"));
    }
}

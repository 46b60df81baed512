//! "Did you mean": the candidate nearest to a misspelt name.

/// The candidate with the smallest edit distance (swapped neighbours count as one edit), or none when even
/// that one differs in more than a third of its letters: a far-fetched guess is worse than no guess.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = candidates.into_iter().map(|c| (distance(name, c), c)).min_by_key(|(d, _)| *d)?;
    (distance <= 1.max(best.chars().count().max(name.chars().count()) / 3)).then_some(best)
}

/// Optimal string alignment distance, ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_or_none() {
        let names = ["epochs", "batch_size", "optimizer"];
        let check = |asked, expect| assert_eq!(nearest(asked, names), expect);
        check("epoch", Some("epochs"));
        check("batchsize", Some("batch_size"));
        check("optimiser", Some("optimizer"));
        check("colour", None);
        assert_eq!(nearest("x", []), None);
    }
}

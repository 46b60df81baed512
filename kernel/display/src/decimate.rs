//! Fewer points that look the same: per column of pixels the lowest and the highest value. It must not know pixels' sizes.

/// At most `2 * columns + 2` of `points`, ordered by x, whose line looks the same `columns` pixels wide between
/// `low` and `high`: of each column its lowest and its highest point, in their order, and the first and last of all.
///
/// A mean per column would be smoother and would hide the one spike that matters. Points must be finite.
pub(crate) fn decimate(points: &[(f64, f64)], low: f64, high: f64, columns: usize) -> Vec<(f64, f64)> {
    if points.len() <= 2 * columns + 2 {
        return points.to_vec();
    }
    let column = |x: f64| (((x - low) / (high - low) * columns as f64).floor().max(0.0) as usize).min(columns - 1);
    let mut kept = Vec::with_capacity(2 * columns + 2);
    kept.extend(points.first());
    for share in points.chunk_by(|one, next| column(one.0) == column(next.0)) {
        extremes(share).into_iter().for_each(|point| push_new(&mut kept, point));
    }
    if let Some(&last) = points.last() {
        push_new(&mut kept, last);
    }
    kept
}

/// The lowest and the highest point of a share that is not empty, in the order they have.
fn extremes(share: &[(f64, f64)]) -> [(f64, f64); 2] {
    let (mut low, mut high) = (0, 0);
    for (place, point) in share.iter().enumerate() {
        if point.1 < share[low].1 {
            low = place;
        }
        if point.1 > share[high].1 {
            high = place;
        }
    }
    [share[low.min(high)], share[low.max(high)]]
}

fn push_new(kept: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    if kept.last() != Some(&point) {
        kept.push(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_points_are_kept_as_they_are() {
        let points = [(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(decimate(&points, 0.0, 1.0, 1), points);
        assert_eq!(decimate(&[], 0.0, 1.0, 10), []);
    }

    #[test]
    fn each_column_keeps_its_lowest_and_highest() {
        let points = [(0.0, 5.0), (0.1, 1.0), (0.2, 9.0), (0.3, 5.0), (0.6, 7.0), (0.7, 8.0), (0.8, 2.0), (0.9, 4.0)];
        assert_eq!(
            decimate(&points, 0.0, 1.0, 2),
            [(0.0, 5.0), (0.1, 1.0), (0.2, 9.0), (0.7, 8.0), (0.8, 2.0), (0.9, 4.0)]
        );
    }

    #[test]
    fn a_single_spike_in_a_long_run_survives() {
        let mut points: Vec<_> = (0..50_000).map(|step| (f64::from(step), (f64::from(step) * 0.01).sin())).collect();
        points[31_234].1 = 40.0;
        points[11_111].1 = -40.0;
        let kept = decimate(&points, 0.0, 50_000.0, 100);
        assert!(kept.len() <= 202, "{}", kept.len());
        assert!(kept.contains(&points[31_234]) && kept.contains(&points[11_111]));
        assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}

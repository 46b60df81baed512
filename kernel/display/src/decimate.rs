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

/// Gaps in one line that are shown as such; a line with more is drawn through, so that its size stays bounded.
const GAPS: usize = 32;

/// The parts of a line between points that cannot be drawn.
pub(crate) fn unbroken(points: &[(f64, f64)], drawn: impl Fn(&(f64, f64)) -> bool) -> Vec<Vec<(f64, f64)>> {
    let parts = || points.split(|point| !drawn(point)).filter(|part| !part.is_empty());
    match parts().count() > GAPS {
        true => vec![parts().flatten().copied().collect()],
        false => parts().map(<[_]>::to_vec).collect(),
    }
}

/// The mean point of each of `shares` equal parts between `low` and `high`; `None` when points are so few (fewer than four
/// a share, over the range they cover) that a line of means would hide more than it shows.
///
/// Shares have fixed places, so the line's older part stays as it is while a run goes on; a moving mean would not.
pub(crate) fn means(points: &[(f64, f64)], low: f64, high: f64, shares: usize) -> Option<Vec<(f64, f64)>> {
    let share = |x: f64| ((x - low) / (high - low) * shares as f64).floor() as i64;
    let parts: Vec<_> = points.chunk_by(|one, next| share(one.0) == share(next.0)).collect();
    let mean = |part: &[(f64, f64)]| {
        let count = part.len() as f64;
        part.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / count, sum.1 + point.1 / count))
    };
    (parts.len() > 2 && points.len() >= 4 * parts.len()).then(|| parts.into_iter().map(mean).collect())
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
    fn a_line_breaks_where_it_cannot_be_drawn() {
        let nan = (1.0, f64::NAN);
        let parts = unbroken(&[nan, (2.0, 2.0), (3.0, 3.0), nan, (5.0, 5.0)], |point| point.1.is_finite());
        assert_eq!(parts, [vec![(2.0, 2.0), (3.0, 3.0)], vec![(5.0, 5.0)]]);
        let many: Vec<_> = (0..1_000).map(|step| if step % 2 == 0 { nan } else { (f64::from(step), 0.0) }).collect();
        assert_eq!(unbroken(&many, |point| point.1.is_finite()).len(), 1);
    }

    #[test]
    fn dense_points_have_means() {
        let points: Vec<_> = (0..12).map(|step| (f64::from(step), f64::from(step % 4))).collect();
        assert_eq!(means(&points, 0.0, 12.0, 3), Some(vec![(1.5, 1.5), (5.5, 1.5), (9.5, 1.5)]));
        assert_eq!(means(&points, 0.0, 12.0, 4), None);
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

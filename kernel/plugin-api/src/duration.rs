//! How plugins write durations for people. It must not know what was measured. Read [`duration`] first.

/// A duration given in seconds, with a unit that leaves digits to read: `0 s`, `850 µs`, `12.3 ms`, `4.20 s`, `75.0 s`.
///
/// Notebooks' own tables write more kinds of them; plugins have only this crate.
pub fn duration(seconds: f64) -> String {
    match seconds {
        0.0 => "0 s".to_owned(),
        s if s < 999.5e-6 => format!("{:.0} µs", (s * 1e6).max(1.0)),
        s if s < 99.95e-3 => format!("{:.1} ms", s * 1e3),
        s if s < 999.5e-3 => format!("{:.0} ms", s * 1e3),
        s if s < 9.995 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_digits_to_read() {
        let cases = [
            (0.0, "0 s"),
            (2e-9, "1 µs"),
            (850e-6, "850 µs"),
            (0.0123, "12.3 ms"),
            (0.62, "620 ms"),
            (0.9999, "1.00 s"),
            (4.2, "4.20 s"),
            (75.04, "75.0 s"),
        ];
        cases.into_iter().for_each(|(input, expect)| assert_eq!(duration(input), expect));
    }
}

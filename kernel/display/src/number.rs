//! How numbers are written: significant digits, counts, bytes, durations, rates. It must not know what they measure.
//!
//! Everything is written with a point as decimal sign and a comma between thousands, whatever the machine's language.

/// `value` with at most `digits` significant digits and without zeros that say nothing.
///
/// Between 1e-4 and 1e7 it is written out, outside with an exponent: `0.1235`, `1234568`, `1.2e-7`.
/// Values that are not finite are `NaN`, `inf` and `-inf`.
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return not_finite(value);
    }
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    let exponent = exponent(&scientific);
    if (-4..7).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return trim(&format!("{value:.decimals$}"));
    }
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    format!("{}e{power}", trim(mantissa))
}

/// `value` with exactly `digits` significant digits, for numbers that change: `0.1200`, `1.500e-5`.
pub fn steady(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    match exponent(&scientific) {
        power @ -4..7 => format!("{value:.*}", (digits as i32 - 1 - power).max(0) as usize),
        _ => scientific,
    }
}

/// A count with commas: `1,234,567`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 row`, `2 rows`, `1,200 rows`.
pub fn counted(value: u64, noun: &str) -> String {
    let end = if value == 1 { "" } else { "s" };
    format!("{} {noun}{end}", count(value))
}

/// Bytes in binary units with three significant digits: `512 B`, `1.5 KiB`, `12.3 MiB`.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if value < 1024 {
        return format!("{value} B");
    }
    let mut scaled = value as f64 / 1024.0;
    let mut unit = 0;
    // 1023.5 would print as 1024 of the smaller unit.
    while scaled >= 1023.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let decimals = if scaled >= 99.95 { 0 } else { usize::from(scaled < 99.95) + usize::from(scaled < 9.995) };
    format!("{} {}", trim(&format!("{scaled:.decimals$}")), UNITS[unit])
}

/// A duration given in seconds: `850 µs`, `12.3 ms`, `4.2 s`, `1 m 05 s`, `2 h 03 m`, `1 d 02 h`.
pub fn seconds(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return not_finite_or(value, |value| format!("-{}", seconds(-value)));
    }
    match value {
        0.0 => "0 s".to_owned(),
        v if v < 999.5e-9 => format!("{} ns", significant(v * 1e9, 3)),
        v if v < 999.5e-6 => format!("{} µs", significant(v * 1e6, 3)),
        v if v < 999.5e-3 => format!("{} ms", significant(v * 1e3, 3)),
        v if v < 59.95 => format!("{} s", significant(v, 3)),
        v => long_seconds(v.round() as u64),
    }
}

/// How many of `unit` per second: `3,120 steps/s`, `12.5 steps/s`; below one a second, the time of one: `4.2 s/step`.
pub fn rate(per_second: f64, unit: &str) -> String {
    match per_second {
        r if !r.is_finite() || r <= 0.0 => format!("– {unit}s/s"),
        r if r < 1.0 => format!("{}/{unit}", seconds(1.0 / r)),
        r if r >= 999.5 => format!("{} {unit}s/s", count(significant_count(r))),
        r => format!("{} {unit}s/s", significant(r, 3)),
    }
}

/// A fraction as per cent with one decimal: `97.5 %`.
pub fn percent(fraction: f64) -> String {
    not_finite_or(fraction, |fraction| format!("{:.1} %", fraction * 100.0))
}

/// `value` rounded to the number of decimals that tell apart ticks that are `step` away from each other.
pub(crate) fn tick(value: f64, step: f64) -> String {
    let size = value.abs().max(step.abs());
    if size >= 1e6 || step.abs() < 1e-5 {
        return significant(if value.abs() < step.abs() * 1e-6 { 0.0 } else { value }, 4);
    }
    let decimals = (-step.abs().log10().floor()).clamp(0.0, 8.0) as usize;
    let decimals = if (step * 10f64.powi(decimals as i32)).fract().abs() > 1e-6 { decimals + 1 } else { decimals };
    let text = format!("{value:.decimals$}");
    if text.trim_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text }
}

fn not_finite(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "inf",
        _ => "-inf",
    }
    .to_owned()
}

fn not_finite_or(value: f64, write: impl Fn(f64) -> String) -> String {
    if value.is_finite() { write(value) } else { not_finite(value) }
}

fn exponent(scientific: &str) -> i32 {
    scientific.rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// Without zeros at the end of the decimals.
fn trim(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

fn significant_count(value: f64) -> u64 {
    let step = 10f64.powi((value.log10().floor() as i32 - 2).max(0));
    ((value / step).round() * step) as u64
}

fn long_seconds(total: u64) -> String {
    let (days, hours, minutes, rest) = (total / 86_400, total / 3_600 % 24, total / 60 % 60, total % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} m {rest:02} s"),
        (0, _) => format!("{hours} h {minutes:02} m"),
        _ => format!("{} d {hours:02} h", count(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: String, expect: &str) {
        assert_eq!(found, expect);
    }

    #[test]
    fn significant_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.123456, "0.1235"),
            (123456.0, "123456"),
            (1.0e7, "1e7"),
            (9999999.0, "1e7"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-5"),
            (-2.5, "-2.5"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (5e-324, "4.941e-324"),
        ];
        cases.into_iter().for_each(|(input, expect)| check(significant(input, 4), expect));
    }

    #[test]
    fn steady_digits() {
        let cases = [
            (0.12, "0.1200"),
            (0.0012, "0.001200"),
            (2.3, "2.300"),
            (123.4, "123.4"),
            (1.5e-5, "1.500e-5"),
            (0.0, "0.000"),
        ];
        cases.into_iter().for_each(|(input, expect)| check(steady(input, 4), expect));
    }

    #[test]
    fn counts_and_bytes() {
        [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")]
            .into_iter()
            .for_each(|(n, e)| check(count(n), e));
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_536, "1.5 KiB"),
            (10_300, "10.1 KiB"),
            (1_048_575, "1 MiB"),
            (12_897_485, "12.3 MiB"),
            (1 << 34, "16 GiB"),
            (u64::MAX, "16 EiB"),
        ];
        cases.into_iter().for_each(|(n, e)| check(bytes(n), e));
        check(counted(1, "row"), "1 row");
        check(counted(1200, "row"), "1,200 rows");
    }

    #[test]
    fn durations() {
        let cases = [
            (0.0, "0 s"),
            (2e-9, "2 ns"),
            (850e-6, "850 µs"),
            (0.0123, "12.3 ms"),
            (0.9999, "1 s"),
            (4.2, "4.2 s"),
            (59.96, "1 m 00 s"),
            (65.0, "1 m 05 s"),
            (7_380.0, "2 h 03 m"),
            (93_600.0, "1 d 02 h"),
            (-4.2, "-4.2 s"),
            (f64::INFINITY, "inf"),
        ];
        cases.into_iter().for_each(|(input, expect)| check(seconds(input), expect));
    }

    #[test]
    fn rates_and_fractions() {
        let cases = [
            (3_120.4, "3,120 steps/s"),
            (12.54, "12.5 steps/s"),
            (0.25, "4 s/step"),
            (0.0, "– steps/s"),
            (123_456.0, "123,000 steps/s"),
        ];
        cases.into_iter().for_each(|(input, expect)| check(rate(input, "step"), expect));
        check(percent(0.975), "97.5 %");
        check(percent(f64::NAN), "NaN");
    }

    #[test]
    fn ticks_show_as_many_decimals_as_their_step_needs() {
        let cases = [
            (0.5, 0.25, "0.50"),
            (0.1 + 0.2, 0.1, "0.3"),
            (1e-17, 0.1, "0"),
            (2.0, 1.0, "2"),
            (1500.0, 500.0, "1500"),
            (2e6, 1e6, "2000000"),
        ];
        cases.into_iter().for_each(|(value, step, expect)| check(tick(value, step), expect));
    }
}

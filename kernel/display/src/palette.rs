//! Colours. It owns which colour means what and must not know what is drawn with it.
//!
//! JupyterLab shows an SVG as an image: the page's CSS does not reach it, so one colour has to be read on both themes.
//! Black and white paper are 18.9:1 apart (#111 and #fff), so no colour has more than 4.3:1 on both; text takes that
//! middle, and every line has at least 3:1 on both, which is what WCAG 2.1 (1.4.11) asks of graphics.
//! A style sheet with `prefers-color-scheme` was tried and refused: it follows the browser, not JupyterLab's theme.

use plotters::style::RGBColor;

/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(0x7a, 0x7a, 0x7a);
/// A grid line is the ink at this opacity: it guides the eye and carries no meaning.
pub(crate) const GRID_OPACITY: f64 = 0.22;
/// Colours of successive series, told apart by people with each of the common kinds of colour blindness.
/// The first two are training and validation of the first run, the next two of the second, and so on.
pub(crate) const SERIES: [RGBColor; 8] = [
    RGBColor(0x2b, 0x7f, 0xc4),
    RGBColor(0xd9, 0x63, 0x0f),
    RGBColor(0x00, 0x93, 0x6b),
    RGBColor(0xa0, 0x78, 0x00),
    RGBColor(0x8a, 0x6f, 0xd1),
    RGBColor(0xc0, 0x50, 0x7a),
    RGBColor(0x1c, 0x93, 0xb0),
    RGBColor(0x6a, 0x8a, 0x00),
];

/// The colour of the series at `place`; they come round again after the last.
pub(crate) fn series(place: usize) -> RGBColor {
    SERIES[place % SERIES.len()]
}

/// `#rrggbb`.
pub(crate) fn hex(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// The colour of a fraction between 0 and 1: dark blue to yellow, evenly brighter (the cividis map, made for
/// colour-blind readers; nine of its colours, mixed in between). A fraction that is no number is the ink.
pub(crate) fn ramp(fraction: f64) -> RGBColor {
    const STOPS: [(u8, u8, u8); 9] = [
        (0, 34, 78),
        (33, 52, 110),
        (67, 71, 110),
        (95, 92, 112),
        (124, 123, 120),
        (151, 139, 118),
        (186, 168, 104),
        (220, 199, 83),
        (254, 232, 56),
    ];
    if !fraction.is_finite() {
        return INK;
    }
    let place = fraction.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (from, to) = (STOPS[below], STOPS[(below + 1).min(STOPS.len() - 1)]);
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Black or white, whichever is read better on `ground`.
pub(crate) fn on(ground: RGBColor) -> RGBColor {
    let (black, white) = (RGBColor(0x11, 0x11, 0x11), RGBColor(0xff, 0xff, 0xff));
    if contrast(ground, white) >= contrast(ground, black) { white } else { black }
}

/// Contrast ratio of two colours, 1 to 21 (WCAG 2.1, "contrast ratio").
pub(crate) fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance, 0 to 1 (WCAG 2.1, "relative luminance").
fn luminance(colour: RGBColor) -> f64 {
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}

fn linear(channel: u8) -> f64 {
    let channel = f64::from(channel) / 255.0;
    if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUNDS: [RGBColor; 2] = [RGBColor(0xff, 0xff, 0xff), RGBColor(0x11, 0x11, 0x11)];

    #[test]
    fn contrast_of_known_pairs() {
        let cases = [((0, 0, 0), 21.0), ((255, 255, 255), 1.0), ((0x77, 0x77, 0x77), 4.48)];
        for ((r, g, b), expect) in cases {
            assert!((contrast(RGBColor(r, g, b), GROUNDS[0]) - expect).abs() < 0.01);
        }
    }

    #[test]
    fn everything_is_read_on_light_and_on_dark() {
        for ground in GROUNDS {
            assert!(contrast(INK, ground) >= 4.25, "ink {}", contrast(INK, ground));
            for colour in SERIES {
                assert!(contrast(colour, ground) >= 3.0, "{} {}", hex(colour), contrast(colour, ground));
            }
        }
        for step in 0..=100 {
            let ground = ramp(f64::from(step) / 100.0);
            assert!(contrast(on(ground), ground) >= 4.0, "{} {}", hex(ground), contrast(on(ground), ground));
        }
    }

    /// Colours as they look without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1, linear RGB).
    fn seen(colour: RGBColor, matrix: [[f64; 3]; 3]) -> [f64; 3] {
        let rgb = [linear(colour.0), linear(colour.1), linear(colour.2)];
        matrix.map(|row| row.iter().zip(rgb).map(|(weight, part)| weight * part).sum::<f64>().max(0.0).cbrt())
    }

    #[test]
    fn training_and_validation_differ_without_colour_vision() {
        let protan =
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
        let deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
        for matrix in [protan, deutan] {
            for pair in SERIES.chunks(2) {
                let (one, other) = (seen(pair[0], matrix), seen(pair[1], matrix));
                let distance = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(distance > 0.25, "{} {} {distance}", hex(pair[0]), hex(pair[1]));
            }
        }
    }
}

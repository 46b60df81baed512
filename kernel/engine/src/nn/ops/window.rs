//! Sizes of square windows that slide over images. Read [`Window`] first.

/// A square window of `kernel` numbers that moves by `stride` over an image with `padding` zeros around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the window.
    pub kernel: usize,
    /// Numbers between two places.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
}

impl Window {
    /// How many places there are along an image side of that size; none when the window does not fit.
    pub fn places(self, size: usize) -> Option<usize> {
        Some((size + 2 * self.padding).checked_sub(self.kernel)? / self.stride + 1)
    }

    /// The places whose window has its number `offset` inside an image side of that size.
    pub fn inside(self, offset: usize, size: usize, places: usize) -> std::ops::Range<usize> {
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = (size + self.padding).saturating_sub(offset).div_ceil(self.stride).min(places);
        first.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_their_insides() {
        let check = |kernel, stride, padding, size, places, offset, inside| {
            let window = Window { kernel, stride, padding };
            assert_eq!(window.places(size), places, "{window:?} over {size}");
            assert_eq!(window.inside(offset, size, places.unwrap_or(0)), inside, "{window:?} at {offset}");
        };
        check(3, 1, 1, 5, Some(5), 0, 1..5);
        check(3, 1, 1, 5, Some(5), 1, 0..5);
        check(3, 1, 1, 5, Some(5), 2, 0..4);
        check(3, 2, 1, 6, Some(3), 0, 1..3);
        check(3, 2, 1, 6, Some(3), 2, 0..3);
        check(2, 2, 0, 7, Some(3), 1, 0..3);
        check(4, 1, 0, 3, None, 0, 0..0);
    }
}

//! Many measurements in one number.

/// The middle of the values; the mean of the two middle ones where their number is even.
///
/// # Panics
/// Without a value.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(values: &[f64], want: f64) {
        let got = median(values);
        assert!(
            (got - want).abs() < 1e-9,
            "{values:?}: got {got}, want {want}"
        );
    }

    #[test]
    fn the_middle_in_any_order() {
        is(&[3.0], 3.0);
        is(&[9.0, 1.0, 2.0], 2.0);
        is(&[1.0, 1000.0, 2.0, 4.0], 3.0);
    }
}

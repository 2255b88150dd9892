//! How long to wait before the next try: longer each time, up to a limit, and never all clients at once.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_secs(5);

/// The pause after a number of failures in a row (1 for the first). `random` from 0 to 1 takes up to
/// half of it away.
pub fn pause(failures: u32, random: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LIMIT);
    full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_limit() {
        let pauses: Vec<u128> = (1..=6).map(|n| pause(n, 0.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(pause(u32::MAX, 0.0), LIMIT);
        assert_eq!(pause(0, 0.0), FIRST);
    }

    #[test]
    fn chance_takes_at_most_half() {
        assert_eq!(pause(2, 1.0).as_millis(), 500);
        assert_eq!(pause(2, 0.5).as_millis(), 750);
        assert_eq!(pause(2, 7.0), pause(2, 1.0));
    }
}

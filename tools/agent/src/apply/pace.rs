//! How long to wait. Pure.

use std::time::Duration;

/// The longest pause after failures, where the usual one is shorter.
const CEILING: Duration = Duration::from_mins(15);

/// The pause before the next try: doubled for each failure, and a tenth more or less, so that many agents
/// do not ask at once. `random` is from 0 to 1.
pub fn pause(usual: Duration, failures: u32, random: f64) -> Duration {
    let doubled = usual.saturating_mul(1 << failures.min(16));
    let bounded = doubled.min(CEILING.max(usual));
    bounded.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_ceiling() {
        let usual = Duration::from_secs(30);
        for (failures, seconds) in [(0, 30), (1, 60), (3, 240), (5, 900), (40, 900)] {
            let middle = pause(usual, failures, 0.5);
            assert_eq!(middle.as_secs(), seconds, "{failures}");
            assert!(pause(usual, failures, 0.0) < middle);
            assert!(pause(usual, failures, 1.0) > middle);
        }
        let long = Duration::from_hours(1);
        assert_eq!(pause(long, 9, 0.5), long);
    }
}

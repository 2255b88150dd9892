//! How often and after what pause a request is repeated.

use std::time::Duration;

/// Pauses double from `first` to `longest`; `times` of them at most. No randomness: one client
/// bounds its own requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times a request is repeated.
    pub times: u32,
    /// The first pause.
    pub first: Duration,
    /// The longest pause, `Retry-After` included.
    pub longest: Duration,
}

impl Default for Retry {
    /// Four repeats within 3 seconds, or as the registry asks, up to 30 seconds each.
    fn default() -> Self {
        Self {
            times: 4,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The pause after the failure number `failed` (from 0), `None` to give up. `asked` is what
    /// the registry's `Retry-After` says.
    pub fn pause(&self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        if failed >= self.times {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failed));
        Some(
            asked
                .map_or(doubled, |asked| asked.max(doubled))
                .min(self.longest),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let retry = Retry {
            times: 4,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(1),
        };
        let pauses: Vec<_> = (0..5).map(|failed| retry.pause(failed, None)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(pauses, [ms(200), ms(400), ms(800), ms(1000), None]);
    }

    #[test]
    fn the_registry_may_ask_for_more_but_not_for_hours() {
        let retry = Retry::default();
        let asked = |seconds| retry.pause(0, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(0), Some(Duration::from_millis(200)));
        assert_eq!(asked(3), Some(Duration::from_secs(3)));
        assert_eq!(asked(86_400), Some(Duration::from_secs(30)));
    }
}

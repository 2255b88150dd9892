//! Slots: what a cluster's keys are spread over (Redis Cluster specification, "Key distribution model").

use std::fmt;

/// How many there are.
pub const COUNT: u32 = 16_384;

/// Slots from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first slot.
    pub first: u16,
    /// The last slot, not less than the first.
    pub last: u16,
}

impl Range {
    /// The share of master `index` of `masters`: all shares together are all slots.
    pub fn share(index: usize, masters: usize) -> Self {
        let start = |index: usize| u16::try_from(index * COUNT as usize / masters);
        let (first, next) = (start(index).unwrap_or(0), start(index + 1).unwrap_or(0));
        Self {
            first,
            last: next.saturating_sub(1),
        }
    }

    /// How many slots.
    pub fn count(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }

    /// Whether a slot is in both.
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_slots_and_none_twice() {
        for masters in [1, 2, 3, 5, 7] {
            let shares: Vec<_> = (0..masters)
                .map(|index| Range::share(index, masters))
                .collect();
            assert_eq!(shares[0].first, 0);
            assert_eq!(u32::from(shares[masters - 1].last), COUNT - 1);
            for pair in shares.windows(2) {
                assert_eq!(pair[0].last + 1, pair[1].first);
            }
            assert_eq!(shares.iter().map(|share| share.count()).sum::<u32>(), COUNT);
        }
        assert_eq!(Range::share(1, 3).to_string(), "5461-10921");
    }

    #[test]
    fn ranges_meet_when_they_share_a_slot() {
        let range = |first, last| Range { first, last };
        assert!(range(0, 5).meets(range(5, 9)) && range(3, 3).meets(range(0, 9)));
        assert!(!range(0, 5).meets(range(6, 9)));
    }
}

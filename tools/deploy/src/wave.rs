//! In what steps groups are rolled out. Pure.

use crate::desired::Desired;
use crate::request::Rollout;

/// The groups of each step, as places among the desired ones, in order: all at once, or each after those that
/// it depends on. A step of a gated rollout begins when the one before it is ready.
pub fn waves(rollout: Rollout, desired: &Desired) -> Vec<Vec<usize>> {
    let all = || (0..desired.groups.len()).collect();
    if rollout == Rollout::Parallel {
        return vec![all()];
    }
    let mut depths: Vec<usize> = Vec::new();
    for group in &desired.groups {
        // Groups come after those that they depend on.
        let below = group.deps.iter().map(|dep| depths[*dep] + 1);
        depths.push(below.max().unwrap_or(0));
    }
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (group, depth) in depths.into_iter().enumerate() {
        if waves.len() <= depth {
            waves.resize_with(depth + 1, Vec::new);
        }
        waves[depth].push(group);
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Group;
    use windlass_k8s_object::{Environment, Ownership};

    #[test]
    fn gated_groups_come_after_those_that_they_depend_on() {
        let group = |deps: &[usize]| Group {
            id: String::new(),
            label: String::new(),
            name: String::new(),
            deps: deps.to_vec(),
            inventory: None,
        };
        let environment = Environment::try_new("setup", "", Ownership::Shared, &[]);
        let desired = Desired {
            environment: environment.expect("environment"),
            // A diamond, and one that stands alone.
            groups: vec![
                group(&[]),
                group(&[0]),
                group(&[0]),
                group(&[1, 2]),
                group(&[]),
            ],
            objects: Vec::new(),
            images: Vec::new(),
        };
        assert_eq!(
            waves(Rollout::Gated, &desired),
            [vec![0, 4], vec![1, 2], vec![3]]
        );
        assert_eq!(waves(Rollout::Parallel, &desired), [[0, 1, 2, 3, 4]]);
    }
}

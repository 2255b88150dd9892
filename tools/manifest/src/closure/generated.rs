//! Labels that controllers give to the pods that they make.
//!
//! Source: `k8s.io/api`, the constants of `apps/v1` and `batch/v1` that are labels.

/// Labels of one meaning.
pub(super) struct Generated {
    /// The kinds whose pods have them.
    kinds: &'static [&'static str],
    /// What they are called.
    pub(super) labels: &'static [&'static str],
    value: Given,
}

/// The value that a controller gives.
enum Given {
    /// One that nobody knows before.
    Anything,
    Number,
    /// The object's name.
    Name,
    /// The object's name, `-` and a number.
    NameAndNumber,
}

/// The second is the name that the first once had.
const JOB_UIDS: &[&str] = &["batch.kubernetes.io/controller-uid", "controller-uid"];
const JOB_NAMES: &[&str] = &["batch.kubernetes.io/job-name", "job-name"];

const ALL: [Generated; 9] = [
    of(&["CronJob", "Job"], JOB_UIDS, Given::Anything),
    of(&["CronJob"], JOB_NAMES, Given::NameAndNumber),
    of(&["Job"], JOB_NAMES, Given::Name),
    of(
        &["CronJob", "Job"],
        &["batch.kubernetes.io/job-completion-index"],
        Given::Number,
    ),
    of(
        &["DaemonSet", "StatefulSet"],
        &["controller-revision-hash"],
        Given::Anything,
    ),
    of(&["DaemonSet"], &["pod-template-generation"], Given::Number),
    of(&["Deployment"], &["pod-template-hash"], Given::Anything),
    of(
        &["StatefulSet"],
        &["apps.kubernetes.io/pod-index"],
        Given::Number,
    ),
    of(
        &["StatefulSet"],
        &["statefulset.kubernetes.io/pod-name"],
        Given::NameAndNumber,
    ),
];

const fn of(
    kinds: &'static [&'static str],
    labels: &'static [&'static str],
    value: Given,
) -> Generated {
    Generated {
        kinds,
        labels,
        value,
    }
}

/// Those of the pods of a kind.
pub(super) fn of_kind(kind: &str) -> impl Iterator<Item = &'static Generated> {
    ALL.iter().filter(move |one| one.kinds.contains(&kind))
}

impl Generated {
    /// Whether a pod of the object of this name may have a value.
    pub(super) fn may_be(&self, name: &str, value: &str) -> bool {
        let is_number = |text: &str| text.parse::<u64>().is_ok();
        match self.value {
            Given::Anything => true,
            Given::Number => is_number(value),
            Given::Name => value == name,
            Given::NameAndNumber => value
                .rsplit_once('-')
                .is_some_and(|(own, number)| own == name && is_number(number)),
        }
    }

    /// A value that a pod of the object of this name has, where one is known.
    pub(super) fn example(&self, name: &str) -> Option<String> {
        match self.value {
            Given::Anything | Given::Number => None,
            Given::Name => Some(name.to_owned()),
            Given::NameAndNumber => Some(format!("{name}-0")),
        }
    }
}

//! Compares what runs did with what they are expected to do. Pure: nothing is read here.

use similar::{ChangeTag, TextDiff};

use crate::audit::{Asked, Object, Write};
use crate::request::Expected;

/// What one run did.
#[derive(Clone, Debug, Default)]
pub struct Did {
    /// Its requests to the API server, in the order of their answers.
    pub asked: Vec<Asked>,
    /// Its requests to the registry, in order: `PUT /v2/demo/client/manifests/sha256:...`.
    pub registry: Vec<String>,
    /// The objects of its result, dependencies first.
    pub objects: Vec<Object>,
}

/// One expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The steps: each line with `- ` (wanted), `+ ` (got) or two blanks (both).
    Steps(Vec<String>),
    /// Anything else, in one line.
    Other(String),
}

impl Complaint {
    /// The lines to show.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Steps(lines) => {
                let mut shown = vec!["steps: got lines with +, want lines with -".to_owned()];
                shown.extend(lines.iter().cloned());
                shown
            }
            Self::Other(line) => vec![line.clone()],
        }
    }

    /// Whether it is about the steps.
    pub fn is_of_steps(&self) -> bool {
        matches!(self, Self::Steps(_))
    }
}

impl Did {
    /// What was written.
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.asked.iter().filter_map(|asked| asked.write.as_ref())
    }

    /// The repositories that a manifest was pushed to.
    pub fn pushes(&self) -> impl Iterator<Item = &str> {
        self.registry.iter().filter_map(|line| {
            let path = line.strip_prefix("PUT /v2/")?;
            path.split_once("/manifests/")
                .map(|(repository, _)| repository)
        })
    }

    /// Requests that send something to the registry.
    pub fn uploads(&self) -> impl Iterator<Item = &str> {
        let sends = |line: &&str| {
            let method = line.split(' ').next().unwrap_or_default();
            ["PATCH", "POST", "PUT"].contains(&method)
        };
        self.registry.iter().map(String::as_str).filter(sends)
    }

    /// Its steps: pushes by name, then writes, dependencies before what depends on them. Within one
    /// run much is on its way at a time, so this is the order of the graph and not that of the
    /// clock; that one is what [`Expected::before`] is for. What the result does not name comes last.
    pub fn steps(&self, namespace: &str) -> Vec<String> {
        let mut pushes: Vec<&str> = self.pushes().collect();
        pushes.sort_unstable();
        let place = |write: &Write| {
            let same = |object: &Object| *object == write.object;
            self.objects
                .iter()
                .position(same)
                .unwrap_or(self.objects.len())
        };
        let described = self.writes().filter(|write| !write.object.is_book());
        let mut writes: Vec<&Write> = described.collect();
        writes.sort_by_key(|write| (place(write), &write.object.name, &write.asked));
        let pushes = pushes
            .into_iter()
            .map(|repository| format!("push {repository}"));
        let line = |write: &Write| format!("{} {}", write.action, write.object.shown(namespace));
        pushes.chain(writes.into_iter().map(line)).collect()
    }

    /// What it asked, for a reader who has to find out why.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        let asked = self.asked.iter().map(|asked| asked.line.as_str());
        asked.chain(self.registry.iter().map(String::as_str))
    }
}

/// Everything in which the first run and a second one are not as expected. `steps` are those
/// that are wanted, if any are.
pub fn check(
    expected: &Expected,
    steps: Option<&[String]>,
    namespace: &str,
    first: &Did,
    second: &Did,
) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    complaints.extend(steps.and_then(|want| differences(&first.steps(namespace), want)));
    let mut others = Vec::new();
    for (one, after) in &expected.before {
        others.extend(
            after
                .iter()
                .filter_map(|other| order(first, namespace, one, other)),
        );
    }
    let again = second.steps(namespace);
    if !again.is_empty() || second.uploads().next().is_some() {
        let uploads = second.uploads().map(ToOwned::to_owned);
        let got: Vec<String> = again.into_iter().chain(uploads).collect();
        others.push(format!(
            "second run: got `{}`, want nothing",
            got.join("`, `")
        ));
    }
    complaints.extend(others.into_iter().map(Complaint::Other));
    complaints
}

fn differences(got: &[String], want: &[String]) -> Option<Complaint> {
    if got == want {
        return None;
    }
    let (got, want) = (text_of(got), text_of(want));
    let diff = TextDiff::from_lines(&want, &got);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        format!("{sign} {}", change.value().trim_end())
    };
    Some(Complaint::Steps(
        diff.iter_all_changes().map(line).collect(),
    ))
}

/// Steps as a golden has them: one a line.
pub fn text_of(steps: &[String]) -> String {
    steps.iter().flat_map(|step| [step, "\n"]).collect()
}

/// Why `one` was not written before `other`; none if it was.
fn order(did: &Did, namespace: &str, one: &str, other: &str) -> Option<String> {
    let find = |name: &str| {
        did.writes()
            .find(|write| write.object.shown(namespace) == name)
    };
    let (first, then) = match (find(one), find(other)) {
        (Some(first), Some(then)) => (first, then),
        (None, _) => return Some(format!("before: got no write of `{one}`, want one")),
        (_, None) => return Some(format!("before: got no write of `{other}`, want one")),
    };
    (then.asked < first.answered).then(|| {
        format!(
            "before: got `{other}` asked for at {}, want after `{one}`, which was answered at {}",
            then.asked, first.answered
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(action: &'static str, kind: &str, name: &str, asked: u8) -> Asked {
        Asked {
            line: format!("patch {kind}/{name}: 201"),
            write: Some(Write {
                action,
                object: object(kind, name),
                asked: asked.to_string(),
                answered: (asked + 2).to_string(),
            }),
        }
    }

    fn object(kind: &str, name: &str) -> Object {
        Object {
            kind: kind.to_owned(),
            namespace: Some("alice".to_owned()),
            name: name.to_owned(),
        }
    }

    fn did() -> Did {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Did {
            asked: vec![
                write("create", "Deployment", "web", 4),
                write("create", "Lease", "x", 3),
                write("create", "Lease", "windlass.web.1f0c", 3),
                write("create", "ConfigMap", "windlass.web.1f0c", 3),
                write("create", "Service", "db", 1),
            ],
            registry: texts(&[
                "HEAD /v2/shop/web/manifests/sha256:1",
                "POST /v2/shop/web/blobs/uploads/",
                "PUT /v2/shop/web/manifests/sha256:1",
                "PUT /v2/shop/db/manifests/sha256:2",
            ]),
            objects: vec![object("Service", "db"), object("Deployment", "web")],
        }
    }

    const STEPS: [&str; 5] = [
        "push shop/db",
        "push shop/web",
        "create Service db",
        "create Deployment web",
        "create Lease x",
    ];

    fn complaints(expected: &Expected, steps: &[&str], second: &Did) -> Vec<String> {
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let all = check(expected, Some(&steps), "alice", &did(), second);
        all.iter().flat_map(Complaint::lines).collect()
    }

    fn before(one: &str, other: &str) -> Expected {
        Expected {
            before: [(one.to_owned(), vec![other.to_owned()])].into(),
            ..Expected::default()
        }
    }

    #[test]
    fn what_is_as_expected_has_no_complaint() {
        let expected = before("Service db", "Deployment web");
        assert_eq!(complaints(&expected, &STEPS, &Did::default()), [""; 0]);
    }

    #[test]
    fn steps_that_differ() {
        let mut want = STEPS;
        want[2] = "create Service cache";
        assert_eq!(
            complaints(&Expected::default(), &want, &Did::default()),
            [
                "steps: got lines with +, want lines with -",
                "  push shop/db",
                "  push shop/web",
                "- create Service cache",
                "+ create Service db",
                "  create Deployment web",
                "  create Lease x",
            ]
        );
        want = STEPS;
        want.swap(2, 3);
        let swapped = complaints(&Expected::default(), &want, &Did::default());
        assert_eq!(swapped.len(), 1 + 6, "{swapped:?}");
    }

    #[test]
    fn an_order_that_does_not_hold() {
        let of = |one, other| complaints(&before(one, other), &STEPS, &Did::default());
        assert_eq!(
            of("Lease x", "Deployment web"),
            [
                "before: got `Deployment web` asked for at 4, want after `Lease x`, which was \
              answered at 5"
            ]
        );
        assert_eq!(
            of("Service db", "Pod web"),
            ["before: got no write of `Pod web`, want one"]
        );
        assert_eq!(
            of("Service cache", "Pod web"),
            ["before: got no write of `Service cache`, want one"]
        );
    }

    #[test]
    fn a_second_run_that_does_something() {
        let second = Did {
            asked: vec![write("change", "Service", "db", 1)],
            registry: vec!["POST /v2/shop/web/blobs/uploads/".to_owned()],
            ..Did::default()
        };
        assert_eq!(
            complaints(&Expected::default(), &STEPS, &second),
            [
                "second run: got `change Service db`, `POST /v2/shop/web/blobs/uploads/`, want \
              nothing"
            ]
        );
    }
}

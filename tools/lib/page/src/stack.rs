//! What a page of a stack shows.

use serde_json::Value;

use crate::links::Link;

/// A stack: groups of objects, and what needs what.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// The target: `//services/client:myns-deep`.
    pub target: String,
    /// What else there is to say of it: a word and its value.
    pub facts: Vec<(&'static str, String)>,
    /// Why there is no live state; `None` where there is.
    pub unseen: Option<String>,
    /// What a user types for the stack as a whole.
    pub commands: Vec<String>,
    /// The groups, each after those that it needs.
    pub groups: Vec<Group>,
    /// The objects, by group.
    pub objects: Vec<Object>,
}

/// The objects of one service.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What it is called: `redis`.
    pub name: String,
    /// Its target.
    pub label: String,
    /// The groups that must be ready first, as places in [`Stack::groups`].
    pub needs: Vec<usize>,
    /// What a user types for it.
    pub commands: Vec<String>,
}

/// One object.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// Its group, as a place in [`Stack::groups`].
    pub group: usize,
    /// Its target.
    pub label: String,
    /// Its manifest.
    pub manifest: Value,
    /// How it is; `None` where nobody has looked.
    pub state: Option<State>,
    /// Why it is so, a line each.
    pub says: Vec<String>,
    /// Its images.
    pub images: Vec<Image>,
    /// Where it answers.
    pub links: Vec<Link>,
    /// What a user types to see more.
    pub commands: Vec<String>,
}

/// How an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It will not get ready by itself.
    Failed,
    /// It is not there.
    Missing,
    /// It is on its way.
    Progressing,
    /// It is as it was told to be.
    Ready,
}

/// All states, the worst first.
pub const STATES: [State; 4] = [
    State::Failed,
    State::Missing,
    State::Progressing,
    State::Ready,
];

/// An image of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its reference, as the manifest has it.
    pub reference: String,
    /// The commit that it was built from, if that is known.
    pub commit: Option<String>,
    /// Other images that its pods still run.
    pub others: Vec<String>,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Progressing => "progressing",
            Self::Ready => "ready",
        }
    }

    /// The mark for it, for those who see no colours.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Failed => "✗",
            Self::Missing => "○",
            Self::Progressing => "…",
            Self::Ready => "✓",
        }
    }
}

/// The word for a state, or for none.
pub(crate) fn word(state: Option<State>) -> &'static str {
    state.map_or("unknown", State::word)
}

/// The mark for a state, or for none.
pub(crate) fn mark(state: Option<State>) -> &'static str {
    state.map_or("·", State::mark)
}

impl Object {
    /// `StatefulSet`.
    pub fn kind(&self) -> &str {
        self.manifest["kind"].as_str().unwrap_or_default()
    }

    /// `redis`.
    pub fn name(&self) -> &str {
        self.manifest["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
    }

    /// `StatefulSet redis`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }
}

impl Stack {
    /// How many objects there are in each state, the worst first; of a group, or of all.
    pub(crate) fn counts(&self, group: Option<usize>) -> Vec<(Option<State>, usize)> {
        let of = |object: &&Object| group.is_none_or(|group| object.group == group);
        let states = STATES.map(Some).into_iter().chain([None]);
        let counts = states.map(|state| {
            let is_it = |object: &&Object| object.state == state;
            let count = self.objects.iter().filter(of).filter(is_it).count();
            (state, count)
        });
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The places of a group's objects.
    pub(crate) fn members(&self, group: usize) -> Vec<usize> {
        let objects = self.objects.iter().enumerate();
        let own = objects.filter(|(_, object)| object.group == group);
        own.map(|(at, _)| at).collect()
    }
}

/// An image with as much of its digest as tells it from others: `demo/server@1f0c9be8aa5d`.
pub(crate) fn short(reference: &str) -> String {
    const DIGITS: usize = 12;
    let Some((name, digest)) = reference.split_once("@sha256:") else {
        return reference.to_owned();
    };
    let name = match name.split_once('/') {
        // The host of a registry has a dot or a port, or is this machine.
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => name,
    };
    format!("{name}@{}", cut(digest, DIGITS))
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    &text[..end.unwrap_or(text.len())]
}

/// `1 object`, `2 objects`.
pub(crate) fn many(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_cut_and_registries_left_out() {
        let digest = "a1".repeat(32);
        for (name, want) in [
            ("localhost:31000/demo/a", "demo/a@a1a1a1a1a1a1"),
            ("r.io/demo/a", "demo/a@a1a1a1a1a1a1"),
            ("demo/a", "demo/a@a1a1a1a1a1a1"),
        ] {
            assert_eq!(short(&format!("{name}@sha256:{digest}")), want);
        }
        assert_eq!(short("r.io/redis:8"), "r.io/redis:8");
        assert_eq!(cut("äöü", 2), "äö");
    }
}

//! What the containers of a request say, line by line.
//!
//! A container has one reader, which reads its runs one after the other and knows how far it has
//! come by the moments that the log has for each line: so a stream that breaks, a container that
//! is started again and a status that is late never print a line twice.

pub mod lines;
mod read;

use std::collections::BTreeMap;

use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::sync::watch;
use windlass_k8s_object::Namespace;

use crate::cli::Options;
use crate::cluster::Cluster;
use crate::desired::Desired;
use crate::error::{Error, Reason};
use crate::pods::{self, Container, containers, is_over, pods_of};
use crate::progress::Progress;
use crate::screen;
use crate::session::CONCURRENCY;
use crate::watch::{Store, Watched, Watcher};
use windlass_k8s_diff::text::Colour;

use read::{Begin, Reader, Source};

/// Everything that is needed to show logs.
#[derive(Clone, Copy)]
pub struct Logs<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The kubeconfig context that leads to it, for messages.
    pub context: &'a str,
    /// Whose logs.
    pub desired: &'a Desired,
    /// Which of them.
    pub options: &'a Options,
    /// Where lines go.
    pub progress: &'a Progress,
    /// Whether the names of pods have colours.
    pub colour: Colour,
    /// The target, for messages.
    pub target: &'a str,
    /// What a user types to see why there is no pod.
    pub status: &'a str,
}

impl Logs<'_> {
    /// Prints what was said up to now.
    pub async fn show(&self, store: &Store) -> Result<(), Error> {
        let pods = pods_of(self.desired, store);
        if pods.is_empty() {
            return Err(Error::NoPods {
                target: self.target.to_owned(),
                state: "there",
                hint: self.status.to_owned(),
            });
        }
        self.check_container(&pods)?;
        let begin = Begin::of(self.options);
        let mut readers = Vec::new();
        for (at, pod) in &pods {
            for container in self.wanted(pod) {
                if self.can_be_read(*at, pod, &container) {
                    readers.push(self.reader(*at, pod, &container.name, begin));
                }
            }
        }
        if readers.is_empty() && self.options.previous {
            self.note("no container was started again: there is nothing before");
        }
        let all = futures::stream::iter(readers.into_iter().map(Reader::read));
        all.buffer_unordered(CONCURRENCY).try_collect().await
    }

    /// Prints what was said and is said, until nobody will say any more.
    pub async fn follow(&self, needed: Vec<Watched>) -> Result<(), Error> {
        let mut watcher = Watcher::start(self.cluster, needed);
        let mut open = FuturesUnordered::new();
        let mut known = Known::default();
        let mut begin = Some(Begin::of(self.options));
        loop {
            tokio::select! {
                () = watcher.changed() => {}
                Some(ended) = open.next() => { let () = ended?; }
            }
            if let Some((what, error)) = watcher.refusal() {
                return Err(Error::Watch {
                    what,
                    context: self.context.to_owned(),
                    source: Box::new(error.clone()),
                });
            }
            if !watcher.is_complete() {
                continue;
            }
            let pods = pods_of(self.desired, &watcher.store);
            if begin.is_some() {
                self.begin(&pods)?;
            }
            // What comes later is told from its start.
            let begin = begin.take().unwrap_or_default();
            for (at, pod, container, changes) in known.update(&pods) {
                if self.is_wanted(&container) {
                    open.push(self.reader(at, pod, &container, begin).follow(changes));
                }
            }
            if open.is_empty() && self.is_over(&watcher.store) {
                return Ok(());
            }
        }
    }

    /// What is told of the first look.
    fn begin(&self, pods: &[(usize, &Value)]) -> Result<(), Error> {
        if pods.is_empty() {
            self.note("no pod yet: waiting for the first");
            return Ok(());
        }
        self.check_container(pods)
    }

    /// Whether no pod will come that says anything.
    fn is_over(&self, store: &Store) -> bool {
        let mut workloads = self.desired.objects.iter();
        workloads.all(|object| {
            let live = pods::live(&object.object, store);
            !pods::makes_pods(&object.object) || live.is_some_and(is_over)
        })
    }

    fn is_wanted(&self, container: &str) -> bool {
        let only = self.options.container.as_deref();
        only.is_none_or(|only| only == container)
    }

    fn wanted(&self, pod: &Value) -> Vec<Container> {
        let mut all = containers(pod);
        all.retain(|container| self.is_wanted(&container.name));
        all
    }

    /// Refuses the name of a container that no pod has.
    fn check_container(&self, pods: &[(usize, &Value)]) -> Result<(), Error> {
        let Some(name) = &self.options.container else {
            return Ok(());
        };
        let all = pods.iter().flat_map(|(_, pod)| containers(pod));
        let mut names: Vec<String> = all.map(|container| container.name).collect();
        names.sort_unstable();
        names.dedup();
        if names.contains(name) {
            return Ok(());
        }
        Err(Error::Absent {
            target: self.target.to_owned(),
            what: format!("container `{name}`"),
            source: Reason::want_one_of(&names),
        })
    }

    /// Whether there is something to read; says so where there is not.
    fn can_be_read(&self, at: usize, pod: &Value, container: &Container) -> bool {
        if self.options.previous {
            return container.has_previous;
        }
        if container.run.is_none() {
            let of = self.title(at, pod, &container.name);
            let why = match container.waits.as_str() {
                "" => String::new(),
                why => format!(": {why}"),
            };
            self.note(&format!("{of} has not started{why}"));
        }
        container.run.is_some()
    }

    /// `server/server-6f5d-x2x9k server`.
    fn title(&self, at: usize, pod: &Value, container: &str) -> String {
        let group = &self.desired.groups[self.desired.objects[at].group].name;
        let pod = pod["metadata"]["name"].as_str().unwrap_or_default();
        format!("{group}/{pod} {container}")
    }

    fn reader(&self, at: usize, pod: &Value, container: &str, begin: Begin) -> Reader<'_> {
        let title = self.title(at, pod, container);
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = &self.desired.objects[at].object.key().namespace;
        let source = Source {
            namespace: namespace.as_ref().map_or("", Namespace::as_str).to_owned(),
            pod: name.to_owned(),
            container: container.to_owned(),
            prefix: prefix(&title, name, self.colour),
            title,
        };
        Reader::new(*self, source, begin)
    }

    fn note(&self, text: &str) {
        self.progress.line(&screen::note_line(text));
    }
}

/// `server/server-6f5d-x2x9k server | `, in the colour of the pod.
fn prefix(title: &str, pod: &str, colour: Colour) -> String {
    /// ECMA-48, SGR: cyan, yellow, green, magenta, blue, and their bright forms; red is for errors.
    const COLOURS: [u8; 10] = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
    let sum = pod.bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    match colour {
        Colour::Ansi => format!("\x1b[{}m{title} |\x1b[0m ", COLOURS[sum % COLOURS.len()]),
        Colour::Never => format!("{title} | "),
    }
}

/// The pods that are followed: those who read their containers hear of each change.
#[derive(Default)]
struct Known(BTreeMap<String, (watch::Sender<Value>, Vec<String>)>);

impl Known {
    /// Takes in the pods as they are; gives back the containers that are new. Who reads a pod that
    /// is gone hears that.
    fn update<'a>(
        &mut self,
        pods: &[(usize, &'a Value)],
    ) -> Vec<(usize, &'a Value, String, watch::Receiver<Value>)> {
        let uid = |pod: &Value| {
            pod["metadata"]["uid"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        self.0
            .retain(|known, _| pods.iter().any(|(_, pod)| uid(pod) == *known));
        let mut new = Vec::new();
        for (at, pod) in pods {
            let first = || (watch::channel((*pod).clone()).0, Vec::new());
            let (sender, names) = self.0.entry(uid(pod)).or_insert_with(first);
            sender.send_if_modified(|last| {
                let changed = last != *pod;
                if changed {
                    *last = (*pod).clone();
                }
                changed
            });
            for container in containers(pod) {
                if !names.contains(&container.name) {
                    names.push(container.name.clone());
                    new.push((*at, *pod, container.name, sender.subscribe()));
                }
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pod_has_a_colour_of_its_own_where_there_are_colours() {
        let of = |pod: &str, colour| prefix(&format!("redis/{pod} redis"), pod, colour);
        assert_eq!(of("redis-0", Colour::Never), "redis/redis-0 redis | ");
        let (first, second) = (of("redis-0", Colour::Ansi), of("redis-1", Colour::Ansi));
        assert!(first.starts_with("\x1b["), "{first:?}");
        assert!(
            first.ends_with("redis/redis-0 redis |\x1b[0m "),
            "{first:?}"
        );
        assert_ne!(first[..5], second[..5]);
        assert_eq!(first, of("redis-0", Colour::Ansi));
    }
}

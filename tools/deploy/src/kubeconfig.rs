//! Finds the kubeconfig that knows a context.
//!
//! Looked at, in this order: the files of `KUBECONFIG` (as one), `~/.kube/config`, and the file
//! that the local cluster writes, `${XDG_STATE_HOME:-~/.local/state}/windlass/cluster/kubeconfig`.
//! The first that has the context is used. `current-context` is never read: no run depends on what
//! somebody did in another terminal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::environment::ProcessEnvironment;
use crate::error::{Error, Reason};

/// How a cluster is reached.
#[derive(Debug)]
pub struct Found {
    /// The connection settings.
    pub config: kube::Config,
    /// What a user types for kubectl with these settings.
    pub kubectl: String,
    /// The file that they are from; the first, of several that are read as one.
    pub path: PathBuf,
}

/// The connection settings of `context`.
///
/// # Errors
/// A file cannot be read or parsed, or none has the context.
pub async fn find(context: &str, environment: &ProcessEnvironment) -> Result<Found, Error> {
    let mut found = BTreeSet::new();
    for source in sources(environment) {
        let Some(kubeconfig) = read(&source.files)? else {
            continue;
        };
        if kubeconfig
            .contexts
            .iter()
            .any(|known| known.name == context)
        {
            let config = config(context, kubeconfig, &source.files).await?;
            let kubectl = match source.whose {
                Whose::User => format!("kubectl --context {context}"),
                Whose::Home if environment.kubeconfig.is_none() => {
                    format!("kubectl --context {context}")
                }
                // With KUBECONFIG set, kubectl does not look here.
                Whose::Home => {
                    format!("kubectl --kubeconfig ~/.kube/config --context {context}")
                }
                Whose::LocalCluster => "bazel run //cluster:kubectl --".to_owned(),
            };
            return Ok(Found {
                config,
                kubectl,
                path: source.files.into_iter().next().unwrap_or_default(),
            });
        }
        found.extend(kubeconfig.contexts.into_iter().map(|known| known.name));
    }
    Err(Error::no_context(
        context,
        &found.into_iter().collect::<Vec<_>>(),
    ))
}

/// Files that are read as one, the first one's entries first.
struct Source {
    files: Vec<PathBuf>,
    whose: Whose,
}

/// Whether kubectl finds a file by itself.
enum Whose {
    /// The files of `KUBECONFIG`: always.
    User,
    /// `~/.kube/config`: without `KUBECONFIG`.
    Home,
    /// The local cluster's own: never.
    LocalCluster,
}

fn sources(environment: &ProcessEnvironment) -> Vec<Source> {
    let mut sources = Vec::new();
    if let Some(list) = &environment.kubeconfig {
        // `bazel run` starts this program in another folder than the user's.
        let folder = environment.working_directory.clone().unwrap_or_default();
        let named = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty());
        sources.push(Source {
            files: named.map(|path| folder.join(path)).collect(),
            whose: Whose::User,
        });
    }
    if let Some(home) = &environment.home {
        sources.push(Source {
            files: vec![home.join(".kube/config")],
            whose: Whose::Home,
        });
    }
    let state = environment.xdg_state_home.clone();
    let state = state.or_else(|| {
        environment
            .home
            .as_ref()
            .map(|home| home.join(".local/state"))
    });
    if let Some(state) = state {
        sources.push(Source {
            files: vec![state.join("windlass/cluster/kubeconfig")],
            whose: Whose::LocalCluster,
        });
    }
    sources
}

/// One source; `None` if none of its files exist.
fn read(source: &[PathBuf]) -> Result<Option<Kubeconfig>, Error> {
    let mut merged: Option<Kubeconfig> = None;
    for path in source.iter().filter(|path| path.is_file()) {
        let next = Kubeconfig::read_from(path).map_err(|error| unusable(path, &error))?;
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(|error| unusable(path, &error))?,
        });
    }
    Ok(merged)
}

async fn config(
    context: &str,
    kubeconfig: Kubeconfig,
    source: &[PathBuf],
) -> Result<kube::Config, Error> {
    let proxy = proxy_of(context, &kubeconfig);
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..Default::default()
    };
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| {
            unusable(
                source.first().map_or(Path::new(""), PathBuf::as_path),
                &error,
            )
        })?;
    // Only the kubeconfig names a proxy: HTTPS_PROXY of the shell would catch a cluster on
    // 127.0.0.1 as well.
    config.proxy_url = proxy.and_then(|proxy| proxy.parse().ok());
    Ok(ours(config))
}

/// The settings that are the same however a cluster is reached.
pub(crate) fn ours(mut config: kube::Config) -> kube::Config {
    // By this name we are known in audit logs.
    let agent = concat!("windlass/", env!("CARGO_PKG_VERSION"));
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(agent)));
    // Requests are repeated in one place, `Cluster::send`.
    config.default_retry = false;
    config
}

fn proxy_of(context: &str, kubeconfig: &Kubeconfig) -> Option<String> {
    let context = kubeconfig
        .contexts
        .iter()
        .find(|known| known.name == context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|known| known.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone()
}

fn unusable(path: &Path, error: &KubeconfigError) -> Error {
    let reason = match error {
        // Its own text quotes the lines around the place, and these may hold secrets.
        KubeconfigError::Parse(error) => {
            let place = error.location().map_or_else(String::new, |place| {
                format!("line {}, column {}: ", place.line(), place.column())
            });
            format!("{place}want YAML as kubectl writes it")
        }
        error => error.to_string(),
    };
    Error::Kubeconfig {
        path: path.to_owned(),
        source: Reason(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: v1
kind: Config
current-context: other
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:PORT'}}]
users: [{name: u, user: {}}]
contexts: [{name: NAME, context: {cluster: c, user: u}}]
";

    fn write(path: &Path, context: &str, port: &str) {
        std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        let text = FILE.replace("NAME", context).replace("PORT", port);
        std::fs::write(path, text).expect("write");
    }

    async fn server(environment: &ProcessEnvironment) -> Result<String, Error> {
        find("windlass", environment)
            .await
            .map(|found| format!("{} by {}", found.config.cluster_url, found.kubectl))
    }

    #[tokio::test]
    async fn the_first_file_that_has_the_context() {
        let folder = tempfile::tempdir().expect("folder");
        let home = folder.path().join("home");
        let mut environment = ProcessEnvironment {
            home: Some(home.clone()),
            ..ProcessEnvironment::default()
        };
        write(
            &home.join(".local/state/windlass/cluster/kubeconfig"),
            "windlass",
            "3",
        );
        write(&home.join(".kube/config"), "other", "2");
        assert_eq!(
            server(&environment).await.expect("found"),
            "https://127.0.0.1:3/ by bazel run //cluster:kubectl --"
        );
        write(&home.join(".kube/config"), "windlass", "2");
        assert_eq!(
            server(&environment).await.expect("found"),
            "https://127.0.0.1:2/ by kubectl --context windlass"
        );
        // kubectl reads only what KUBECONFIG names, so the hint has to name the file.
        environment.kubeconfig = Some(folder.path().join("missing").into());
        assert_eq!(
            server(&environment).await.expect("found"),
            "https://127.0.0.1:2/ by kubectl --kubeconfig ~/.kube/config --context windlass"
        );
        // Named as the user would, relative to where they stand.
        write(&folder.path().join("own"), "windlass", "1");
        environment.kubeconfig = Some("missing:own".into());
        environment.working_directory = Some(folder.path().to_owned());
        assert_eq!(
            server(&environment).await.expect("found"),
            "https://127.0.0.1:1/ by kubectl --context windlass"
        );
    }
}

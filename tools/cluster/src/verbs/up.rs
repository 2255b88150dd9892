//! `up`: a cluster that takes pods, whatever was there before.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use windlass_report::{print, say};

use crate::cli::Called;
use crate::error::Error;
use crate::kubeconfig::{self, Context};
use crate::node;
use crate::programs;
use crate::record;
use crate::request::Provider;
use crate::settings::{HostPorts, Settings};
use crate::state::State;
use crate::toolbox;

/// How long a cluster that says it runs may take to prove it, before it is started anew.
const PROOF: Duration = Duration::from_secs(20);

/// The options of `up`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The cluster's folder [default: `$XDG_STATE_HOME/windlass/cluster`].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Show the API server on this port of 127.0.0.1.
    #[arg(long, value_name = "PORT")]
    api_port: Option<u16>,
    /// Show the registry on this port of 127.0.0.1.
    #[arg(long, value_name = "PORT")]
    registry_port: Option<u16>,
    /// Put the context in the first file of `KUBECONFIG`, or in ~/.kube/config.
    #[arg(long)]
    merge_kubeconfig: bool,
    /// Seconds to wait until pods can run.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
}

/// Starts the cluster, or uses the context that is there.
pub fn run(arguments: &Arguments, provider: &Provider, called: &Called) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let context = &provider.request.context;
    let path = super::folder(arguments.state.as_ref(), called);
    if arguments.state.is_none()
        && let Some(found) = foreign(provider, State::open(&path).ok().as_ref(), called)?
    {
        return use_foreign(context, found);
    }
    super::need_root(context)?;
    toolbox::enter(provider, &called.arguments, &called.environment)?;
    let programs = programs::build(provider, &called.environment)?;
    let host = HostPorts {
        api: arguments.api_port,
        registry: arguments.registry_port,
    };
    let settings = Settings::new(&provider.request, programs, host);
    let state = State::create(&path)?;
    let lock = state.lock(|| say("another caller changes the cluster: waiting"))?;
    let timeout = Duration::from_secs(arguments.timeout);
    let was_up = bring_up(&state, &settings, provider, timeout)?;
    drop(lock);
    merge(arguments.merge_kubeconfig, &state, &settings, called)?;
    let ports: Vec<_> = settings
        .published
        .iter()
        .map(|port| format!("127.0.0.1:{}", port.host))
        .collect();
    let took = from.elapsed().as_secs_f64();
    let how = if was_up {
        "already up".to_owned()
    } else {
        format!("up in {took:.1} s")
    };
    say(&format!(
        "{context} is {how} (embedded), published on {}",
        ports.join(" ")
    ));
    let export = format!("export KUBECONFIG={}\n", state.kubeconfig().display());
    print(export.as_bytes()).map_err(Error::io("write", "stdout"))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether it was up already. One that runs with other settings, or does not answer, starts anew.
fn bring_up(
    state: &State,
    settings: &Settings,
    provider: &Provider,
    timeout: Duration,
) -> Result<bool, Error> {
    if record::running(state).is_some() {
        let same = state.settings().as_ref() == Some(settings)
            && programs::same(&provider.node, &state.node());
        if !same {
            say("the cluster runs with other settings: starting it anew");
        } else if node::is_ready(state, settings) && node::names_resolve(state, settings) {
            return Ok(true);
        } else if node::await_ready(state, settings, PROOF).is_ok() {
            return Ok(false);
        } else {
            say("the cluster does not answer: starting it anew");
        }
    }
    // Also clears up after a supervisor that was killed.
    node::stop(state);
    say(&format!(
        "starting {} (embedded: one node in namespaces of its own)",
        settings.context
    ));
    node::start(state, settings, &provider.node)?;
    node::await_ready(state, settings, timeout)?;
    Ok(false)
}

fn use_foreign(context: &str, found: Context) -> Result<ExitCode, Error> {
    let file = found.file.display().to_string();
    match kubeconfig::answers(&found.server) {
        Ok(()) => {
            say(&format!(
                "{context} is up: context already there in {file} ({})",
                found.server
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(source) => Err(Error::ContextSilent {
            context: context.to_owned(),
            file: found.file,
            source,
        }),
    }
}

/// A context of the cluster's name in the user's kubeconfig that is not this cluster: it is used as
/// it is. Ours is one with our certificate authority, or one that we merged.
pub fn foreign(
    provider: &Provider,
    state: Option<&State>,
    called: &Called,
) -> Result<Option<Context>, Error> {
    let name = &provider.request.context;
    let Some(found) = kubeconfig::find(&called.environment.kubeconfigs(), name)? else {
        return Ok(None);
    };
    let Some(state) = state else {
        return Ok(Some(found));
    };
    let file = state.kubeconfig();
    let own = kubeconfig::read(&file)?.and_then(|config| kubeconfig::context(&config, name, &file));
    let same = own.is_some_and(|own| own.authority == found.authority);
    let merged = std::fs::read_to_string(state.merged())
        .is_ok_and(|into| found.file.as_os_str() == into.as_str());
    Ok((!same && !merged).then_some(found))
}

/// Merges the context into the user's kubeconfig where that was asked for, now or before.
fn merge(asked: bool, state: &State, settings: &Settings, called: &Called) -> Result<(), Error> {
    let before = std::fs::read_to_string(state.merged())
        .ok()
        .map(PathBuf::from);
    let target = match before {
        Some(file) => Some(file),
        None if asked => called.environment.kubeconfigs().into_iter().next(),
        None => None,
    };
    let (Some(file), Some(ours)) = (target, kubeconfig::read(&state.kubeconfig())?) else {
        return Ok(());
    };
    if file == state.kubeconfig() {
        return Ok(());
    }
    let theirs = kubeconfig::read(&file)?;
    let merged = kubeconfig::merge(theirs.clone(), &ours);
    if theirs.as_ref() != Some(&merged) {
        kubeconfig::write(&file, &merged)?;
        say(&format!(
            "context {} is in {}",
            settings.context,
            file.display()
        ));
    }
    let text = file.as_os_str().as_encoded_bytes();
    std::fs::write(state.merged(), text).map_err(Error::io("write", state.merged()))
}

//! `up`: a cluster that takes pods, whatever was there before.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use windlass_report::{print, say};

use crate::cli::Called;
use crate::contexts;
use crate::embedded;
use crate::error::Error;
use crate::k3d::{self, Cluster, Tools};
use crate::kubeconfig::{self, Context};
use crate::programs;
use crate::provider::{self, Chosen, Provider, Unfit};
use crate::request::Target;
use crate::settings::{HostPorts, Published, Settings};
use crate::state::State;
use crate::toolbox;

/// The options of `up`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The cluster's folder [default: `$XDG_STATE_HOME/windlass/cluster`].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Who runs the cluster [default: the first of these that can].
    #[arg(long, value_enum)]
    provider: Option<Provider>,
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
    #[arg(long, value_name = "SECONDS", default_value_t = super::plan::TIMEOUT)]
    timeout: u64,
}

/// Starts the cluster, or uses the context that is there.
pub fn run(arguments: &Arguments, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let path = super::folder(arguments.state.as_ref(), called);
    let state = super::open(&path, called)?;
    let chosen = choose(arguments, target, state.as_ref(), called)?;
    if arguments.merge_kubeconfig && !matches!(chosen, Chosen::Context(_)) {
        contexts::may_merge(state.as_ref(), &target.request.context, called)?;
    }
    match chosen {
        Chosen::Context(found) => use_foreign(&target.request.context, found),
        Chosen::K3d(tools) => up_by_k3d(arguments, target, called, &tools),
        Chosen::Embedded => up_embedded(arguments, target, called),
    }
}

/// Who runs the cluster. Who made the one in the folder goes on with it. Where the caller has not
/// said who, a line says who does, and why nobody else.
fn choose(
    arguments: &Arguments,
    target: &Target,
    state: Option<&State>,
    called: &Called,
) -> Result<Chosen, Error> {
    let (request, environment) = (&target.request, &called.environment);
    let context = &request.context;
    let made = state.and_then(State::made_by);
    let mut order = match (arguments.provider, state.zip(made)) {
        (Some(wanted), Some((state, made))) if wanted != made && wanted != Provider::Context => {
            return Err(Error::OtherProvider {
                context: context.clone(),
                path: state.path().to_path_buf(),
                made,
                wanted,
            });
        }
        (Some(wanted), _) => vec![wanted],
        (None, Some((_, made))) => vec![Provider::Context, made],
        (None, None) => vec![Provider::Context, Provider::K3d, Provider::Embedded],
    };
    // A folder of the caller's own has a cluster of its own: contexts are not about that.
    if arguments.state.is_some() && arguments.provider.is_none() {
        order.retain(|provider| *provider != Provider::Context);
    }
    let mut found = if order.contains(&Provider::Context) {
        contexts::foreign(target, state, called)?
    } else {
        None
    };
    let look = |provider| match provider {
        Provider::Context => {
            let files = environment.kubeconfigs();
            let found = found.take().map(Chosen::Context);
            found.ok_or(Unfit::NoContext { files })
        }
        Provider::K3d => provider::k3d(request, environment).map(Chosen::K3d),
        Provider::Embedded => provider::embedded(request, environment).map(|()| Chosen::Embedded),
    };
    let (chosen, line) =
        provider::choose(context, &order, look).map_err(|unfit| Error::Provider {
            context: context.clone(),
            unfit,
        })?;
    if arguments.provider.is_none() {
        say(&line);
    }
    Ok(chosen)
}

fn up_by_k3d(
    arguments: &Arguments,
    target: &Target,
    called: &Called,
    tools: &Tools,
) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let settings = k3d::Settings::new(&target.request, arguments.host_ports());
    let folder = arguments.folder(called);
    let (state, lock) = State::create(&folder, &called.environment, super::waiting)?;
    let cluster = Cluster {
        tools,
        state: &state,
        settings: &settings,
    };
    let started = cluster.up(target, called, Duration::from_secs(arguments.timeout))?;
    drop(lock);
    let took = started.then(|| from.elapsed());
    arguments.finish(called, &state, &settings.context, &settings.published, took)
}

fn up_embedded(arguments: &Arguments, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let mut again = called.arguments.clone();
    if arguments.provider.is_none() {
        // In the toolbox there is less to choose from, and the line is said already.
        again.push(format!("--provider={}", Provider::Embedded).into());
    }
    toolbox::enter(target, &again, &called.environment)?;
    let programs = programs::build(target, &called.environment)?;
    let settings = Settings::new(&target.request, programs, arguments.host_ports());
    let folder = arguments.folder(called);
    let (state, lock) = State::create(&folder, &called.environment, super::waiting)?;
    let timeout = Duration::from_secs(arguments.timeout);
    let program = called.environment.program()?;
    let started = embedded::up(&state, &settings, &target.node, &program, timeout)?;
    drop(lock);
    let took = started.then(|| from.elapsed());
    arguments.finish(called, &state, &settings.context, &settings.published, took)
}

impl Arguments {
    fn folder(&self, called: &Called) -> PathBuf {
        super::folder(self.state.as_ref(), called)
    }

    fn host_ports(&self) -> HostPorts {
        HostPorts {
            api: self.api_port,
            registry: self.registry_port,
        }
    }

    /// Says where the cluster is. `took` is none where it was up.
    fn finish(
        &self,
        called: &Called,
        state: &State,
        context: &str,
        published: &[Published],
        took: Option<Duration>,
    ) -> Result<ExitCode, Error> {
        contexts::merge(self.merge_kubeconfig, state, context, called)?;
        let ports: Vec<_> = published
            .iter()
            .map(|port| format!("127.0.0.1:{}", port.host))
            .collect();
        let how = took.map_or_else(
            || "already up".to_owned(),
            |took| format!("up in {:.1} s", took.as_secs_f64()),
        );
        let provider = state.made_by().unwrap_or(Provider::Embedded);
        say(&format!(
            "{context} is {how} ({provider}), published on {}",
            ports.join(" ")
        ));
        let export = format!("export KUBECONFIG={}\n", state.kubeconfig().display());
        print(export.as_bytes()).map_err(Error::io("write", "stdout"))?;
        Ok(ExitCode::SUCCESS)
    }
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

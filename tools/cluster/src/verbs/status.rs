//! `status`: what runs, and where.

use std::process::ExitCode;

use windlass_report::{Exit, print};

use crate::cli::{Called, StateArgument};
use crate::contexts;
use crate::error::Error;
use crate::k3d::{self, Cluster};
use crate::kubeconfig;
use crate::node;
use crate::record;
use crate::request::Target;
use crate::settings::Settings;
use crate::state::State;

/// Prints the status; success means that the cluster takes pods.
pub fn run(argument: &StateArgument, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let context = &target.request.context;
    let state = super::existing(argument, called)?;
    if argument.state.is_none()
        && let Some(found) = contexts::foreign(target, state.as_ref(), called)?
    {
        let answer = kubeconfig::answers(&found.server);
        let state = answer
            .as_ref()
            .map_or_else(ToString::to_string, |()| "answers".to_owned());
        let text = format!(
            "{context}: context of {}\n  server      {}\n  status      {state}\n",
            found.file.display(),
            found.server,
        );
        return printed(&text, answer.is_ok());
    }
    if let Some(state) = &state
        && let Some(settings) = state.k3d()?
    {
        return by_k3d(state, &settings, target, called);
    }
    let known = state.and_then(|state| state.settings().map(|settings| (state, settings)));
    let Some((state, settings)) = known else {
        return printed(
            &format!("{context}\n  status      down, never started\n"),
            false,
        );
    };
    let (status, ready) = match record::running(&state) {
        None => ("down".to_owned(), false),
        Some(record) if node::is_ready(&state, &settings) => {
            (format!("up, node ready (supervisor {})", record.pid), true)
        }
        Some(record) => (
            format!("started, node not ready (supervisor {})", record.pid),
            false,
        ),
    };
    printed(&text(context, &status, &state, &settings), ready)
}

fn by_k3d(
    state: &State,
    settings: &k3d::Settings,
    target: &Target,
    called: &Called,
) -> Result<ExitCode, Error> {
    let tools = &super::k3d_tools(target, called)?;
    let context = &settings.context;
    let cluster = Cluster {
        tools,
        state,
        settings,
    };
    let (status, runs) = match cluster.servers()? {
        Some(servers) if servers.running > 0 => ("up", true),
        Some(_) => ("down", false),
        None => ("down, never started", false),
    };
    let text = format!(
        "{context}: k3d\n  status      {status}\n  API server  https://127.0.0.1:{}\n  registry    {}\n  \
         kubeconfig  {}\n  state       {}\n",
        settings.api_port(),
        settings.registry,
        state.kubeconfig().display(),
        state.path().display(),
    );
    printed(&text, runs)
}

fn text(context: &str, status: &str, state: &State, settings: &Settings) -> String {
    let ports: Vec<_> = settings
        .published
        .iter()
        .map(|port| format!("127.0.0.1:{}", port.host))
        .collect();
    format!(
        "{context}: embedded\n  status      {status}\n  API server  https://127.0.0.1:{}\n  registry    127.0.0.1:{}\n  \
         published   {}\n  kubeconfig  {}\n  audit log   {}\n  state       {}\n  programs    {}\n",
        settings.api_port(),
        settings.registry_port(),
        ports.join(" "),
        state.kubeconfig().display(),
        state.var().join("log/cluster/audit.log").display(),
        state.path().display(),
        settings.programs.display(),
    )
}

fn printed(text: &str, ready: bool) -> Result<ExitCode, Error> {
    print(text.as_bytes()).map_err(Error::io("write", "stdout"))?;
    Ok(if ready {
        ExitCode::SUCCESS
    } else {
        Exit::Preflight.into()
    })
}

//! `plan`: what `up`, `down` and `reset` do by docker and k3d, as files. Nothing is run, and
//! nothing of this machine is read: the files are build outputs.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Error;
use crate::k3d::Settings;
use crate::k3d::plan::{self, Images, Live, Servers, Step, Wanted};
use crate::provider;
use crate::request::Target;
use crate::settings::HostPorts;

/// Where the cluster's folder is, in a text that is the same on all machines.
const STATE: &str = "$STATE";

/// What the node is labelled with, in such a text.
const LABEL: &str = "$LABEL";

/// Seconds that k3d may wait: what `up` takes where it is not told.
pub const TIMEOUT: u64 = 180;

/// The options of `plan`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write the node's file of registries.
    #[arg(long, value_name = "FILE")]
    registries: PathBuf,
    /// Write the commands, as one would type them.
    #[arg(long, value_name = "FILE")]
    commands: PathBuf,
}

/// Writes both files.
pub fn run(arguments: &Arguments, target: &Target) -> Result<ExitCode, Error> {
    let settings = Settings::new(&target.request, HostPorts::default());
    let commands = match provider::placed(&target.request) {
        Ok(()) => commands(&settings),
        Err(why) => format!("# k3d: {why}\n"),
    };
    let path = &arguments.registries;
    let registries = settings
        .registries()
        .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
    std::fs::write(path, registries).map_err(Error::io("write", path))?;
    let path = &arguments.commands;
    std::fs::write(path, commands).map_err(Error::io("write", path))?;
    Ok(ExitCode::SUCCESS)
}

/// The commands of each verb, for each state that it finds the cluster in.
fn commands(settings: &Settings) -> String {
    let subnets = settings
        .network
        .as_ref()
        .map(|network| vec![network.subnet.clone()]);
    let images = if settings.images.is_empty() {
        Images::There
    } else {
        Images::Missing
    };
    let nothing = Live {
        subnets: None,
        cluster: None,
        images,
    };
    let servers = |running| Live {
        subnets: subnets.clone(),
        cluster: Some(Servers { there: 1, running }),
        images: Images::There,
    };
    let mut text = String::new();
    for (heading, steps, kubeconfig) in [
        ("up, from nothing", plan::up(settings, &nothing), true),
        (
            "up, where it is stopped",
            plan::up(settings, &servers(0)),
            true,
        ),
        ("up, where it runs", plan::up(settings, &servers(1)), true),
        ("down", plan::down(&servers(1)), false),
        ("reset", plan::reset(&servers(1)), false),
    ] {
        let _ = writeln!(text, "# {heading}");
        for step in steps {
            let _ = writeln!(text, "{}", line(step, settings));
        }
        if kubeconfig {
            let _ = writeln!(text, "{}", plan::kubeconfig(settings));
        }
    }
    text
}

fn line(step: Step, settings: &Settings) -> plan::Line {
    let wanted = Wanted {
        settings,
        registries: &format!("{STATE}/registries.yaml"),
        images: &format!("{STATE}/images.tar"),
        label: LABEL,
        timeout: TIMEOUT,
    };
    plan::line(step, &wanted)
}

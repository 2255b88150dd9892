//! docker and k3d, as they are on this machine.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::plan::{self, Line, Program, Servers};
use crate::environment::Environment;
use crate::error::Error;
use crate::provider::Unfit;

/// How long docker may take to say that its daemon is there: one that is asked for over a network
/// may never answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How much of what a program said is shown.
const TAIL: usize = 12;

/// Where the programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    docker: PathBuf,
    k3d: PathBuf,
}

/// A cluster, as `k3d cluster list --output json` has it among much else.
#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    #[serde(rename = "serversCount")]
    there: u32,
    #[serde(rename = "serversRunning")]
    running: u32,
}

impl Tools {
    /// Finds both, and asks docker whether its daemon answers.
    pub fn find(environment: &Environment) -> Result<Self, Unfit> {
        let Some(docker) = environment.find("docker") else {
            return Err(if environment.in_toolbox() {
                Unfit::InToolbox
            } else {
                Unfit::NoDocker
            });
        };
        let silent = |said| Unfit::DockerSilent { said };
        let mut version = Command::new(&docker);
        version.args(plan::version().arguments);
        let said = answer(version, ANSWER).map_err(silent)?;
        if said.trim().is_empty() {
            return Err(silent("got no version of its daemon".to_owned()));
        }
        let k3d = environment.find("k3d").ok_or(Unfit::NoK3d)?;
        Ok(Self { docker, k3d })
    }

    /// Runs a command; `what` is what it is for, after "cannot". Gives its stdout.
    pub fn run(&self, what: &str, line: &Line) -> Result<String, Error> {
        let program = match line.program {
            Program::Docker => &self.docker,
            Program::K3d => &self.k3d,
        };
        let output = Command::new(program)
            .args(&line.arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::io("run", program))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Error::Command {
            what: what.to_owned(),
            line: line.to_string(),
            tail: tail(&String::from_utf8_lossy(&output.stderr)),
        })
    }

    /// The subnets of the network of this name; none where there is no such network.
    pub fn subnets(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let listed = self.run("list the Docker networks", &plan::networks(name))?;
        if !listed.lines().any(|line| line == name) {
            return Ok(None);
        }
        let what = format!("look at Docker network `{name}`");
        let subnets = self.run(&what, &plan::subnets(name))?;
        Ok(Some(
            subnets.split_whitespace().map(str::to_owned).collect(),
        ))
    }

    /// The cluster of this name, if there is one.
    pub fn cluster(&self, name: &str) -> Result<Option<Servers>, Error> {
        let line = plan::clusters();
        let listed = self.run("list the clusters of k3d", &line)?;
        let clusters: Vec<Listed> =
            serde_json::from_str(&listed).map_err(|error| Error::Command {
                what: format!("read the clusters of k3d: {error}"),
                line: line.to_string(),
                tail: tail(&listed),
            })?;
        let found = clusters.into_iter().find(|cluster| cluster.name == name);
        Ok(found.map(|Listed { there, running, .. }| Servers { there, running }))
    }
}

/// The last lines of what a program said.
fn tail(said: &str) -> Vec<String> {
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(TAIL);
    lines[from..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// What a program prints, or in one line why it does not.
fn answer(mut command: Command, within: Duration) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let until = Instant::now() + within;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("got nothing in {} s", within.as_secs()));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| !line.trim().is_empty());
    Err(line.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_never_answers_is_not_waited_for() {
        let mut command = Command::new("sleep");
        command.arg("60");
        let said = answer(command, Duration::ZERO);
        assert_eq!(said, Err("got nothing in 0 s".to_owned()));
    }

    #[test]
    fn only_the_end_of_what_was_said_is_shown() {
        let said: Vec<_> = (0..40).map(|line| line.to_string()).collect();
        let tail = tail(&said.join("\n\n"));
        assert_eq!(tail.first().map(String::as_str), Some("28"));
        assert_eq!(tail.len(), TAIL);
    }
}

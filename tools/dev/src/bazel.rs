//! Bazel, asked from outside: what a target is made of, where it is, and to build it. What it says is
//! for the user to read.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use windlass_interrupt::Pipe;

use crate::environment::Environment;
use crate::error::{Error, Reason};
use crate::sources::Sources;

/// Whether Bazel shows what it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// As it does on a terminal.
    Progress,
    /// Only what is wrong.
    Errors,
}

/// Bazel in the workspace.
#[derive(Debug)]
pub struct Bazel<'a> {
    program: PathBuf,
    workspace: PathBuf,
    flags: &'a [String],
    environment: &'a Environment,
}

impl<'a> Bazel<'a> {
    /// That of the workspace.
    pub fn find(
        workspace: PathBuf,
        flags: &'a [String],
        environment: &'a Environment,
    ) -> Result<Self, Error> {
        let path = environment.path.as_deref().unwrap_or_default();
        let program = windlass_bazel::program(&workspace, path).ok_or(Error::NoBazel)?;
        Ok(Self {
            program,
            workspace,
            flags,
            environment,
        })
    }

    /// The files of the workspace that a target is made of, those of the tools that make it left
    /// out.
    pub async fn sources(&self, target: &str) -> Result<Sources, Error> {
        let query =
            format!("let all = deps({target}) in kind('source file', $all) union buildfiles($all)");
        let mut command = self.command("query", Show::Errors);
        command
            .args(["--noimplicit_deps", "--notool_deps", "--order_output=no"])
            .arg(query);
        let labels = self.run("list the sources of", target, command).await?;
        Ok(Sources::of(&self.workspace, &labels))
    }

    /// The file that a target is built to.
    pub async fn output(&self, target: &str) -> Result<PathBuf, Error> {
        let mut command = self.command("info", Show::Errors);
        command.arg("bazel-bin");
        let bin = self.run("find the outputs of", target, command).await?;
        let path = target.trim_start_matches(['@', '/']).replace(':', "/");
        Ok(PathBuf::from(bin.trim_end()).join(path.trim_start_matches('/')))
    }

    /// Builds a target.
    pub async fn build(&self, target: &str, show: Show) -> Result<(), Error> {
        let mut command = self.command("build", show);
        command
            // Links in the checkout are the user's.
            .arg("--experimental_convenience_symlinks=ignore")
            .arg("--remote_download_outputs=toplevel")
            // Where the files are that it has built, nobody asks here.
            .arg("--show_result=0")
            .arg(target);
        self.run("build", target, command).await.map(drop)
    }

    fn command(&self, verb: &str, show: Show) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(verb)
            .arg("--ui_event_filters=-info,-debug")
            .current_dir(&self.workspace)
            .stderr(Stdio::inherit());
        if show == Show::Errors || !self.environment.is_terminal {
            command.arg("--noshow_progress");
        }
        command.args(self.flags);
        command
    }

    /// What it prints on stdout.
    async fn run(
        &self,
        what: &'static str,
        target: &str,
        mut command: Command,
    ) -> Result<String, Error> {
        let failed = |source| Error::Bazel {
            what,
            target: target.to_owned(),
            source,
        };
        let interrupt = self.environment.interrupt.clone();
        let output =
            tokio::task::spawn_blocking(move || interrupt.output(&mut command, Pipe::Stdout));
        let output = output.await.map_err(|error| failed(Reason::of(&error)))?;
        let (status, said) = output.map_err(|error| failed(Reason::of(&error)))?;
        if !status.success() {
            return Err(failed(Reason(format!("bazel: {status}"))));
        }
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

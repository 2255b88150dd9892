//! One file per verb. They differ in their goal; the plan and what carries it out are the same.
//! What several of them begin with is here.

pub mod apply;
pub mod create;
pub mod delete;
pub mod diff;
pub mod graph;
pub mod logs;
pub mod orphans;
pub mod port_forward;
pub mod push;
pub mod replace;
pub mod resolve;
pub mod roles;
pub mod status;
pub mod worker;

use std::path::{Path, PathBuf};

use windlass_api_client::Needs;
use windlass_k8s_object::Environment;
use windlass_oci_registry::{Client as Registry, DockerConfig, Settings};

use crate::cli::{Options, OutputFormat};
use crate::desired::{Checks, Desired};
use crate::environment::ProcessEnvironment;
use crate::error::Error;
use crate::events::What;
use crate::journal::Journal;
use crate::lease::Leases;
use crate::plan::{Goal, Plan, Seen};
use crate::progress::Progress;
use crate::request::{DeployRequest, Verb};
use crate::saved::SavedPlan;
use crate::screen;
use crate::session::{Connection, Place, Session, environment_of};

/// Carries out the verb of a request.
pub async fn run(context: &Context<'_>) -> Result<(), Error> {
    let verb = context.request.verb;
    context.options.check(verb)?;
    match verb {
        Verb::Apply => apply::run(context).await,
        Verb::Create => create::run(context).await,
        Verb::Replace => replace::run(context).await,
        Verb::Delete => delete::run(context).await,
        Verb::Diff => diff::run(context).await,
        Verb::Status => status::run(context).await,
        Verb::Graph => graph::run(context).await,
        Verb::Logs => logs::run(context).await,
        Verb::PortForward => port_forward::run(context).await,
        Verb::Push => push::run(context).await,
        Verb::Resolve => resolve::run(context),
        Verb::Orphans => orphans::run(context).await,
        Verb::Roles => roles::run(context),
        Verb::Worker => worker::run(context).await,
    }
}

/// Everything that a verb is given.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What is asked for.
    pub request: &'a DeployRequest,
    /// How.
    pub options: &'a Options,
    /// Where the files of the request are.
    pub runfiles: &'a Path,
    /// The environment of the process.
    pub environment: &'a ProcessEnvironment,
    /// Where it is noted.
    pub journal: &'a Journal,
    /// Where it is shown.
    pub progress: &'a Progress,
    /// What keeps others from changing the same at the same time.
    pub leases: &'a Leases,
}

impl<'a> Context<'a> {
    /// Reads what the request names, before anybody connects: a mistake in a file needs no cluster
    /// to be told.
    pub fn load(&self, checks: Checks) -> Result<Desired, Error> {
        let environment = environment_of(self.request)?;
        Desired::load(self.request, environment, self.runfiles, checks)
    }

    /// The same, and refuses what nobody has pinned.
    pub fn load_pinned(&self) -> Result<Desired, Error> {
        let desired = self.load(Checks::All)?;
        desired.check_pinned()?;
        Ok(desired)
    }

    /// Refuses to take anything away from a protected environment, unless its name is said.
    pub fn confirm(&self) -> Result<(), Error> {
        if self.request.environment.protected {
            self.confirm_anyway()
        } else {
            Ok(())
        }
    }

    /// The same, whether or not it is protected.
    pub fn confirm_anyway(&self) -> Result<(), Error> {
        let environment = &self.request.environment;
        let said = self.options.yes_really.as_deref();
        if said == Some(environment.name.as_str()) {
            return Ok(());
        }
        Err(Error::Protected {
            environment: environment.name.clone(),
            protected: environment.protected,
            verb: self.request.verb,
            command: self.request.command(),
        })
    }

    /// Connects to the cluster of the request, and says which it is.
    pub async fn open(&self, environment: &Environment) -> Result<Session<'a>, Error> {
        let needs = match self.request.verb {
            Verb::PortForward | Verb::Logs => Needs::Streams,
            _ => Needs::Requests,
        };
        let context = &self.request.cluster.context;
        let connection = Connection::open(context, self.options, self.environment, needs).await?;
        let environment = environment.clone();
        let session = Session::start(self.request, self.options, environment, connection).await?;
        self.journal.connected(&session.place);
        self.progress.line(&screen::header(&session.place));
        Ok(session)
    }

    /// Notes a plan and shows it.
    pub fn tell(&self, goal: Goal, desired: &Desired, plan: &Plan) {
        self.journal.begin(desired, plan);
        let width = screen::name_width(desired);
        self.progress.line(&screen::plan_line(goal, plan, width));
        self.tell_details(desired, plan);
        for note in screen::claim_notes(plan, desired) {
            self.note(&note);
        }
        if let Some(line) = screen::left_line(plan, self.kubectl().as_deref()) {
            self.progress.line(&line);
        }
    }

    /// What a user types for kubectl, once somebody has connected.
    fn kubectl(&self) -> Option<String> {
        let state = self.journal.state();
        state.place.as_ref().map(|place| place.kubectl.clone())
    }

    /// Holds a plan against the one that the user wants carried out, and writes it to the file that
    /// they want it in.
    pub fn check_plan(
        &self,
        place: &Place,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Result<(), Error> {
        let Options {
            plan: wanted,
            save_plan,
            ..
        } = self.options;
        if wanted.is_none() && save_plan.is_none() {
            return Ok(());
        }
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::PlanFile { path, source }
        };
        let now = SavedPlan::of(self.request, place, desired, seen, plan);
        if let Some(path) = wanted {
            let saved = SavedPlan::read(&self.placed(path)).map_err(unusable(path))?;
            let differences = saved.differences(&now);
            if !differences.is_empty() {
                return Err(Error::Moved {
                    path: path.clone(),
                    differences,
                    command: self.request.command(),
                });
            }
        }
        if let Some(path) = save_plan {
            now.write(&self.placed(path)).map_err(unusable(path))?;
        }
        Ok(())
    }

    /// A file that the user names from where they stood.
    pub(super) fn placed(&self, path: &Path) -> PathBuf {
        match &self.environment.working_directory {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    /// Shows something that a person should know, and tells it as an event.
    pub fn note(&self, text: &str) {
        self.progress.line(&screen::note_line(text));
        self.journal.tell(What::Note {
            text: text.to_owned(),
        });
    }

    /// Shows each step of a plan, where that is asked for.
    fn tell_details(&self, desired: &Desired, plan: &Plan) {
        if self.options.dry_run() || self.options.verbose {
            for line in screen::plan_details(plan, desired) {
                self.progress.line(&line);
            }
        }
    }

    /// Prints what the verb is asked for, unless a result document is wanted instead.
    pub fn print(&self, text: &str) -> Result<(), Error> {
        if self.options.output() != OutputFormat::Text {
            return Ok(());
        }
        self.progress.print(text.as_bytes()).map_err(Error::Output)
    }

    /// A client for the registries of the request, with the credentials that Docker or podman has.
    ///
    /// # Errors
    /// A file with credentials is there and cannot be used. Without one there are none, and a
    /// registry that wants some says so.
    pub fn registry(&self) -> Result<Registry, Error> {
        Ok(Registry::new(Settings {
            credentials: DockerConfig::find(&self.environment.registries)?,
            ..Settings::default()
        }))
    }
}

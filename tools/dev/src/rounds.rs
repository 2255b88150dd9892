//! One round after the other: what was saved is built, and what was built is applied.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use windlass_deploy::cli::{Options, OutputFormat};
use windlass_deploy::environment::ProcessEnvironment;
use windlass_deploy::progress::Progress;
use windlass_deploy::{Error as DeployError, run_request};
use windlass_interrupt::Interrupt;
use windlass_report::render;

use crate::apply::Events;
use crate::bazel::{Bazel, Show};
use crate::beside::{Wanted, tops};
use crate::built::Built;
use crate::error::Error;
use crate::saves::Saves;
use crate::sources::{Meaning, Sources};

/// Everything that rounds are made of.
pub struct Rounds<'a> {
    /// What builds.
    pub bazel: Bazel<'a>,
    /// The run target that applies.
    pub target: &'a str,
    /// How long a rollout is waited for.
    pub timeout: Duration,
    /// Whether this process is to end.
    pub interrupt: &'a Interrupt,
    /// What applying takes.
    pub environment: &'a ProcessEnvironment,
    /// Where it is told.
    pub progress: &'a Progress,
    /// What goes on beside.
    pub wanted: Wanted<'a>,
}

/// What is known from round to round.
struct Known {
    saves: Saves,
    sources: Sources,
    launcher: PathBuf,
    /// What runs as it should; `None` if nothing does for sure.
    applied: Option<Vec<Vec<u8>>>,
    /// Whether the target may be made of other files than are known.
    is_stale: bool,
}

impl Rounds<'_> {
    /// Goes on until this process is to end, which is no error.
    ///
    /// # Errors
    /// Bazel cannot say what there is to watch, or nobody can watch it. What fails later is told.
    pub async fn run(mut self) -> Result<(), Error> {
        self.go_on().await?;
        self.tell("end     what was applied stays");
        Ok(())
    }

    async fn go_on(&mut self) -> Result<(), Error> {
        let begun = self.begin().await;
        let mut known = match begun {
            Err(_) if self.interrupt.is_set() => return Ok(()),
            begun => begun?,
        };
        let mut show = Show::Progress;
        loop {
            let ended = self.round(&mut known, show).await;
            if self.interrupt.is_set() {
                return Ok(());
            }
            if let Err(error) = ended {
                self.tell_error(&render(&error));
            }
            show = Show::Errors;
            let meaning = tokio::select! {
                meaning = known.saves.next(&known.sources) => meaning,
                () = self.interrupt.wait() => return Ok(()),
            };
            known.is_stale |= meaning == Meaning::Ask;
        }
    }

    async fn begin(&self) -> Result<Known, Error> {
        let sources = self.bazel.sources(self.target).await?;
        let mut saves = Saves::start()?;
        saves.watch(sources.folders())?;
        let (files, folders) = (sources.count(), sources.folders().len());
        self.tell(&format!(
            "watch   {files} files in {folders} folders; Ctrl-C ends"
        ));
        Ok(Known {
            launcher: self.bazel.output(self.target).await?,
            saves,
            sources,
            applied: None,
            is_stale: false,
        })
    }

    /// Builds, and applies if something else was built.
    async fn round(&mut self, known: &mut Known, show: Show) -> Result<(), Error> {
        let began = Instant::now();
        if known.is_stale {
            known.sources = self.bazel.sources(self.target).await?;
            // Whoever saves from here on is heard, so the build below may be of what is older.
            known.saves.watch(known.sources.folders())?;
            known.is_stale = false;
        }
        self.bazel.build(self.target, show).await?;
        let built = Built::read(self.target, &known.launcher)?;
        let seconds = began.elapsed().as_secs_f64();
        if known.applied.as_ref() == Some(&built.texts) {
            self.tell(&format!("build   {seconds:.1} s: nothing else to apply"));
            return Ok(());
        }
        self.tell(&format!("build   {seconds:.1} s"));
        self.apply(known, built).await;
        Ok(())
    }

    /// Applies, until it is ready or something is saved while that is waited for.
    async fn apply(&mut self, known: &mut Known, built: Built) {
        let began = Instant::now();
        let is_first = known.applied.take().is_none();
        let events = Events::default();
        let progress = self.progress.with_data(Box::new(events.clone()));
        let options = Options {
            output: Some(OutputFormat::Ndjson),
            timeout: Some(self.timeout),
            ..Options::default()
        };
        let Known { saves, sources, .. } = known;
        let ended = async {
            let saved = async {
                events.waiting().await;
                saves.arrived(sources).await;
            };
            tokio::select! {
                () = saved => {}
                () = self.interrupt.wait() => {}
            }
        };
        let Built {
            request, runfiles, ..
        } = &built;
        let run = run_request(
            request,
            runfiles,
            &options,
            self.environment,
            &progress,
            ended,
        );
        match run.await {
            Ok(()) => {
                let changed = if is_first {
                    tops(request)
                } else {
                    events.changed()
                };
                // A log knows whole seconds.
                let since = began.elapsed() + Duration::from_secs(1);
                self.wanted.logs(&built, &changed, since);
                self.wanted.forwards(&built);
                known.applied = Some(built.texts);
            }
            Err(failure) if matches!(*failure.error, DeployError::Interrupted) => {
                if !self.interrupt.is_set() {
                    self.tell("saved   before all was ready: once more");
                }
            }
            Err(failure) => self.tell_error(&render(&failure)),
        }
    }

    fn tell(&self, line: &str) {
        self.progress.line(line);
    }

    /// An error, and that this is not the end.
    fn tell_error(&self, text: &str) {
        self.tell(text.trim_end());
        self.tell("watch   the next save begins anew");
    }
}

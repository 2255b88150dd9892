//! One request: its Job is made, unless it is there, and followed to its end.

use std::time::Duration;

use serde_json::Value;
use windlass_apply_request::{Log, Phase, Status};
use windlass_deploy::api_error::ApiError;
use windlass_deploy::cluster::{Reach, Resource, Selector};
use windlass_report::say;

use crate::job::{is_of, job};
use crate::observe::{has_begun, has_ended, newest, observe};
use crate::request::Request;
use crate::says::Says;
use crate::serve::Runner;
use crate::writes;

/// How long the rest of a log is waited for when its pod has ended.
const REST: Duration = Duration::from_secs(10);

/// How many looks something is waited for before it is said: most of it is over by then.
const STEADY: u32 = 5;

/// How a request ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is over, and says so.
    Over(Phase),
    /// Somebody has deleted it.
    Gone,
    /// Nothing may be said of it: the next list tries again.
    Unsaid,
}

/// What is known of a request while it is followed.
struct Follow<'a> {
    runner: &'a Runner,
    request: &'a Request,
    says: Option<Says>,
    /// What was written last.
    written: Status,
    /// What it waits for, and how many looks long.
    waits: (String, u32),
}

/// Follows a request until it is over or gone.
pub(crate) async fn follow(runner: &Runner, request: &Request) -> End {
    let mut follow = Follow {
        runner,
        request,
        says: None,
        written: request.status.clone(),
        waits: (String::new(), 0),
    };
    let mut has_job = false;
    loop {
        let status = if has_job {
            follow.look().await
        } else {
            follow.make().await
        };
        has_job = status.phase == Phase::Running;
        let phase = status.phase;
        match follow.write(status).await {
            Ok(()) if phase.is_over() => return End::Over(phase),
            Err(error) if error.is_not_found() => return End::Gone,
            Err(error) => {
                let title = request.title();
                say(&format!("{title}: cannot write its status: {error}"));
                if error.is_forbidden() {
                    return End::Unsaid;
                }
            }
            Ok(()) => {}
        }
        tokio::time::sleep(runner.terms.look).await;
    }
}

impl Follow<'_> {
    /// Makes the Job. One that is there is of a runner before this one, or of a request of the same
    /// name that was deleted: that one is waited for until it is gone.
    async fn make(&mut self) -> Status {
        let made = writes::create_job(&self.runner.client, &job(self.request)).await;
        let waits = match made {
            Ok(()) => String::new(),
            Err(ApiError::Status { code: 409, .. }) => match self.job().await {
                Ok(Some(job)) if is_of(&job, self.request) => String::new(),
                Ok(_) => format!("a Job `{}` is still there", self.request.job()),
                Err(error) => format!("its Job cannot be read: {error}"),
            },
            Err(error) if error.is_transient() => format!("its Job cannot be made yet: {error}"),
            Err(error) => {
                return Status {
                    phase: Phase::Refused,
                    message: format!("the API server refuses its Job: {error}"),
                    ..Status::default()
                };
            }
        };
        Status {
            phase: if waits.is_empty() {
                Phase::Running
            } else {
                Phase::Waiting
            },
            message: self.steady(waits),
            exit_code: None,
            log: self.log(),
        }
    }

    /// How the Job stands now.
    async fn look(&mut self) -> Status {
        let seen = match futures::try_join!(self.job(), self.pods()) {
            Ok(seen) => seen,
            Err(error) => {
                let waits = format!("its Job cannot be read: {error}");
                return Status {
                    phase: Phase::Running,
                    message: self.steady(waits),
                    exit_code: None,
                    log: self.log(),
                };
            }
        };
        let (Some(job), pods) = seen else {
            return Status {
                phase: Phase::Failed,
                message: format!("somebody has deleted its Job `{}`", self.request.job()),
                exit_code: None,
                log: self.log(),
            };
        };
        let pod = newest(&pods);
        if let Some(pod) = pod.filter(|pod| has_begun(pod)) {
            self.listen(pod).await;
        }
        let mut status = observe(&job, pod);
        if !status.phase.is_over() {
            status.message = self.steady(status.message);
        }
        status.log = self.log();
        status
    }

    /// Reads what a pod says, to its end where it has ended.
    async fn listen(&mut self, pod: &Value) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let ended = has_ended(pod);
        let own = self.says.as_ref().filter(|says| says.is_of(name));
        if own.is_none_or(|says| says.is_whole() && !ended) {
            self.read(name, ended);
        }
        if let Some(says) = self.says.as_mut().filter(|_| ended) {
            says.finish(REST).await;
        }
    }

    /// Begins to read what a pod says, or begins anew. While others read as many logs as there are
    /// streams for, it is read at the end: that of a pod that has ended is read at once and takes none.
    fn read(&mut self, pod: &str, ended: bool) {
        let stream = self.runner.streams.clone().try_acquire_owned().ok();
        if stream.is_none() && !ended {
            return;
        }
        let (cluster, pause) = (&self.runner.cluster, self.runner.terms.look);
        let namespace = &self.request.namespace;
        match &mut self.says {
            Some(says) if says.is_of(pod) => says.again(cluster, namespace, pause, stream),
            says => *says = Some(Says::of(cluster, namespace, pod, pause, stream)),
        }
    }

    fn log(&self) -> Log {
        self.says
            .as_ref()
            .map_or_else(|| self.written.log.clone(), Says::log)
    }

    /// What is waited for, once it is for some time.
    fn steady(&mut self, waits: String) -> String {
        if self.waits.0 == waits {
            self.waits.1 += 1;
        } else {
            self.waits = (waits.clone(), 0);
        }
        if self.waits.1 >= STEADY {
            waits
        } else {
            self.written.message.clone()
        }
    }

    /// Writes how far the request is, where that is something else than was written.
    async fn write(&mut self, status: Status) -> Result<(), ApiError> {
        if status == self.written {
            return Ok(());
        }
        writes::set_status(&self.runner.client, self.request, &status).await?;
        self.written = status;
        Ok(())
    }

    async fn job(&self) -> Result<Option<Value>, ApiError> {
        let jobs = Resource::built_in("batch/v1", "Job", "jobs", Reach::Namespaced);
        let namespace = Some(self.request.namespace.as_str());
        let name = self.request.job();
        self.runner.cluster.get(&jobs, namespace, &name).await
    }

    async fn pods(&self) -> Result<Vec<Value>, ApiError> {
        let selector = Selector {
            labels: Some(format!(
                "batch.kubernetes.io/job-name={}",
                self.request.job()
            )),
            fields: None,
        };
        let namespace = Some(self.request.namespace.as_str());
        let pods = Resource::pods();
        let list = self.runner.cluster.list(&pods, namespace, &selector);
        let mut list = list.await?;
        match list["items"].take() {
            Value::Array(pods) => Ok(pods),
            _ => Ok(Vec::new()),
        }
    }
}

//! One reader: all that one container of one pod says.

use std::time::Duration;

use futures::AsyncReadExt as _;
use kube::api::LogParams;
use serde_json::Value;
use tokio::sync::watch;

use super::Logs;
use super::lines::{Line, Lines, Position, Seen};
use crate::api_error::ApiError;
use crate::cli::Options;
use crate::cluster::ContainerOf;
use crate::error::Error;
use crate::pods::{Run, containers};

/// How long a stream that ended is let rest before the next one.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a stream that breaks is opened again without a new line.
const ATTEMPTS: u32 = 5;

/// Which run of a container is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The newest one, as far as it has come.
    Newest,
    /// The newest one, and what it will say.
    Followed,
    /// The one before.
    Previous,
}

/// How a stream ended.
enum Ended {
    /// The server has sent all of it.
    Whole,
    /// It broke, or was refused.
    Broken(ApiError),
}

/// Reads one container.
pub(super) struct Reader<'a> {
    logs: Logs<'a>,
    source: Source,
    lines: Lines,
    position: Position,
    /// What of the present stream was printed already.
    seen: Seen,
    /// Where to begin, until something was printed.
    begin: Begin,
    /// How often a stream broke since the last new line.
    broken: u32,
}

/// Where the first stream of a container begins; by default where its log does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Begin {
    tail: Option<i64>,
    since: Option<i64>,
}

impl Begin {
    /// As the options say.
    pub(super) fn of(options: &Options) -> Self {
        let seconds = |time: Duration| i64::try_from(time.as_secs().max(1)).unwrap_or(i64::MAX);
        Self {
            tail: options.tail.map(i64::from),
            since: options.since.map(seconds),
        }
    }
}

/// Which container is read, and how it is called.
pub(super) struct Source {
    /// The pod's namespace.
    pub(super) namespace: String,
    /// The pod.
    pub(super) pod: String,
    /// The container.
    pub(super) container: String,
    /// `server/server-6f5d-x2x9k server`.
    pub(super) title: String,
    /// What stands before each line.
    pub(super) prefix: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(logs: Logs<'a>, source: Source, begin: Begin) -> Self {
        let position = Position::default();
        Self {
            logs,
            source,
            lines: Lines::default(),
            position,
            seen: position.seen(),
            begin,
            broken: 0,
        }
    }

    /// Prints what is there.
    pub(super) async fn read(mut self) -> Result<(), Error> {
        let which = if self.logs.options.previous {
            Which::Previous
        } else {
            Which::Newest
        };
        loop {
            match self.stream(which).await? {
                Ended::Whole => return self.finish(),
                Ended::Broken(ApiError::Status { code: 404, .. }) => {
                    self.logs.note(&format!("{} is gone", self.source.title));
                    return self.finish();
                }
                // Between the look and the request it has changed: nobody's fault.
                Ended::Broken(ApiError::Status {
                    code: 400, message, ..
                }) => {
                    self.logs.note(&format!("{}: {message}", self.source.title));
                    return self.finish();
                }
                Ended::Broken(error) if !may_heal(&error) || self.broken >= ATTEMPTS => {
                    return Err(self.unreadable(error));
                }
                Ended::Broken(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Prints what is there and what comes, until the pod is gone or over. `pod` is how it is now.
    pub(super) async fn follow(mut self, mut pod: watch::Receiver<Value>) -> Result<(), Error> {
        let mut last: Option<Run> = None;
        // The run that was read to its end.
        let mut whole: Option<String> = None;
        loop {
            let (run, is_over) = self.now(&pod.borrow_and_update());
            let unread = run.filter(|run| whole.as_ref() != Some(&run.id));
            let Some(run) = unread else {
                if is_over || pod.changed().await.is_err() {
                    return self.finish();
                }
                if last.is_none() {
                    // All that it says from its start on is new.
                    self.begin = Begin::default();
                }
                continue;
            };
            if last.as_ref().is_some_and(|last| last.id != run.id) {
                // The rest of what it said before it was started again. The status may be late:
                // what was printed of the run that is newest is left out by its moments.
                let ended = self.stream(Which::Previous).await?;
                self.check(ended)?;
                self.end_line()?;
                self.begin = Begin::default();
            }
            last = Some(run.clone());
            let ended = self.stream(Which::Followed).await?;
            if matches!(ended, Ended::Whole) && run.is_over {
                self.end_line()?;
                whole = Some(run.id);
                continue;
            }
            self.check(ended)?;
            // A pod that is gone is heard of in that time.
            tokio::time::sleep(PAUSE).await;
            if pod.has_changed().is_err() {
                return self.finish();
            }
        }
    }

    /// The container's newest run, and whether the pod will not start another one.
    fn now(&self, pod: &Value) -> (Option<Run>, bool) {
        let mut all = containers(pod).into_iter();
        let own = all.find(|container| container.name == self.source.container);
        (own.and_then(|own| own.run), crate::pods::is_over(pod))
    }

    /// Passes over what may heal.
    fn check(&self, ended: Ended) -> Result<(), Error> {
        match ended {
            Ended::Broken(error) if !may_heal(&error) => Err(self.unreadable(error)),
            Ended::Whole | Ended::Broken(_) => Ok(()),
        }
    }

    fn unreadable(&self, source: ApiError) -> Error {
        Error::Read {
            what: format!("the log of {}", self.source.title),
            context: self.logs.context.to_owned(),
            source: Box::new(source),
        }
    }

    /// Prints one stream as far as it comes, without what was printed.
    async fn stream(&mut self, which: Which) -> Result<Ended, Error> {
        let since_time = self.position.since();
        let is_first = since_time.is_none();
        let parameters = LogParams {
            container: Some(self.source.container.clone()),
            follow: which == Which::Followed,
            previous: which == Which::Previous,
            timestamps: true,
            since_time,
            since_seconds: self.begin.since.filter(|_| is_first),
            tail_lines: self.begin.tail.filter(|_| is_first),
            ..LogParams::default()
        };
        let of = ContainerOf {
            namespace: &self.source.namespace,
            pod: &self.source.pod,
            container: &self.source.container,
        };
        let stream = match self.logs.cluster.log_stream(&of, &parameters).await {
            Ok(stream) => stream,
            Err(error) => return Ok(self.broke(error)),
        };
        let mut stream = std::pin::pin!(stream);
        // What there is of a line is sent again.
        self.lines.forget();
        self.seen = self.position.seen();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return Ok(Ended::Whole),
                Ok(count) => self.print_new(&buffer[..count])?,
                Err(error) => {
                    let reason = error.to_string();
                    return Ok(self.broke(ApiError::Connection { reason }));
                }
            }
        }
    }

    fn broke(&mut self, error: ApiError) -> Ended {
        self.broken += 1;
        Ended::Broken(error)
    }

    fn print_new(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for line in self.lines.take(bytes) {
            self.print(&line)?;
        }
        Ok(())
    }

    /// Prints a line, unless it was printed.
    fn print(&mut self, line: &Line) -> Result<(), Error> {
        if self.seen.has(line) {
            return Ok(());
        }
        self.broken = 0;
        let whole = [self.source.prefix.as_bytes(), &line.text, b"\n"].concat();
        self.logs.progress.print(&whole).map_err(Error::Output)?;
        self.position.printed(line);
        Ok(())
    }

    /// Prints a last line that nothing ended.
    fn end_line(&mut self) -> Result<(), Error> {
        let line = self.lines.end();
        line.map_or(Ok(()), |line| self.print(&line))
    }

    fn finish(mut self) -> Result<(), Error> {
        self.end_line()
    }
}

/// Whether another stream may come further: the server has not said no. A pod or a container that
/// is not there, or not yet, shows in its status.
fn may_heal(error: &ApiError) -> bool {
    let is_of_the_moment = matches!(
        error,
        ApiError::Status {
            code: 400 | 404,
            ..
        }
    );
    is_of_the_moment || error.is_transient()
}

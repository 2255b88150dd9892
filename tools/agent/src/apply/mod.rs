//! `--apply`: brings the release of the newest commit of a branch to a cluster.
//!
//! | module | what it does |
//! |---|---|
//! | [`task`] | what it is told to do: constants and flags |
//! | [`turn`] | one turn, from the branch to the cluster |
//! | [`mirror`], [`pause`] | what the repository says: the branch, who signed, what is paused |
//! | [`find`], [`bundle`] | the release of a commit: proven, unpacked, and of this environment |
//! | [`carry`] | applying it, by `tools/deploy` |
//! | [`put_back`] | keeping what is applied while the head cannot be |
//! | [`folder`], [`status`] | what is kept and told between turns |
//! | [`board`], [`listen`], [`metrics`] | what is answered meanwhile |
//! | [`pace`], [`stop`] | when the next turn is, and the end |
//!
//! **Architecture invariants:** only [`carry`] writes to the cluster, and only after the status says that
//! it is about to. No program of the repository or of a bundle is run. What the agent may do comes from
//! its constants, its flags and the cluster, never from the branch.

pub mod board;
pub mod bundle;
pub mod carry;
mod error;
pub mod find;
pub mod folder;
pub mod listen;
pub mod metrics;
pub mod mirror;
pub mod pace;
pub mod pause;
pub mod put_back;
pub mod status;
pub mod stop;
pub mod task;
pub mod turn;

pub use error::{Error, Reason};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use windlass_oci_registry::{Client, DockerConfig, Settings};
use windlass_report::{render, say};

use crate::environment::Environment;
use crate::request::AgentRequest;
use board::Board;
use folder::Folder;
use mirror::Mirror;
use status::Status;
use stop::Stop;
use task::Task;
use turn::{Agent, Occasion, Pace};

/// Apply what the main branch says to one environment.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The environment.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// Where the repository is, as `git fetch` takes it.
    #[arg(long, value_name = "URL")]
    pub remote: String,
    /// What is applied, instead of what the constants say; may be repeated.
    #[arg(long, value_name = "LABEL")]
    pub target: Vec<String>,
    /// One turn, instead of turns for ever.
    #[arg(long)]
    pub once: bool,
    /// Between two looks at the branch.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub interval: Duration,
    /// After how long what is applied is applied again, to put back what others have changed.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    pub drift: Duration,
    /// How long one target may take to be ready.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub timeout: Duration,
    /// How long git may take for one fetch.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub git_timeout: Duration,
    /// The folder for what is kept; by default one below `STATE_DIRECTORY`,
    /// `XDG_STATE_HOME` or `HOME`.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Answer /healthz, /metrics and /status here.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Go to the cluster that this program runs in, as the service account of its pod.
    #[arg(long)]
    pub in_cluster: bool,
    /// Refuse a cluster whose namespace kube-system has another uid.
    #[arg(long, value_name = "UID")]
    pub cluster_id: Option<String>,
    /// Go on though the branch has lost what was applied, in a protected environment too.
    #[arg(long)]
    pub allow_rewrite: bool,
}

/// Applies, until the process is asked to end.
///
/// # Errors
/// It cannot start; with `--once`, why nothing or not all was applied.
pub async fn run(
    arguments: &Arguments,
    request: &AgentRequest,
    environment: &Environment,
) -> Result<(), Error> {
    run_until(
        arguments,
        request,
        environment,
        windlass_deploy::interrupted(),
    )
    .await
}

/// The same, until a future ends.
///
/// # Errors
/// See [`run`].
pub async fn run_until(
    arguments: &Arguments,
    request: &AgentRequest,
    environment: &Environment,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let task = Task::new(arguments, request, environment)?;
    let folder = Folder::take(&task.folder)?;
    let status = match folder.status()? {
        Some(status) => {
            if let Some(turn) = status.turn.as_ref().filter(|turn| turn.ended.is_none()) {
                let (commit, started) = (&turn.commit, &turn.started);
                say(&format!(
                    "note: the turn for commit {commit} that began at {started} was cut off"
                ));
            }
            status.resumed(&task)
        }
        None => Status::new(&task),
    };
    let board = Board::new(status.clone());
    let mut listening = None;
    if let Some(address) = arguments.listen {
        let own = listen::serve(address, board.clone()).await?;
        say(&format!("listening on {}", own.address));
        listening = Some(own);
    }
    let mut agent = Agent {
        task: &task,
        environment,
        options: carry::options(&task, arguments.in_cluster, arguments.cluster_id.clone()),
        registry: Client::new(Settings {
            credentials: DockerConfig::find(&environment.registries)?,
            ..Settings::default()
        }),
        mirror: Mirror::of(&task, environment.path.clone()),
        folder,
        board,
        status,
        stop: Stop::at(end),
        pace: Pace::default(),
    };
    if arguments.once {
        let done = agent.turn(Occasion::Asked).await;
        say(&agent.status.line());
        return done;
    }
    turns(&mut agent).await;
    drop(listening);
    Ok(())
}

/// Takes turns until the process is asked to end, and says what is new.
async fn turns(agent: &mut Agent<'_>) {
    let mut said = String::new();
    loop {
        let done = agent.turn(Occasion::Interval).await;
        if agent.stop.is_set() {
            return;
        }
        let mut text = agent.status.line();
        if let Err(error) = &done {
            text = format!("{text}\n{}", render(error).trim_end());
        }
        if text != said {
            say(&text);
            said = text;
        }
        let stop = agent.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(agent.pause(rand::random())) => {}
            () = stop.wait() => return,
        }
    }
}

/// Parses `90s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    windlass_deploy::cli::duration(text)
}

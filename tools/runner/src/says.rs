//! What the pod of a Job says, read while it runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::AsyncReadExt as _;
use kube::api::LogParams;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use windlass_apply_request::{Log, Tail};
use windlass_deploy::api_error::ApiError;
use windlass_deploy::cluster::{Cluster, ContainerOf};

use crate::job::CONTAINER;

/// How often a log is asked for that cannot be read.
const ATTEMPTS: u32 = 5;

/// The log of one pod. Reading ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Says {
    pod: String,
    tail: Arc<Mutex<Tail>>,
    task: JoinHandle<()>,
}

impl Drop for Says {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Says {
    /// Begins to read. The stream is given back when there is nothing more to come.
    pub(crate) fn of(
        cluster: &Cluster,
        namespace: &str,
        pod: &str,
        pause: Duration,
        stream: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let tail = Arc::new(Mutex::new(Tail::of(pod)));
        let reads = read_all(
            cluster.clone(),
            namespace.to_owned(),
            pod.to_owned(),
            tail.clone(),
            pause,
        );
        Self {
            task: spawn(reads, stream),
            pod: pod.to_owned(),
            tail,
        }
    }

    /// Reads it again, from its beginning. Until that has come as far, what was read stays.
    pub(crate) fn again(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        pause: Duration,
        stream: Option<OwnedSemaphorePermit>,
    ) {
        let reads = read_all(
            cluster.clone(),
            namespace.to_owned(),
            self.pod.clone(),
            self.tail.clone(),
            pause,
        );
        self.task = spawn(reads, stream);
    }

    /// Whether it is that of a pod.
    pub(crate) fn is_of(&self, pod: &str) -> bool {
        self.pod == pod
    }

    /// Whether there is nothing more to come.
    pub(crate) fn is_whole(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits for the rest, but not for ever.
    pub(crate) async fn finish(&mut self, patience: Duration) {
        if !self.is_whole() {
            let _ = tokio::time::timeout(patience, &mut self.task).await;
        }
    }

    /// What it has said.
    pub(crate) fn log(&self) -> Log {
        // A panic elsewhere leaves plain data behind, which is still true.
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.log()
    }
}

/// Reads while it holds a stream.
fn spawn(
    reads: impl Future<Output = ()> + Send + 'static,
    stream: Option<OwnedSemaphorePermit>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let _stream = stream;
        reads.await;
    })
}

/// Reads a log to its end. After a failure it begins anew, `pause` later.
async fn read_all(
    cluster: Cluster,
    namespace: String,
    pod: String,
    shared: Arc<Mutex<Tail>>,
    pause: Duration,
) {
    for _ in 0..ATTEMPTS {
        if read(&cluster, &namespace, &pod, &shared).await.is_ok() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

/// Reads a log from its beginning to its end.
async fn read(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    shared: &Mutex<Tail>,
) -> Result<(), ApiError> {
    let of = ContainerOf {
        namespace,
        pod,
        container: CONTAINER,
    };
    let parameters = LogParams {
        container: Some(CONTAINER.to_owned()),
        follow: true,
        ..LogParams::default()
    };
    let stream = cluster.log_stream(&of, &parameters).await?;
    let mut stream = std::pin::pin!(stream);
    let mut own = Tail::of(pod);
    let show = |own: &Tail| {
        let mut shown = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if own.count() > shown.count() {
            *shown = own.clone();
        }
    };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => {
                own.end();
                show(&own);
                return Ok(());
            }
            Ok(count) => {
                own.take(&buffer[..count]);
                show(&own);
            }
            Err(error) => {
                let reason = error.to_string();
                return Err(ApiError::Connection { reason });
            }
        }
    }
}

//! Ctrl-C and SIGTERM, for all parts of an agent, whenever they come.

use tokio::sync::watch;

/// Whether the agent is to end. Clones learn of it, too.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Ends when the future does.
    pub fn at(end: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            end.await;
            let _ = sender.send(true);
        });
        Self(receiver)
    }

    /// Whether it is to end.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is to end.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|is_set| *is_set).await.is_err() {
            // Nobody is left to say so.
            std::future::pending::<()>().await;
        }
    }
}

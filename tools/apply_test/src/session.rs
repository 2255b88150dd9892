//! The runs of one test: an API server and a registry, and what each run asked of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use windlass_oci_registry_fake::Registry;
use windlass_report::say;
use windlass_runfiles::Launcher;

use crate::audit;
use crate::check::Did;
use crate::environment::Server;
use crate::error::Error;
use crate::launch;
use crate::request::{Request, Step};

/// What the runs of a test are made with.
pub struct Session<'a> {
    request: &'a Request,
    launcher: &'a Launcher,
    server: &'a Server,
    registry: Option<Registry>,
    patience: Duration,
}

/// What a run did and said.
#[derive(Debug)]
pub struct Run {
    /// What it did.
    pub did: Did,
    /// What it said.
    log: Vec<String>,
}

impl Run {
    /// Everything that is known of it.
    pub fn trace(&self, name: &str) -> Vec<String> {
        let mut lines = vec![format!("{name} said:")];
        lines.extend(self.log.iter().map(|line| format!("  {line}")));
        lines.push(format!("{name} asked:"));
        lines.extend(self.did.requests().map(|line| format!("  {line}")));
        lines
    }
}

impl<'a> Session<'a> {
    /// Begins to serve the registry that images are named by.
    pub async fn open(
        request: &'a Request,
        launcher: &'a Launcher,
        server: &'a Server,
        patience: Duration,
    ) -> Result<Self, Error> {
        let registry = match request.registry() {
            Some(address) => Some(serve(address).await?),
            None => None,
        };
        Ok(Self {
            request,
            launcher,
            server,
            registry,
            patience,
        })
    }

    /// Applies what has to be there.
    pub async fn set_up(&self) -> Result<(), Error> {
        for step in &self.request.setup {
            self.run(step, "setup").await?;
        }
        Ok(())
    }

    /// Applies the target.
    pub async fn apply(&self, name: &str) -> Result<Run, Error> {
        self.run(&self.request.target, name).await
    }

    async fn run(&self, step: &Step, name: &str) -> Result<Run, Error> {
        let from = Instant::now();
        let log = self.server.audit_log();
        let begin = audit::length(&log);
        let (document, said) =
            launch::apply(step, self.launcher, self.server, self.patience).await?;
        let did = Did {
            asked: audit::read(&log, begin)?,
            registry: self
                .registry
                .as_ref()
                .map(Registry::requests)
                .unwrap_or_default(),
            objects: document.objects,
        };
        say(&format!(
            "{name:<11} {}: {} writes, {} pushes, {} requests, {:.1} s",
            step.label,
            did.writes().count(),
            did.pushes().count(),
            did.requests().count(),
            from.elapsed().as_secs_f64()
        ));
        Ok(Run { did, log: said })
    }
}

async fn serve(address: SocketAddr) -> Result<Registry, Error> {
    let failed = |source| Error::Registry {
        registry: address.to_string(),
        source,
    };
    if !address.ip().is_loopback() {
        // The network namespace is this test's own: any address can be its own as well.
        let add = [
            "address",
            "add",
            &format!("{}/32", address.ip()),
            "dev",
            "lo",
        ];
        let status = tokio::process::Command::new("ip").args(add).status().await;
        status.map_err(failed)?;
    }
    Registry::listen(address, Vec::new()).await.map_err(failed)
}

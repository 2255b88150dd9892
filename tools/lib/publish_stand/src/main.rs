//! Stands until its stdin ends: `publish_stand FOLDER` prints the name of a registry on loopback and the
//! fingerprint of the key that the agent of ssh at `FOLDER/agent.sock` has.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use windlass_oci_registry_fake::Registry;
use windlass_publish_stand::ssh_agent;
use windlass_report::{Exit, print, say};

#[tokio::main]
async fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    let (key, registry) = match ssh_agent(Path::new(&folder)) {
        Ok((_, key)) => (key, Registry::start(Vec::new()).await),
        Err(error) => {
            say(&format!(
                "error: cannot listen in `{}`\ncause: {error}",
                folder.display()
            ));
            return Exit::Failure.into();
        }
    };
    // Whoever does not read it does not need it.
    let _ = print(format!("{} {}\n", registry.name(), key.id()).as_bytes());
    // The registry has threads of its own.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Exit::Success.into()
}

//! Credential helpers: programs that know secrets (github.com/docker/docker-credential-helpers,
//! "Development").
//!
//! `docker-credential-<name> get` reads what it is asked for from stdin and answers
//! `{"ServerURL", "Username", "Secret"}`. Nothing of what it writes is ever shown: it may be secret.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Answer, Credentials};

/// What a helper says, and fails, when it has nothing.
const NOT_FOUND: &str = "credentials not found";

/// The user's name that says that the secret is an identity token.
const IDENTITY: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    username: String,
    secret: String,
}

/// Asks a program for the credentials of `server`.
pub(super) async fn ask(program: &str, server: &str, patience: Duration) -> Answer {
    let Ok(ran) = tokio::time::timeout(patience, run(program, server)).await else {
        return Err(format!("got no answer within {} s", patience.as_secs_f32()));
    };
    let output = ran.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "no such program on PATH".to_owned(),
        _ => error.to_string(),
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        return if said.contains(NOT_FOUND) {
            Ok(Credentials::Anonymous)
        } else {
            Err(output.status.to_string())
        };
    }
    let Ok(Found { username, secret }) = serde_json::from_slice(&output.stdout) else {
        return Err(r#"its answer is not {"Username": "..", "Secret": ".."}"#.to_owned());
    };
    Ok(if secret.is_empty() {
        Credentials::Anonymous
    } else if username == IDENTITY {
        Credentials::IdentityToken(secret)
    } else {
        Credentials::Basic {
            username,
            password: secret,
        }
    })
}

/// Ends with the program; it is killed when nobody waits any more.
async fn run(program: &str, server: &str) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read it may be right all the same.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}

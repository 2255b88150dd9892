//! `list`: the pins of all services, and what has none.

use serde::Serialize;
use windlass_pins::{Lock, Pin};

use super::{Context, Outcome, columns};
use crate::checkout::Package;
use crate::cli::OutputFormat;
use crate::error::Error;

/// Which pins to show.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only this service; may be given more than once.
    #[arg(long, value_name = "LABEL")]
    pub service: Vec<Package>,
    /// Only this environment; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub env: Vec<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
}

/// The document of `--output=json`. Its fields are stable; new ones may be added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// 1.
    version: u32,
    /// One for each service, environment with pins, and image; in this order.
    pins: Vec<Row<'a>>,
}

/// One image of one service in one environment.
#[derive(Debug, Serialize)]
struct Row<'a> {
    service: String,
    env: &'a str,
    /// The image's key; null for a service none of whose images has a pin anywhere.
    key: Option<String>,
    /// The whole reference; null, as what follows, for an image without a pin.
    image: Option<String>,
    repository: Option<String>,
    digest: Option<String>,
    commit: Option<String>,
    toolchain: Option<String>,
    time: Option<String>,
    who: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, Error> {
    let request = &context.request;
    for name in &arguments.env {
        request.pinned(name)?;
    }
    let pinned = request.pinned_names();
    let asked =
        |name: &&&str| arguments.env.is_empty() || arguments.env.iter().any(|e| e == **name);
    let environments: Vec<&str> = pinned.iter().filter(asked).copied().collect();
    let services = if arguments.service.is_empty() {
        context.checkout.services(&context.git())?
    } else {
        arguments.service.clone()
    };
    let mut rows = Vec::new();
    for service in &services {
        let lock = context.checkout.pins_file(service)?.read(&pinned)?;
        rows.extend(rows_of(service, &lock, &environments));
    }
    let data = match arguments.output {
        OutputFormat::Text => table(&rows),
        OutputFormat::Json => json(rows),
    };
    let mut notes = Vec::new();
    if services.is_empty() {
        notes.push("no package here has a pins.json".to_owned());
    }
    Ok(Outcome {
        data,
        notes,
        failure: None,
    })
}

fn rows_of<'a>(service: &Package, lock: &Lock, environments: &[&'a str]) -> Vec<Row<'a>> {
    let row = |env: &'a str, key: Option<&str>| {
        let pin = key.and_then(|key| lock.get(env, key));
        let image = pin.map(Pin::image);
        Row {
            service: service.to_string(),
            env,
            key: key.map(str::to_owned),
            image: image.map(ToString::to_string),
            repository: image.map(|image| image.repository().to_string()),
            digest: pin.map(|pin| pin.digest().to_string()),
            commit: pin.and_then(|pin| Some(pin.commit.as_ref()?.to_string())),
            toolchain: pin.and_then(|pin| Some(pin.toolchain.as_ref()?.to_string())),
            time: pin.and_then(|pin| Some(pin.time.as_ref()?.to_string())),
            who: pin.and_then(|pin| Some(pin.who.as_ref()?.to_string())),
        }
    };
    let mut keys: Vec<Option<&str>> = lock.images().into_iter().map(Some).collect();
    if keys.is_empty() {
        keys.push(None);
    }
    environments
        .iter()
        .flat_map(|env| keys.iter().map(|key| row(env, *key)))
        .collect()
}

fn json(pins: Vec<Row<'_>>) -> String {
    let document = Document { version: 1, pins };
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

/// Columns two spaces apart; digests and commits by their first 12 digits.
fn table(rows: &[Row<'_>]) -> String {
    let head = ["service", "env", "image", "repository", "digest", "commit"].map(str::to_owned);
    let short = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or("-");
        text[..text.len().min(12)].to_owned()
    };
    let cells = |row: &Row<'_>| {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let digest = row.digest.as_deref().map(|digest| {
            let hex = digest.trim_start_matches("sha256:");
            short(&Some(hex.to_owned()))
        });
        [
            row.service.clone(),
            row.env.to_owned(),
            or_none(&row.key),
            or_none(&row.repository),
            digest.unwrap_or_else(|| "unpinned".to_owned()),
            short(&row.commit),
        ]
    };
    let lines: Vec<[String; 6]> = [head].into_iter().chain(rows.iter().map(cells)).collect();
    columns(&lines)
}

//! `verify`: whether registries and git say what the pins say.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use windlass_pins::Pin;

use super::promote::AT_ONCE;
use super::rebuild::{Rebuilt, rebuild};
use super::{Context, Outcome, columns};
use crate::checks::{Asks, Checks, Entry};
use crate::cli::OutputFormat;
use crate::error::Error;
use crate::git::short;
use crate::selection::Selection;

/// Which pins to verify.
#[derive(Clone, Debug, clap::Args)]
#[command(mut_group("Selection", |group| group.required(false)))]
pub struct Arguments {
    /// Which services; all of them, if nobody says.
    #[command(flatten)]
    pub selection: Option<Selection>,
    /// Only this environment; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub env: Vec<String>,
    /// Ask no registry: whether it has the images, and who published them, is not looked at.
    #[arg(long)]
    pub digest_only: bool,
    /// Build each image anew from its commit, and compare: minutes for each, and only once it is
    /// clear that the same compiler does it.
    #[arg(long)]
    pub rebuild: bool,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
}

/// The document of `--output=json`. Its fields are stable; new ones may be added.
#[derive(Debug, Serialize)]
struct Document {
    /// 1.
    version: u32,
    /// One for each pin.
    pins: Vec<Row>,
}

/// One pin.
#[derive(Debug, Serialize)]
struct Row {
    service: String,
    env: String,
    key: String,
    /// The whole reference.
    image: String,
    digest: String,
    /// What the pin says that it was built from; null if it does not.
    commit: Option<String>,
    /// What publishers say beside the image; empty where nobody does, or nobody was asked.
    revisions: Vec<String>,
    /// What does not hold, in words; empty if all does.
    findings: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// See [`Error`]; [`Error::Unverified`] is in the outcome, behind what is said of each pin.
pub async fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, Error> {
    let request = &context.request;
    for name in &arguments.env {
        request.pinned(name)?;
    }
    let services = match &arguments.selection {
        Some(selection) => selection.services(context)?,
        None => context.checkout.services(&context.git())?,
    };
    let environments = request.pinned_names();
    let mut pins = Vec::new();
    for service in &services {
        let lock = context.checkout.pins_file(service)?.read(&environments)?;
        for env in &environments {
            if !arguments.env.is_empty() && !arguments.env.iter().any(|asked| asked == env) {
                continue;
            }
            let entry = |key: &String| Entry {
                service: service.clone(),
                env: (*env).to_owned(),
                key: key.clone(),
            };
            let own = lock.pins(env).iter();
            pins.extend(own.map(|(key, pin)| (entry(key), pin.clone())));
        }
    }
    let checks = Checks::new(context, Asks::unless(arguments.digest_only))?;
    let rows = stream::iter(&pins).map(|(entry, pin)| row(entry, pin, &checks));
    let mut rows: Vec<Row> = rows.buffered(AT_ONCE).try_collect().await?;
    let mut others = 0;
    if arguments.rebuild {
        context.environment.interrupt.watch();
        let results = rebuild(context, &pins)?;
        for ((row, (_, pin)), rebuilt) in rows.iter_mut().zip(&pins).zip(results) {
            // That of another compiler is an answer of its own only where all else holds.
            let is_other = matches!(rebuilt, Rebuilt::Toolchain(_)) && row.findings.is_empty();
            others += usize::from(is_other);
            row.findings.extend(rebuilt.finding(pin));
        }
    }
    Ok(outcome(rows, others, arguments.output))
}

async fn row(entry: &Entry, pin: &Pin, checks: &Checks<'_>) -> Result<Row, Error> {
    let (findings, revisions) = checks.findings(entry, pin).await?;
    Ok(Row {
        service: entry.service.to_string(),
        env: entry.env.clone(),
        key: entry.key.clone(),
        image: pin.image().to_string(),
        digest: pin.digest().to_string(),
        commit: pin.commit.as_ref().map(ToString::to_string),
        revisions: revisions.into_iter().collect(),
        findings: findings.iter().map(ToString::to_string).collect(),
    })
}

/// `others` of the rows have no finding but that another compiler built them.
fn outcome(rows: Vec<Row>, others: usize, format: OutputFormat) -> Outcome {
    let of = rows.len();
    let count = rows.iter().filter(|row| !row.findings.is_empty()).count();
    let count = count - others;
    let notes = match (of, count) {
        (0, _) => vec!["nothing is pinned".to_owned()],
        (_, 0) if others == 0 => vec![format!("all pins hold: {of}")],
        _ => Vec::new(),
    };
    let data = match format {
        OutputFormat::Text => table(&rows),
        OutputFormat::Json => {
            let document = Document {
                version: 1,
                pins: rows,
            };
            serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
        }
    };
    Outcome {
        data,
        notes,
        failure: match (count, others) {
            (0, 0) => None,
            (0, count) => Some(Error::OtherToolchain { count, of }),
            (count, _) => Some(Error::Unverified { count, of }),
        },
    }
}

/// A line for each finding, or one for a pin of which all holds.
fn table(rows: &[Row]) -> String {
    let head = ["service", "env", "image", "digest", "commit", "finding"];
    let mut lines = vec![head.map(str::to_owned)];
    for row in rows {
        let digest = short(row.digest.trim_start_matches("sha256:"));
        let commit = short(row.commit.as_deref().unwrap_or("-"));
        let line = |finding: &str| {
            let (service, env, key) = (&*row.service, &*row.env, &*row.key);
            [service, env, key, digest, commit, finding].map(str::to_owned)
        };
        if row.findings.is_empty() {
            lines.push(line("none"));
        }
        lines.extend(row.findings.iter().map(|finding| line(finding)));
    }
    columns(&lines)
}

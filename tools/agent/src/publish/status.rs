//! What is said of a turn: lines for people, and a file for programs.
//! `docs/schemas/publish-status.v1.json` is made from these types. Stable: fields are added, never renamed
//! or removed without a new `version`.

use std::io::Write as _;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use windlass_pin::deliver::lines;
use windlass_pin::git::short;
use windlass_report::{render, say};
use windlass_whole_file::{Readers, replace};

use super::error::Error;
use super::pins::now;
use super::turn::{Publisher, Turn};

/// The version of the document.
const VERSION: u32 = 1;

/// How the last turn of a publisher ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "publish-status.v1")]
struct Status {
    /// The version of the document.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// When it ended, in UTC.
    time: String,
    /// The commit that it looked at; `null` if the branch could not be fetched.
    head: Option<String>,
    /// The commit that releases are of: that, or the one of the pins that it made; `null` if it did not
    /// come so far.
    commit: Option<String>,
    /// How many images were pushed.
    pushed_images: usize,
    /// The pins that it changed.
    pins: Vec<PinRow>,
    /// The releases of the commit that are there.
    releases: Vec<ReleaseRow>,
    /// What went wrong, as people read it; empty if nothing did.
    errors: Vec<String>,
}

/// A pin that was changed.
#[derive(Debug, Serialize, JsonSchema)]
struct PinRow {
    /// The package of the service.
    service: String,
    /// The image's key.
    key: String,
    /// The image, by digest.
    image: String,
}

/// A release.
#[derive(Debug, Serialize, JsonSchema)]
struct ReleaseRow {
    /// The environment.
    env: String,
    /// The target.
    target: String,
    /// The image of its bundle, by digest.
    image: String,
    /// Whether the turn has put it there.
    new: bool,
}

/// The schema of the document.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Status>()
}

impl Publisher<'_> {
    /// Says how a turn ended.
    ///
    /// # Errors
    /// The first of the turn; or it cannot be told.
    pub(super) fn report(&self, turn: Turn) -> Result<(), Error> {
        for line in lines(&turn.pins) {
            say(&line);
        }
        for release in turn.releases.iter().filter(|release| release.is_new) {
            say(&format!(
                "{} {}: {}",
                release.env, release.target, release.image
            ));
        }
        say(&summary(&turn));
        let written = self.write(&turn);
        let mut errors = turn.errors.into_iter().chain(written.err());
        let first = errors.next();
        for error in errors {
            say(render(&error).trim_end());
        }
        first.map_or(Ok(()), Err)
    }

    fn write(&self, turn: &Turn) -> Result<(), Error> {
        let Some(path) = &self.arguments.status else {
            return Ok(());
        };
        let path = self.path(path);
        let text = document(turn);
        let put = replace(&path, Readers::AsBefore, |file| {
            file.write_all(text.as_bytes())
        });
        put.map_err(|source| Error::Status { path, source })
    }
}

/// One line of a turn.
fn summary(turn: &Turn) -> String {
    let Some(head) = &turn.head else {
        return "nothing was looked at".to_owned();
    };
    let head = short(head);
    let new = turn.releases.iter().filter(|it| it.is_new).count();
    if turn.pushed == 0 && turn.pins.is_empty() && new == 0 {
        return format!("commit {head}: nothing was pushed, nothing was pinned");
    }
    let (images, pins) = (turn.pushed, turn.pins.len());
    let done = format!("{images} images pushed, {pins} pins set, {new} releases made");
    match &turn.commit {
        Some(commit) if !turn.pins.is_empty() => {
            format!("commit {head}: {done}, at commit {}", short(commit))
        }
        _ => format!("commit {head}: {done}"),
    }
}

fn document(turn: &Turn) -> String {
    let pins = turn.pins.iter().filter_map(|change| {
        let new = change.new.as_ref()?;
        Some(PinRow {
            service: change.entry.service.to_string(),
            key: change.entry.key.clone(),
            image: new.image().to_string(),
        })
    });
    let releases = turn.releases.iter().map(|release| ReleaseRow {
        env: release.env.clone(),
        target: release.target.clone(),
        image: release.image.clone(),
        new: release.is_new,
    });
    let errors = turn.errors.iter().map(|error| render(error));
    let document = Status {
        version: VERSION,
        time: now().to_string(),
        head: turn.head.clone(),
        commit: turn.commit.clone(),
        pushed_images: turn.pushed,
        pins: pins.collect(),
        releases: releases.collect(),
        errors: errors.collect(),
    };
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

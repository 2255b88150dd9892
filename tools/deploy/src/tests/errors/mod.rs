//! Every way to end badly: each is provoked through what `main` calls, and says what a user then
//! reads, which exit code a script then sees, and what had been written by then.

mod connection;
mod groups;
mod input;
mod looking;
mod preflight;
mod proof;
mod registry;
mod waiting;
mod worker;
mod writing;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, hold};
use windlass_k8s_object::NamespaceRefused;

use super::case::{self, case_in, run_with};
use super::fake::{Fake, Scenario};
use crate::api_error::ApiError;
use crate::ask::AskError;
use crate::desired::ObjectError;
use crate::drawing::DrawError;
use crate::environment::Output;
use crate::error::{Error, Failure};
use crate::inventory::InventoryError;
use crate::progress::Progress;
use crate::proof::ProofError;
use crate::request::RequestError;
use crate::saved::SavedPlanError;

/// All tables.
const TABLES: [&[Case<Failure>]; 10] = [
    input::CASES,
    connection::CASES,
    groups::CASES,
    preflight::CASES,
    proof::CASES,
    registry::CASES,
    writing::CASES,
    waiting::CASES,
    looking::CASES,
    worker::CASES,
];

/// One run that is to fail.
struct World {
    /// What is run, in the folder of the case.
    case: case::Case,
    /// Its flags.
    flags: Vec<&'static str>,
    /// The API server.
    fake: Fake,
    /// The writes that it may have seen at the end.
    writes: Vec<&'static str>,
}

impl World {
    /// The object in the place of the `Service`.
    fn object(&mut self, object: &Value) {
        case::replace_service(&mut self.case, object);
    }
}

/// Runs a verb against an API server that behaves as `scenario` says, after `arrange` has made the
/// fault. The server has namespace `alice`.
fn fails(
    folder: &Folder,
    verb: &str,
    scenario: Scenario,
    arrange: impl FnOnce(&mut World),
) -> Result<(), Failure> {
    block_on(async {
        let fake = Fake::start(scenario, &["alice"]).await;
        folder.show_as(&fake.address, "SERVER");
        let mut world = World {
            case: case_in(&root(folder), &fake.address, verb),
            flags: Vec::new(),
            fake,
            writes: Vec::new(),
        };
        arrange(&mut world);
        folder.keep();
        let progress = Progress::new(Output::Memory, Box::new(case::Buffer::default()));
        let never = std::future::pending();
        let result = run_with(&world.case, &world.flags, &progress, never).await;
        assert_eq!(
            world.fake.writes(),
            world.writes,
            "writes of the API server"
        );
        result
    })
}

fn root(folder: &Folder) -> PathBuf {
    folder.path("").into()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// Which error it is; of an error around another enum of ours, that one's variant too.
fn variant(failure: &Failure) -> &'static str {
    let error: &Error = &failure.error;
    let name: &'static str = error.into();
    let inner: Option<&'static str> = match error {
        Error::Request(source) => Some(source.into()),
        Error::Object { source, .. } => Some(source.as_ref().into()),
        Error::Environment { source, .. } => Some(refused(source)),
        Error::Unproven { source, .. } => Some(source.as_ref().into()),
        Error::PlanFile { source, .. } => Some(source.into()),
        Error::Worker(source) => Some(source.into()),
        Error::Graph(source) => Some(source.into()),
        Error::Inventory { source, .. } => Some(source.into()),
        // Made of that one, see `session`.
        Error::ServerExpired { .. } => Some("Expired"),
        Error::CredentialsExpired { source, .. }
        | Error::Unauthorized { source, .. }
        | Error::Read { source, .. }
        | Error::Watch { source, .. }
        | Error::Refused { source, .. }
        | Error::Write { source, .. }
        | Error::Delete { source, .. } => Some(source.as_ref().into()),
        _ => None,
    };
    match inner {
        Some(inner) => Box::leak(format!("{name}/{inner}").into_boxed_str()),
        None => name,
    }
}

/// An enum of another crate: a new variant does not compile without a word here.
fn refused(error: &NamespaceRefused) -> &'static str {
    match error {
        NamespaceRefused::Empty => "Empty",
        NamespaceRefused::NotLabel { .. } => "NotLabel",
        NamespaceRefused::Taken { .. } => "Taken",
        NamespaceRefused::Shared { .. } => "Shared",
    }
}

#[test]
fn input_that_does_not_hold() {
    hold(input::CASES, variant);
}

#[test]
fn clusters_that_cannot_be_used() {
    hold(connection::CASES, variant);
}

#[test]
fn refused_before_any_write() {
    hold(preflight::CASES, variant);
}

#[test]
fn groups_and_whose_they_are() {
    hold(groups::CASES, variant);
}

#[test]
fn images_that_are_not_proven() {
    hold(proof::CASES, variant);
}

#[test]
fn registries_and_images() {
    hold(registry::CASES, variant);
}

#[test]
fn writes_that_are_refused() {
    hold(writing::CASES, variant);
}

#[test]
fn waits_that_end_badly() {
    hold(waiting::CASES, variant);
}

#[test]
fn what_cannot_be_looked_at() {
    hold(looking::CASES, variant);
}

#[test]
fn what_is_left_to_the_runner() {
    hold(worker::CASES, variant);
}

#[test]
fn every_variant_has_a_case() {
    let names = || {
        TABLES
            .iter()
            .flat_map(|table| table.iter())
            .map(|case| case.variant)
    };
    let outer: BTreeSet<&str> = names().filter_map(|name| name.split('/').next()).collect();
    assert_eq!(outer, Error::VARIANTS.iter().copied().collect());
    let inner = |of: &[&str]| -> BTreeSet<&str> {
        let pairs = names().filter_map(|name| name.split_once('/'));
        pairs
            .filter(|(outer, _)| of.contains(outer))
            .map(|(_, inner)| inner)
            .collect()
    };
    let all = |variants: &[&'static str]| variants.iter().copied().collect::<BTreeSet<&str>>();
    assert_eq!(inner(&["Request"]), all(RequestError::VARIANTS));
    assert_eq!(inner(&["Object"]), all(ObjectError::VARIANTS));
    assert_eq!(inner(&["PlanFile"]), all(SavedPlanError::VARIANTS));
    assert_eq!(inner(&["Unproven"]), all(ProofError::VARIANTS));
    assert_eq!(inner(&["Inventory"]), all(InventoryError::VARIANTS));
    assert_eq!(inner(&["Worker"]), all(AskError::VARIANTS));
    assert_eq!(inner(&["Graph"]), all(DrawError::VARIANTS));
    assert_eq!(
        inner(&["Environment"]),
        all(&["Empty", "NotLabel", "Taken", "Shared"])
    );
    let of_the_server = [
        "ServerExpired",
        "CredentialsExpired",
        "Unauthorized",
        "Read",
        "Watch",
        "Refused",
        "Write",
        "Delete",
    ];
    assert_eq!(inner(&of_the_server), all(ApiError::VARIANTS));
}

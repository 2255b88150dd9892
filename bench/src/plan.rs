//! The planner alone: no process, no file and no server in what is measured.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Map, Value, json};
use windlass_deploy::claim::Takeover;
use windlass_deploy::desired::{Checks, Desired};
use windlass_deploy::groups::Groups;
use windlass_deploy::plan::{Goal, Live, Seen, plan};
use windlass_deploy::ready::{Readiness, replicas};
use windlass_deploy::request::DeployRequest;
use windlass_deploy::session::environment_of;
use windlass_deploy::wait::Status;
use windlass_report::say;

use crate::cli::Options;
use crate::error::Error;
use crate::input::{Edition, Set};
use crate::row::{Row, Unit};
use crate::statistics::median;
use crate::tree::{Place, Tree};

/// How many objects, and how many milliseconds they may take.
const AIMS: [(usize, &str, f64); 2] = [(1_000, "1,000", 50.0), (10_000, "10,000", 500.0)];

/// Growth that counts as linear: ten times the objects may take fifteen times as long.
const LINEAR: f64 = 1.5;

/// Measures a plan in which nothing changes: each object has to be looked at as a whole. And how
/// the time grows of what surrounds it: reading the manifests, and each look while waiting.
pub fn run(options: &Options) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    let mut times = Vec::new();
    for (count, shown, aim) in AIMS {
        let measured = measure(count, options.runs)?;
        rows.push(Row {
            work: format!("plan for {shown} objects, nothing changed"),
            unit: Unit::Milliseconds,
            ours: measured[0].1,
            peer: "aim".to_owned(),
            theirs: aim,
            target: 1.0,
        });
        times.push(measured);
    }
    let growth = |((name, few), (_, many)): (&(&str, f64), &(&str, f64))| Row {
        work: format!("{name} for 10,000 objects, by ten times that for 1,000"),
        unit: Unit::Milliseconds,
        ours: *many,
        peer: "linear growth".to_owned(),
        theirs: few * 10.0,
        target: LINEAR,
    };
    rows.extend(times[0].iter().zip(&times[1]).map(growth));
    Ok(rows)
}

/// The parts that are measured, each with its time in milliseconds.
fn measure(count: usize, runs: u32) -> Result<[(&'static str, f64); 3], Error> {
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let place = Place {
        context: "bench",
        namespace: "bench",
    };
    let tree = Tree::write(folder.path(), Set::Services, count, place, Edition::First)?;
    let (mut reads, mut plans, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let (desired, took) = timed(|| read(&tree));
        let desired = desired?;
        reads.push(took);
        let objects = desired.objects.iter();
        let seen = Seen {
            objects: objects
                .map(|object| live(object.object.document()))
                .collect(),
            images: Vec::new(),
            groups: Vec::new(),
        };
        let (plan, took) = timed(|| {
            let (desired, seen) = (black_box(&desired), black_box(&seen));
            plan(Goal::Apply, Takeover::Refuse, desired, seen)
        });
        plans.push(took);
        let plan = plan.map_err(|error| failed(&format!("{error:?}")))?;
        if !plan.is_empty() || plan.actions.len() != count {
            return Err(failed("got changes, want none"));
        }
        looks.push(look(&desired, &seen)?);
    }
    say(&format!(
        "{count} objects, ms: plan {plans:.1?}, manifests {reads:.1?}, look {looks:.1?}"
    ));
    Ok([
        ("plan", median(&plans)),
        ("reading manifests", median(&reads)),
        ("a look at what is ready", median(&looks)),
    ])
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64() * 1e3)
}

fn failed(reason: &str) -> Error {
    Error::Plan {
        reason: reason.to_owned(),
    }
}

/// The objects, read as the deploy tool reads them.
fn read(tree: &Tree) -> Result<Desired, Error> {
    let request = DeployRequest::read(&tree.request("apply"));
    let request = request.map_err(|error| failed(&error.to_string()))?;
    let environment = environment_of(&request).map_err(|error| failed(&error.to_string()))?;
    let desired = Desired::load(&request, environment, tree.folder(), Checks::All);
    desired.map_err(|error| failed(&error.to_string()))
}

/// One look at groups of which none is ready, as each change on the cluster makes one.
fn look(desired: &Desired, seen: &Seen) -> Result<f64, Error> {
    let objects = seen.objects.iter().filter_map(Live::object);
    let statuses: Vec<Status> = objects
        .map(|object| Status {
            readiness: Readiness::InProgress("not yet".to_owned()),
            replicas: replicas(object),
        })
        .collect();
    let mut groups = Groups::new(desired, 0.0);
    let (look, took) = timed(|| groups.look(desired, black_box(&statuses), 1.0));
    if look.open.len() == desired.groups.len() {
        return Ok(took);
    }
    Err(failed("got groups that are ready, want none"))
}

/// What a server would show of an object that was applied: the object with the server's own
/// fields, and the same again from a dry run.
fn live(document: &Value) -> Live {
    let mut object = document.clone();
    let metadata = &mut object["metadata"];
    metadata["uid"] = "7c1a4b1e-0000-4000-8000-000000000000".into();
    metadata["resourceVersion"] = "1234567".into();
    metadata["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    metadata["managedFields"] = json!([{
        "manager": windlass_deploy::cluster::FIELD_MANAGER, "operation": "Apply",
        "apiVersion": document["apiVersion"], "fieldsType": "FieldsV1",
        "time": "2026-01-01T00:00:00Z", "fieldsV1": fields(document),
    }]);
    Live::Found {
        dry_run: Some(Ok(object.clone())),
        object,
    }
}

/// The fields of a document in the form that managers' entries have them, lists as a whole.
fn fields(document: &Value) -> Value {
    let Value::Object(map) = document else {
        return Value::Object(Map::new());
    };
    let one = |(key, value): (&String, &Value)| (format!("f:{key}"), fields(value));
    Value::Object(map.iter().map(one).collect())
}

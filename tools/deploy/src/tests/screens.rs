//! The screens of a first apply, of a failed rollout and of a deletion, as goldens.

use serde_json::json;
use windlass_k8s_object::{Environment, Object, Ownership};
use windlass_oci_registry::Pushed;
use windlass_report::render;

use crate::desired::{Desired, DesiredObject, Group};
use crate::error::{Error, Failure};
use crate::explain::Explanation;
use crate::groups::Groups;
use crate::journal::{Progressed, State};
use crate::plan::{Action, Goal, Kept, Plan};
use crate::problem::{Container, Outlook, Problem, Role};
use crate::ready::Readiness;
use crate::request::DeployRequest;
use crate::screen;
use crate::session::Place;
use crate::wait::Status;

fn stack() -> Desired {
    let group = |name: &str, deps: &[usize]| Group {
        id: format!("demo/{name}/myns"),
        label: format!("//services/{name}:myns-shallow"),
        name: name.to_owned(),
        deps: deps.to_vec(),
        inventory: None,
    };
    let object = |group: usize, kind: &str, name: &str| {
        let document = json!({"apiVersion": if kind == "Service" || kind == "ConfigMap" { "v1" } else { "apps/v1" },
            "kind": kind, "metadata": {"name": name, "namespace": "alice"}});
        let object = Object::from_document(document).expect("object");
        DesiredObject {
            label: String::new(),
            group,
            object,
            images: Vec::new(),
            policy: crate::policy::Policy::default(),
        }
    };
    let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
    Desired {
        environment: environment.expect("environment"),
        groups: vec![
            group("redis", &[]),
            group("server", &[0]),
            group("client", &[1]),
        ],
        objects: vec![
            object(0, "StatefulSet", "redis"),
            object(0, "Service", "redis"),
            object(0, "Service", "redis-client"),
            object(0, "ConfigMap", "redis"),
            object(1, "Deployment", "server"),
            object(1, "Service", "server"),
            object(2, "Deployment", "client"),
        ],
        images: Vec::new(),
    }
}

fn place(desired: &Desired) -> Place {
    Place {
        environment: desired.environment.clone(),
        context: "windlass".to_owned(),
        server: "127.0.0.1:6443".to_owned(),
        id: Some("3f9c21aa-0000".to_owned()),
        kubectl: "kubectl --context windlass".to_owned(),
        setup: "bazel run //prod:setup.apply".to_owned(),
    }
}

fn plain() -> Status {
    Status {
        readiness: Readiness::Current,
        replicas: None,
    }
}

fn pods(ready: u64, of: u64) -> Status {
    let readiness = if ready == of {
        Readiness::Current
    } else {
        Readiness::InProgress(format!("{ready} of {of} pods ready"))
    };
    Status {
        readiness,
        replicas: Some((ready, of)),
    }
}

fn statuses(redis: u64, server: u64, client: u64) -> Vec<Status> {
    vec![
        pods(redis, 6),
        plain(),
        plain(),
        plain(),
        pods(server, 1),
        plain(),
        pods(client, 1),
    ]
}

fn pushed() -> Pushed {
    Pushed {
        digest: windlass_oci_reference::Digest::of(b"image"),
        uploaded_blobs: 1,
        existing_blobs: 3,
        uploaded_bytes: 4_100_000,
        skipped_bytes: 31_000_000,
        manifests: 1,
    }
}

#[test]
fn first_apply() {
    let desired = stack();
    let plan = Plan {
        actions: vec![Action::Create; 7],
        pushes: vec![0],
        ..Plan::default()
    };
    let mut lines = vec![
        screen::header(&place(&desired)),
        screen::plan_line(Goal::Apply, &plan, 7),
    ];
    lines.push(screen::image_line("server", &pushed(), 0.3, 7));
    let mut groups = Groups::new(&desired, 0.4);
    for (statuses, now) in [
        (statuses(6, 0, 0), 9.8),
        (statuses(6, 1, 0), 11.2),
        (statuses(6, 1, 1), 11.9),
    ] {
        let look = groups.look(&desired, &statuses, now);
        lines.extend(look.ready.iter().map(|line| screen::group_line(line, 7)));
    }
    let state = State {
        plan: Some(plan),
        desired: Some(desired),
        pushes: vec![Some(pushed())],
        ..State::default()
    };
    lines.push(screen::done_line(Goal::Apply, &state, 12.4));
    let request = crate::request::tests::empty("apply").to_string();
    let request = DeployRequest::parse(&request, std::path::Path::new("x")).expect("request");
    lines.extend(screen::next_line(&request, &state));
    let want = "\
myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)
plan    1 image to push, 7 objects to create, 0 to change, 0 as wanted
server  image sha256:6105..  1 of 4 blobs sent        4.1 MB   0.3 s
redis   2 Services, ConfigMap, StatefulSet         6/6 ready   9.8 s
server  Service, Deployment                        1/1 ready  11.2 s  waited 9.4 s for redis
client  Deployment                                 1/1 ready  11.9 s  waited 10.8 s for server
done in 12.4 s: 7 created, 1 image, 4.1 MB sent, 31.0 MB already there
next: edit services/client, then bazel run //services/client:myns-shallow.apply";
    assert_eq!(lines.join("\n"), want);
}

#[test]
fn while_it_waits() {
    let desired = stack();
    let look = Groups::new(&desired, 0.4).look(&desired, &statuses(2, 0, 0), 3.0);
    let lines: Vec<String> = look
        .open
        .iter()
        .map(|line| screen::group_line(line, 7))
        .collect();
    let want = "\
redis   2 Services, ConfigMap, StatefulSet         2/6 ready   3.0 s
server  Service, Deployment                        0/1 ready   3.0 s  waits for redis
client  Deployment                                 0/1 ready   3.0 s  waits for server";
    assert_eq!(lines.join("\n"), want);
}

#[test]
fn failed_rollout() {
    let desired = stack();
    let explanation = Explanation {
        object: desired.objects[4].object.key().clone(),
        says: "0 of 1 pods ready".to_owned(),
        problem: Some(Problem {
            namespace: "alice".to_owned(),
            kind: "Pod".to_owned(),
            name: "server-6f5d-x2x9k".to_owned(),
            container: Some(Container {
                name: "server".to_owned(),
                role: Role::Main,
            }),
            reason: "CrashLoopBackOff".to_owned(),
            message: Some("back-off 40s".to_owned()),
            exit_code: Some(101),
            ended: None,
            restarts: 3,
            outlook: Outlook::HopelessIfAgain,
        }),
        verdict: None,
        event: None,
        log: vec![
            "panicked at services/server/src/main.rs:41: --redis: got \"redis\", want host:port"
                .to_owned(),
        ],
    };
    let mut groups = Groups::new(&desired, 0.4);
    groups.look(&desired, &statuses(6, 0, 0), 9.8);
    let state = State {
        plan: Some(Plan {
            actions: vec![Action::Create; 7],
            pushes: Vec::new(),
            ..Plan::default()
        }),
        writes: vec![Progressed::Done; 7],
        statuses: statuses(6, 0, 0),
        ready_after: groups.ready_after().to_vec(),
        desired: Some(desired),
        ..State::default()
    };
    let failure = Failure {
        error: Box::new(Error::Rollout {
            explanation: Box::new(explanation),
            kubectl: "kubectl --context windlass".to_owned(),
        }),
        state: screen::state_line(&state),
    };
    let want = "\
error: rollout of Deployment `alice/server` cannot finish
cause: pod server-6f5d-x2x9k, container server: CrashLoopBackOff, exit 101, 3 restarts
  | panicked at services/server/src/main.rs:41: --redis: got \"redis\", want host:port
state: 7 of 7 written, redis ready, client waits for server; a rerun goes on from here
hint: kubectl --context windlass -n alice describe pod/server-6f5d-x2x9k
";
    assert_eq!(render(&failure), want);
}

#[test]
fn half_way() {
    let desired = stack();
    let mut writes = vec![Progressed::Done; 7];
    writes[0] = Progressed::Underway;
    writes[6] = Progressed::Waiting;
    let state = State {
        plan: Some(Plan {
            actions: vec![Action::Create; 7],
            pushes: vec![0],
            ..Plan::default()
        }),
        desired: Some(desired),
        writes,
        pushes: vec![None],
        ..State::default()
    };
    assert_eq!(
        screen::state_line(&state).as_deref(),
        Some(
            "5 of 7 written, 1 sent and not answered, 0 of 1 image pushed; a rerun goes on from here"
        )
    );
}

#[test]
fn what_delete_leaves() {
    let desired = stack();
    let mut actions = vec![Action::Gone; 7];
    actions[1] = Action::Delete {
        uid: "u".to_owned(),
    };
    actions[3] = Action::Keep { why: Kept::Foreign };
    let plan = Plan {
        actions,
        pushes: Vec::new(),
        ..Plan::default()
    };
    assert_eq!(
        screen::plan_line(Goal::Delete, &plan, 7),
        "plan    1 object to delete, 5 not there, 1 to keep"
    );
    assert_eq!(
        screen::plan_details(&plan, &desired)[1..3],
        [
            "  delete  Service `alice/redis`",
            "  gone    Service `alice/redis-client`"
        ]
    );
    assert_eq!(
        screen::kept_line(&plan, &desired, "kubectl --context windlass").as_deref(),
        Some(
            "kept    ConfigMap `alice/redis`; to remove one: \
             kubectl --context windlass -n alice delete configmap redis"
        )
    );
}

#[test]
fn replace_half_way() {
    let desired = stack();
    let uid = || "u".to_owned();
    let mut actions = vec![Action::Replace { uid: uid() }; 7];
    actions[1] = Action::Create;
    actions[2] = Action::CreateAfter { uid: uid() };
    actions[3] = Action::Change {
        fields: vec!["data.k".to_owned()],
    };
    actions[5] = Action::Same;
    let plan = Plan {
        actions,
        pushes: vec![0, 1],
        ..Plan::default()
    };
    assert_eq!(
        screen::plan_line(Goal::Replace, &plan, 7),
        "plan    2 images to push, 3 objects to replace, 2 to create, 1 to change, 1 as wanted"
    );
    let mut deletions = vec![Progressed::Waiting; 7];
    deletions[6] = Progressed::Done;
    deletions[4] = Progressed::Underway;
    let mut state = State {
        plan: Some(plan),
        desired: Some(desired),
        deletions,
        writes: vec![Progressed::Waiting; 7],
        pushes: vec![Some(pushed()), Some(pushed())],
        ..State::default()
    };
    assert_eq!(
        screen::state_line(&state).as_deref(),
        Some("1 of 3 deleted, 0 of 6 written, 1 sent and not answered; a rerun goes on from here")
    );
    state.deletions = vec![Progressed::Done; 7];
    assert_eq!(
        screen::done_line(Goal::Replace, &state, 12.4),
        "done in 12.4 s: 3 replaced, 2 created, 1 changed, 1 as wanted, 2 images, 8.2 MB sent, \
         62.0 MB already there"
    );
}

#[test]
fn sizes_and_times() {
    let seconds = |ms| screen::seconds(std::time::Duration::from_millis(ms));
    assert_eq!(
        (seconds(40).as_str(), seconds(9840).as_str()),
        ("0.0 s", "9.8 s")
    );
    assert_eq!(
        (seconds(60_000).as_str(), seconds(125_000).as_str()),
        ("60.0 s", "2 min 5 s")
    );
    let sizes = [999, 1_500, 4_100_000, 2_000_000_000].map(screen::bytes);
    assert_eq!(sizes, ["999 B", "1.5 kB", "4.1 MB", "2.0 GB"]);
}

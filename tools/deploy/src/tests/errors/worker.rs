//! Applies that are left to the runner.

use serde_json::{Value, json};
use windlass_error_cases::{Case, Folder};
use windlass_oci_registry_fake::Registry;
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case::{self, setup};
use crate::tests::fake::FakeRunner;

/// Fails against a runner, with a registry that has nothing.
fn asks(folder: &Folder, arrange: impl FnOnce(&mut FakeRunner)) -> Result<(), Failure> {
    // It answers from a thread of its own, beside the runtime that the run is on.
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let registry = runtime.block_on(Registry::start(Vec::new()));
    let name = registry.name();
    fails(folder, "worker", Scenario::Usual, |world| {
        with_bundle(world, &name);
        let mut runner = FakeRunner::default();
        arrange(&mut runner);
        world.fake.state.lock().expect("lock").runner = Some(runner);
    })
}

/// Fails before anything is pushed: there is no registry.
fn asks_nobody(
    folder: &Folder,
    scenario: Scenario,
    arrange: impl FnOnce(&mut World),
) -> Result<(), Failure> {
    fails(folder, "worker", scenario, |world| {
        with_bundle(world, "127.0.0.1:1");
        arrange(world);
    })
}

fn with_bundle(world: &mut World, registry: &str) {
    let repository = format!("{registry}/demo/bundles/client/myns-deep");
    case::add_bundle(&mut world.case, &repository);
}

fn runner(world: &mut World) {
    world.fake.state.lock().expect("lock").runner = Some(FakeRunner::default());
}

const NO_RUNNER: Case<Failure> = Case {
    variant: "Worker/NoRunner",
    exit: Exit::Preflight,
    text: "error: no runner serves namespace `alice` on windlass; nothing was pushed or written\n\
           hint: bazel run //prod:runner-setup.apply\n",
    provoke: |folder| asks_nobody(folder, Scenario::Usual, |_| {}),
};

const ACCESS: Case<Failure> = Case {
    variant: "Access",
    exit: Exit::Preflight,
    text: "error: you may not create applyrequests in `alice` on windlass; nothing was pushed or \
           written\n\
           hint: kubectl --context windlass -n alice auth can-i --list\n",
    provoke: |folder| asks_nobody(folder, Scenario::ReadOnly, runner),
};

const ASK: Case<Failure> = Case {
    variant: "Worker/Ask",
    exit: Exit::Write,
    text: "error: cannot ask the runner of windlass to apply `//services/client:myns-deep`\n\
           cause: no group `//services/client:myns-deep` is applied in `alice`\n",
    provoke: |folder| {
        asks(folder, |runner| {
            let says = "no group `//services/client:myns-deep` is applied in `alice`";
            runner.refusal = Some((422, says));
        })
    },
};

const NOT_APPLIED: Case<Failure> = Case {
    variant: "Worker/NotApplied",
    exit: Exit::Write,
    text: "error: the runner has not applied `//services/client:myns-deep`\n\
           cause: the API server refuses its Job: no\n",
    provoke: |folder| {
        asks(folder, |runner| {
            let message = "the API server refuses its Job: no";
            runner.says = [json!({"phase": "Refused", "message": message})].into();
        })
    },
};

const UNANSWERED: Case<Failure> = Case {
    variant: "Worker/Unanswered",
    exit: Exit::Rollout,
    text: "error: the runner of windlass has not ended `client-myns-deep-a0b690ef` after 0.1 s\n\
           hint: kubectl --context windlass -n alice get applyrequest client-myns-deep-a0b690ef \
           -o yaml\n",
    provoke: |folder| asks(folder, |_| {}),
};

const GONE: Case<Failure> = Case {
    variant: "Watch/Other",
    exit: Exit::Rollout,
    text: "error: cannot read ApplyRequest `alice/client-myns-deep-a0b690ef` from windlass\n\
           cause: somebody has deleted it\n",
    provoke: |folder| asks(folder, |runner| runner.says = [Value::Null].into()),
};

pub(super) const CASES: &[Case<Failure>] = &[
    NO_RUNNER,
    Case {
        text: "error: no runner serves environment `setup` on windlass; nothing was pushed or \
               written\n",
        provoke: |folder| {
            asks_nobody(folder, Scenario::Usual, |world| {
                setup(&mut world.case);
                world.case.request["groups"] = json!([]);
            })
        },
        ..NO_RUNNER
    },
    ACCESS,
    ASK,
    NOT_APPLIED,
    UNANSWERED,
    GONE,
    Case {
        text: "error: cannot read ApplyRequest `alice/client-myns-deep-a0b690ef` from windlass\n\
               cause: its status: unknown variant `Lost`, expected one of `Waiting`, `Running`, \
               `Succeeded`, `Failed`, `Refused`\n",
        provoke: |folder| {
            asks(folder, |runner| {
                runner.says = [json!({"phase": "Lost"})].into();
            })
        },
        ..GONE
    },
];

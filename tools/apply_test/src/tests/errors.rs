//! Every error, as a user reads it.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use strum::VariantNames as _;
use windlass_error_cases::{Case, check};
use windlass_report::Exit;

use super::{Test, event};
use crate::cli::Cli;
use crate::environment::Environment;
use crate::error::Error;

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Files",
        exit: Exit::Failure,
        text: "error: cannot find the files of the test\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let cli = Cli { inside: false };
            let environment = Environment::default();
            let run = crate::run(None, &cli, &environment, Duration::ZERO);
            runtime.expect("a runtime").block_on(run)
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/apply_test.json`\n\
               cause: version: got 2, want 1\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.request = json!({"version": 2, "colour": "red"});
            test.run()
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `DIR/apply_test.json`\n\
               cause: registry: got `registry.example:443`, want localhost or an IPv4 address, and \
               a port\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.request["registry"] = "registry.example:443".into();
            test.run()
        },
    },
    Case {
        variant: "Start",
        exit: Exit::Failure,
        text: "error: cannot start `the API server`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.inside = false;
            test.run()
        },
    },
    Case {
        variant: "Start",
        exit: Exit::Failure,
        text: "error: cannot start `//prod:setup.apply`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.request["setup"] = json!([{"label": "//prod:setup.apply", "launcher": "gone"}]);
            test.run()
        },
    },
    Case {
        variant: "NoServer",
        exit: Exit::Usage,
        text: "error: no API server: got no KUBECONFIG and WINDLASS_CLUSTER_STATE, want both\n\
               hint: bazel test //shop:apply_test\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.environment.server = None;
            test.run()
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Registry,
        text: "error: cannot serve registry `127.0.0.1:PORT` in this test\n\
               cause: Address already in use (os error 98)\n",
        provoke: |folder| {
            let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = taken.local_addr().expect("an address").port();
            folder.show_as(&port.to_string(), "PORT");
            let mut test = Test::new(folder);
            test.request["registry"] = format!("localhost:{port}").into();
            test.run()
        },
    },
    Case {
        variant: "File",
        exit: Exit::Failure,
        text: "error: cannot read `DIR/gone.steps`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.golden("gone.steps");
            test.run()
        },
    },
    Case {
        variant: "File",
        exit: Exit::Failure,
        text: "error: cannot write `a.steps`\n\
               cause: got no BUILD_WORKSPACE_DIRECTORY, want `bazel run`\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.golden("a.steps");
            test.request["verb"] = "update".into();
            test.run()
        },
    },
    Case {
        variant: "Run",
        exit: Exit::Failure,
        text: "error: `//shop:all.apply` failed: exit status: 4\n\
               \x20 | error: namespace `alice` is missing on windlass\n\
               \x20 | hint: bazel run //prod:setup.apply\n",
        provoke: |folder| {
            let test = Test::new(folder);
            let says = "error: namespace `alice` is missing on windlass\n\
                        hint: bazel run //prod:setup.apply";
            test.script("target", &format!("cat >&2 <<'E'\n{says}\nE\nexit 4\n"));
            test.run()
        },
    },
    Case {
        variant: "Late",
        exit: Exit::Rollout,
        text: "error: `//shop:all.apply` has not ended after 0.2 s\n\
               \x20 | waits\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.patience = Duration::from_millis(200);
            test.script("target", "echo waits >&2; exec sleep 60\n");
            test.run()
        },
    },
    Case {
        variant: "Result",
        exit: Exit::Failure,
        text: "error: cannot read the result of `//shop:all.apply`\n\
               cause: expected value at line 1 column 1\n",
        provoke: |folder| {
            let test = Test::new(folder);
            test.script("target", "echo done\n");
            test.run()
        },
    },
    Case {
        variant: "Unexpected",
        exit: Exit::Failure,
        text: "error: `//shop:all.apply` did not do what `//shop:apply_test` expects\n\
               steps: got lines with +, want lines with -\n\
               - create ConfigMap b\n\
               + create ConfigMap a\n\
               second run: got `change ConfigMap a`, want nothing\n\
               \x20 | first run said:\n\
               \x20 |   plan: 1 object\n\
               \x20 | first run asked:\n\
               \x20 |   patch /api/v1/namespaces/alice/configmaps/a: 201\n\
               \x20 | second run said:\n\
               \x20 |   plan: 1 object\n\
               \x20 | second run asked:\n\
               \x20 |   patch /api/v1/namespaces/alice/configmaps/a: 200\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.request["expected"]["steps"] = json!(["create ConfigMap b"]);
            folder.file("second", event("a", 200));
            test.run()
        },
    },
    Case {
        variant: "Unexpected",
        exit: Exit::Failure,
        text: "error: `//shop:all.apply` did not do what `//shop:apply_test` expects\n\
               steps: got lines with +, want lines with -\n\
               \x20 create ConfigMap a\n\
               - create ConfigMap b\n\
               \x20 | first run said:\n\
               \x20 |   plan: 1 object\n\
               \x20 | first run asked:\n\
               \x20 |   patch /api/v1/namespaces/alice/configmaps/a: 201\n\
               \x20 | second run said:\n\
               \x20 |   plan: 1 object\n\
               \x20 | second run asked:\n\
               hint: if that is as it should be: bazel run //shop:apply_test.update\n",
        provoke: |folder| {
            let mut test = Test::new(folder);
            test.golden("a.steps");
            folder.file("a.steps", "create ConfigMap a\ncreate ConfigMap b\n");
            test.run()
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

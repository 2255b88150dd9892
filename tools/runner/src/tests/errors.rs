//! Why the runner does not start.

use strum::VariantNames as _;
use windlass_deploy::environment::ProcessEnvironment;
use windlass_error_cases::{Case, check};
use windlass_report::Exit;

use crate::error::Error;
use crate::{Runner, Terms};

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Place",
        exit: Exit::Preflight,
        text: "error: cannot reach the cluster that this program runs in\n\
               cause: KUBERNETES_SERVICE_HOST: got nothing, want a pod, whose kubelet sets it\n",
        provoke: |_| {
            let nowhere = ProcessEnvironment::default();
            Runner::in_cluster(&nowhere, Terms::default()).map(drop)
        },
    },
    Case {
        variant: "Account",
        exit: Exit::Preflight,
        text: "error: cannot use the service account of this pod\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let mut config = kube::Config::new("https://127.0.0.1:1".parse().expect("a URL"));
            config.auth_info.token_file = Some(folder.path("token"));
            Runner::connect(config, Terms::default()).map(drop)
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(CASES, Error::VARIANTS, |error| error.into());
}

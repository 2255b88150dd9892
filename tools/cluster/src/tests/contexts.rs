//! Who runs the cluster, and what is said about it.

use std::net::TcpListener;
use std::process::ExitCode;

use crate::environment::Identity;
use crate::provider::{self, Chosen, Provider, Unfit};
use crate::request::Request;
use crate::tests::{Machine, free_ports};

const ORDER: [Provider; 3] = [Provider::Context, Provider::K3d, Provider::Embedded];

fn request() -> Request {
    serde_json::from_str(crate::request::tests::TEXT).expect("a request")
}

/// The line for a machine without a context: who, and why not the others.
fn line(machine: &Machine) -> String {
    let (request, environment) = (request(), machine.environment());
    let look = |provider| match provider {
        Provider::Context => Err(Unfit::NoContext {
            files: vec!["/h/.kube/config".into()],
        }),
        Provider::K3d => provider::k3d(&request, &environment).map(Chosen::K3d),
        Provider::Embedded => provider::embedded(&request, &environment).map(|()| Chosen::Embedded),
    };
    provider::choose("windlass", &ORDER, look)
        .expect("one is fit")
        .1
}

#[test]
fn docker_and_k3d_go_before_root() {
    let home = tempfile::tempdir().expect("a folder");
    let mut machine = Machine::with_k3d(home.path());
    machine.identity = Identity::Root;
    machine.program("bin/apt-get", "");
    assert_eq!(
        line(&machine),
        "windlass by k3d; context: none of that name in /h/.kube/config; embedded: not needed"
    );
}

#[test]
fn root_where_docker_is_without_k3d() {
    let home = tempfile::tempdir().expect("a folder");
    let mut machine = Machine::with_k3d(home.path());
    machine.identity = Identity::Root;
    machine.program("bin/apt-get", "");
    std::fs::remove_file(machine.path("bin/k3d")).expect("removed");
    assert_eq!(
        line(&machine),
        "windlass by embedded; context: none of that name in /h/.kube/config; k3d: docker answers, \
         but k3d is not on PATH (to install it: https://k3d.io/stable/#installation)"
    );
    machine.fail("docker version", "Cannot connect to the Docker daemon\n");
    assert_eq!(
        line(&machine),
        "windlass by embedded; context: none of that name in /h/.kube/config; k3d: docker does not \
         answer: Cannot connect to the Docker daemon"
    );
    std::fs::remove_file(machine.path("bin/docker")).expect("removed");
    assert_eq!(
        line(&machine),
        "windlass by embedded; context: none of that name in /h/.kube/config; k3d: docker is not on \
         PATH"
    );
}

/// A kubeconfig with a context of the cluster's name, and somebody who accepts connections there.
fn foreign(machine: &Machine) -> TcpListener {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let text = format!(
        "clusters: [{{name: theirs, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: windlass, context: {{cluster: theirs, user: me}}}}]\n"
    );
    let folder = machine.home.join(".kube");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config"), text).expect("written");
    listener
}

#[test]
fn a_context_that_is_there_goes_before_docker() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let _theirs = foreign(&machine);
    for arguments in [&[][..], &["--provider=context"]] {
        let code = machine.run("up", arguments).expect("up");
        assert_eq!(code, ExitCode::SUCCESS);
        assert_eq!(machine.log(), "", "docker is not even asked");
        assert!(!machine.state().exists(), "nothing is made");
    }
}

#[test]
fn who_is_asked_for_goes_before_a_context() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let _theirs = foreign(&machine);
    let [api, registry] = free_ports();
    let line = ["--provider=k3d", &api, &registry];
    machine.run("up", &line).expect("up");
    assert!(machine.changes().contains("k3d cluster create"));
}

#[test]
fn a_context_of_somebody_else_is_neither_stopped_nor_removed() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let _theirs = foreign(&machine);
    let file = machine.home.join(".kube/config");
    let before = std::fs::read(&file).expect("read");
    for verb in ["down", "reset"] {
        assert_eq!(machine.run(verb, &[]).expect(verb), ExitCode::SUCCESS);
    }
    assert_eq!(machine.log(), "");
    assert_eq!(std::fs::read(&file).expect("read"), before);
}

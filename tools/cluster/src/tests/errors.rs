//! Every error of the tool, by its command line, on machines that are made up.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, raise};
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use crate::environment::Identity;
use crate::error::Error;
use crate::provider::Unfit;
use crate::record::{self, Record};
use crate::state::State;
use crate::supervisor;
use crate::tests::{Machine, free_port, free_ports};

/// No context, no docker, no root, no apt.
fn machine(folder: &Folder) -> Machine {
    Machine::new(home(folder))
}

/// With fakes of docker and k3d.
fn with_k3d(folder: &Folder) -> Machine {
    Machine::with_k3d(home(folder))
}

/// Of root, in the toolbox.
fn with_root(folder: &Folder) -> Machine {
    Machine::with_root(home(folder))
}

fn home(folder: &Folder) -> &'static Path {
    // Folders live as long as their case, machines not longer.
    Box::leak(PathBuf::from(folder.folder("home")).into_boxed_path())
}

fn run(machine: &Machine, verb: &str, arguments: &[&str]) -> Result<(), Error> {
    machine.run(verb, arguments).map(drop)
}

/// `up` with ports that nobody has.
fn up(machine: &Machine, arguments: &[&str]) -> Result<(), Error> {
    let ports = free_ports();
    let ports = ports.each_ref().map(String::as_str);
    run(machine, "up", &[arguments, &ports[..]].concat())
}

/// Takes these for all that may have been written by now, below the cluster's folder.
fn wrote(folder: &Folder, machine: &Machine, names: &[&str]) {
    let entries = std::fs::read_dir(machine.state()).expect("a folder");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut got: Vec<_> = entries.flatten().map(name).collect();
    got.sort();
    assert_eq!(got, names, "what is in the cluster's folder");
    folder.keep();
}

/// A cluster of k3d that is up.
fn made(folder: &Folder, machine: &Machine) -> [String; 2] {
    let ports = free_ports();
    run(machine, "up", &ports.each_ref().map(String::as_str)).expect("up");
    folder.keep();
    machine.log();
    ports
}

/// Hides what differs from run to run.
fn hide(folder: &Folder, machine: &Machine) {
    let own = machine.path("");
    folder.show_as(&own.display().to_string(), "OWN/");
}

/// A kubeconfig of the user's.
fn kubeconfig(folder: &Folder, text: &str) {
    folder.file("home/.kube/config", text);
}

const CASES: &[Case<Error>] = &[
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `--request`\n\
               cause: got none, want the file that a target of //cluster has beside it\n\
               hint: bazel run //cluster:up\n",
        provoke: |_| {
            crate::cli::run(
                vec!["cluster".into(), "up".into()],
                &Machine::new(Path::new("/")).environment(),
            )
            .map(drop)
        },
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot read request `OWN/request.json`\n\
               cause: registry: got `localhost`, want host:port\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            hide(folder, &machine);
            machine.ask("registry", "localhost".into());
            run(&machine, "status", &[])
        },
    },
    Case {
        variant: "UnknownImage",
        exit: Exit::Input,
        text: "error: cannot preload third-party image `redis`: got a name that is not built \
               here, want one of coredns, pause\n",
        provoke: |folder| {
            let mut machine = with_root(folder);
            machine.ask(
                "third_party",
                serde_json::json!({"redis": "localhost:31000/redis:8"}),
            );
            let failed = up(&machine, &[]);
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "NoRoot",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | k3d: docker is not on PATH\n\
               \x20 | embedded: it needs root, this is user 1000\n\
               hint: run it as root\n",
        provoke: |folder| {
            let machine = machine(folder);
            machine.program("bin/apt-get", "");
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "NoRoot",
        exit: Exit::Preflight,
        text: "error: provider embedded cannot run cluster `windlass` on this machine\n\
               \x20 | embedded: it needs root, this is root of a user namespace\n\
               hint: run it as root\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::RootOfNamespace;
            run(&machine, "with", &["true"])
        },
    },
    Case {
        variant: "NoApt",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | k3d: docker is not on PATH\n\
               \x20 | embedded: it needs apt-get for its toolbox, which is not on PATH\n\
               hint: install Docker and k3d: https://k3d.io/stable/#installation\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::Root;
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "NoLinux",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | k3d: docker is not on PATH\n\
               \x20 | embedded: it needs Linux, this is macos\n\
               hint: install Docker and k3d: https://k3d.io/stable/#installation\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::Foreign("macos".to_owned());
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "NoLinux",
        exit: Exit::Preflight,
        text: "error: provider embedded cannot run cluster `windlass` on this machine\n\
               \x20 | embedded: it needs Linux, this is macos\n\
               hint: run it on a Debian machine\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::Foreign("macos".to_owned());
            run(&machine, "up", &["--provider=embedded"])
        },
    },
    Case {
        variant: "InToolbox",
        exit: Exit::Preflight,
        text: "error: provider k3d cannot run cluster `windlass` on this machine\n\
               \x20 | k3d: the toolbox does not see docker\n\
               hint: run it with a bazelisk of your own, outside the toolbox\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.set("WINDLASS_TOOLBOX", "/toolbox");
            run(&machine, "up", &["--provider=k3d"])
        },
    },
    Case {
        variant: "NoContext",
        exit: Exit::Preflight,
        text: "error: provider context cannot run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               hint: kubectl config rename-context <YOURS> windlass\n",
        provoke: |folder| run(&machine(folder), "up", &["--provider=context"]),
    },
    Case {
        variant: "NoDocker",
        exit: Exit::Preflight,
        text: "error: provider k3d cannot run cluster `windlass` on this machine\n\
               \x20 | k3d: docker is not on PATH\n\
               hint: install Docker and k3d: https://k3d.io/stable/#installation\n",
        provoke: |folder| run(&machine(folder), "up", &["--provider=k3d"]),
    },
    Case {
        variant: "DockerSilent",
        exit: Exit::Preflight,
        text: "error: provider k3d cannot run cluster `windlass` on this machine\n\
               \x20 | k3d: docker does not answer: Cannot connect to the Docker daemon at \
               unix:///var/run/docker.sock.\n\
               hint: to see what is wrong: docker version\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            machine.fail(
                "docker version",
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n",
            );
            run(&machine, "up", &["--provider=k3d"])
        },
    },
    Case {
        variant: "NoK3d",
        exit: Exit::Preflight,
        text: "error: provider k3d cannot run cluster `windlass` on this machine\n\
               \x20 | k3d: docker answers, but k3d is not on PATH (to install it: \
               https://k3d.io/stable/#installation)\n\
               hint: install k3d: https://k3d.io/stable/#installation\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            std::fs::remove_file(machine.path("bin/k3d")).expect("removed");
            run(&machine, "up", &["--provider=k3d"])
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | k3d: it cannot have a registry at registry.example:443, where images are \
               pushed\n\
               \x20 | embedded: it cannot have a registry at registry.example:443, where images \
               are pushed\n\
               hint: set REGISTRY of cluster_constants.bzl to localhost:31000 or \
               172.19.0.2:31000\n",
        provoke: |folder| {
            let mut machine = with_k3d(folder);
            machine.identity = Identity::Root;
            machine.ask("registry", "registry.example:443".into());
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | k3d: docker is not on PATH\n\
               \x20 | embedded: it cannot have a registry at 172.19.0.2:31000, where images are \
               pushed\n\
               hint: install Docker and k3d: https://k3d.io/stable/#installation\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::Root;
            machine.ask("registry", "172.19.0.2:31000".into());
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "OtherProvider",
        exit: Exit::Preflight,
        text: "error: cluster `windlass` in `DIR/home/.local/state/windlass/cluster` is made by \
               k3d: got --provider=embedded\n\
               hint: this deletes all data of the cluster: bazel run //cluster:reset && bazel run \
               //cluster:up -- --provider=embedded\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            made(folder, &machine);
            let failed = run(&machine, "up", &["--provider=embedded"]);
            assert_eq!(machine.log(), "");
            failed
        },
    },
    Case {
        variant: "NoRoot",
        exit: Exit::Preflight,
        text: "error: nothing can run cluster `windlass` on this machine\n\
               \x20 | context: none of that name in DIR/home/.kube/config\n\
               \x20 | embedded: it needs root, this is user 1000\n\
               hint: run it as root\n",
        provoke: |folder| {
            let mut machine = with_k3d(folder);
            machine.set("WINDLASS_TOOLBOX", "/toolbox");
            let state = State::create(&machine.state(), &machine.environment(), || ());
            drop(state.expect("made"));
            folder.file("home/.local/state/windlass/cluster/settings.json", "{}");
            folder.keep();
            let failed = run(&machine, "up", &[]);
            assert_eq!(machine.log(), "", "docker has nothing to do with it");
            failed
        },
    },
    Case {
        variant: "NotACluster",
        exit: Exit::Preflight,
        text: "error: `DIR/work` is not the folder of a cluster: `thesis.txt` is in it\n\
               hint: name an empty folder: --state <DIR>\n",
        provoke: |folder| {
            folder.file("work/thesis.txt", "of somebody else");
            folder.file("work/lock", "");
            let work = folder.path("work");
            run(&with_root(folder), "up", &["--state", &work])
        },
    },
    Case {
        variant: "NotACluster",
        exit: Exit::Preflight,
        text: "error: `DIR/work` is not the folder of a cluster: `thesis.txt` is in it\n\
               hint: name an empty folder: --state <DIR>\n",
        provoke: |folder| {
            folder.file("work/thesis.txt", "of somebody else");
            let work = folder.path("work");
            run(&machine(folder), "reset", &["--state", &work])
        },
    },
    Case {
        variant: "NotACluster",
        exit: Exit::Preflight,
        text: "error: `DIR/project/.vscode` is not the folder of a cluster: `log` is in it\n\
               hint: name an empty folder: --state <DIR>\n",
        provoke: |folder| {
            let path = editor(folder);
            run(&machine(folder), "reset", &["--state", &path])
        },
    },
    Case {
        variant: "NotACluster",
        exit: Exit::Preflight,
        text: "error: `DIR/project/.vscode` is not the folder of a cluster: `log` is in it\n\
               hint: name an empty folder: --state <DIR>\n",
        provoke: |folder| {
            let path = editor(folder);
            up(&with_root(folder), &["--state", &path])
        },
    },
    Case {
        variant: "NameTaken",
        exit: Exit::Preflight,
        text: "error: kubeconfig `DIR/home/.kube/config` has a cluster, user or context \
               `windlass` that is not ours\n\
               hint: run it without --merge-kubeconfig\n",
        provoke: |folder| {
            kubeconfig(folder, "users: [{name: windlass, user: {token: theirs}}]\n");
            let machine = with_k3d(folder);
            let failed = up(&machine, &["--provider=k3d", "--merge-kubeconfig"]);
            assert_eq!(machine.changes(), "");
            failed
        },
    },
    Case {
        variant: "NameTaken",
        exit: Exit::Preflight,
        text: "error: kubeconfig `DIR/home/.kube/config` has a cluster, user or context \
               `windlass` that is not ours\n\
               hint: run it without --merge-kubeconfig\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            let [api, registry] = made(folder, &machine);
            let text =
                "clusters: [{name: windlass, cluster: {certificate-authority-data: VA==}}]\n";
            kubeconfig(folder, text);
            let line = ["--provider=k3d", "--merge-kubeconfig", &api, &registry];
            run(&machine, "up", &line)
        },
    },
    Case {
        variant: "PortInUse",
        exit: Exit::Preflight,
        text: "error: cannot publish the cluster on 127.0.0.1:PORT\n\
               cause: the port is in use by PROCESS\n\
               hint: to take another port: bazel run //cluster:up -- --registry-port <PORT>\n",
        provoke: |folder| {
            let machine = with_root(folder);
            let taken = taken(folder);
            let registry = format!("--registry-port={}", taken.1);
            let api = format!("--api-port={}", free_port());
            let failed = run(&machine, "up", &[&api, &registry]);
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "PortInUse",
        exit: Exit::Preflight,
        text: "error: cannot publish the cluster on 127.0.0.1:PORT\n\
               cause: the port is in use by PROCESS\n\
               hint: to take another port: bazel run //cluster:up -- --api-port <PORT>\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            let taken = taken(folder);
            let failed = run(&machine, "up", &[&format!("--api-port={}", taken.1)]);
            wrote(folder, &machine, &EMPTY);
            assert_eq!(machine.changes(), "");
            failed
        },
    },
    Case {
        variant: "Build",
        exit: Exit::Failure,
        text: "error: cannot build the programs of the cluster\n\
               \x20 | go: no such module\n\
               log: OWN/cache/windlass/kubernetes-1.log\n",
        provoke: |folder| {
            let mut machine = with_root(folder);
            machine.variables.remove("WINDLASS_CLUSTER_PROGRAMS");
            hide(folder, &machine);
            machine.program("programs/name", "echo kubernetes-1");
            machine.program("programs/build", "echo 'go: no such module' >&2; exit 1");
            let failed = run(&machine, "build", &[]);
            assert!(!machine.path("cache/windlass/kubernetes-1").exists());
            failed
        },
    },
    Case {
        variant: "ProgramsMissing",
        exit: Exit::Preflight,
        text: "error: the programs of the cluster are not built: `DIR/programs` is missing\n\
               hint: bazel run //cluster:build\n",
        provoke: |folder| {
            let mut machine = with_root(folder);
            machine.set("WINDLASS_CLUSTER_PROGRAMS", folder.path("programs"));
            up(&machine, &[])
        },
    },
    Case {
        variant: "Ended",
        exit: Exit::Rollout,
        text: "error: the cluster ended while it was starting\n\
               \x20 | no space left\n\
               log: DIR/home/.local/state/windlass/cluster/log\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            let machine = with_root(folder);
            machine.program("own-program", "echo 'no space left'; exit 1");
            let failed = up(&machine, &[]);
            wrote(folder, &machine, &STARTED);
            failed
        },
    },
    Case {
        variant: "ApiServer",
        exit: Exit::Rollout,
        text: "error: cannot start an API server\n\
               cause: etcd ended while it was starting: exit status: 1\n\
               \x20 | no space left\n",
        provoke: |folder| {
            let machine = with_root(folder);
            for (program, script) in [
                ("etcd", "echo 'no space left'; exit 1"),
                ("kube-apiserver", "exec sleep 60"),
            ] {
                machine.program(&format!("built/bin/{program}"), script);
            }
            let (state, built) = (
                folder.folder("state"),
                machine.path("built").display().to_string(),
            );
            let options = ["--state", &state, "--context=windlass", "--timeout=60"];
            let command = ["--programs", &built, "--", "true"];
            let failed = run(&machine, "within-api-server", &[options, command].concat());
            folder.keep();
            failed
        },
    },
    Case {
        variant: "NotReady",
        exit: Exit::Rollout,
        text: "error: the cluster is not ready after 0 s: the API server\n\
               hint: bazel run //cluster:down && bazel run //cluster:up\n",
        provoke: |folder| {
            let machine = with_root(folder);
            machine.program("own-program", "exec sleep 3");
            let failed = up(&machine, &["--timeout=0"]);
            wrote(folder, &machine, &STARTED);
            failed
        },
    },
    Case {
        variant: "ContextSilent",
        exit: Exit::Preflight,
        text: "error: context `windlass` of `DIR/home/.kube/config` does not answer\n\
               cause: https://127.0.0.1:PORT: Connection refused (os error 111)\n\
               hint: to forget it: kubectl config delete-context windlass\n",
        provoke: |folder| {
            let port = free_port();
            folder.show_as(&port.to_string(), "PORT");
            let text = format!(
                "clusters: [{{name: theirs, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
                contexts: [{{name: windlass, context: {{cluster: theirs, user: me}}}}]\n"
            );
            kubeconfig(folder, &text);
            let machine = with_k3d(folder);
            let failed = run(&machine, "up", &[]);
            assert_eq!(machine.log(), "", "docker is not even asked");
            failed
        },
    },
    Case {
        variant: "Down",
        exit: Exit::Preflight,
        text: "error: cluster `windlass` is down\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| run(&machine(folder), "kubectl", &["get", "pods"]),
    },
    Case {
        variant: "Kubeconfig",
        exit: Exit::Input,
        text: "error: cannot use kubeconfig `DIR/home/.kube/config`: got no mapping, want kind: \
               Config\n",
        provoke: |folder| {
            kubeconfig(folder, "- no\n- mapping\n");
            run(&machine(folder), "up", &[])
        },
    },
    Case {
        variant: "Kubeconfig",
        exit: Exit::Input,
        text: "error: cannot use kubeconfig `k3d kubeconfig get windlass`: got no cluster and \
               user, want one of each\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            machine.write("kubeconfig", "---\nclusters: []\n");
            let failed = up(&machine, &[]);
            wrote(folder, &machine, &K3D);
            failed
        },
    },
    Case {
        variant: "Program",
        exit: Exit::Failure,
        text: "error: cannot name the programs of the cluster\n\
               \x20 | sha256sum: not found\n",
        provoke: |folder| {
            let mut machine = with_root(folder);
            machine.variables.remove("WINDLASS_CLUSTER_PROGRAMS");
            machine.program("programs/name", "echo 'sha256sum: not found' >&2; exit 127");
            run(&machine, "build", &[])
        },
    },
    Case {
        variant: "Program",
        exit: Exit::Failure,
        text: "error: cannot stop windlass: its supervisor is not in this PID namespace\n",
        provoke: |folder| {
            let machine = with_root(folder);
            let (state, held) = held(folder, &machine);
            let failed = run(&machine, "down", &["--state", &state]);
            folder.keep();
            held.remove();
            failed
        },
    },
    Case {
        variant: "Program",
        exit: Exit::Failure,
        text: "error: cannot stop windlass: its supervisor is not in this PID namespace\n",
        provoke: |folder| {
            let machine = with_root(folder);
            let (state, held) = held(folder, &machine);
            let failed = run(&machine, "reset", &["--state", &state]);
            folder.keep();
            held.remove();
            failed
        },
    },
    Case {
        variant: "Io",
        exit: Exit::Failure,
        text: "error: cannot find `DIR/file/cluster`\n\
               cause: Not a directory (os error 20)\n",
        provoke: |folder| {
            let file = folder.file("file", "");
            up(&with_k3d(folder), &["--state", &format!("{file}/cluster")])
        },
    },
    Case {
        variant: "Io",
        exit: Exit::Failure,
        text: LATER,
        provoke: |folder| {
            let machine = with_k3d(folder);
            of_later(folder, &machine);
            let failed = run(&machine, "down", &[]);
            assert_eq!(machine.log(), "");
            failed
        },
    },
    Case {
        variant: "Io",
        exit: Exit::Failure,
        text: LATER,
        provoke: |folder| {
            let machine = with_k3d(folder);
            of_later(folder, &machine);
            let failed = run(&machine, "reset", &[]);
            assert_eq!(machine.log(), "");
            failed
        },
    },
    Case {
        variant: "Io",
        exit: Exit::Failure,
        text: "error: cannot run `OWN/enter`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            let mut machine = machine(folder);
            machine.identity = Identity::Root;
            machine.program("bin/apt-get", "");
            hide(folder, &machine);
            // The toolbox's own program is missing.
            run(&machine, "up", &[])
        },
    },
    Case {
        variant: "Command",
        exit: Exit::Failure,
        text: "error: cannot make k3d cluster `windlass`\n\
               \x20 | INFO[0000] Prep: Network\n\
               \x20 | FATA[0003] Cluster creation FAILED, all changes have been rolled back!\n\
               command: k3d cluster create windlass --no-lb --api-port 127.0.0.1:API --port \
               127.0.0.1:REGISTRY:31000@server:0:direct --volume \
               DIR/home/.local/state/windlass/cluster/registries.yaml:\
               /etc/rancher/k3s/registries.yaml --k3s-arg --disable=local-storage@server:0 --k3s-arg \
               --disable=traefik@server:0 --kubeconfig-update-default=false --runtime-label \
               windlass.state=LABEL@server:0 --timeout 180s\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            let said = "INFO[0000] Prep: Network\n\
                FATA[0003] Cluster creation FAILED, all changes have been rolled back!\n";
            machine.fail("k3d cluster create", said);
            let ports = free_ports();
            folder.show_as(ports[0].trim_start_matches("--api-port="), "API");
            folder.show_as(ports[1].trim_start_matches("--registry-port="), "REGISTRY");
            let failed = run(&machine, "up", &ports.each_ref().map(String::as_str));
            let label = std::fs::read_to_string(machine.state().join("label")).expect("a label");
            folder.show_as(&label, "LABEL");
            wrote(folder, &machine, &K3D);
            failed
        },
    },
    Case {
        variant: "Command",
        exit: Exit::Failure,
        text: "error: cannot read the clusters of k3d: expected ident at line 1 column 2\n\
               \x20 | no JSON\n\
               command: k3d cluster list --output json\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            machine.write("clusters", "no JSON");
            let failed = up(&machine, &[]);
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "Subnet",
        exit: Exit::Failure,
        text: "error: cannot make Docker network `k3d-network` with subnet 172.19.0.0/26\n\
               \x20 | Error response from daemon: Pool overlaps with other one on this address \
               space\n\
               command: docker network create --subnet=172.19.0.0/26 k3d-network\n\
               hint: set REGISTRY of cluster_constants.bzl to localhost:31000, which needs no \
               network\n",
        provoke: |folder| {
            let machine = Machine::with_fixed_address(home(folder));
            let said =
                "Error response from daemon: Pool overlaps with other one on this address space\n";
            machine.fail("docker network create", said);
            let failed = up(&machine, &[]);
            assert!(!machine.changes().contains("k3d cluster"));
            // Not marked as made here: whoever makes it now keeps it.
            wrote(folder, &machine, &K3D);
            failed
        },
    },
    Case {
        variant: "OtherSubnet",
        exit: Exit::Preflight,
        text: "error: Docker network `k3d-network` has other addresses: got 172.20.0.0/16, want \
               172.19.0.0/26\n\
               hint: set the name in K3D_NETWORK of cluster_constants.bzl to one that is free\n",
        provoke: |folder| {
            let machine = Machine::with_fixed_address(home(folder));
            machine.write("network", "k3d-network\n");
            machine.write("subnet", "172.20.0.0/16\n");
            let failed = up(&machine, &[]);
            assert_eq!(machine.changes(), "");
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "NodeAddress",
        exit: Exit::Rollout,
        text: "error: the node is at another address of Docker network `k3d-network`: got \
               172.19.0.3, want 172.19.0.2\n\
               hint: to see what has 172.19.0.2: docker network inspect k3d-network\n",
        provoke: |folder| {
            let machine = Machine::with_fixed_address(home(folder));
            machine.write("address", "172.19.0.3\n");
            let failed = up(&machine, &[]);
            folder.keep();
            failed
        },
    },
    Case {
        variant: "StrangeCluster",
        exit: Exit::Preflight,
        text: "error: k3d has a cluster `windlass` already, which is not ours\n\
               hint: to use it: k3d kubeconfig merge windlass --kubeconfig-merge-default && \
               kubectl config rename-context k3d-windlass windlass\n",
        provoke: |folder| {
            let machine = with_k3d(folder);
            machine.write(
                "clusters",
                r#"[{"name": "windlass", "serversCount": 1, "serversRunning": 1}]"#,
            );
            let failed = up(&machine, &[]);
            assert_eq!(machine.changes(), "");
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "StrangeCluster",
        exit: Exit::Preflight,
        text: STRANGE,
        provoke: |folder| {
            let machine = with_k3d(folder);
            let ports = theirs(folder, &machine);
            let failed = run(&machine, "up", &ports.each_ref().map(String::as_str));
            assert_eq!(machine.changes(), "");
            failed
        },
    },
    Case {
        variant: "StrangeCluster",
        exit: Exit::Preflight,
        text: STRANGE,
        provoke: |folder| {
            let machine = with_k3d(folder);
            theirs(folder, &machine);
            run(&machine, "status", &[]).expect_err("it is not ours");
            let failed = run(&machine, "down", &[]);
            assert_eq!(machine.changes(), "");
            failed
        },
    },
    Case {
        variant: "OtherSettings",
        exit: Exit::Preflight,
        text: "error: k3d cluster `windlass` was made with other settings\n\
               \x20 | registry: made with \"localhost:31000\", now \"127.0.0.1:31000\"\n\
               hint: this deletes all data of the cluster: bazel run //cluster:reset && bazel run \
               //cluster:up\n",
        provoke: |folder| {
            let mut machine = with_k3d(folder);
            let ports = made(folder, &machine);
            machine.ask("registry", "127.0.0.1:31000".into());
            let failed = run(&machine, "up", &ports.each_ref().map(String::as_str));
            assert_eq!(machine.changes(), "");
            failed
        },
    },
    Case {
        variant: "Preload",
        exit: Exit::Failure,
        text: "error: cannot build the images that the node is to have from the start\n\
               \x20 | cannot build them in the toolbox: exit status: 1\n\
               \x20 | localhost:31000/redis:8\n\
               hint: name public images: THIRD_PARTY in cluster_constants.bzl\n",
        provoke: |folder| {
            let mut machine = with_k3d(folder);
            machine.ask(
                "third_party",
                serde_json::json!({"redis": "localhost:31000/redis:8"}),
            );
            machine.program("programs/name", "echo kubernetes-1");
            machine.program("enter", "echo 'make-root: no Debian archive' >&2; exit 1");
            let failed = up(&machine, &[]);
            assert_eq!(machine.changes(), "");
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "Preload",
        exit: Exit::Failure,
        text: "error: cannot build the images that the node is to have from the start\n\
               \x20 | they are built on Linux, this is macos\n\
               \x20 | localhost:31000/redis:8\n\
               hint: name public images: THIRD_PARTY in cluster_constants.bzl\n",
        provoke: |folder| {
            let mut machine = with_k3d(folder);
            machine.identity = Identity::Foreign("macos".to_owned());
            machine.ask(
                "third_party",
                serde_json::json!({"redis": "localhost:31000/redis:8"}),
            );
            let failed = up(&machine, &[]);
            wrote(folder, &machine, &EMPTY);
            failed
        },
    },
    Case {
        variant: "Interrupted",
        exit: Exit::Interrupted,
        text: "error: interrupted\n",
        provoke: |folder| {
            let machine = with_root(folder);
            machine.program("own-program", "exec sleep 60");
            // It comes while the command runs, and to this thread alone.
            supervisor::block_signals();
            raise(Signal::SIGTERM).expect("raised");
            run(&machine, "with", &["true"])
        },
    },
];

/// What is in the folder of an embedded cluster that was started.
const STARTED: [&str; 11] = [
    "certs.d",
    "images",
    "kubeconfig",
    "lock",
    "log",
    "node",
    "pki",
    "root",
    "settings.json",
    "var",
    "windlass-cluster",
];

/// What is in the folder of a cluster of k3d that failed.
const K3D: [&str; 5] = [
    "k3d.json",
    "label",
    "lock",
    "registries.yaml",
    "windlass-cluster",
];

/// What is in a folder that somebody was about to make a cluster in.
const EMPTY: [&str; 2] = ["lock", "windlass-cluster"];

const STRANGE: &str = "\
    error: k3d has a cluster `windlass` already, which is not ours\n\
    hint: to use it: k3d kubeconfig merge windlass --kubeconfig-merge-default && \
    kubectl config rename-context k3d-windlass windlass\n";

/// A cluster of somebody else, made after ours failed.
fn theirs(folder: &Folder, machine: &Machine) -> [String; 2] {
    machine.fail("k3d cluster create", "FATA[0000] no");
    let ports = free_ports();
    run(machine, "up", &ports.each_ref().map(String::as_str)).expect_err("fails");
    machine.fail("nothing", "");
    let one = r#"[{"name": "windlass", "serversCount": 1, "serversRunning": 1}]"#;
    machine.write("clusters", one);
    machine.write("label", "\n");
    machine.log();
    folder.keep();
    ports
}

/// What an editor keeps: names that a cluster has as well.
fn editor(folder: &Folder) -> String {
    folder.file("project/.vscode/settings.json", "{\"editor.tabSize\": 4}");
    folder.file("project/.vscode/node/theirs.js", "");
    folder.file("project/.vscode/log", "");
    folder.path("project/.vscode")
}

const LATER: &str = "\
    error: cannot read `DIR/home/.local/state/windlass/cluster/k3d.json`\n\
    cause: unknown field `later`, expected one of `context`, `registry`, `published`, \
    `endpoint`, `network`, `images` at line 1 column 8\n";

/// A cluster of k3d that a later version made.
fn of_later(folder: &Folder, machine: &Machine) {
    made(folder, machine);
    let file = machine.state().join("k3d.json");
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, text.replacen('{', "{\"later\": 1,", 1)).expect("written");
    folder.keep();
}

/// A port that somebody listens on: this process.
fn taken(folder: &Folder) -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    folder.show_as(&port.to_string(), "PORT");
    let name = std::fs::read_to_string("/proc/self/comm").expect("read");
    let process = format!("{} (process {})", name.trim(), std::process::id());
    folder.show_as(&process, "PROCESS");
    (listener, port)
}

/// A cluster that runs, and whose supervisor is none that could be stopped.
fn held(folder: &Folder, machine: &Machine) -> (String, record::Held) {
    let path = folder.folder("cluster");
    let state = State::open(Path::new(&path), &machine.environment()).expect("a folder");
    let record = Record {
        state: state.path().to_path_buf(),
        pid: 1,
        cgroups: Vec::new(),
    };
    let held = record::hold(&state, &record).expect("held");
    (path, held)
}

/// What an error is called: of a provider that is not fit, what the last one lacks.
fn variant(error: &Error) -> &'static str {
    match error {
        Error::Provider { unfit, .. } => unfit.last().map_or("Provider", |(_, why)| why.into()),
        error => error.into(),
    }
}

#[test]
fn every_error_has_a_case() {
    let own = Error::VARIANTS.iter().filter(|name| **name != "Provider");
    let all: Vec<&str> = own.chain(Unfit::VARIANTS).copied().collect();
    check(CASES, &all, variant);
}

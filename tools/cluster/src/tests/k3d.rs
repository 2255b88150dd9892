//! The cluster by k3d, with fakes: which commands, in which order, and none when there is no need.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::kubeconfig;
use crate::settings::HostPorts;
use crate::state::State;
use crate::tests::{Machine, free_port, free_ports};
use crate::verbs;

fn up(machine: &Machine, ports: &[String; 2]) {
    let code = machine.run("up", &ports.each_ref().map(String::as_str));
    assert_eq!(code.expect("up"), ExitCode::SUCCESS);
}

/// What `up` asks before it does anything.
const LOOKS: &str = "docker version --format {{.Server.Version}}\nk3d cluster list --output json\n";

/// What it asks where there is a cluster.
const ASKS: &str =
    "docker inspect --format {{index .Config.Labels \"windlass.state\"}} k3d-windlass-server-0\n";

/// What it asks in the end.
const ENDS: &str = "k3d kubeconfig get windlass\n";

#[test]
fn from_nothing_and_again() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let (api, registry) = (free_port(), free_port());
    let ports = [
        format!("--api-port={api}"),
        format!("--registry-port={registry}"),
    ];
    up(&machine, &ports);
    let state = machine.state();
    let create = format!(
        "k3d cluster create windlass --no-lb --api-port 127.0.0.1:{api} \
         --port 127.0.0.1:{registry}:31000@server:0:direct \
         --volume {}/registries.yaml:/etc/rancher/k3s/registries.yaml \
         --k3s-arg --disable=local-storage@server:0 --k3s-arg --disable=traefik@server:0 \
         --kubeconfig-update-default=false --runtime-label windlass.state={}@server:0 \
         --timeout 180s\n",
        state.display(),
        std::fs::read_to_string(state.join("label")).expect("a label"),
    );
    assert_eq!(machine.log(), format!("{LOOKS}{create}{ENDS}"));

    let registries = std::fs::read_to_string(state.join("registries.yaml")).expect("written");
    let text = "mirrors:\n  localhost:31000:\n    endpoint:\n    - http://127.0.0.1:31000\n";
    assert!(registries.ends_with(text), "{registries}");
    let file = state.join("kubeconfig");
    let config = kubeconfig::read(&file).expect("read").expect("written");
    let context = kubeconfig::context(&config, "windlass", &file).expect("our context");
    assert_eq!(context.server, format!("https://127.0.0.1:{api}"));
    assert_eq!(context.authority, "QQ==");
    assert!(kubeconfig::context(&config, "k3d-windlass", &file).is_none());

    // Whoever has the ports now is docker, for the cluster.
    let _taken = std::net::TcpListener::bind(("127.0.0.1", api)).expect("free");
    up(&machine, &ports);
    assert_eq!(
        machine.log(),
        format!("{LOOKS}{ASKS}{ENDS}"),
        "a second time"
    );
}

#[test]
fn stopped_started_and_removed() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let ports = free_ports();
    up(&machine, &ports);
    machine.log();
    let run = |verb| machine.run(verb, &[]).expect(verb);

    assert_eq!(run("status"), ExitCode::SUCCESS);
    assert_eq!(machine.changes(), "");
    run("down");
    assert_eq!(machine.changes(), "k3d cluster stop windlass\n");
    run("down");
    assert_eq!(machine.changes(), "", "a second time");
    assert_ne!(run("status"), ExitCode::SUCCESS);
    up(&machine, &ports);
    assert_eq!(
        machine.changes(),
        "k3d cluster start windlass --timeout 180s\n"
    );
    run("reset");
    assert_eq!(machine.changes(), "k3d cluster delete windlass\n");
    assert!(!machine.state().exists(), "nothing of it stays");
    run("reset");
    assert_eq!(machine.log(), "", "a second time");
}

#[test]
fn what_others_removed_or_an_interrupted_k3d_left_is_made_anew() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let ports = free_ports();
    up(&machine, &ports);
    machine.write("clusters", "[]");
    machine.log();
    up(&machine, &ports);
    assert!(
        machine
            .changes()
            .starts_with("k3d cluster create windlass ")
    );

    let half = r#"[{"name": "windlass", "serversCount": 0, "serversRunning": 0}]"#;
    machine.write("clusters", half);
    up(&machine, &ports);
    let changes = machine.changes();
    let lines: Vec<_> = changes.lines().collect();
    assert_eq!(lines[0], "k3d cluster delete windlass");
    assert!(
        lines[1].starts_with("k3d cluster create windlass "),
        "{changes}"
    );
}

#[test]
fn at_a_fixed_address() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_fixed_address(home.path());
    let ports = free_ports();
    up(&machine, &ports);
    let state = machine.state();
    let want = format!(
        "docker version --format {{{{.Server.Version}}}}\n\
         docker network ls --filter name=^k3d-network$ --format {{{{.Name}}}}\n\
         k3d cluster list --output json\n\
         docker network create --subnet=172.19.0.0/26 k3d-network\n\
         k3d cluster create windlass --no-lb {} --network k3d-network \
         --volume {}/registries.yaml:/etc/rancher/k3s/registries.yaml \
         --k3s-arg --disable=local-storage@server:0 --k3s-arg --disable=traefik@server:0 \
         --kubeconfig-update-default=false --runtime-label windlass.state={}@server:0 \
         --timeout 180s\n\
         k3d kubeconfig get windlass\n\
         docker inspect --format {{{{range .NetworkSettings.Networks}}}}{{{{.IPAddress}}}}{{{{end}}}} k3d-windlass-server-0\n",
        ports[0].replace("--api-port=", "--api-port 127.0.0.1:"),
        state.display(),
        std::fs::read_to_string(state.join("label")).expect("a label"),
    );
    assert_eq!(machine.log(), want);
    let registries = std::fs::read_to_string(state.join("registries.yaml")).expect("written");
    let text = "mirrors:\n  172.19.0.2:31000:\n    endpoint:\n    - http://172.19.0.2:31000\n";
    assert!(registries.ends_with(text), "{registries}");

    machine.run("reset", &[]).expect("reset");
    let gone = "k3d cluster delete windlass\ndocker network rm k3d-network\n";
    assert_eq!(machine.changes(), gone, "the network was made for it");
}

#[test]
fn a_network_that_is_there_is_used_and_stays() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_fixed_address(home.path());
    machine.write("network", "k3d-network\n");
    machine.write("subnet", "172.19.0.0/26 fd00::/64 \n");
    up(&machine, &free_ports());
    let changes = machine.changes();
    assert!(
        changes.starts_with("k3d cluster create windlass "),
        "{changes}"
    );
    machine.run("reset", &[]).expect("reset");
    assert_eq!(machine.changes(), "k3d cluster delete windlass\n");
}

/// A machine that has programs with an image `redis`, and wants it in the node.
fn with_images(home: &Path) -> Machine {
    let mut machine = Machine::with_k3d(home);
    machine.set("WINDLASS_CLUSTER_PROGRAMS", machine.path("built"));
    let third_party = serde_json::json!({
        "redis": "localhost:31000/third_party/redis:8",
        "public": "registry.example/public:1",
    });
    machine.ask("third_party", third_party);
    let images = r#"{"redis": {"digest": "sha256:11"}, "pause": {"digest": "sha256:99"}}"#;
    machine.write("built/images/images.json", images);
    machine.write("built/images/oci-layout", "{}");
    let manifest = r#"{"config": {"digest": "sha256:22"}, "layers": [{"digest": "sha256:33"}]}"#;
    machine.write("built/images/blobs/sha256/11", manifest);
    machine.write("built/images/blobs/sha256/22", "config");
    machine.write("built/images/blobs/sha256/33", "layer");
    machine.write("built/images/blobs/sha256/99", "another image");
    machine
}

#[test]
fn images_are_in_the_node_before_any_pod() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = with_images(home.path());
    let ports = free_ports();
    up(&machine, &ports);
    let changes = machine.changes();
    let archive = machine.state().join("images.tar");
    let import = format!(
        "k3d image import --cluster windlass {}\n",
        archive.display()
    );
    assert!(changes.ends_with(&import), "{changes}");
    assert!(!archive.exists(), "what was imported is not kept twice");

    let file = std::fs::File::open(machine.path("imported.tar")).expect("imported");
    let mut files = Vec::new();
    let mut index = serde_json::Value::Null;
    for entry in tar::Archive::new(file).entries().expect("a tar") {
        let entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        if path == "index.json" {
            index = serde_json::from_reader(entry).expect("JSON");
        }
        files.push(path);
    }
    files.sort();
    let blobs = ["blobs/sha256/11", "blobs/sha256/22", "blobs/sha256/33"];
    assert_eq!(files, [&blobs[..], &["index.json", "oci-layout"]].concat());
    assert_eq!(
        index["manifests"],
        serde_json::json!([{
            "digest": "sha256:11",
            "annotations": {"io.containerd.image.name": "localhost:31000/third_party/redis:8"},
        }])
    );

    up(&machine, &ports);
    assert_eq!(machine.changes(), "", "a second time");
    // A cluster of the same name without them: somebody has made it anew by hand.
    machine.write("clusters", "[]");
    up(&machine, &ports);
    assert!(machine.changes().ends_with(&import));
}

#[test]
fn a_rerun_goes_on_from_where_one_failed() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = with_images(home.path());
    let ports = free_ports();
    let run = || machine.run("up", &ports.each_ref().map(String::as_str));
    machine.fail("k3d cluster create", "FATA[0000] no");
    run().expect_err("no cluster");
    machine.fail("k3d image import", "FATA[0000] no");
    run().expect_err("no images");
    let changes = machine.changes();
    let begins: Vec<_> = changes.lines().map(|line| &line[..12]).collect();
    assert_eq!(
        begins,
        ["k3d cluster ", "k3d cluster ", "k3d image im"],
        "{changes}"
    );
    machine.fail("nothing", "");
    up(&machine, &ports);
    let changes = machine.changes();
    assert!(changes.starts_with("k3d image import "), "{changes}");
    assert_eq!(changes.lines().count(), 1, "{changes}");
}

#[test]
fn images_of_other_programs_replace_those_in_the_node() {
    let home = tempfile::tempdir().expect("a folder");
    let mut machine = with_images(home.path());
    let ports = free_ports();
    up(&machine, &ports);
    machine.log();
    std::fs::rename(machine.path("built"), machine.path("rebuilt")).expect("renamed");
    machine.set("WINDLASS_CLUSTER_PROGRAMS", machine.path("rebuilt"));
    up(&machine, &ports);
    assert!(machine.changes().starts_with("k3d image import "));
}

#[test]
fn images_are_built_in_the_toolbox_without_going_there() {
    let home = tempfile::tempdir().expect("a folder");
    let mut machine = with_images(home.path());
    machine.variables.remove("WINDLASS_CLUSTER_PROGRAMS");
    machine.program("programs/name", "echo kubernetes-1");
    let enter = "echo \"enter $*\" >>\"$own/log\"; mkdir -p \"$own/cache/windlass\"; cp -r \"$own/built\" \"$own/cache/windlass/kubernetes-1\"";
    machine.program("enter", enter);
    up(&machine, &free_ports());
    let changes = machine.changes();
    let own = |name| machine.path(name).display().to_string();
    let enter = format!(
        "enter {} build --request {} --runfiles {}",
        own("own-program"),
        own("request.json"),
        own("")
    );
    let first = changes.lines().next().unwrap_or_default();
    assert_eq!(format!("{first}/"), enter, "before anything is made");
}

#[test]
fn the_context_goes_into_a_kubeconfig_and_out_again() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let ports = free_ports();
    let [api, registry] = ports.each_ref().map(String::as_str);
    machine
        .run("up", &[api, registry, "--merge-kubeconfig"])
        .expect("up");
    let file = machine.home.join(".kube/config");
    let has = || {
        let config = kubeconfig::read(&file).expect("read").expect("written");
        kubeconfig::context(&config, "windlass", &file).is_some()
    };
    assert!(has());
    // It is ours, so the next `up` is not stopped by a context of the same name.
    machine.log();
    up(&machine, &ports);
    assert!(machine.log().starts_with("docker version"));
    machine.run("reset", &[]).expect("reset");
    assert!(!has());
}

#[test]
fn kubectl_is_the_users() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    up(&machine, &free_ports());
    machine.program("bin/kubectl", "");
    let kubectl = verbs::kubectl::command(&machine.target(), &machine.called()).expect("found");
    assert_eq!(kubectl.get_program(), machine.path("bin/kubectl"));
    let arguments: Vec<_> = kubectl
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    let kubeconfig = machine.state().join("kubeconfig").display().to_string();
    assert_eq!(
        arguments,
        ["--kubeconfig", &kubeconfig, "--context", "windlass"]
    );
}

#[test]
fn callers_wait_for_one_another() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    let ports = free_ports();
    let created = State::create(&machine.state(), &machine.environment(), || ());
    let (_, held) = created.expect("made");
    thread::scope(|scope| {
        let other = scope.spawn(|| up(&machine, &ports));
        // It has chosen, and then waits for the lock.
        while !machine.read("log").contains("docker version") {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(50));
        assert!(
            !machine.read("log").contains("k3d"),
            "nothing is done under another's lock"
        );
        drop(held);
        other.join().expect("goes on");
    });
    assert!(machine.changes().contains("k3d cluster create"));
}

#[test]
fn who_waited_for_a_reset_makes_the_folder_anew() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::new(home.path());
    let environment = machine.environment();
    let create = || State::create(&machine.state(), &environment, || ()).expect("made");
    let (state, held) = create();
    let waits = AtomicBool::new(false);
    thread::scope(|scope| {
        let say = || waits.store(true, Ordering::Relaxed);
        let path = machine.state();
        let environment = &environment;
        let other = scope.spawn(move || State::create(&path, environment, say).expect("made"));
        while !waits.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(state.remove().expect("removed"), "nothing else is in it");
        drop(held);
        let (state, held) = other.join().expect("goes on");
        let file = state.path().join("lock");
        assert!(crate::state::is_at(&held, &file), "a third caller waits");
        let mode = std::fs::metadata(state.path()).expect("made").permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
        drop(held);
    });
    let (state, held) = create();
    std::fs::remove_dir_all(state.path()).expect("removed");
    drop(held);
    assert!(state.lock(|| ()).expect("no error").is_none(), "it is gone");
}

#[test]
fn reset_removes_only_what_is_ours() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_k3d(home.path());
    up(&machine, &free_ports());
    std::fs::write(machine.state().join("thesis.txt"), "theirs").expect("written");
    machine.run("reset", &[]).expect("reset");
    let left = std::fs::read_dir(machine.state()).expect("a folder");
    let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["thesis.txt"]);
}

#[test]
fn a_folder_from_before_there_was_a_mark_is_ours() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::new(home.path());
    let environment = machine.environment();
    let (state, held) = State::create(&machine.state(), &environment, || ()).expect("made");
    let settings = crate::settings::tests::settings(HostPorts::default());
    state.keep_settings(&settings).expect("kept");
    drop(held);
    std::fs::remove_file(state.path().join("windlass-cluster")).expect("removed");
    State::open(state.path(), &environment).expect_err("it has no keys");
    std::fs::create_dir(state.keys()).expect("made");
    std::fs::write(state.keys().join("admin.kubeconfig"), "").expect("written");
    std::fs::write(state.kubeconfig(), "").expect("written");
    State::open(state.path(), &environment).expect("ours");
    std::fs::write(state.path().join("thesis.txt"), "").expect("written");
    State::open(state.path(), &environment).expect_err("something else is in it");
}

#[test]
fn a_cluster_and_a_network_of_somebody_else_outlive_a_reset() {
    let home = tempfile::tempdir().expect("a folder");
    let machine = Machine::with_fixed_address(home.path());
    machine.fail("docker network create", "Pool overlaps");
    let ports = free_ports();
    let failed = machine.run("up", &ports.each_ref().map(String::as_str));
    failed.expect_err("no network");
    machine.fail("nothing", "");
    machine.write("network", "k3d-network\n");
    machine.write("subnet", "172.19.0.0/26\n");
    let one = r#"[{"name": "windlass", "serversCount": 1, "serversRunning": 1}]"#;
    machine.write("clusters", one);
    machine.write("label", "\n");
    machine.log();
    machine.run("reset", &[]).expect("reset");
    assert_eq!(machine.changes(), "");
    assert!(!machine.state().exists(), "our folder is gone");
}

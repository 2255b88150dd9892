//! Whether all that has an address agrees on it, for one set of constants: the image in a
//! manifest, the request of its `apply`, the registry's own objects, the node's mirror, k3d's
//! command line, and what README.md has one type by hand.

use std::net::Ipv4Addr;

use serde_json::Value;

/// A file of this package, or of another by its path in the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).expect(path)
}

fn variable(name: &str) -> String {
    std::env::var(name).expect(name)
}

/// One set of constants, and what follows from it.
struct Set {
    name: String,
    context: String,
    registry: String,
    host: String,
    port: u16,
}

impl Set {
    fn read() -> Self {
        let registry = variable("REGISTRY");
        let (host, port) = registry.rsplit_once(':').expect("host:port");
        Self {
            name: variable("SET"),
            context: variable("CONTEXT"),
            host: host.to_owned(),
            port: port.parse().expect("a port"),
            registry,
        }
    }

    fn file(&self, file: &str) -> String {
        format!("cluster/k3d/{}/{file}", self.name)
    }

    /// The command line of k3d that begins so.
    fn command(&self, beginning: &str) -> Vec<String> {
        let commands = read(&self.file("commands.txt"));
        let line = commands.lines().find(|line| line.starts_with(beginning));
        let line = line.unwrap_or_else(|| panic!("no `{beginning}` in:\n{commands}"));
        line.split(' ').map(str::to_owned).collect()
    }

    /// What follows an option of that command line, each time that it is given.
    fn options(&self, option: &str) -> Vec<String> {
        let words = self.command(&format!("k3d cluster create {} ", self.context));
        let pairs = words.windows(2).filter(|pair| pair[0] == option);
        pairs.map(|pair| pair[1].clone()).collect()
    }
}

#[test]
fn images_are_named_by_the_registry() {
    let set = Set::read();
    let manifest = json(&format!("cluster/k3d/{}-web.resolved.json", set.name));
    let image = &manifest["spec"]["template"]["spec"]["containers"][0]["image"];
    let repository = format!("{}/{}/web", set.registry, variable("PROJECT"));
    let want = format!("{repository}@sha256:");
    assert!(
        image.as_str().is_some_and(|image| image.starts_with(&want)),
        "{image}"
    );

    let request = json(&format!("cluster/k3d/{}-web.apply.json", set.name));
    assert_eq!(request["cluster"]["context"], *set.context);
    let pushed = &request["images"][0];
    assert_eq!(pushed["repository"], *repository);
    // The registry speaks http: loopback goes without saying, an address has to say so.
    assert_eq!(pushed["insecure"], set.host != "localhost");
}

#[test]
fn the_registry_is_at_its_node_port() {
    let set = Set::read();
    let service = json(&set.file("registry-service.json"));
    assert_eq!(service["spec"]["ports"][0]["nodePort"], set.port);
    let hosting = json(&set.file("registry-hosting.json"));
    let text = hosting["data"]["localRegistryHosting.v1"]
        .as_str()
        .expect("text");
    let hosting: Value = serde_yaml_ng::from_str(text).expect("YAML");
    assert_eq!(hosting["host"], *set.registry);
}

#[test]
fn the_node_pulls_from_the_registry() {
    let set = Set::read();
    let file: Value = serde_yaml_ng::from_str(&read(&set.file("registries.yaml"))).expect("YAML");
    let address = match set.host.as_str() {
        // Of the node, not of this machine.
        "localhost" => "127.0.0.1",
        address => address,
    };
    let endpoint = format!("http://{address}:{}", set.port);
    let want = serde_json::json!({"mirrors": {&set.registry: {"endpoint": [endpoint]}}});
    assert_eq!(file, want);
    let mount = "$STATE/registries.yaml:/etc/rancher/k3s/registries.yaml";
    assert_eq!(set.options("--volume"), [mount]);
}

#[test]
fn k3d_makes_a_cluster_that_is_there() {
    let set = Set::read();
    assert_eq!(set.options("--api-port"), ["127.0.0.1:6443"]);
    set.command(&format!("k3d kubeconfig get {}", set.context));
    set.command(&format!("k3d cluster start {} ", set.context));
    set.command(&format!("k3d cluster delete {}", set.context));
    if set.host == "localhost" {
        let published = format!("127.0.0.1:{0}:{0}@server:0:direct", set.port);
        assert_eq!(set.options("--port"), [published]);
        assert!(set.options("--network").is_empty());
        return;
    }
    assert!(set.options("--port").is_empty(), "nothing of a host port");
    let network = set.command("docker network create ");
    let subnet = network[3].strip_prefix("--subnet=").expect("a subnet");
    let (first, _) = subnet.split_once('/').expect("a subnet");
    let first: Ipv4Addr = first.parse().expect("an address");
    let address: Ipv4Addr = set.host.parse().expect("an address");
    assert_eq!(u32::from(address), u32::from(first) + 2, "the first node's");
    assert_eq!(set.options("--network"), [network[4].clone()]);
}

#[test]
fn by_hand_is_the_same() {
    let set = Set::read();
    if set.name != "fixed" {
        return;
    }
    let readme = read("cluster/README.md");
    let by_hand = |beginning: &str| {
        let line = readme.lines().find(|line| line.starts_with(beginning));
        line.unwrap_or_else(|| panic!("README.md: no `{beginning}`"))
            .to_owned()
    };
    assert_eq!(
        by_hand("docker network create "),
        set.command("docker network create ").join(" ")
    );
    let create = format!("k3d cluster create {} ", set.context);
    let words = by_hand(&create);
    let own = set.command(&create).join(" ").replace("$STATE", "$PWD");
    // The rest of the tool's own is for its own kubeconfig and its own patience.
    let own = own
        .split(" --kubeconfig-update-default=false")
        .next()
        .expect("a line");
    assert_eq!(words, own);
    let rename = format!("kubectl config rename-context k3d-{0} {0}", set.context);
    assert_eq!(by_hand("kubectl config rename-context "), rename);
}

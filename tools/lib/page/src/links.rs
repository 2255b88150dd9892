//! Where an object answers, by its manifest and, where somebody has looked, its status.

use serde_json::Value;

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// What a user reads: `server.prod.svc:50001`, `https://shop.example.com/`.
    pub text: String,
    /// Whether it leads there from a browser.
    pub is_url: bool,
}

impl Link {
    fn url(text: String) -> Self {
        let is_url = true;
        Self { text, is_url }
    }

    fn address(text: String) -> Self {
        let is_url = false;
        Self { text, is_url }
    }
}

/// The addresses of an object; none for kinds that have none. `live` is the object as the cluster has
/// it.
pub fn links(manifest: &Value, live: Option<&Value>) -> Vec<Link> {
    let group = manifest["apiVersion"].as_str().unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    match (group, manifest["kind"].as_str().unwrap_or_default()) {
        ("", "Service") => service(manifest, live),
        ("networking.k8s.io", "Ingress") => ingress(manifest),
        ("gateway.networking.k8s.io", "HTTPRoute") => route(manifest),
        _ => Vec::new(),
    }
}

fn service(manifest: &Value, live: Option<&Value>) -> Vec<Link> {
    let text = |field: &str| manifest["metadata"][field].as_str().unwrap_or_default();
    let inside = match text("namespace") {
        "" => text("name").to_owned(),
        namespace => format!("{}.{namespace}.svc", text("name")),
    };
    let ports: Vec<&Value> = list(&manifest["spec"]["ports"]).collect();
    let mut links = Vec::new();
    for port in &ports {
        let number = &port["port"];
        let protocol = port["protocol"].as_str().filter(|word| *word != "TCP");
        let protocol = protocol.map_or(String::new(), |word| format!("/{word}"));
        links.push(Link::address(format!("{inside}:{number}{protocol}")));
    }
    let status = live.map_or(
        &Value::Null,
        |live| &live["status"]["loadBalancer"]["ingress"],
    );
    for place in list(status) {
        let Some(host) = place["hostname"].as_str().or_else(|| place["ip"].as_str()) else {
            continue;
        };
        links.extend(ports.iter().map(|port| outside(host, port)));
    }
    links
}

/// A port of a load balancer.
fn outside(host: &str, port: &Value) -> Link {
    let number = port["port"].as_u64().unwrap_or_default();
    let named = |field: &str| port[field].as_str().unwrap_or_default();
    let words = [named("appProtocol"), named("name")];
    let is = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    if !is_host(host.trim_matches(['[', ']'])) {
        return Link::address(format!("{host}:{number}"));
    }
    match number {
        443 => Link::url(format!("https://{host}/")),
        80 => Link::url(format!("http://{host}/")),
        _ if is("https") => Link::url(format!("https://{host}:{number}/")),
        _ if is("http") => Link::url(format!("http://{host}:{number}/")),
        _ => Link::address(format!("{host}:{number}")),
    }
}

fn ingress(manifest: &Value) -> Vec<Link> {
    let spec = &manifest["spec"];
    let secure: Vec<&str> = list(&spec["tls"])
        .flat_map(|tls| list(&tls["hosts"]).filter_map(Value::as_str))
        .collect();
    let mut links = Vec::new();
    for rule in list(&spec["rules"]) {
        let Some(host) = rule["host"].as_str() else {
            continue;
        };
        let scheme = if secure.contains(&host) {
            "https"
        } else {
            "http"
        };
        for path in list(&rule["http"]["paths"]) {
            // What is no plain path is a pattern of some controller.
            let path = path["path"].as_str().filter(|path| is_path(path));
            links.push(web(scheme, host, path.unwrap_or("/")));
        }
    }
    links.dedup();
    links
}

fn route(manifest: &Value) -> Vec<Link> {
    // Whether its gateway speaks TLS stands elsewhere; one that does sends on who asks without.
    let hosts = list(&manifest["spec"]["hostnames"]).filter_map(Value::as_str);
    hosts.map(|host| web("http", host, "/")).collect()
}

fn web(scheme: &str, host: &str, path: &str) -> Link {
    if is_host(host) {
        Link::url(format!("{scheme}://{host}{path}"))
    } else {
        Link::address(format!("{host}{path}"))
    }
}

/// Whether it can stand in a URL as it is: a name of DNS, or an address.
fn is_host(host: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    !host.is_empty() && host.chars().all(is_plain)
}

fn is_path(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~');
    path.starts_with('/') && path.chars().all(is_plain)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(manifest: &Value, live: Option<&Value>) -> Vec<String> {
        let links = links(manifest, live).into_iter();
        let text = |link: Link| format!("{}{}", if link.is_url { "-> " } else { "" }, link.text);
        links.map(text).collect()
    }

    #[test]
    fn services_have_names_inside_and_addresses_outside() {
        let service = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "prod"}, "spec": {"ports": [
                {"port": 80}, {"port": 53, "protocol": "UDP"}, {"name": "http", "port": 8080}]}});
        let inside = [
            "web.prod.svc:80",
            "web.prod.svc:53/UDP",
            "web.prod.svc:8080",
        ];
        assert_eq!(shown(&service, None), inside);
        let live = json!({"status": {"loadBalancer": {"ingress": [{"ip": "fd00::1"}]}}});
        let outside = [
            "-> http://[fd00::1]/",
            "[fd00::1]:53",
            "-> http://[fd00::1]:8080/",
        ];
        assert_eq!(shown(&service, Some(&live)), [inside, outside].concat());
    }

    #[test]
    fn an_ingress_has_a_url_for_each_path() {
        let path = |path: &str| json!({"path": path, "backend": {}});
        let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {
            "tls": [{"hosts": ["shop.example.com"]}],
            "rules": [
                {"host": "shop.example.com", "http": {"paths": [path("/"), path("/api")]}},
                {"host": "plain.example.com", "http": {"paths": [path("/(.*)")]}},
                {"host": "*.example.com", "http": {"paths": [path("/")]}},
                {"host": "x/\"onload=", "http": {"paths": [path("/")]}}]}});
        let want = [
            "-> https://shop.example.com/",
            "-> https://shop.example.com/api",
            "-> http://plain.example.com/",
            "*.example.com/",
            "x/\"onload=/",
        ];
        assert_eq!(shown(&ingress, None), want);
        let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "spec": {"hostnames": ["javascript:alert(1)", "a.example.com"]}});
        let want = ["javascript:alert(1)/", "-> http://a.example.com/"];
        assert_eq!(shown(&route, None), want);
    }
}

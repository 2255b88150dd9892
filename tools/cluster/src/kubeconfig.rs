//! Kubeconfig files: the cluster's own, and the user's, where a context may be looked up and, on
//! request only, ours is merged in.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_yaml_ng::{Mapping, Value};

use crate::error::{Error, Silence};
use crate::state;

/// The sections of a kubeconfig and the field that holds an entry's value.
const SECTIONS: [(&str, &str); 3] = [
    ("clusters", "cluster"),
    ("users", "user"),
    ("contexts", "context"),
];

/// A context, as a kubeconfig describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The file it is in.
    pub file: PathBuf,
    /// The API server's address.
    pub server: String,
    /// The certificate authority in base64; empty where the file names it otherwise.
    pub authority: String,
}

/// Reads a kubeconfig; none where there is no such file.
pub fn read(path: &Path) -> Result<Option<Value>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    parse(&text).map_err(|reason| Error::Kubeconfig {
        path: path.to_path_buf(),
        reason,
    })
}

/// A kubeconfig from its text, none where that is empty; else why it is none.
pub fn parse(text: &str) -> Result<Option<Value>, String> {
    match serde_yaml_ng::from_str(text) {
        Ok(Value::Null) => Ok(None),
        Ok(config @ Value::Mapping(_)) => Ok(Some(config)),
        Ok(_) => Err("got no mapping, want kind: Config".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn entry<'a>(config: &'a Value, section: usize, name: &str) -> Option<&'a Value> {
    let (list, field) = SECTIONS[section];
    let entries = config.get(list)?.as_sequence()?;
    entries
        .iter()
        .find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))?
        .get(field)
}

/// The context of this name in a kubeconfig.
pub fn context(config: &Value, name: &str, file: &Path) -> Option<Context> {
    let context = entry(config, 2, name)?;
    let cluster = entry(config, 0, context.get("cluster")?.as_str()?)?;
    let text = |field| {
        cluster
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(Context {
        file: file.to_path_buf(),
        server: text("server"),
        authority: text("certificate-authority-data"),
    })
}

/// The first context of this name in the user's files.
pub fn find(files: &[PathBuf], name: &str) -> Result<Option<Context>, Error> {
    for file in files {
        if let Some(found) = read(file)?.and_then(|config| context(&config, name, file)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The cluster's kubeconfig for users, made from its administrator's: one context, and the cluster
/// and the user of the same name.
pub fn own(admin: &Value, name: &str, port: u16) -> Option<Value> {
    let cluster = admin.get("clusters")?.get(0)?.get("cluster")?;
    let user = admin.get("users")?.get(0)?.get("user")?;
    let mut cluster = cluster.as_mapping()?.clone();
    cluster.insert("server".into(), format!("https://127.0.0.1:{port}").into());
    let named = |field: &str, value: Value| {
        let mut entry = Mapping::new();
        entry.insert("name".into(), name.into());
        entry.insert(field.into(), value);
        Value::Sequence(vec![Value::Mapping(entry)])
    };
    let mut context = Mapping::new();
    context.insert("cluster".into(), name.into());
    context.insert("user".into(), name.into());
    let mut config = Mapping::new();
    config.insert("apiVersion".into(), "v1".into());
    config.insert("kind".into(), "Config".into());
    config.insert("clusters".into(), named("cluster", Value::Mapping(cluster)));
    config.insert("users".into(), named("user", user.clone()));
    config.insert("contexts".into(), named("context", Value::Mapping(context)));
    config.insert("current-context".into(), name.into());
    Some(Value::Mapping(config))
}

/// Whether a cluster, user or context of this name is there that is not of our cluster, as its
/// certificate authority tells.
pub fn is_taken(theirs: &Value, ours: Option<&Value>, name: &str) -> bool {
    let authority = |config: &Value| {
        let authority = entry(config, 0, name)?.get("certificate-authority-data")?;
        authority.as_str().map(str::to_owned)
    };
    let same = ours
        .and_then(authority)
        .is_some_and(|ours| authority(theirs) == Some(ours));
    !same && (0..SECTIONS.len()).any(|section| entry(theirs, section, name).is_some())
}

/// Puts the entries of `ours` into `theirs`, in place of those of the same name. The current
/// context stays, where there is one.
pub fn merge(theirs: Option<Value>, ours: &Value) -> Value {
    let Some(Value::Mapping(mut merged)) = theirs else {
        return ours.clone();
    };
    for (list, _) in SECTIONS {
        let new = ours
            .get(list)
            .and_then(Value::as_sequence)
            .cloned()
            .unwrap_or_default();
        let mut entries = merged
            .get(list)
            .and_then(Value::as_sequence)
            .cloned()
            .unwrap_or_default();
        entries.retain(|entry| new.iter().all(|new| new.get("name") != entry.get("name")));
        entries.extend(new);
        merged.insert(list.into(), Value::Sequence(entries));
    }
    for field in ["apiVersion", "kind", "current-context"] {
        let empty = merged
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty();
        if let (true, Some(value)) = (empty, ours.get(field)) {
            merged.insert(field.into(), value.clone());
        }
    }
    Value::Mapping(merged)
}

/// Takes the entries of this name out again.
pub fn remove(mut theirs: Value, name: &str) -> Value {
    for (list, _) in SECTIONS {
        if let Some(entries) = theirs.get_mut(list).and_then(Value::as_sequence_mut) {
            entries.retain(|entry| entry.get("name").and_then(Value::as_str) != Some(name));
        }
    }
    if theirs.get("current-context").and_then(Value::as_str) == Some(name) {
        theirs["current-context"] = "".into();
    }
    theirs
}

/// Writes a kubeconfig for its owner only, through a link where the file is one.
pub fn write(path: &Path, config: &Value) -> Result<(), Error> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    }
    let text = serde_yaml_ng::to_string(config).map_err(|error| Error::Kubeconfig {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    state::write_private(&path, text.as_bytes())
}

/// Host and port of a server's address, the port of its scheme where it has none.
pub fn host_and_port(server: &str) -> Option<(String, u16)> {
    let (scheme, rest) = server.split_once("://")?;
    let authority = rest.split('/').next()?;
    let default = if scheme == "http" { 80 } else { 443 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
        }
        _ => Some((authority.trim_matches(['[', ']']).to_owned(), default)),
    }
}

/// Whether somebody accepts connections at a server's address.
pub fn answers(server: &str) -> Result<(), Silence> {
    let silent = |what: String| Silence {
        server: server.to_owned(),
        what,
    };
    let address = host_and_port(server)
        .ok_or_else(|| silent("got no address, want https://host:port".to_owned()))?;
    let addresses = address
        .to_socket_addrs()
        .map_err(|error| silent(error.to_string()))?;
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err(silent(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: &str = "
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: 'https://127.0.0.1:6443', certificate-authority-data: QQ==}}]
users: [{name: admin, user: {client-key-data: Qg==}}]
contexts: [{name: cluster, context: {cluster: cluster, user: admin}}]
current-context: cluster
";

    fn yaml(text: &str) -> Value {
        serde_yaml_ng::from_str(text).expect("YAML")
    }

    fn ours() -> Value {
        own(&yaml(ADMIN), "windlass", 7443).expect("made")
    }

    #[test]
    fn one_name_for_context_cluster_and_user() {
        let want = "
apiVersion: v1
kind: Config
clusters: [{name: windlass, cluster: {server: 'https://127.0.0.1:7443', certificate-authority-data: QQ==}}]
users: [{name: windlass, user: {client-key-data: Qg==}}]
contexts: [{name: windlass, context: {cluster: windlass, user: windlass}}]
current-context: windlass
";
        assert_eq!(ours(), yaml(want));
    }

    #[test]
    fn merging_keeps_what_is_the_users() {
        let theirs = yaml(
            "
preferences: {colors: true}
clusters: [{name: work, cluster: {server: 'https://work'}}, {name: windlass, cluster: {server: old}}]
users: [{name: me, user: {token: t}}]
contexts: [{name: work, context: {cluster: work, user: me}}]
current-context: work
",
        );
        let merged = merge(Some(theirs.clone()), &ours());
        assert_eq!(merged.get("preferences"), theirs.get("preferences"));
        assert_eq!(merged.get("current-context"), Some(&Value::from("work")));
        assert!(entry(&merged, 2, "work").is_some());
        let found = context(&merged, "windlass", Path::new("/k")).expect("merged");
        assert_eq!(found.server, "https://127.0.0.1:7443");
        assert_eq!(
            merge(Some(merged.clone()), &ours()),
            merged,
            "a second time changes nothing"
        );

        let removed = remove(merged, "windlass");
        assert!(context(&removed, "windlass", Path::new("/k")).is_none());
        assert!(context(&removed, "work", Path::new("/k")).is_some());
    }

    #[test]
    fn merging_into_nothing_is_a_copy() {
        assert_eq!(merge(None, &ours()), ours());
    }

    #[test]
    fn addresses_of_servers() {
        assert_eq!(
            host_and_port("https://127.0.0.1:6443"),
            Some(("127.0.0.1".to_owned(), 6443))
        );
        assert_eq!(
            host_and_port("https://k.example/path"),
            Some(("k.example".to_owned(), 443))
        );
        assert_eq!(
            host_and_port("https://[::1]:6443"),
            Some(("::1".to_owned(), 6443))
        );
        assert_eq!(
            host_and_port("https://[::1]"),
            Some(("::1".to_owned(), 443))
        );
        assert_eq!(host_and_port("nowhere"), None);
    }
}

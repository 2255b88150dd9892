//! Where configuration files are.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

use super::DockerConfig;
use super::auth_file::AuthFile;

/// What the environment says of where credentials are. A variable without a value counts as not
/// set.
///
/// `REGISTRY_AUTH_FILE` is the only file where it is set. Else each of these that is there is read,
/// and the first that knows a registry counts for it: `config.json` in `DOCKER_CONFIG`,
/// `containers/auth.json` in `XDG_RUNTIME_DIR`, and, without `DOCKER_CONFIG`, `.docker/config.json`
/// in `HOME`.
#[derive(Clone, Debug, Default)]
pub struct ConfigPlaces {
    /// `REGISTRY_AUTH_FILE`: a file that has to be there.
    pub registry_auth_file: Option<PathBuf>,
    /// `DOCKER_CONFIG`: the folder of Docker's configuration.
    pub docker_config: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: podman's file is below it.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `HOME`: Docker's folder is in it otherwise.
    pub home: Option<PathBuf>,
}

/// A configuration file that cannot be used. It may hold secrets: nothing of it is shown.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{}`", path.display())]
pub struct ConfigError {
    path: PathBuf,
    source: Reason,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(String);

impl Explain for ConfigError {
    /// It is no input: the machine is not ready, and nothing was asked or written yet.
    fn exit(&self) -> Exit {
        Exit::Preflight
    }
}

impl ConfigPlaces {
    /// Takes the variables from `var`.
    pub fn of(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| {
            let value = var(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        Self {
            registry_auth_file: path("REGISTRY_AUTH_FILE"),
            docker_config: path("DOCKER_CONFIG"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            home: path("HOME"),
        }
    }

    /// Where files may be, the one that counts first in front.
    fn paths(&self) -> Vec<PathBuf> {
        let podman = self.xdg_runtime_dir.as_ref();
        let podman = podman.map(|folder| folder.join("containers/auth.json"));
        let home = self.home.as_ref();
        let home = home.map(|folder| folder.join(".docker/config.json"));
        let paths = match &self.docker_config {
            Some(folder) => [Some(folder.join("config.json")), podman],
            None => [podman, home],
        };
        paths.into_iter().flatten().collect()
    }
}

impl DockerConfig {
    /// Reads what is there.
    pub fn find(places: &ConfigPlaces) -> Result<Self, ConfigError> {
        if let Some(path) = &places.registry_auth_file {
            let file = read(path)?.ok_or_else(|| ConfigError {
                path: path.clone(),
                source: Reason("REGISTRY_AUTH_FILE names it, and there is no such file".to_owned()),
            })?;
            return Ok(Self { files: vec![file] });
        }
        let mut files = Vec::new();
        for path in places.paths() {
            files.extend(read(&path)?);
        }
        Ok(Self { files })
    }
}

/// The file, if there is one.
fn read(path: &Path) -> Result<Option<AuthFile>, ConfigError> {
    let unusable = |reason| ConfigError {
        path: path.to_owned(),
        source: Reason(reason),
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(unusable(error.to_string())),
            };
        }
    };
    // serde_json's own text quotes values.
    let parsed = AuthFile::parse(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unusable(format!(
            "line {line}, column {column}: want JSON as `docker login` writes it"
        ))
    })?;
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of variables, as `A=b C=d`.
    fn places(text: &str) -> ConfigPlaces {
        ConfigPlaces::of(|name| {
            let mut pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
            let pair = pairs.find(|(key, _)| *key == name);
            pair.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_order_of_places() {
        let all = "DOCKER_CONFIG=/c XDG_RUNTIME_DIR=/r HOME=/h";
        for (text, want) in [
            (all, &["/c/config.json", "/r/containers/auth.json"][..]),
            (
                "DOCKER_CONFIG= XDG_RUNTIME_DIR=/r HOME=/h",
                &["/r/containers/auth.json", "/h/.docker/config.json"],
            ),
            ("HOME=/h", &["/h/.docker/config.json"]),
            ("HOME=", &[]),
        ] {
            let want: Vec<_> = want.iter().map(PathBuf::from).collect();
            assert_eq!(places(text).paths(), want, "{text}");
        }
    }

    fn entry(registry: &str) -> String {
        format!(r#"{{"auths": {{"{registry}": {{"username": "me", "password": "secret"}}}}}}"#)
    }

    #[test]
    fn all_files_are_read_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("XDG_RUNTIME_DIR={0} HOME={0}", folder.path().display());
        let find = || DockerConfig::find(&places(&text)).expect("finds").files;
        assert_eq!(find(), []);
        let parse = |text: &str| AuthFile::parse(text).expect("parses");
        std::fs::create_dir(folder.path().join(".docker")).expect("makes");
        let docker = entry("docker.example");
        std::fs::write(folder.path().join(".docker/config.json"), &docker).expect("writes");
        assert_eq!(find(), [parse(&docker)]);
        std::fs::create_dir(folder.path().join("containers")).expect("makes");
        let podman = entry("podman.example");
        std::fs::write(folder.path().join("containers/auth.json"), &podman).expect("writes");
        assert_eq!(find(), [parse(&podman), parse(&docker)]);
    }

    #[test]
    fn a_file_that_is_named_is_the_only_one_and_has_to_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join(".docker")).expect("makes");
        std::fs::write(home.join(".docker/config.json"), entry("a.example")).expect("writes");
        let named = folder.path().join("auth.json");
        let text = format!(
            "REGISTRY_AUTH_FILE={} HOME={}",
            named.display(),
            home.display()
        );
        let error = DockerConfig::find(&places(&text)).expect_err("is not there");
        assert_eq!(
            error.to_string(),
            format!("cannot use `{}`", named.display())
        );
        let reason = "REGISTRY_AUTH_FILE names it, and there is no such file";
        assert_eq!(error.source.to_string(), reason);
        std::fs::write(&named, "").expect("writes");
        let empty = AuthFile::parse("").expect("parses");
        let found = DockerConfig::find(&places(&text)).expect("finds");
        assert_eq!(found.files, [empty]);
    }

    #[test]
    fn nothing_of_a_file_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        let text = format!("DOCKER_CONFIG={}", folder.path().display());
        for (content, reason) in [
            (r#"{"auths": "hunter2"}"#, "line 1, column 19: want JSON as"),
            ("{hunter2", "line 1, column 2: want JSON as"),
        ] {
            std::fs::write(&path, content).expect("writes");
            let error = DockerConfig::find(&places(&text)).expect_err("no JSON");
            assert!(error.source.0.starts_with(reason), "{error:?}");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
        std::fs::remove_file(&path).expect("removes");
        std::fs::create_dir(&path).expect("makes");
        let error = DockerConfig::find(&places(&text)).expect_err("a folder");
        assert_eq!(error.source.0, "Is a directory (os error 21)");
    }
}

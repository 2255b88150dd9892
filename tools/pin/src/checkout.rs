//! The checkout that the tool works in, and the services in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::environment::Environment;
use crate::error::Error;
use crate::git::Git;
use crate::pins_file::PinsFile;

/// The name of every service's lock file.
const PINS: &str = "pins.json";

/// What makes a folder a package.
const BUILD_FILES: [&str; 2] = ["BUILD.bazel", "BUILD"];

/// What makes a folder a workspace of its own.
const WORKSPACE_FILES: [&str; 4] = ["MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"];

/// A package of the checkout, by the label that users type: `//services/client`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package(String);

impl Package {
    /// The folder, from the checkout's root; empty for the root's own package.
    pub fn folder(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The last part, which is what the service is called.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "//{}", self.0)
    }
}

/// A text that is no [`Package`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("want the label of a service in this workspace, as in `//services/client`")]
pub struct NoLabel;

impl FromStr for Package {
    type Err = NoLabel;

    /// Any target of the package stands for it: `//services/client:prod-deep`.
    fn from_str(text: &str) -> Result<Self, NoLabel> {
        let label = text.strip_prefix("//").ok_or(NoLabel)?;
        let (package, target) = match label.split_once(':') {
            Some((package, target)) => (package, Some(target)),
            None => (label, None),
        };
        let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
        let names = package.is_empty() || package.split('/').all(is_name);
        if names && target != Some("") && !label.is_empty() {
            Ok(Self(package.to_owned()))
        } else {
            Err(NoLabel)
        }
    }
}

/// The checkout, by its root.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that `bazel run` was typed in.
    pub fn of(environment: &Environment) -> Result<Self, Error> {
        let root = environment.workspace.clone().ok_or(Error::NoWorkspace)?;
        Ok(Self { root })
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file; `None` if it is not there.
    pub fn text(&self, path: &Path) -> Result<Option<String>, Error> {
        match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Whether a package has a lock file.
    pub fn has_pins(&self, package: &Package) -> bool {
        self.pins_file(package).is_ok()
    }

    /// The lock file of a service.
    ///
    /// # Errors
    /// There is no such package, or it has none.
    pub fn pins_file(&self, package: &Package) -> Result<PinsFile, Error> {
        let folder = package.folder();
        if !self.is_package(folder) {
            return Err(Error::NoPackage {
                package: package.clone(),
                folder: folder.to_owned(),
            });
        }
        let path = folder.join(PINS);
        if !self.root.join(&path).is_file() {
            return Err(Error::NoPins {
                package: package.clone(),
                path,
            });
        }
        Ok(PinsFile::new(&self.root, path))
    }

    /// All packages with a lock file that git tracks or would track, sorted. What Bazel does not
    /// look at is left out: folders of `.bazelignore`, and workspaces of their own.
    pub fn services(&self, git: &Git) -> Result<Vec<Package>, Error> {
        let what = format!("list the files of `{}`", self.root.display());
        let own = format!(":(glob)**/{PINS}");
        let arguments = ["ls-files", "-z", "--cached", "--others"];
        let arguments = arguments
            .into_iter()
            .chain(["--exclude-standard", "--", &own]);
        let files = git.ask(&what, &arguments.collect::<Vec<_>>())?;
        let ignored = self.ignored()?;
        let mut services = Vec::new();
        for path in files.split_terminator('\0') {
            let folder = Path::new(path).parent().unwrap_or(Path::new(""));
            let is_ignored = ignored.iter().any(|ignored| folder.starts_with(ignored));
            // Deleted and not yet committed, it is still in the list.
            let is_there = self.root.join(path).is_file();
            if is_there && !is_ignored && self.is_package(folder) && self.is_own(folder) {
                services.push(Package(folder.display().to_string()));
            }
        }
        services.sort();
        // Until a merge is settled, git lists a file once for each side.
        services.dedup();
        Ok(services)
    }

    fn is_package(&self, folder: &Path) -> bool {
        let folder = self.root.join(folder);
        BUILD_FILES.iter().any(|name| folder.join(name).is_file())
    }

    /// Whether a folder is of this workspace, and not of one below it.
    fn is_own(&self, folder: &Path) -> bool {
        let has = |folder: &Path, name: &&str| self.root.join(folder).join(name).is_file();
        let mut below = folder
            .ancestors()
            .take_while(|folder| *folder != Path::new(""));
        !below.any(|folder| WORKSPACE_FILES.iter().any(|name| has(folder, name)))
    }

    /// The folders that `.bazelignore` lists.
    fn ignored(&self) -> Result<Vec<PathBuf>, Error> {
        let text = self.text(Path::new(".bazelignore"))?.unwrap_or_default();
        let lines = text.lines().map(str::trim);
        let folders = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(folders.map(PathBuf::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for (label, package, name) in [
            ("//services/client", "//services/client", "client"),
            ("//services/client:client", "//services/client", "client"),
            ("//services/client:prod-deep", "//services/client", "client"),
            ("//:all", "//", ""),
        ] {
            let parsed: Package = label.parse().expect(label);
            assert_eq!((&*parsed.to_string(), parsed.name()), (package, name));
        }
    }

    #[test]
    fn what_is_no_label_of_this_workspace() {
        for text in [
            "",
            "//",
            "services/client",
            "/services/client",
            "///services",
            "//services/",
            "//services//client",
            "//../x",
            "//services/./client",
            "//services/client:",
            "@other//services/client",
            ":client",
        ] {
            assert_eq!(text.parse::<Package>(), Err(NoLabel), "{text}");
        }
    }
}

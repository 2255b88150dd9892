//! The programs that we are measured beside. Each is installed once, by the benchmark, into a folder
//! of the user's cache: from Go modules, or from a package of Debian that is unpacked and not
//! installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_report::say;

use crate::environment;
use crate::error::Error;
use crate::process;

/// A program and where it is from.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    /// A command of a Go module: its package and version.
    Go(&'static str, &'static str),
    /// The program of a crate: its name, which is the crate's too, and version.
    Crate(&'static str, &'static str, Build),
    /// A program of a package of Debian, of the version that the machine knows, and the packages of
    /// its libraries.
    Debian(&'static str, &'static [&'static str]),
}

/// How a crate is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As `cargo install` does.
    Plain,
    /// With optimisation across crates, and the feature `mimalloc`.
    Fast,
}

/// Evaluates Jsonnet: what our renderer is made of, as a program.
pub const JRSONNET: Peer = Peer::Crate("jrsonnet", "0.5.0-pre98", Build::Plain);
/// The same, as fast as it can be built.
pub const JRSONNET_FAST: Peer = Peer::Crate("jrsonnet", "0.5.0-pre98", Build::Fast);
/// Evaluates Jsonnet.
pub const RSJSONNET: Peer = Peer::Crate("rsjsonnet", "0.5.1", Build::Plain);
/// Evaluates Jsonnet.
pub const GO_JSONNET: Peer = Peer::Go("github.com/google/go-jsonnet/cmd/jsonnet", "v0.22.0");

/// Pushes images (go-containerregistry).
pub const CRANE: Peer = Peer::Go(
    "github.com/google/go-containerregistry/cmd/crane",
    "v0.20.6",
);
/// The registry that images are pushed to.
pub const REGISTRY: Peer = Peer::Go(
    "github.com/distribution/distribution/v3/cmd/registry",
    "v3.1.2",
);
/// Compresses on all processors.
pub const PIGZ: Peer = Peer::Debian("pigz", &["libzopfli1"]);
/// Copies images.
pub const SKOPEO: Peer = Peer::Debian("skopeo", &[]);

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Go(package, _) => package.rsplit('/').next().unwrap_or(package),
            Self::Debian(package, _) => package,
            Self::Crate(name, ..) => name,
        }
    }

    /// The program's path; installs it where it is not there. One of Debian that is on PATH is taken
    /// from there.
    pub fn program(self) -> Result<PathBuf, Error> {
        let name = self.name();
        if let (Self::Debian(..), Some(path)) = (self, environment::program(name)) {
            return Ok(path);
        }
        let folder = self.folder()?;
        let program = match self {
            Self::Go(..) => folder.join(name),
            Self::Crate(..) => folder.join("bin").join(name),
            Self::Debian(..) => folder.join("usr/bin").join(name),
        };
        if !program.exists() {
            say(&format!("installing {name}"));
            std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
            self.install(&folder)?;
        }
        Ok(program)
    }

    /// The folders that its libraries are in, as `LD_LIBRARY_PATH` has them.
    pub fn libraries(self) -> Result<String, Error> {
        let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
        let folder = self.folder()?.join("usr/lib");
        Ok(format!(
            "{}:{}",
            folder.display(),
            folder.join(triple).display()
        ))
    }

    fn folder(self) -> Result<PathBuf, Error> {
        let version = match self {
            Self::Go(_, version) | Self::Crate(_, version, Build::Plain) => version.to_owned(),
            Self::Crate(_, version, Build::Fast) => format!("{version}-fast"),
            Self::Debian(..) => "debian".to_owned(),
        };
        Ok(environment::cache()?.join(format!("{}-{version}", self.name())))
    }

    fn install(self, folder: &Path) -> Result<(), Error> {
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder);
            command.env("GOBIN", folder).env("CGO_ENABLED", "0");
            let what = format!("{program} {}", arguments.join(" "));
            process::run(&what, &mut command, folder)?.with_code(0)
        };
        match self {
            Self::Go(package, version) => {
                run("go", &["install", &format!("{package}@{version}")])?;
            }
            Self::Crate(name, version, build) => {
                let mut arguments = vec!["install", "--root", ".", "--version", version];
                if build == Build::Fast {
                    let lto = "profile.release.lto=\"fat\"";
                    arguments.extend(["--config", lto, "--features", "mimalloc"]);
                }
                arguments.push(name);
                run("cargo", &arguments)?;
            }
            Self::Debian(package, libraries) => {
                // Lists of its own: the system's are not ours to bring up to date.
                let lists = folder.join("apt/lists");
                let cache = folder.join("apt/cache");
                for folder in [lists.join("partial"), cache.join("archives/partial")] {
                    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
                }
                let lists = format!("Dir::State::Lists={}", lists.display());
                let cache = format!("Dir::Cache={}", cache.display());
                let options = ["-o", &lists, "-o", &cache, "-o", "APT::Sandbox::User=root"];
                run("apt-get", &[&options[..], &["update"]].concat())?;
                run(
                    "apt-get",
                    &[&options[..], &["download", package], libraries].concat(),
                )?;
                for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
                    let path = entry.map_err(Error::io("read", folder))?.path();
                    if path.extension().is_some_and(|end| end == "deb") {
                        run("dpkg", &["-x", &path.display().to_string(), "."])?;
                    }
                }
            }
        }
        Ok(())
    }
}

//! A push beside crane and skopeo, to a registry on loopback that the benchmark starts.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_report::say;

use crate::cli::Options;
use crate::content;
use crate::error::Error;
use crate::peers::{CRANE, REGISTRY, SKOPEO};
use crate::process::{self, Ended};
use crate::row::{Row, Unit};
use crate::statistics::median;
use crate::tools;

/// What an image is made of: its name in results, layers, and megabytes in each before they are
/// compressed.
const IMAGES: [(&str, usize, usize); 2] = [
    ("200 MB in 10 layers", 10, 20),
    ("1 GB in 5 layers", 5, 200),
];
/// How many pushes of what is there are timed for each first push: they take milliseconds.
const AGAIN: u32 = 4;

/// How many images are pushed again in one go.
const MANY: usize = 25;

/// Measures everything.
pub fn run(options: &Options) -> Result<Vec<Row>, Error> {
    let bench = Bench::start()?;
    let mut rows = Vec::new();
    for (name, layers, megabytes) in IMAGES {
        let image = bench.image(&format!("image-{layers}"), 0, layers, megabytes)?;
        rows.extend(bench.compare(name, &image, options.runs)?);
    }
    rows.push(bench.many(options.runs)?);
    Ok(rows)
}

/// Who pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Crane,
    Skopeo,
}

const SIDES: [Side; 3] = [Side::Ours, Side::Crane, Side::Skopeo];

/// An image on disk: its parts for us, a layout directory for the others.
struct Image {
    folder: PathBuf,
    layers: Vec<Value>,
    megabytes: f64,
}

impl Image {
    /// What `bazel run` would start to push it; the request is beside it.
    fn launcher(&self) -> PathBuf {
        self.folder.join("push")
    }
}

struct Bench {
    tool: PathBuf,
    crane: PathBuf,
    skopeo: PathBuf,
    registry: PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
        Ok(Self {
            tool: tools::image()?,
            crane: CRANE.program()?,
            skopeo: SKOPEO.program()?,
            registry: REGISTRY.program()?,
            folder,
        })
    }

    /// Makes an image with our tool; `first` is the number of its first file.
    fn image(
        &self,
        name: &str,
        first: usize,
        layers: usize,
        megabytes: usize,
    ) -> Result<Image, Error> {
        let folder = self.folder.path().join(name);
        let mut described = Vec::new();
        let mut manifest: Vec<String> = ["manifest", "--os", "linux", "--architecture", "amd64"]
            .map(str::to_owned)
            .into();
        for layer in 0..layers {
            let files = folder.join(format!("files-{layer}"));
            // Each layer has content of its own.
            content::write_from(&files, first + layer * megabytes, megabytes, 1_000_000)?;
            let at = |end: &str| {
                folder
                    .join(format!("layer-{layer}.{end}"))
                    .display()
                    .to_string()
            };
            let (blob, metadata) = (at("tar.gz"), at("json"));
            let source = files.display().to_string();
            self.tool(&[
                "layer",
                "--file",
                "/app",
                "0644",
                &source,
                "--blob",
                &blob,
                "--metadata",
                &metadata,
            ])?;
            std::fs::remove_dir_all(&files).map_err(Error::io("remove", &files))?;
            manifest.extend(["--layer".to_owned(), metadata.clone()]);
            described.push(json!({"blob": blob, "metadata": metadata}));
        }
        for part in ["config", "manifest", "descriptor"] {
            let path = folder.join(format!("{part}.json")).display().to_string();
            manifest.extend([format!("--{part}-out"), path]);
        }
        let files = folder.join("files.json");
        std::fs::write(&files, image_files(&folder, &described).to_string())
            .map_err(Error::io("write", &files))?;
        let layout = [
            "layout".to_owned(),
            format!("--files={}", files.display()),
            format!("--out={}", folder.join("layout").display()),
        ];
        for arguments in [&manifest[..], &layout] {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            self.tool(&arguments)?;
        }
        let launcher = folder.join("push");
        std::os::unix::fs::symlink(&self.tool, &launcher)
            .map_err(Error::io("create", &launcher))?;
        let size = described.iter().map(|layer| {
            let path = layer["blob"].as_str().unwrap_or_default();
            std::fs::metadata(path).map_or(0, |metadata| metadata.len())
        });
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
        let megabytes = size.sum::<u64>() as f64 / 1e6;
        Ok(Image {
            folder,
            layers: described,
            megabytes,
        })
    }

    fn tool(&self, arguments: &[&str]) -> Result<Ended, Error> {
        let mut command = Command::new(&self.tool);
        command.args(arguments);
        let what = format!("image {}", arguments.join(" "));
        process::run(&what, &mut command, self.folder.path())?.with_code(0)
    }

    /// First and further pushes of an image, in turn.
    fn compare(&self, name: &str, image: &Image, runs: u32) -> Result<Vec<Row>, Error> {
        let first = self.first(name, image, runs)?;
        let again = self.again(name, image, AGAIN * runs)?;
        let cpu: Vec<f64> = first[0]
            .iter()
            .map(|ended| ended.cpu.as_secs_f64() * 1e3 / image.megabytes * 1e3)
            .collect();
        let [first, again] = [first, again].map(|sides| sides.map(|runs| milliseconds(&runs)));
        let row = |work: &str, times: &[Vec<f64>], peer: usize, target: f64| Row {
            work: format!("{work} {name}"),
            unit: Unit::Milliseconds,
            ours: median(&times[0]),
            peer: format!("{:?}", SIDES[peer]).to_lowercase(),
            theirs: median(&times[peer]),
            target,
        };
        Ok(vec![
            row("first push,", &first, 1, 1.05),
            row("first push,", &first, 2, 0.5),
            row("push again, nothing changed,", &again, 1, 0.35),
            Row {
                work: format!("first push, {name}: processor time for 1 GB"),
                unit: Unit::Milliseconds,
                ours: median(&cpu),
                peer: "aim".to_owned(),
                theirs: 200.0,
                target: 1.0,
            },
        ])
    }

    /// Pushes to registries that have nothing.
    fn first(&self, name: &str, image: &Image, runs: u32) -> Result<[Vec<Ended>; 3], Error> {
        let mut ended = SIDES.map(|_| Vec::new());
        for run in 0..runs {
            for at in turns(run) {
                // One of its own: nobody finds what another one has pushed, nor remembers it.
                let registry = Registry::start(&self.registry)?;
                let push = self.push(SIDES[at], image, &registry)?;
                tell(SIDES[at], "first", name, &push);
                ended[at].push(push);
            }
        }
        Ok(ended)
    }

    /// Pushes to a registry that has all.
    fn again(&self, name: &str, image: &Image, runs: u32) -> Result<[Vec<Ended>; 3], Error> {
        let registry = Registry::start(&self.registry)?;
        for side in SIDES {
            self.push(side, image, &registry)?;
        }
        let mut ended = SIDES.map(|_| Vec::new());
        for run in 0..runs {
            for at in turns(run) {
                let push = self.push(SIDES[at], image, &registry)?;
                tell(SIDES[at], "again", name, &push);
                ended[at].push(push);
            }
        }
        Ok(ended)
    }

    /// Many images that are there, in one process.
    fn many(&self, runs: u32) -> Result<Row, Error> {
        let registry = Registry::start(&self.registry)?;
        let mut requests = Vec::new();
        for at in 0..MANY {
            let name = format!("many-{at}");
            let image = self.image(&name, 2 * at, 2, 1)?;
            requests.push(request(&image, &registry.repository(&name))?);
        }
        let mut arguments = vec!["push".to_owned()];
        arguments.extend(requests.iter().map(|path| path.display().to_string()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.tool(&arguments)?;
        let mut times = Vec::new();
        for _ in 0..runs {
            times.push(self.tool(&arguments)?.milliseconds());
        }
        Ok(Row {
            work: format!("push again, nothing changed, {MANY} images in one go"),
            unit: Unit::Milliseconds,
            ours: median(&times),
            peer: "aim".to_owned(),
            theirs: 300.0,
            target: 1.0,
        })
    }

    fn push(&self, side: Side, image: &Image, registry: &Registry) -> Result<Ended, Error> {
        let layout = image.folder.join("layout");
        let name = registry.repository(&format!("{side:?}").to_lowercase());
        let mut command = match side {
            Side::Ours => {
                request(image, &name)?;
                let mut command = Command::new(image.launcher());
                command.env("RUNFILES_DIR", &image.folder);
                command
            }
            Side::Crane => {
                let mut command = Command::new(&self.crane);
                command.args(["push", "--insecure"]).arg(&layout);
                command.arg(format!("{name}:latest"));
                command
            }
            Side::Skopeo => {
                let mut command = Command::new(&self.skopeo);
                command.args(["copy", "--insecure-policy", "--dest-tls-verify=false"]);
                command.arg(format!("oci:{}", layout.display()));
                command.arg(format!("docker://{name}:latest"));
                command
            }
        };
        command.env("HOME", self.folder.path());
        process::run(&format!("{side:?}"), &mut command, self.folder.path())?.with_code(0)
    }
}

/// The order of a run: another side begins each time, since who is first finds fewer files in memory.
fn turns(run: u32) -> impl Iterator<Item = usize> {
    (0..SIDES.len()).map(move |turn| (turn + run as usize) % SIDES.len())
}

fn tell(side: Side, what: &str, name: &str, ended: &Ended) {
    say(&format!(
        "{side:?} {what} {name}: {:.1} ms, {:.0} ms on processors",
        ended.milliseconds(),
        ended.cpu.as_secs_f64() * 1e3
    ));
}

fn milliseconds(runs: &[Ended]) -> Vec<f64> {
    runs.iter().map(Ended::milliseconds).collect()
}

/// The request file of our push.
fn request(image: &Image, repository: &str) -> Result<PathBuf, Error> {
    let path = image.folder.join("push.json");
    let request = json!({
        "version": 1, "verb": "push", "label": "//bench:image", "repository": repository,
        "files": image_files(&image.folder, &image.layers),
    });
    std::fs::write(&path, request.to_string()).map_err(Error::io("write", &path))?;
    Ok(path)
}

/// Where the files of an image are.
fn image_files(folder: &Path, layers: &[Value]) -> Value {
    let part = |name: &str| folder.join(format!("{name}.json"));
    json!({
        "manifest": part("manifest"), "config": part("config"),
        "descriptor": part("descriptor"), "layers": layers,
    })
}

/// An empty registry on loopback; it ends with this, and what it has goes.
struct Registry {
    address: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Registry {
    fn start(program: &Path) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(Error::io("find", "a port"))?.to_string();
        let storage = folder.path().join("registry");
        let config = json!({
            "version": 0.1, "log": {"accesslog": {"disabled": true}, "level": "error"},
            "storage": {"filesystem": {"rootdirectory": storage}}, "http": {"addr": address},
        });
        let path = folder.path().join("registry.json");
        std::fs::write(&path, config.to_string()).map_err(Error::io("write", &path))?;
        let mut command = Command::new(program);
        command.arg("serve").arg(&path);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(Error::io("start", program))?;
        let registry = Self {
            address,
            child,
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&registry.address).is_err() {
            if Instant::now() > deadline {
                let silent = std::io::Error::from(std::io::ErrorKind::TimedOut);
                return Err(Error::io("reach", &registry.address)(silent));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(registry)
    }

    fn repository(&self, name: &str) -> String {
        format!("{}/bench/{name}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

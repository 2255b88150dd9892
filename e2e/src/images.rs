//! Images that a case makes with the image tool, and pushes with it.

use crate::{Harness, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Makes images in a folder.
#[derive(Debug)]
pub struct Images<'a> {
    harness: &'a Harness,
    tool: PathBuf,
    folder: PathBuf,
}

/// One layer: a file of its own.
#[derive(Clone, Debug)]
pub struct Layer {
    blob: PathBuf,
    metadata: PathBuf,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes, compressed.
    pub size: u64,
}

/// One image.
#[derive(Clone, Debug)]
pub struct Image {
    folder: PathBuf,
    layers: Vec<Layer>,
    /// Where it is said which repository has the layers of its base.
    source: Option<PathBuf>,
    /// Its digest.
    pub digest: String,
    /// Layers, config and manifest: digest -> size.
    pub sizes: BTreeMap<String, u64>,
}

impl<'a> Images<'a> {
    /// Makes the folder.
    pub fn new(harness: &'a Harness, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        Self {
            harness,
            tool: harness.runfile("tools/image/image"),
            folder: folder.to_owned(),
        }
    }

    /// Where it makes them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A layer of one file of `bytes` that do not compress; another `seed` is another content.
    #[track_caller]
    pub fn layer(&self, seed: u64, bytes: usize) -> Layer {
        let at = |end: &str| self.folder.join(format!("layer-{seed}-{bytes}.{end}"));
        let (source, blob, metadata) = (at("data"), at("tar.gz"), at("json"));
        std::fs::write(&source, content(seed, bytes)).expect("writes");
        self.pack(
            &[(format!("/data/{seed}"), "0644", &source)],
            blob,
            metadata,
        )
    }

    /// A layer of files: path in the image, mode, and where each is.
    #[track_caller]
    pub fn layer_of(&self, name: &str, files: &[(String, &str, &Path)]) -> Layer {
        let at = |end: &str| self.folder.join(format!("layer-{name}.{end}"));
        self.pack(files, at("tar.gz"), at("json"))
    }

    #[track_caller]
    fn pack(&self, files: &[(String, &str, &Path)], blob: PathBuf, metadata: PathBuf) -> Layer {
        let mut arguments = vec!["layer".to_owned()];
        for (path, mode, source) in files {
            let source = source.display().to_string();
            arguments.extend(["--file", path, mode, &source].map(str::to_owned));
        }
        for (flag, path) in [("--blob", &blob), ("--metadata", &metadata)] {
            arguments.extend([flag.to_owned(), path.display().to_string()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.tool(&arguments);
        let known = read(&metadata);
        Layer {
            blob,
            metadata,
            digest: text(&known["digest"]),
            size: known["size"].as_u64().expect("a size"),
        }
    }

    /// An image of layers, the lowest first.
    #[track_caller]
    pub fn image(&self, name: &str, layers: &[&Layer]) -> Image {
        self.assemble(name, layers, &[], None)
    }

    /// An image of a layer on a base that is in a registry, and stays there.
    #[track_caller]
    pub fn on_base(&self, name: &str, base: &str, layer: &Layer) -> Image {
        let at = |part: &str| {
            let path = self.folder.join(format!("{name}-base.{part}.json"));
            path.display().to_string()
        };
        let (lock, source) = (at("lock"), at("source"));
        let (manifest, config) = (at("manifest"), at("config"));
        self.tool(&["pull", base, "--lock", &lock]);
        let descriptor = at("descriptor");
        let mut import = vec!["import", "--lock", &lock, "--source-out", &source];
        import.extend(["--os", "linux", "--architecture", "amd64"]);
        import.extend(["--manifest-out", &manifest, "--config-out", &config]);
        import.extend(["--descriptor-out", &descriptor]);
        self.tool(&import);
        let base = ["--base", &manifest, &config];
        self.assemble(name, &[layer], &base, Some(source.into()))
    }

    #[track_caller]
    fn assemble(
        &self,
        name: &str,
        layers: &[&Layer],
        base: &[&str],
        source: Option<PathBuf>,
    ) -> Image {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut arguments: Vec<String> = ["manifest", "--os", "linux", "--architecture", "amd64"]
            .iter()
            .chain(base)
            .map(|&argument| argument.to_owned())
            .collect();
        for layer in layers {
            arguments.extend(["--layer".to_owned(), layer.metadata.display().to_string()]);
        }
        for part in ["config", "manifest", "descriptor"] {
            let file = folder.join(format!("{part}.json")).display().to_string();
            arguments.extend([format!("--{part}-out"), file]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.tool(&arguments);
        let own = read(&folder.join("descriptor.json"));
        let manifest = read(&folder.join("manifest.json"));
        let parts = manifest["layers"].as_array().expect("layers");
        let all = parts.iter().chain([&manifest["config"], &own]);
        let size = |part: &Value| {
            (
                text(&part["digest"]),
                part["size"].as_u64().expect("a size"),
            )
        };
        Image {
            sizes: all.map(size).collect(),
            digest: text(&own["digest"]),
            layers: layers.iter().map(|layer| (*layer).clone()).collect(),
            source,
            folder,
        }
    }

    /// The request that brings an image to a repository, with tags.
    pub fn request(&self, image: &Image, repository: &str, tags: &[&str]) -> PathBuf {
        let part = |name: &str| image.folder.join(format!("{name}.json"));
        let layer = |layer: &Layer| json!({"blob": layer.blob, "metadata": layer.metadata});
        let request = json!({
            "version": 1, "label": format!("//e2e:{}", image.name()), "repository": repository,
            "tags": tags,
            "files": {
                "manifest": part("manifest"), "config": part("config"),
                "descriptor": part("descriptor"), "source": image.source,
                "layers": image.layers.iter().map(layer).collect::<Vec<_>>(),
            },
        });
        let name = repository.replace(['/', ':'], "-");
        let path = image.folder.join(format!("{name}.request.json"));
        std::fs::write(&path, request.to_string()).expect("writes");
        path
    }

    /// Pushes what requests say, in one process.
    #[track_caller]
    pub fn push(&self, requests: &[PathBuf]) -> Outcome {
        self.push_with(&[], requests)
    }

    /// The same with options.
    #[track_caller]
    pub fn push_with(&self, options: &[&str], requests: &[PathBuf]) -> Outcome {
        let requests: Vec<_> = requests.iter().map(|path| path.to_string_lossy()).collect();
        let mut arguments = vec!["push"];
        arguments.extend(options);
        arguments.extend(requests.iter().map(AsRef::as_ref));
        self.execute(&arguments)
    }

    /// Begins to push; somebody else ends it.
    #[track_caller]
    pub fn begin_push(&self, request: &Path) -> Child {
        let mut command = Command::new(&self.tool);
        command.arg("push").arg(request);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the tool runs")
    }

    #[track_caller]
    fn tool(&self, arguments: &[&str]) {
        self.execute(arguments).succeeded();
    }

    fn execute(&self, arguments: &[&str]) -> Outcome {
        let kubeconfig = self.harness.kubeconfig();
        self.harness.execute(&self.tool, kubeconfig, arguments)
    }
}

impl Image {
    fn name(&self) -> String {
        let name = self.folder.file_name().expect("a name");
        name.to_string_lossy().into_owned()
    }

    /// The manifest, byte for byte.
    pub fn manifest(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("manifest.json")).expect("a file")
    }

    /// What an index says of it.
    pub fn descriptor(&self) -> Value {
        read(&self.folder.join("descriptor.json"))
    }

    /// All that it is made of, in bytes.
    pub fn bytes(&self) -> u64 {
        self.sizes.values().sum()
    }
}

fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).expect("a file");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Xorshift (Marsaglia 2003): the same each time, and nothing that compresses.
fn content(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}

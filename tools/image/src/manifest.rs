//! `image manifest`: metadata of layers becomes a config, a manifest and its descriptor. No blob
//! is read, so this takes no time.

use crate::Error;
use crate::output::{read_json, to_canonical_json, write};
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, DescriptorBuilder, ImageConfiguration,
    ImageConfigurationBuilder, ImageManifest, ImageManifestBuilder, MediaType, Os, RootFsBuilder,
};
use std::collections::HashMap;
use std::path::PathBuf;
use windlass_oci_reference::Digest;
use windlass_oci_registry::LayerMetadata;

/// Makes an image's config and manifest from the metadata of its layers.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// The operating system, as Go calls it
    #[arg(long, value_name = "GOOS")]
    os: String,

    /// The processor, as Go calls it
    #[arg(long, value_name = "GOARCH")]
    architecture: String,

    /// A layer's metadata; bottom first
    #[arg(long = "layer", value_name = "FILE")]
    layers: Vec<PathBuf>,

    /// The program, and arguments that always come first
    #[arg(long, allow_hyphen_values = true)]
    entrypoint: Vec<String>,

    /// Arguments that a container may replace
    #[arg(long, allow_hyphen_values = true)]
    cmd: Vec<String>,

    /// An environment variable
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    env: Vec<String>,

    /// Who the program runs as
    #[arg(long, value_name = "UID:GID")]
    user: Option<String>,

    /// Where the program starts
    #[arg(long, value_name = "PATH")]
    workdir: Option<String>,

    /// A label
    #[arg(long = "label", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    labels: Vec<String>,

    /// A port that the program listens on
    #[arg(long = "port", value_name = "PORT[/PROTOCOL]")]
    ports: Vec<String>,

    /// The signal that asks the program to end
    #[arg(long, value_name = "NAME")]
    stop_signal: Option<String>,

    /// Where the config is written
    #[arg(long, value_name = "FILE")]
    config_out: PathBuf,

    /// Where the manifest is written
    #[arg(long, value_name = "FILE")]
    manifest_out: PathBuf,

    /// Where {"mediaType", "digest", "size"} of the manifest is written
    #[arg(long, value_name = "FILE")]
    descriptor_out: PathBuf,
}

/// The files, byte for byte.
struct Documents {
    config: Vec<u8>,
    manifest: Vec<u8>,
    descriptor: Vec<u8>,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let layers: Result<Vec<LayerMetadata>, Error> =
        args.layers.iter().map(|path| read_json(path)).collect();
    let documents = documents(args, &layers?)?;
    write(&args.config_out, &documents.config)?;
    write(&args.manifest_out, &documents.manifest)?;
    write(&args.descriptor_out, &documents.descriptor)
}

fn documents(args: &Args, layers: &[LayerMetadata]) -> Result<Documents, Error> {
    let config = to_canonical_json(&config(args, layers)?);
    let manifest = to_canonical_json(&manifest(&config, layers));
    let own = descriptor(
        MediaType::ImageManifest,
        Digest::of(&manifest),
        manifest.len() as u64,
    );
    Ok(Documents {
        config,
        descriptor: to_canonical_json(&own),
        manifest,
    })
}

/// The image specification, "Image Configuration". No `created`, no `history`: both are optional,
/// and would be a time and a story about this machine.
fn config(args: &Args, layers: &[LayerMetadata]) -> Result<ImageConfiguration, Error> {
    let mut process = ConfigBuilder::default();
    let (env, labels) = (
        pairs("environment variable", &args.env)?,
        pairs("label", &args.labels)?,
    );
    if !args.entrypoint.is_empty() {
        process = process.entrypoint(args.entrypoint.clone());
    }
    if !args.cmd.is_empty() {
        process = process.cmd(args.cmd.clone());
    }
    if !env.is_empty() {
        process = process.env(args.env.clone());
    }
    if let Some(user) = &args.user {
        process = process.user(user.clone());
    }
    if let Some(workdir) = &args.workdir {
        process = process.working_dir(workdir.clone());
    }
    if !labels.is_empty() {
        let labels = labels
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        process = process.labels(labels.collect::<HashMap<_, _>>());
    }
    if !args.ports.is_empty() {
        process = process.exposed_ports(ports(&args.ports)?);
    }
    if let Some(signal) = &args.stop_signal {
        process = process.stop_signal(signal.clone());
    }
    let diff_ids = layers.iter().map(|layer| layer.diff_id.to_string());
    let rootfs = RootFsBuilder::default()
        .typ("layers")
        .diff_ids(diff_ids.collect::<Vec<_>>());
    let config = ImageConfigurationBuilder::default()
        .os(Os::from(args.os.as_str()))
        .architecture(Arch::from(args.architecture.as_str()))
        .config(process.build().expect("all fields have defaults"))
        .rootfs(rootfs.build().expect("all fields are set"));
    Ok(config.build().expect("all required fields are set"))
}

/// The image specification, "Image Manifest".
fn manifest(config: &[u8], layers: &[LayerMetadata]) -> ImageManifest {
    let layers = layers.iter().map(|layer| {
        descriptor(
            MediaType::from(layer.media_type.as_str()),
            layer.digest,
            layer.size,
        )
    });
    let config = descriptor(
        MediaType::ImageConfig,
        Digest::of(config),
        config.len() as u64,
    );
    ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(layers.collect::<Vec<_>>())
        .build()
        .expect("all required fields are set")
}

fn descriptor(media_type: MediaType, digest: Digest, size: u64) -> Descriptor {
    let digest: oci_spec::image::Digest = digest
        .to_string()
        .parse()
        .expect("ours are stricter than theirs");
    let built = DescriptorBuilder::default()
        .media_type(media_type)
        .digest(digest)
        .size(size);
    built.build().expect("all required fields are set")
}

/// `NAME=VALUE`, each name once.
fn pairs<'a>(what: &'static str, texts: &'a [String]) -> Result<Vec<(&'a str, &'a str)>, Error> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for text in texts {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let new = pair.filter(|(name, _)| pairs.iter().all(|(known, _)| known != name));
        let want = "NAME=VALUE, each name once";
        pairs.push(new.ok_or_else(|| Error::Value {
            what,
            got: text.clone(),
            want,
        })?);
    }
    Ok(pairs)
}

/// `8080` is `8080/tcp`.
fn ports(texts: &[String]) -> Result<Vec<String>, Error> {
    let parse = |text: &String| {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number: u16 = number.parse().ok().filter(|number| *number != 0)?;
        matches!(protocol, "tcp" | "udp").then(|| format!("{number}/{protocol}"))
    };
    let want = "a number from 1 to 65535, as in `8080`, `8080/tcp` or `53/udp`";
    texts
        .iter()
        .map(|text| {
            parse(text).ok_or_else(|| Error::Value {
                what: "port",
                got: text.clone(),
                want,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers() -> Vec<LayerMetadata> {
        let layer = |name: &str, size| LayerMetadata {
            media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
            digest: Digest::of(name.as_bytes()),
            size,
            diff_id: Digest::of(format!("{name}, plain").as_bytes()),
        };
        vec![layer("bottom", 10), layer("top", 20)]
    }

    fn all() -> Args {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Args {
            os: "linux".to_owned(),
            architecture: "arm64".to_owned(),
            entrypoint: own(&["/server"]),
            cmd: own(&["--port", "8080"]),
            env: own(&["B=2", "A=1=1"]),
            user: Some("65532:65532".to_owned()),
            workdir: Some("/data".to_owned()),
            labels: own(&["z=1", "y=2", "x=3", "w=4", "v="]),
            ports: own(&["8080", "53/udp"]),
            stop_signal: Some("SIGINT".to_owned()),
            ..Args::default()
        }
    }

    #[test]
    fn the_bytes_are_these_on_every_machine() {
        let layers = layers();
        let made = documents(&all(), &layers).expect("makes");
        let text = String::from_utf8(made.config).expect("utf-8");
        assert_eq!(
            text,
            format!(
                r#"{{"architecture":"arm64","config":{{"Cmd":["--port","8080"],"Entrypoint":["/server"],"Env":["B=2","A=1=1"],"ExposedPorts":{{"53/udp":{{}},"8080/tcp":{{}}}},"Labels":{{"v":"","w":"4","x":"3","y":"2","z":"1"}},"StopSignal":"SIGINT","User":"65532:65532","WorkingDir":"/data"}},"os":"linux","rootfs":{{"diff_ids":["{}","{}"],"type":"layers"}}}}"#,
                layers[0].diff_id, layers[1].diff_id
            )
        );
        let config = Digest::of(text.as_bytes());
        let layer = "application/vnd.oci.image.layer.v1.tar+gzip";
        let manifest = String::from_utf8(made.manifest).expect("utf-8");
        assert_eq!(
            manifest,
            format!(
                r#"{{"config":{{"digest":"{config}","mediaType":"application/vnd.oci.image.config.v1+json","size":{}}},"layers":[{{"digest":"{}","mediaType":"{layer}","size":10}},{{"digest":"{}","mediaType":"{layer}","size":20}}],"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}}"#,
                text.len(),
                layers[0].digest,
                layers[1].digest
            )
        );
        let digest = Digest::of(manifest.as_bytes());
        assert_eq!(
            String::from_utf8(made.descriptor).expect("utf-8"),
            format!(
                r#"{{"digest":"{digest}","mediaType":"application/vnd.oci.image.manifest.v1+json","size":{}}}"#,
                manifest.len()
            )
        );
        // Golden: a change of this changes the name of every image.
        assert_eq!(
            digest.to_string(),
            "sha256:5f8d948c730fe1052d4b44bf06e3b1108f2fc4a06ed32c4f6e6bf9b4547c6a0c"
        );
    }

    #[test]
    fn what_is_not_asked_for_is_not_there() {
        let args = Args {
            os: "linux".to_owned(),
            architecture: "amd64".to_owned(),
            ..Args::default()
        };
        let made = documents(&args, &[]).expect("makes");
        assert_eq!(
            String::from_utf8(made.config).expect("utf-8"),
            r#"{"architecture":"amd64","config":{},"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#
        );
    }

    #[test]
    fn values_are_checked() {
        let wrong = |change: &dyn Fn(&mut Args)| {
            let mut args = all();
            change(&mut args);
            documents(&args, &[]).err().expect("refused").to_string()
        };
        assert_eq!(
            wrong(&|args| args.env.push("NAME".to_owned())),
            "environment variable: got `NAME`, want NAME=VALUE, each name once"
        );
        assert_eq!(
            wrong(&|args| args.env.push("A=2".to_owned())),
            "environment variable: got `A=2`, want NAME=VALUE, each name once"
        );
        assert_eq!(
            wrong(&|args| args.labels.push("=x".to_owned())),
            "label: got `=x`, want NAME=VALUE, each name once"
        );
        for port in ["", "0", "65536", "80/sctp", "http"] {
            assert_eq!(
                wrong(&|args| args.ports.push(port.to_owned())),
                format!(
                    "port: got `{port}`, want a number from 1 to 65535, as in `8080`, `8080/tcp` \
                     or `53/udp`"
                )
            );
        }
    }
}

//! `image manifest`: metadata of layers becomes a config, a manifest and its descriptor. No blob
//! is read, so this takes no time.

use crate::Error;
use crate::base::Base;
use crate::image_path::ImagePath;
use crate::output::{read_json, write};
use crate::platform;
use oci_spec::image::{
    Arch, Config, ImageConfiguration, ImageConfigurationBuilder, ImageManifest,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder,
};
use std::path::PathBuf;
use windlass_oci_registry::{LayerMetadata, descriptor, descriptor_of, to_canonical_json};

/// Makes an image's config and manifest from the metadata of its layers.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    platform: platform::Flags,

    /// The manifest and the config of the image that this one is built on
    #[arg(long, num_args = 2, value_names = ["MANIFEST", "CONFIG"])]
    base: Vec<PathBuf>,

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

    /// A path that more than the image is put at: a volume
    #[arg(long = "volume", value_name = "PATH", allow_hyphen_values = true)]
    volumes: Vec<String>,

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
    let platform = args.platform.platform();
    let base = match &args.base[..] {
        [manifest, config] => Base::read(manifest, config, &platform)?,
        _ => Base::default(),
    };
    let documents = documents(args, &base, &layers?)?;
    write(&args.config_out, &documents.config)?;
    write(&args.manifest_out, &documents.manifest)?;
    write(&args.descriptor_out, &documents.descriptor)
}

fn documents(args: &Args, base: &Base, layers: &[LayerMetadata]) -> Result<Documents, Error> {
    let config = to_canonical_json(&config(args, base, layers)?);
    let manifest = to_canonical_json(&manifest(&config, base, layers));
    let own = descriptor_of(MediaType::ImageManifest, &manifest);
    Ok(Documents {
        config,
        descriptor: to_canonical_json(&own),
        manifest,
    })
}

/// The image specification, "Image Configuration". No `created`, no `history`: both are optional,
/// and would be a time and a story about this machine.
fn config(args: &Args, base: &Base, layers: &[LayerMetadata]) -> Result<ImageConfiguration, Error> {
    let mut diff_ids = base.diff_ids();
    diff_ids.extend(layers.iter().map(|layer| layer.diff_id.to_string()));
    let rootfs = RootFsBuilder::default().typ("layers").diff_ids(diff_ids);
    let config = ImageConfigurationBuilder::default()
        .os(Os::from(args.platform.os.as_str()))
        .architecture(Arch::from(args.platform.architecture.as_str()))
        .config(process(args, base.process())?)
        .rootfs(rootfs.build().expect("all fields are set"));
    let mut config = config.build().expect("all required fields are set");
    if let Some(base) = &base.config {
        config.set_variant(base.variant().clone());
        config.set_os_version(base.os_version().clone());
        config.set_os_features(base.os_features().clone());
    }
    Ok(config)
}

/// How the image starts: as its base, but for what is said of it.
fn process(args: &Args, mut process: Config) -> Result<Config, Error> {
    if !args.entrypoint.is_empty() {
        process.set_entrypoint(Some(args.entrypoint.clone()));
        // Those of the base are for another program.
        process.set_cmd(None);
    }
    if !args.cmd.is_empty() {
        process.set_cmd(Some(args.cmd.clone()));
    }
    let env = pairs("environment variable", &args.env)?;
    if !env.is_empty() {
        let name = |variable: &str| variable.split('=').next().unwrap_or_default().to_owned();
        let mut all = process.env().clone().unwrap_or_default();
        all.retain(|below| env.iter().all(|(own, _)| name(below) != *own));
        all.extend(args.env.iter().cloned());
        process.set_env(Some(all));
    }
    let labels = pairs("label", &args.labels)?;
    if !labels.is_empty() {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut all = process.labels().clone().unwrap_or_default();
        all.extend(labels.iter().map(own));
        process.set_labels(Some(all));
    }
    let ports = ports(&args.ports)?;
    if !ports.is_empty() {
        let mut all = process.exposed_ports().clone().unwrap_or_default();
        all.extend(ports);
        process.set_exposed_ports(Some(all));
    }
    let volumes = volumes(&args.volumes)?;
    if !volumes.is_empty() {
        let mut all = process.volumes().clone().unwrap_or_default();
        all.extend(volumes);
        process.set_volumes(Some(all));
    }
    if args.user.is_some() {
        process.set_user(args.user.clone());
    }
    if args.workdir.is_some() {
        process.set_working_dir(args.workdir.clone());
    }
    if args.stop_signal.is_some() {
        process.set_stop_signal(args.stop_signal.clone());
    }
    Ok(process)
}

/// The image specification, "Image Manifest".
fn manifest(config: &[u8], base: &Base, layers: &[LayerMetadata]) -> ImageManifest {
    let own = layers.iter().map(|layer| {
        let media_type = MediaType::from(layer.media_type.as_str());
        descriptor(media_type, layer.digest, layer.size)
    });
    let layers = base.layers.iter().cloned().chain(own);
    ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor_of(MediaType::ImageConfig, config))
        .layers(layers.collect::<Vec<_>>())
        .build()
        .expect("all required fields are set")
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

/// Each is a path in the image.
fn volumes(texts: &[String]) -> Result<Vec<String>, Error> {
    let parse = |text: &String| Ok(ImagePath::parse(text)?.to_string());
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_oci_reference::Digest;

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
            platform: platform::Flags {
                os: "linux".to_owned(),
                architecture: "arm64".to_owned(),
            },
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
        let made = documents(&all(), &Base::default(), &layers).expect("makes");
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
            platform: platform::Flags {
                os: "linux".to_owned(),
                architecture: "amd64".to_owned(),
            },
            ..Args::default()
        };
        let made = documents(&args, &Base::default(), &[]).expect("makes");
        assert_eq!(
            String::from_utf8(made.config).expect("utf-8"),
            r#"{"architecture":"amd64","config":{},"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#
        );
    }

    #[test]
    fn volumes_are_paths() {
        let args = Args {
            volumes: vec!["/data".to_owned(), "/cache/a".to_owned()],
            ..Args::default()
        };
        let made = documents(&args, &Base::default(), &[])
            .expect("makes")
            .config;
        let made: serde_json::Value = serde_json::from_slice(&made).expect("parses");
        let want = serde_json::json!({"/cache/a": {}, "/data": {}});
        assert_eq!(made["config"]["Volumes"], want);
    }

    #[test]
    fn values_are_checked() {
        let wrong = |change: &dyn Fn(&mut Args)| {
            let mut args = all();
            change(&mut args);
            documents(&args, &Base::default(), &[])
                .err()
                .expect("refused")
                .to_string()
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

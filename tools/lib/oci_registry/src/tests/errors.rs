//! Every error of the crate, by its public functions.

use super::{Bench, NAME, fault, files, in_a_process, trusted};
use crate::{Cause, Error, Image, ImageError, ImageFiles};
use std::path::Path;
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check, complete, hold};
use windlass_oci_reference::Digest;
use windlass_oci_registry_fake::{Fault, Registry, Tls, What};
use windlass_report::Exit;

const BASIC: &str = "WWW-Authenticate: Basic realm=\"x\"\r\n";
const BEARER: &str = "WWW-Authenticate: Bearer realm=\"x\"\r\n";
/// A configuration with a program that is not there.
const MISSING: &str = r#"{"credHelpers": {"REGISTRY": "not-there"}}"#;
const FORBIDDEN: What = What::Status(403, "", "");

const ERRORS: &[Case<Error>] = &[
    Case {
        variant: "Push",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: 403 FORBIDDEN\n",
        provoke: |folder| pushed(folder, fault("HEAD", 1, FORBIDDEN), |_| {}),
    },
    Case {
        variant: "Attach",
        exit: Exit::Registry,
        text: "error: cannot put a statement beside image `//services/server:image` in \
               `REGISTRY/demo/server`\n\
               cause: GET /v2/demo/server/referrers/DIGEST: 403 FORBIDDEN\n",
        provoke: |folder| {
            asynchronous(async {
                let bench = bench(folder, fault("GET", 1, FORBIDDEN)).await;
                bench.push().await?;
                let statement = super::referrer::statement("1f0c");
                bench.client.attach(&bench.push, &statement).await.map(drop)
            })
        },
    },
    Case {
        variant: "LookUp",
        exit: Exit::Registry,
        text: "error: cannot look up `REGISTRY/demo/server@DIGEST`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: 403 FORBIDDEN\n",
        provoke: |folder| {
            asynchronous(async {
                let bench = bench(folder, fault("HEAD", 1, FORBIDDEN)).await;
                let digest = bench.push.image.digest();
                bench
                    .client
                    .head(&bench.push.target, &digest)
                    .await
                    .map(drop)
            })
        },
    },
    Case {
        variant: "Reach",
        exit: Exit::Registry,
        text: "error: cannot reach registry `REGISTRY`\n\
               cause: GET /v2/: 404 NOT_FOUND\n",
        provoke: |folder| {
            asynchronous(async {
                let not_found = What::Status(404, "", "");
                let bench = bench(folder, fault("GET", 1, not_found)).await;
                bench.client.ping(&bench.push.target).await
            })
        },
    },
];

#[test]
fn every_error_has_a_case() {
    check(ERRORS, Error::VARIANTS, |error| error.into());
}

const CAUSES: &[Case<Error>] = &[
    Case {
        variant: "Status",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: POST /v2/demo/server/blobs/uploads/: 403 DENIED: not yours\n",
        provoke: |folder| {
            let denied = r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#;
            pushed(
                folder,
                fault("POST", 9, What::Status(403, "", denied)),
                |_| {},
            )
        },
    },
    Case {
        variant: "Status",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: 503 SERVICE_UNAVAILABLE\n\
               hint: run `curl -i http://REGISTRY/v2/`\n",
        provoke: |folder| pushed(folder, fault("HEAD", 9, What::Status(503, "", "")), |_| {}),
    },
    Case {
        variant: "Status",
        exit: Exit::Registry,
        text: "error: cannot look up `REGISTRY/demo/server:v1`\n\
               cause: GET /v2/demo/server/manifests/v1: 404 NOT_FOUND\n\
               hint: run `curl http://REGISTRY/v2/demo/server/tags/list`\n",
        provoke: |folder| {
            asynchronous(async {
                let bench = bench(folder, vec![]).await;
                let reference = format!("{}/{NAME}:v1", bench.registry.name());
                let reference = reference.parse().expect("a reference");
                let target = &bench.push.target;
                bench.client.manifest(target, &reference).await.map(drop)
            })
        },
    },
    Case {
        variant: "PlainHttp",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: 401 UNAUTHORIZED, and credentials are \
               never sent over plain http\n\
               hint: run `curl -i http://REGISTRY/v2/`\n",
        provoke: |folder| pushed(folder, challenge(BASIC), |_| {}),
    },
    Case {
        variant: "Connection",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `NOBODY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: Connection refused (os error 111)\n\
               hint: run `curl -i http://NOBODY/v2/`\n",
        provoke: |folder| {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let nobody = free.local_addr().expect("an address").to_string();
            drop(free);
            folder.show_as(&nobody, "NOBODY");
            pushed(folder, vec![], |bench| bench.send_to(&nobody))
        },
    },
    Case {
        variant: "Answer",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: POST /v2/demo/server/blobs/uploads/: got no Location, want a Location to \
               upload to\n\
               hint: run `curl -i http://REGISTRY/v2/`\n",
        provoke: |folder| pushed(folder, fault("POST", 9, What::Status(202, "", "")), |_| {}),
    },
    Case {
        variant: "Answer",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `a.1/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: got invalid IPv4 address, want a \
               registry's name\n\
               hint: run `curl -i https://a.1/v2/`\n",
        provoke: |folder| pushed(folder, vec![], |bench| bench.send_to("a.1")),
    },
    Case {
        variant: "File",
        exit: Exit::Input,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: cannot read blob `IMAGE/layer0`\n\
               cause: No such file or directory (os error 2)\n\
               hint: run `bazel build //services/server:image`\n",
        provoke: |folder| {
            pushed(folder, vec![], |bench| {
                std::fs::remove_file(bench.folder.path().join("layer0")).expect("removes");
            })
        },
    },
    Case {
        variant: "Copy",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: cannot copy layer LAYER from `REGISTRY/library/base`\n\
               cause: GET /v2/library/base/blobs/LAYER: 404 NOT_FOUND\n",
        provoke: |folder| {
            pushed(folder, vec![], |bench| {
                let layer = b"first layer";
                folder.show_as(&Digest::of(layer).to_string(), "LAYER");
                bench.push.image = super::base::on_base(
                    bench.folder.path(),
                    &[layer, b"program"],
                    &bench.registry,
                    "library/base",
                );
            })
        },
    },
    Case {
        variant: "FileSize",
        exit: Exit::Input,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: blob `IMAGE/layer0`: got 18 bytes, want 11\n\
               hint: run `bazel build //services/server:image`\n",
        provoke: |folder| {
            pushed(folder, vec![], |bench| {
                let layer = bench.folder.path().join("layer0");
                std::fs::write(layer, "longer than it was").expect("writes");
            })
        },
    },
];

/// By https: who is told to log in. An address that is this machine, and none by its name, is
/// spoken to by https.
const CAUSES_BY_HTTPS: &[Case<Error>] = &[
    Case {
        variant: "Status",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: 401 UNAUTHORIZED\n\
               hint: run `docker login REGISTRY`\n",
        provoke: |folder| pushed_by_https(folder, trusted(), BASIC, "{}"),
    },
    Case {
        variant: "Helper",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: cannot get credentials for `REGISTRY` from `docker-credential-not-there`: no \
               such program on PATH\n\
               hint: run `echo REGISTRY | docker-credential-not-there get`\n",
        provoke: |folder| pushed_by_https(folder, trusted(), BASIC, MISSING),
    },
    Case {
        variant: "Certificate",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: HEAD /v2/demo/server/manifests/DIGEST: nobody whom this machine trusts has \
               signed the certificate of `0.0.0.0`\n\
               hint: run `export SSL_CERT_FILE=<file>`, with the authorities that you trust, as PEM\n",
        provoke: |folder| {
            trusted();
            pushed_by_https(folder, &Tls::new(), BASIC, "{}")
        },
    },
    Case {
        variant: "Token",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
               cause: cannot get a token for `REGISTRY/demo/server`: the registry asks for one and \
               names no token server\n\
               hint: run `docker login REGISTRY`\n",
        provoke: |folder| pushed_by_https(folder, trusted(), BEARER, "{}"),
    },
];

const CAUSES_WITHOUT_AUTHORITIES: &[Case<Error>] = &[Case {
    variant: "Tls",
    exit: Exit::Registry,
    text: "error: cannot push image `//services/server:image` to `0.0.0.0:1/demo/server`\n\
           cause: cannot set up TLS: unexpected error: No CA certificates were loaded from the system\n\
           hint: run `export SSL_CERT_FILE=<file>`, with the authorities that you trust, as PEM\n",
    provoke: |folder| pushed(folder, vec![], |bench| bench.send_to("0.0.0.0:1")),
}];

#[test]
fn every_cause_has_a_case() {
    hold(CAUSES, cause);
    let folder = Folder::new();
    for test in ["causes_by_https", "causes_without_authorities"] {
        let variables = [("SSL_CERT_FILE", folder.path(test))];
        let variables = variables
            .each_ref()
            .map(|(name, path)| (*name, path.as_str()));
        in_a_process(&format!("errors::{test}"), &variables);
    }
    let cases = [CAUSES, CAUSES_BY_HTTPS, CAUSES_WITHOUT_AUTHORITIES];
    complete(
        cases.into_iter().flatten().map(|case| case.variant),
        Cause::VARIANTS,
    );
}

#[test]
#[ignore = "every_cause_has_a_case runs it"]
fn causes_by_https() {
    hold(CAUSES_BY_HTTPS, cause);
}

#[test]
#[ignore = "every_cause_has_a_case runs it"]
fn causes_without_authorities() {
    hold(CAUSES_WITHOUT_AUTHORITIES, cause);
}

const IMAGES: &[Case<ImageError>] = &[
    Case {
        variant: "Read",
        exit: Exit::Input,
        text: "error: cannot read `DIR/config.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            loaded(folder, |folder| {
                std::fs::remove_file(folder.path("config.json")).expect("removes");
            })
        },
    },
    Case {
        variant: "Parse",
        exit: Exit::Input,
        text: "error: cannot parse `DIR/layer0.json`\n\
               cause: missing field `mediaType` at line 1 column 2\n",
        provoke: |folder| {
            loaded(folder, |folder| {
                folder.file("layer0.json", "{}");
            })
        },
    },
    Case {
        variant: "Differs",
        exit: Exit::Input,
        text: "error: manifest digest: `DIR/descriptor.json` says DIGEST, got \
               sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        provoke: |folder| {
            loaded(folder, |folder| {
                folder.file("manifest.json", "");
            })
        },
    },
    Case {
        variant: "Nowhere",
        exit: Exit::Input,
        text: "error: blob LAYER of `DIR/manifest.json` is nowhere: neither made here, nor in a \
               layout, nor in a repository\n",
        provoke: |folder| changed(folder, |_, files| files.layers.clear()),
    },
    Case {
        variant: "Unnamed",
        exit: Exit::Input,
        text: "error: `DIR/manifest.json` does not name layer LAYER\n",
        provoke: |folder| {
            changed(folder, |folder, files| {
                let layers = std::mem::take(&mut files.layers);
                *files = super::files(Path::new(&folder.path("")), &[]);
                files.layers = layers;
            })
        },
    },
    Case {
        variant: "Digest",
        exit: Exit::Input,
        text: "error: cannot use `DIR/manifest.json`\n\
               cause: digest: got `sha512:SHA512`, want `sha256:` and 64 lower-case hex digits\n",
        provoke: |folder| {
            changed(folder, |folder, files| {
                let other = "0".repeat(128);
                folder.show_as(&other, "SHA512");
                let layer = Digest::of(b"layer").to_string();
                let manifest = std::fs::read_to_string(&files.manifest).expect("reads");
                let manifest = manifest.replace(&layer, &format!("sha512:{other}"));
                folder.file("manifest.json", &manifest);
                let descriptor = serde_json::json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": Digest::of(manifest.as_bytes()), "size": manifest.len(),
                });
                folder.file("descriptor.json", descriptor.to_string());
            })
        },
    },
];

#[test]
fn every_error_of_an_image_has_a_case() {
    check(IMAGES, ImageError::VARIANTS, |error| error.into());
}

fn cause(error: &Error) -> &'static str {
    error.cause().into()
}

fn asynchronous<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(task)
}

/// Answers every look with 401 and a challenge.
fn challenge(header: &'static str) -> Vec<Fault> {
    fault("HEAD", 9, What::Status(401, header, ""))
}

async fn bench(folder: &Folder, faults: Vec<Fault>) -> Bench {
    let bench = Bench::new(faults).await;
    folder.show_as(&bench.registry.name(), "REGISTRY");
    folder.show_as(&bench.folder.path().display().to_string(), "IMAGE");
    folder.show_as(&bench.push.image.digest().to_string(), "DIGEST");
    bench
}

/// A push that fails, after `change` was made; no image is there after it.
fn pushed(folder: &Folder, faults: Vec<Fault>, change: impl Fn(&mut Bench)) -> Result<(), Error> {
    asynchronous(async {
        let mut bench = bench(folder, faults).await;
        change(&mut bench);
        let pushed = bench.push().await;
        assert_no_image(&bench);
        pushed.map(drop)
    })
}

fn assert_no_image(bench: &Bench) {
    let requests = bench.registry.requests();
    let writes = requests
        .iter()
        .filter(|line| line.starts_with("PUT") && line.contains("manifests"));
    assert_eq!(writes.count(), 0, "{requests:?}");
}

impl Bench {
    fn send_to(&mut self, registry: &str) {
        self.push.target.repository = format!("{registry}/{NAME}").parse().expect("a repository");
    }
}

/// Pushes to a registry by https that asks who we are.
fn pushed_by_https(
    folder: &Folder,
    tls: &Tls,
    header: &'static str,
    config: &str,
) -> Result<(), Error> {
    asynchronous(async {
        let registry = Registry::start_by_https(tls, challenge(header)).await;
        let mut bench = Bench::at(registry, &[b"layer"]);
        folder.show_as(&bench.registry.name(), "REGISTRY");
        folder.show_as(&bench.push.image.digest().to_string(), "DIGEST");
        bench.log_in(config);
        let pushed = bench.push().await;
        assert_no_image(&bench);
        pushed.map(drop)
    })
}

/// Loads an image after `change` was made to its files.
fn loaded(folder: &Folder, change: fn(&Folder)) -> Result<(), ImageError> {
    Image::load(&changed_files(folder, |folder, _| change(folder))).map(drop)
}

/// Loads an image after `change` was made to what is known of it.
fn changed(folder: &Folder, change: fn(&Folder, &mut ImageFiles)) -> Result<(), ImageError> {
    Image::load(&changed_files(folder, change)).map(drop)
}

fn changed_files(folder: &Folder, change: impl Fn(&Folder, &mut ImageFiles)) -> ImageFiles {
    let dir = folder.folder("");
    let mut files = files(Path::new(&dir), &[b"layer"]);
    let manifest = std::fs::read(&files.manifest).expect("reads");
    folder.show_as(&Digest::of(&manifest).to_string(), "DIGEST");
    folder.show_as(&Digest::of(b"layer").to_string(), "LAYER");
    change(folder, &mut files);
    folder.keep();
    files
}

//! What can go wrong, in the form that users see.

use crate::{Push, Subject};
use std::fmt;
use std::path::PathBuf;
use windlass_oci_reference::{Digest, ImageReference, Registry, Repository};
use windlass_report::{Exit, Explain};

/// Why an image is not in its registry, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A push ended half way. What was uploaded stays and is not uploaded again.
    #[error("cannot push image `{label}` to `{repository}`")]
    Push {
        /// The image's label.
        label: String,
        /// Where it was going.
        repository: Repository,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
    /// The image is there, and what is to be said of it is not, or is not listed.
    #[error("cannot put a statement beside image `{label}` in `{repository}`")]
    Attach {
        /// The image's label.
        label: String,
        /// Where it is.
        repository: Repository,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
    /// A look-up failed; nothing is known about the image.
    #[error("cannot look up `{image}`")]
    LookUp {
        /// The image.
        image: Box<ImageReference>,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
    /// The registry does not answer as one.
    #[error("cannot reach registry `{registry}`")]
    Reach {
        /// The registry.
        registry: Registry,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
}

impl Error {
    pub(crate) fn of_push(push: &Push, cause: Cause) -> Self {
        Self::Push {
            label: push.label.clone(),
            repository: push.target.repository.clone(),
            cause: Box::new(cause),
        }
    }

    pub(crate) fn of_attach(subject: &Subject, cause: Cause) -> Self {
        Self::Attach {
            label: subject.label().to_owned(),
            repository: subject.target().repository.clone(),
            cause: Box::new(cause),
        }
    }

    pub(crate) fn of_look_up(image: ImageReference, cause: Cause) -> Self {
        Self::LookUp {
            image: Box::new(image),
            cause: Box::new(cause),
        }
    }

    /// What failed.
    pub fn cause(&self) -> &Cause {
        match self {
            Self::Push { cause, .. }
            | Self::Attach { cause, .. }
            | Self::LookUp { cause, .. }
            | Self::Reach { cause, .. } => cause,
        }
    }

    /// The registry that failed.
    fn registry(&self) -> &Registry {
        if let Cause::Copy { repository, .. } = self.cause() {
            return repository.registry();
        }
        match self {
            Self::Push { repository, .. } | Self::Attach { repository, .. } => {
                repository.registry()
            }
            Self::LookUp { image, .. } => image.repository().registry(),
            Self::Reach { registry, .. } => registry,
        }
    }
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match (self, self.cause()) {
            // The build sees that it is gone, or another one.
            (Self::Push { label, .. }, Cause::File { .. } | Cause::FileSize { .. }) => {
                Some(format!("run `bazel build {label}`"))
            }
            (_, cause) => hint_of(cause, self.registry()),
        }
    }

    fn exit(&self) -> Exit {
        match self.cause() {
            Cause::File { .. } | Cause::FileSize { .. } => Exit::Input,
            _ => Exit::Registry,
        }
    }
}

/// What to type: what mends it, or shows what is wrong without us.
fn hint_of(cause: &Cause, registry: &Registry) -> Option<String> {
    match cause {
        Cause::Copy { cause, .. } => hint_of(cause, registry),
        // This machine's own registry is spoken to without credentials.
        Cause::Status {
            status: 401 | 403 | 429,
            ..
        }
        | Cause::Token { .. } => {
            (!registry.is_loopback()).then(|| format!("run `docker login {registry}`"))
        }
        Cause::Helper {
            program, server, ..
        } => Some(format!("run `echo {server} | {program} get`")),
        Cause::Certificate { .. } | Cause::Tls { .. } => Some(
            "run `export SSL_CERT_FILE=<file>`, with the authorities that you trust, as PEM"
                .to_owned(),
        ),
        Cause::Status {
            request,
            status: 500..,
            ..
        }
        | Cause::PlainHttp { request }
        | Cause::Connection { request, .. }
        | Cause::Answer { request, .. } => Some(format!("run `curl -i {}`", request.root())),
        Cause::Status {
            request,
            status: 404,
            ..
        } => tags_of(request),
        Cause::Status { .. } | Cause::File { .. } | Cause::FileSize { .. } => None,
    }
}

/// How to see what a repository has of which a manifest is not there.
fn tags_of(request: &Request) -> Option<String> {
    let is_look = ["GET", "HEAD"].contains(&request.method.as_str());
    let (repository, _) = request.path.split_once("/manifests/")?;
    let origin = &request.origin;
    is_look.then(|| format!("run `curl {origin}{repository}/tags/list`"))
}

/// One request as errors name it: `PUT /v2/demo/server/manifests/v1`. Holds no query, which may
/// be a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who is asked: `https://ghcr.io`. Errors name the registry beside the request.
    pub origin: Box<str>,
    /// `HEAD`, `POST`, ...
    pub method: String,
    /// The path of the URL.
    pub path: String,
}

impl Request {
    /// What anybody may ask whom this asks: a registry whether it is one, others (a token server, a
    /// bucket) for nothing in particular.
    fn root(&self) -> String {
        let is_registry = self.path.starts_with("/v2/");
        format!("{}{}", self.origin, if is_registry { "/v2/" } else { "/" })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What failed, to the request.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Cause {
    /// The registry said no.
    #[error("{request}: {status} {code}")]
    Status {
        /// What was asked.
        request: Request,
        /// The HTTP status.
        status: u16,
        /// The registry's error code and message (`DENIED: not yours`), else the status in words.
        code: String,
    },
    /// 401 from a registry that is spoken to by plain http.
    #[error("{request}: 401 UNAUTHORIZED, and credentials are never sent over plain http")]
    PlainHttp {
        /// What was asked.
        request: Request,
    },
    /// No answer.
    #[error("{request}: {reason}")]
    Connection {
        /// What was asked.
        request: Request,
        /// The innermost reason: `Connection refused (os error 111)`.
        reason: String,
    },
    /// An answer that the distribution specification does not allow.
    #[error("{request}: got {got}, want {want}")]
    Answer {
        /// What was asked.
        request: Request,
        /// What the registry said.
        got: String,
        /// What it should have said.
        want: &'static str,
    },
    /// The token server of the registry gave none.
    #[error("cannot get a token for `{repository}`: {reason}")]
    Token {
        /// What the token is for.
        repository: String,
        /// What it said.
        reason: String,
    },
    /// The program that knows who we are to the registry does not say it.
    #[error("cannot get credentials for `{server}` from `{program}`: {reason}")]
    Helper {
        /// The program.
        program: String,
        /// What it was asked for.
        server: String,
        /// What it did; nothing of what it wrote.
        reason: String,
    },
    /// The other side may be anybody.
    #[error("{request}: nobody whom this machine trusts has signed the certificate of `{host}`")]
    Certificate {
        /// What was asked.
        request: Request,
        /// Who answered.
        host: String,
    },
    /// A blob cannot be read from this machine's disk.
    #[error("cannot read blob `{}`", path.display())]
    File {
        /// The blob.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A blob on this machine is not the one that the build described.
    #[error("blob `{}`: got {got} bytes, want {want}", path.display())]
    FileSize {
        /// The blob.
        path: PathBuf,
        /// Its size on disk.
        got: u64,
        /// Its size in the manifest.
        want: u64,
    },
    /// A layer of a base image cannot be had from the repository that has it.
    #[error("cannot copy layer {digest} from `{repository}`")]
    Copy {
        /// The layer.
        digest: Digest,
        /// Where it is.
        repository: Repository,
        /// What failed.
        #[source]
        cause: Box<Self>,
    },
    /// The http client cannot be made: the machine's certificate authorities cannot be read.
    #[error("cannot set up TLS: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
}

/// Why the files of an image are not one.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum ImageError {
    /// A file is not there.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A digest is none of SHA-256.
    #[error("cannot use `{}`", path.display())]
    Digest {
        /// The file that names it.
        path: PathBuf,
        /// Why.
        #[source]
        source: windlass_oci_reference::ParseError,
    },
    /// A blob is neither on this machine nor known to be in a registry.
    #[error("blob {digest} of `{}` is nowhere: neither made here, nor in a layout, nor in a repository", path.display())]
    Nowhere {
        /// The manifest that names it.
        path: PathBuf,
        /// The blob.
        digest: Digest,
    },
    /// A layer was made for an image that does not have it.
    #[error("`{}` does not name layer {digest}", path.display())]
    Unnamed {
        /// The manifest.
        path: PathBuf,
        /// The layer.
        digest: Digest,
    },
    /// Two files are not of one image.
    #[error("{what}: `{}` says {said}, got {found}", path.display())]
    Differs {
        /// What differs.
        what: &'static str,
        /// The file that describes the other.
        path: PathBuf,
        /// What it says.
        said: String,
        /// What the other is.
        found: String,
    },
}

impl Explain for ImageError {
    fn exit(&self) -> Exit {
        Exit::Input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_is_told_what_to_type() {
        for (repository, status, hint) in [
            ("ghcr.io/a", 401, Some("run `docker login ghcr.io`")),
            ("ghcr.io/a", 403, Some("run `docker login ghcr.io`")),
            ("ghcr.io/a", 429, Some("run `docker login ghcr.io`")),
            ("ghcr.io/a", 400, None),
            ("ghcr.io/a", 404, None),
            ("ghcr.io/a", 503, Some("run `curl -i https://ghcr.io/v2/`")),
            ("localhost:31000/a", 403, None),
        ] {
            let request = Request {
                origin: "https://ghcr.io".into(),
                method: "POST".to_owned(),
                path: "/v2/a".to_owned(),
            };
            let error = Error::Push {
                label: "//a:image".to_owned(),
                repository: repository.parse().expect("a repository"),
                cause: Box::new(Cause::Status {
                    request,
                    status,
                    code: "X".to_owned(),
                }),
            };
            assert_eq!(error.hint().as_deref(), hint, "{repository} {status}");
        }
    }
}

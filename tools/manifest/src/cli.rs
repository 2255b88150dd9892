//! The command line. Bazel's actions give it as `@file`, one argument a line.

use std::path::PathBuf;

use clap::Parser;
use windlass_oci_reference::Repository;

use crate::closure::External;
use crate::policy::Rule;

/// Work on manifests at build time.
#[derive(Debug, Clone, Parser)]
#[command(name = "manifest", arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the tool can do.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Check a rendered object and put image references at its image fields.
    Resolve(Resolve),
    /// Check a rendered object by the schema of Kubernetes and of custom resources.
    Check(Check),
    /// Check that what objects refer to is there, over all objects of a target and what it needs.
    Closure(Closure),
    /// Check a lock file of pinned images, and write the pins of one environment.
    Pins(Pins),
}

/// Arguments of `resolve`.
#[derive(Debug, Clone, clap::Args)]
pub struct Resolve {
    /// The target of the object, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// The rendered object.
    #[arg(long, value_name = "FILE")]
    pub src: PathBuf,
    /// Another rendered file of the same service and environment: an image key may be used there.
    #[arg(long, value_name = "FILE")]
    pub sibling: Vec<PathBuf>,
    /// The kind that the target declares.
    #[arg(long, value_name = "KIND")]
    pub kind: String,
    /// The environment's name.
    #[arg(long, value_name = "NAME")]
    pub environment_name: String,
    /// The environment's namespace; empty for setup.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: String,
    /// The namespace is that of `$USER`.
    #[arg(long)]
    pub personal: bool,
    /// A namespace that a personal one must not equal.
    #[arg(long, value_name = "NAMESPACE")]
    pub forbidden_namespace: Vec<String>,
    /// An image built here: its key, its repository, and the file with its descriptor.
    #[arg(long, value_name = "KEY=REPOSITORY=FILE", value_parser = built)]
    pub image: Vec<Built>,
    /// The lock file of pinned images.
    #[arg(long, value_name = "FILE", requires = "pinned")]
    pub pins: Option<PathBuf>,
    /// An image that the lock file is asked for: its key, and its repository where it has no pin.
    #[arg(long, value_name = "KEY=REPOSITORY", value_parser = pinned, requires = "pins")]
    pub pinned: Vec<Pinned>,
    /// The object is the namespace of `$USER`: its name must be fit for one.
    #[arg(long)]
    pub personal_name: bool,
    /// The environment's images are pinned: each has a digest.
    #[arg(long)]
    pub digests: bool,
    /// A rule that the target waives.
    #[arg(long, value_name = "RULE")]
    pub waive: Vec<Rule>,
    /// The final manifest.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `check`.
#[derive(Debug, Clone, clap::Args)]
pub struct Check {
    /// The target of the object, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// The rendered object.
    #[arg(long, value_name = "FILE")]
    pub src: PathBuf,
    /// The environment's name.
    #[arg(long, value_name = "NAME")]
    pub environment_name: String,
    /// Who owns a personal environment: its namespace.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The schema of a version of Kubernetes that the object must suit.
    #[arg(long, value_name = "FILE", required = true)]
    pub schema: Vec<PathBuf>,
    /// The definition of a custom resource, as JSON.
    #[arg(long, value_name = "FILE")]
    pub crd: Vec<PathBuf>,
    /// A rule that the target waives.
    #[arg(long, value_name = "RULE")]
    pub waive: Vec<Rule>,
    /// What a policy of the repository says of the object: its name, and a file with a list of texts.
    #[arg(long, value_name = "POLICY=FILE", value_parser = messages)]
    pub messages: Vec<Messages>,
    /// A file that is written where all is well.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `closure`.
#[derive(Debug, Clone, clap::Args)]
pub struct Closure {
    /// The target of the objects, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// A rendered object that is checked.
    #[arg(long, value_name = "FILE", required = true)]
    pub object: Vec<PathBuf>,
    /// An object that may be referred to, and is not checked unless it is an `--object` too.
    #[arg(long, value_name = "FILE")]
    pub given: Vec<PathBuf>,
    /// What others make: `ConfigMap/ca-bundle`, or `Pod/app=kafka` for pods with that label.
    #[arg(long, value_name = "KIND/NAME")]
    pub external: Vec<External>,
    /// A file that is written where all is well.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `pins`.
#[derive(Debug, Clone, clap::Args)]
pub struct Pins {
    /// The target of the pins, for messages.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// The lock file of pinned images.
    #[arg(long, value_name = "FILE")]
    pub lock: PathBuf,
    /// The environment whose pins are written.
    #[arg(long, value_name = "NAME")]
    pub environment_name: String,
    /// An environment whose images are pinned: the lock file may have pins of these only.
    #[arg(long, value_name = "NAME")]
    pub known_environment: Vec<String>,
    /// An image of the service: the lock file may have pins of these only.
    #[arg(long, value_name = "KEY")]
    pub known_image: Vec<String>,
    /// An image whose pin in the environment must be of this repository.
    #[arg(long, value_name = "KEY=REPOSITORY", value_parser = pinned)]
    pub repository: Vec<Pinned>,
    /// The pins of the environment, in the form of the lock file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// An image that is a build output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// What a manifest calls it.
    pub key: String,
    /// Where it will be pushed.
    pub repository: Repository,
    /// The file with its OCI descriptor.
    pub descriptor: PathBuf,
}

/// What a policy of the repository says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// The policy's name.
    pub policy: String,
    /// The file with a list of texts.
    pub path: PathBuf,
}

/// An image that the lock file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// What a manifest calls it.
    pub key: String,
    /// Where it would be.
    pub repository: Repository,
}

fn built(text: &str) -> Result<Built, String> {
    let mut parts = text.splitn(3, '=');
    let (Some(key), Some(repository), Some(descriptor)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err("want KEY=REPOSITORY=FILE".to_owned());
    };
    let repository = repository
        .parse()
        .map_err(|e: windlass_oci_reference::ParseError| e.to_string())?;
    Ok(Built {
        key: key.to_owned(),
        repository,
        descriptor: descriptor.into(),
    })
}

fn messages(text: &str) -> Result<Messages, String> {
    let (policy, path) = text.split_once('=').ok_or("want POLICY=FILE")?;
    Ok(Messages {
        policy: policy.to_owned(),
        path: path.into(),
    })
}

fn pinned(text: &str) -> Result<Pinned, String> {
    let (key, repository) = text.split_once('=').ok_or("want KEY=REPOSITORY")?;
    let repository = repository
        .parse()
        .map_err(|e: windlass_oci_reference::ParseError| e.to_string())?;
    Ok(Pinned {
        key: key.to_owned(),
        repository,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use windlass_param_file::{Error, parse};

    fn resolve(extra: &[&str]) -> Result<Resolve, Error> {
        let base = [
            "manifest",
            "resolve",
            "--label=//a:b",
            "--src=a.json",
            "--kind=Pod",
        ];
        let more = ["--environment-name=myns", "--namespace=", "--out=b.json"];
        let all = base.iter().chain(&more).chain(extra).map(OsString::from);
        parse::<Arguments>(all).map(|arguments| match arguments.command {
            Command::Resolve(resolve) => resolve,
            _ => unreachable!("the word is `resolve`"),
        })
    }

    #[test]
    fn an_empty_namespace_is_a_value() {
        assert_eq!(resolve(&[]).expect("parses").namespace, "");
    }

    #[test]
    fn images_and_pins() {
        let parsed = resolve(&[
            "--image=client=localhost:31000/demo/client=out/a=b.json",
            "--pins=pins.json",
            "--pinned=redis=localhost:31000/demo/redis",
        ])
        .expect("parses");
        assert_eq!(parsed.image[0].key, "client");
        assert_eq!(parsed.image[0].descriptor, PathBuf::from("out/a=b.json"));
        assert_eq!(
            parsed.pinned[0].repository.to_string(),
            "localhost:31000/demo/redis"
        );
        for refused in ["--image=client=a/b", "--pinned=redis", "--pins=pins.json"] {
            assert!(
                matches!(resolve(&[refused]), Err(Error::Usage(_))),
                "{refused}"
            );
        }
    }
}

//! Which services a verb is about.

use std::ffi::OsStr;
use std::str::FromStr;

use crate::bazel;
use crate::checkout::{NoLabel, Package};
use crate::error::Error;
use crate::typed::word;
use crate::verbs::Context;

/// Which services.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Selection {
    /// A service, as in `//services/client`; may be given more than once.
    #[arg(long, value_name = "LABEL")]
    pub service: Vec<Package>,
    /// All services that a target reaches, as in `//services/client:prod-deep`; asks Bazel.
    #[arg(long, value_name = "TARGET")]
    pub deep: Option<Target>,
    /// All services of the repository.
    #[arg(long)]
    pub all: bool,
}

/// A target of this workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    label: String,
    /// The package that it is in.
    pub package: Package,
}

impl Target {
    /// Whether it is one that `service` makes, as far as its name says: then there is one of each
    /// environment.
    fn is_of_service(&self) -> bool {
        self.label.contains(':') && self.label.ends_with("-deep")
    }
}

impl FromStr for Target {
    type Err = NoLabel;

    fn from_str(text: &str) -> Result<Self, NoLabel> {
        Ok(Self {
            label: text.to_owned(),
            package: text.parse()?,
        })
    }
}

impl Selection {
    /// The services, sorted, each once.
    ///
    /// # Errors
    /// Neither Bazel nor git says which; or there is none.
    pub fn services(&self, context: &Context) -> Result<Vec<Package>, Error> {
        let mut services = match &self.deep {
            Some(target) => reached(target, context)?,
            None if self.all => context.checkout.services(&context.git())?,
            None => self.service.clone(),
        };
        services.sort();
        services.dedup();
        Ok(services)
    }

    /// What to type to see what these services change in an environment.
    pub fn diffs(&self, environment: &str, services: &[Package]) -> Vec<String> {
        let run = |target: String| format!("bazel run {}", word(&target));
        match &self.deep {
            Some(target) if target.is_of_service() => {
                vec![run(format!("{}:{environment}-deep.diff", target.package))]
            }
            _ => services
                .iter()
                .map(|service| run(format!("{service}:{environment}-shallow.diff")))
                .collect(),
        }
    }
}

fn reached(target: &Target, context: &Context) -> Result<Vec<Package>, Error> {
    let path = context.environment.path.as_deref();
    let path = path.unwrap_or(OsStr::new(""));
    let folders = bazel::packages(context.checkout.root(), path, &target.label)?;
    let services: Vec<Package> = folders
        .iter()
        // Of the root's own package, the label needs a target.
        .filter_map(|folder| format!("//{folder}:any").parse().ok())
        .filter(|service| context.checkout.has_pins(service))
        .collect();
    if services.is_empty() {
        return Err(Error::NoServices {
            target: target.label.clone(),
        });
    }
    Ok(services)
}

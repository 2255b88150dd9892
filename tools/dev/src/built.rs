//! What Bazel has built: the request of a run that applies, and the manifests that it names.

use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_deploy::request::DeployRequest;
use windlass_runfiles::{Environment, Launcher};

use crate::error::{Error, Reason};

/// A run target that applies, as it was built last.
#[derive(Clone, Debug)]
pub struct Built {
    /// What it asks for.
    pub request: DeployRequest,
    /// Where the files are that it names.
    pub runfiles: PathBuf,
    /// The request and each manifest, as they are written. Images are in these by digest.
    pub texts: Vec<Vec<u8>>,
}

/// A Service, as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// All that leads somewhere: its ports and its selector.
    pub leads: Vec<Value>,
}

impl Built {
    /// Reads what stands beside and below a launcher.
    pub fn read(target: &str, launcher: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Built {
            target: target.to_owned(),
            source,
        };
        let found = Launcher::find(Some(launcher.as_os_str()), &Environment::default());
        let found = found.map_err(|error| unusable(Reason::of(&error)))?;
        let request = DeployRequest::read(&found.request());
        let request = request.map_err(|error| unusable(Reason::of(&error)))?;
        let read = |path: PathBuf| {
            let text = std::fs::read(&path);
            text.map_err(|error| unusable(Reason(format!("{}: {error}", path.display()))))
        };
        let objects = request.groups.iter().flat_map(|group| &group.objects);
        let manifests = objects.map(|object| found.file(&object.manifest));
        let texts = [found.request()].into_iter().chain(manifests).map(read);
        Ok(Self {
            texts: texts.collect::<Result<_, _>>()?,
            runfiles: found.runfiles().to_owned(),
            request,
        })
    }

    /// The Services that have ports, in the order of the request.
    pub fn services(&self) -> Vec<Service> {
        let objects = self.request.groups.iter().flat_map(|group| &group.objects);
        let pairs = objects.zip(self.texts.iter().skip(1));
        let services = pairs.filter(|(object, _)| object.kind == "Service");
        let one = |text: &Vec<u8>| {
            let manifest: Value = serde_json::from_slice(text).ok()?;
            let spec = &manifest["spec"];
            spec["ports"].as_array().filter(|ports| !ports.is_empty())?;
            Some(Service {
                name: manifest["metadata"]["name"].as_str()?.to_owned(),
                leads: vec![spec["ports"].clone(), spec["selector"].clone()],
            })
        };
        services.filter_map(|(_, text)| one(text)).collect()
    }
}

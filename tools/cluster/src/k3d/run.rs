//! What the verbs do with a cluster of k3d.

use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_report::say;

use super::plan::{self, Images, Live, Servers, Step, Wanted};
use super::{Settings, Tools, images};
use crate::cli::Called;
use crate::environment::Identity;
use crate::error::Error;
use crate::kubeconfig;
use crate::port;
use crate::programs;
use crate::request::Target;
use crate::state::State;
use crate::toolbox;

/// A cluster of k3d and what there is to change it with.
#[derive(Debug)]
pub struct Cluster<'a> {
    /// docker and k3d.
    pub tools: &'a Tools,
    /// Its folder.
    pub state: &'a State,
    /// What it is to be, or was made with.
    pub settings: &'a Settings,
}

impl Cluster<'_> {
    /// What docker and k3d say of it.
    pub fn look(&self) -> Result<Live, Error> {
        let network = self.settings.network.as_ref();
        Ok(Live {
            subnets: match network {
                Some(network) => self.tools.subnets(&network.name)?,
                None => None,
            },
            cluster: self.tools.cluster(&self.settings.context)?,
            images: Images::There,
        })
    }

    /// Its nodes that run an API server; none where there is no cluster of the name.
    pub fn servers(&self) -> Result<Option<Servers>, Error> {
        let live = self.look()?;
        if self.is_ours(&live)? {
            Ok(live.cluster)
        } else {
            Err(self.strange())
        }
    }

    /// Makes or starts what is missing. False where nothing was.
    pub fn up(&self, target: &Target, called: &Called, timeout: Duration) -> Result<bool, Error> {
        let mut live = self.look()?;
        self.refuse(&live)?;
        let runs = matches!(live.cluster, Some(servers) if servers.running > 0);
        if !runs {
            drop(port::open(
                &self.settings.published,
                &self.settings.registry,
            )?);
        }
        let programs = self.programs(target, called)?;
        if let Some(programs) = &programs
            && (live.cluster.is_none() || !self.has_images_of(programs))
        {
            live.images = Images::Missing;
        }
        let steps = plan::up(self.settings, &live);
        if steps.contains(&Step::ImportImages) {
            self.pack_images(target, called)?;
        }
        self.write_registries()?;
        self.state.keep_k3d(self.settings)?;
        for step in &steps {
            if *step != Step::CreateNetwork {
                self.take(*step, timeout)?;
                continue;
            }
            // Marked as ours only once it is: it may be made by somebody else after we failed.
            remove(&self.state.made_network())?;
            self.take(*step, timeout)?;
            touch(&self.state.made_network())?;
        }
        if let (true, Some(programs)) = (steps.contains(&Step::ImportImages), &programs) {
            let file = self.state.imported();
            std::fs::write(&file, programs.as_os_str().as_encoded_bytes())
                .map_err(Error::io("write", &file))?;
            remove(&self.state.images())?;
        }
        self.write_kubeconfig()?;
        self.check_address()?;
        Ok(!steps.is_empty())
    }

    /// Stops it. False where it did not run.
    pub fn down(&self) -> Result<bool, Error> {
        let live = self.look()?;
        if !self.is_ours(&live)? {
            return Err(self.strange());
        }
        let steps = plan::down(&live);
        for step in &steps {
            self.take(*step, Duration::ZERO)?;
        }
        Ok(!steps.is_empty())
    }

    /// Removes it, with the network that was made for it. A cluster of its name that is not ours
    /// is left alone.
    pub fn reset(&self) -> Result<(), Error> {
        let mut live = self.look()?;
        if !self.is_ours(&live)? {
            let context = &self.settings.context;
            say(&format!("k3d cluster {context} is not ours: left alone"));
            live.cluster = None;
        }
        if !self.state.made_network().exists() {
            live.subnets = None;
        }
        plan::reset(&live)
            .into_iter()
            .try_for_each(|step| self.take(step, Duration::ZERO))
    }

    /// Whether the cluster of this name was made from this folder, or there is none. Without a
    /// server it holds nothing, and there is none to ask: k3d was interrupted.
    fn is_ours(&self, live: &Live) -> Result<bool, Error> {
        if !matches!(live.cluster, Some(servers) if servers.there > 0) {
            return Ok(true);
        }
        let what = format!(
            "look at the node of k3d cluster `{}`",
            self.settings.context
        );
        let got = self.tools.run(&what, &plan::label(self.settings))?;
        Ok(got.trim() == self.state.label()?)
    }

    fn strange(&self) -> Error {
        let context = self.settings.context.clone();
        Error::StrangeCluster { context }
    }

    /// Refuses what is there by the same name and is not ours, or is not what is wanted.
    fn refuse(&self, live: &Live) -> Result<(), Error> {
        let context = &self.settings.context;
        if live.cluster.is_some() {
            let Some(made) = self.state.k3d()? else {
                return Err(self.strange());
            };
            if !self.is_ours(live)? {
                return Err(self.strange());
            }
            let differences = self.settings.differences(&made);
            if !differences.is_empty() {
                return Err(Error::OtherSettings {
                    context: context.clone(),
                    differences,
                });
            }
        }
        match (&self.settings.network, &live.subnets) {
            (Some(want), Some(got)) if !got.contains(&want.subnet) => Err(Error::OtherSubnet {
                network: want.name.clone(),
                got: got.join(" "),
                want: want.subnet.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The folder of the programs whose images the node is to have; none where it needs none.
    fn programs(&self, target: &Target, called: &Called) -> Result<Option<PathBuf>, Error> {
        if self.settings.images.is_empty() {
            return Ok(None);
        }
        if let Identity::Foreign(system) = called.environment.identity() {
            return Err(Error::Preload {
                images: self.settings.images.values().cloned().collect(),
                why: format!("they are built on Linux, this is {system}"),
            });
        }
        programs::path(target, &called.environment).map(Some)
    }

    /// Makes the archive of images; what the node has counts no more.
    fn pack_images(&self, target: &Target, called: &Called) -> Result<(), Error> {
        let images = &self.settings.images;
        let built = toolbox::build(target, called).map_err(|error| match error {
            Error::Program { what, .. } => Error::Preload {
                images: images.values().cloned().collect(),
                why: format!("cannot {what}"),
            },
            error => error,
        })?;
        images::write(&built, images, &self.state.images())?;
        remove(&self.state.imported())
    }

    fn has_images_of(&self, programs: &Path) -> bool {
        std::fs::read(self.state.imported())
            .is_ok_and(|text| text == programs.as_os_str().as_encoded_bytes())
    }

    fn write_registries(&self) -> Result<(), Error> {
        let file = self.state.registries();
        let text = self.settings.registries();
        let text = text.map_err(|error| Error::io("write", &file)(std::io::Error::other(error)))?;
        // In place: a container that mounts the file has this very one.
        std::fs::write(&file, text).map_err(Error::io("write", &file))
    }

    fn take(&self, step: Step, timeout: Duration) -> Result<(), Error> {
        let registries = self.state.registries().display().to_string();
        let images = self.state.images().display().to_string();
        let label = self.state.label()?;
        let line = plan::line(
            step,
            &Wanted {
                settings: self.settings,
                registries: &registries,
                images: &images,
                label: &label,
                timeout: timeout.as_secs(),
            },
        );
        say(&format!("  {line}"));
        self.tools
            .run(&step.what(self.settings), &line)
            .map(drop)
            .map_err(|error| self.explain(step, error))
    }

    /// A network that cannot be made most likely has addresses that another has.
    fn explain(&self, step: Step, error: Error) -> Error {
        match (step, &self.settings.network, error) {
            (Step::CreateNetwork, Some(network), Error::Command { what, line, tail }) => {
                Error::Subnet {
                    what,
                    line,
                    tail,
                    subnet: network.subnet.clone(),
                }
            }
            (_, _, error) => error,
        }
    }

    /// Our kubeconfig, from k3d's: the context has our name, and the server is on 127.0.0.1.
    fn write_kubeconfig(&self) -> Result<(), Error> {
        let settings = self.settings;
        let what = format!("get the kubeconfig of k3d cluster `{}`", settings.context);
        let text = self.tools.run(&what, &plan::kubeconfig(settings))?;
        let path = self.state.kubeconfig();
        let broken = |reason: &str| Error::Kubeconfig {
            path: PathBuf::from(format!("k3d kubeconfig get {}", settings.context)),
            reason: reason.to_owned(),
        };
        let admin = kubeconfig::parse(&text).map_err(|reason| broken(&reason))?;
        let own = admin
            .and_then(|admin| kubeconfig::own(&admin, &settings.context, settings.api_port()))
            .ok_or_else(|| broken("got no cluster and user, want one of each"))?;
        kubeconfig::write(&path, &own)
    }

    /// The images of a node at a fixed address are named by it, so it has to have that one.
    fn check_address(&self) -> Result<(), Error> {
        let Some(network) = &self.settings.network else {
            return Ok(());
        };
        let context = &self.settings.context;
        let what = format!("look at the node of k3d cluster `{context}`");
        let got = self.tools.run(&what, &plan::address(self.settings))?;
        let want = network.node_address();
        if want.is_some_and(|want| got.trim() == want.to_string()) {
            return Ok(());
        }
        Err(Error::NodeAddress {
            network: network.name.clone(),
            got: got.trim().to_owned(),
            want: want.map(|want| want.to_string()).unwrap_or_default(),
        })
    }
}

fn touch(file: &Path) -> Result<(), Error> {
    std::fs::write(file, "").map_err(Error::io("write", file))
}

/// Removes a file; one that is not there is fine.
fn remove(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", file)(error))
        }
        _ => Ok(()),
    }
}

//! What must hold of an image before an environment runs it: its registry has it, for good, and it
//! was built from a commit of the main branch, which is the one that its publisher named.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use windlass_attestation::{Envelope, beside};
use windlass_oci_reference::{Repository, Tag};
use windlass_oci_registry::{Client, DockerConfig, ORIGIN, Settings, Target, Transport};
use windlass_pins::{Commit, Pin};
use windlass_report::{Exit, Explain};

use crate::bazel::RELEASE;
use crate::checkout::Package;
use crate::cli::COMMAND;
use crate::error::Error;
use crate::git::{Branch, Git, Standing, short};
use crate::request::EnvironmentRequest;
use crate::typed::word;
use crate::verbs::Context;

/// What the statement of where an image comes from calls the commit.
const REVISION: &str = "org.opencontainers.image.revision";

/// One image of one service in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The service.
    pub service: Package,
    /// The environment.
    pub env: String,
    /// The image's key.
    pub key: String,
}

/// `//services/client prod client`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.service, self.env, self.key)
    }
}

/// What does not hold of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Finding {
    /// Nobody has pushed it.
    #[error("registry `{registry}` has no image `{image}`")]
    NotPushed {
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// What to type to push what is at head.
        command: Option<String>,
    },
    /// Its registry may remove it.
    #[error("registry `{registry}` does not keep image `{image}` for good: no tag `{tag}` on it")]
    NotKept {
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// The tag that keeps it.
        tag: String,
        /// What to type to push what is at head for good.
        command: Option<String>,
    },
    /// A protected environment, and the image is not where the constants say.
    #[error("environment `{env}` is protected: got repository `{got}`, want `{want}`")]
    Foreign {
        /// The environment.
        env: String,
        /// The image's repository.
        got: String,
        /// That of the constants.
        want: String,
    },
    /// A protected environment, and nobody says what it was built from.
    #[error("environment `{env}` is protected: got no commit that the image was built from")]
    NoCommit {
        /// The environment.
        env: String,
        /// What to type to say it.
        command: String,
    },
    /// It was built from something that is not here.
    #[error("commit `{commit}` is not in this repository")]
    UnknownCommit {
        /// The commit.
        commit: String,
    },
    /// It was built from something that is not on the main branch.
    #[error("commit `{commit}` is not on branch `{branch}`")]
    NotOnMain {
        /// The commit.
        commit: String,
        /// The branch.
        branch: String,
    },
    /// An environment that requires proof, and nobody has attested the image.
    #[error(
        "environment `{env}` requires proof: registry `{registry}` has no attestation of image \
         `{image}`{of}"
    )]
    NotAttested {
        /// The environment.
        env: String,
        /// The registry.
        registry: String,
        /// The image, without the registry.
        image: String,
        /// Of which commit, if the pin says that.
        of: String,
    },
    /// Its publisher says that it was built from something else.
    #[error("commit: got `{commit}`, and the image's publisher says `{revision}`")]
    OtherRevision {
        /// The commit of the pin.
        commit: String,
        /// That of the publisher.
        revision: String,
    },
}

impl Explain for Finding {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotPushed { command, .. } | Self::NotKept { command, .. } => command.clone(),
            Self::Foreign { .. } => None,
            Self::NotAttested { .. } => {
                Some("bazel run @windlass//tools/image -- attest --help".to_owned())
            }
            Self::NoCommit { command, .. } => Some(command.clone()),
            Self::UnknownCommit { .. } => Some("git fetch".to_owned()),
            Self::NotOnMain { commit, .. } => Some(format!("git branch --all --contains {commit}")),
            // What a registry says is for nobody to type, unless it is a hash.
            Self::OtherRevision { revision, .. } => revision
                .parse()
                .ok()
                .map(|commit: Commit| format!("git log -1 {commit}")),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotPushed { .. } | Self::NotKept { .. } | Self::NotAttested { .. } => {
                Exit::Registry
            }
            _ => Exit::Input,
        }
    }
}

/// Whether registries are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// They are.
    Registries,
    /// Nobody is, who is not on this machine.
    Nobody,
}

impl Asks {
    /// By the flag `--digest-only`.
    pub fn unless(is_digest_only: bool) -> Self {
        if is_digest_only {
            Self::Nobody
        } else {
            Self::Registries
        }
    }
}

/// Who is asked of images.
pub struct Checks<'a> {
    context: &'a Context,
    git: Git,
    client: Option<Client>,
    /// The main branch, once it is looked up.
    branch: OnceCell<Branch>,
    /// Where commits stand to it, as far as it is known: many images are of one commit.
    standings: RefCell<BTreeMap<String, Standing>>,
    /// The environment whose pins are asked about, if they are to be those of another one.
    source: Option<String>,
}

impl<'a> Checks<'a> {
    /// Nobody is asked yet.
    ///
    /// # Errors
    /// Credentials for registries are there, and cannot be used.
    pub fn new(context: &'a Context, asks: Asks) -> Result<Self, Error> {
        let client = match asks {
            Asks::Nobody => None,
            Asks::Registries => Some(Client::new(Settings {
                credentials: DockerConfig::find(&context.environment.registries)?,
                ..Settings::default()
            })),
        };
        Ok(Self {
            context,
            git: context.git(),
            client,
            branch: OnceCell::new(),
            standings: RefCell::default(),
            source: None,
        })
    }

    /// The same, of pins that an environment has: there it is mended what they do not say.
    #[must_use]
    pub fn of(mut self, environment: &str) -> Self {
        self.source = Some(environment.to_owned());
        self
    }

    /// Whether registries are asked.
    pub fn asks(&self) -> bool {
        self.client.is_some()
    }

    /// Where an image is. What the constants say of their registry says nothing of another.
    pub fn target(&self, environment: &EnvironmentRequest, repository: Repository) -> Target {
        let insecure = self.context.request.insecure;
        let insecure = insecure && *repository.registry() == environment.registry;
        Target {
            repository,
            transport: Transport::from_insecure(insecure),
        }
    }

    /// Whether the image is where the constants say. In a protected environment it must: others
    /// would not build.
    pub fn place(&self, entry: &Entry, pin: &Pin) -> Result<Option<Finding>, Error> {
        let request = &self.context.request;
        let environment = request.pinned(&entry.env)?;
        let own = request.repository(environment, &entry.key).ok();
        let got = pin.image().repository();
        let foreign = own.filter(|own| environment.protected && own != got);
        Ok(foreign.map(|own| Finding::Foreign {
            env: entry.env.clone(),
            got: got.to_string(),
            want: own.to_string(),
        }))
    }

    /// Whether the registry has the image. A local one removes what tags have moved off (ADR 16):
    /// there it must have the tag that never moves.
    pub async fn look(&self, entry: &Entry, pin: &Pin) -> Result<Option<Finding>, Error> {
        let Some(client) = &self.client else {
            return Ok(None);
        };
        let environment = self.context.request.pinned(&entry.env)?;
        let target = self.target(environment, pin.image().repository().clone());
        let failed = |error| Error::Registry(Box::new(error));
        let digest = pin.digest();
        let kept = target.is_plain_http().then(|| Tag::kept(digest));
        if let Some(tag) = &kept {
            let is_tagged = client.is_tagged(&target, tag, digest).await;
            if is_tagged.map_err(failed)? {
                return Ok(None);
            }
        }
        let is_there = client.head(&target, digest).await.map_err(failed)?;
        let repository = pin.image().repository();
        let registry = repository.registry().to_string();
        let image = format!("{}@{digest}", repository.path());
        let built = self.context.request.built_name();
        let push = built.map(|env| format!("{}:{env}-shallow.push", entry.service));
        // As `verify --rebuild` builds it.
        let push = push.map(|target| format!("bazel run {RELEASE} {}", word(&target)));
        let command = push.map(|push| match &pin.commit {
            Some(commit) => format!("git switch --detach {} && {push}", commit.short()),
            None => push,
        });
        Ok(match kept {
            None if is_there => None,
            Some(tag) if is_there => Some(Finding::NotKept {
                registry,
                image,
                tag: tag.to_string(),
                command,
            }),
            _ => Some(Finding::NotPushed {
                registry,
                image,
                command,
            }),
        })
    }

    /// Whether the image was built from a commit of the main branch, as far as its pin says. For a
    /// protected environment it must.
    pub fn commit(&self, entry: &Entry, pin: &Pin) -> Result<Option<Finding>, Error> {
        let Some(commit) = &pin.commit else {
            let environment = self.context.request.pinned(&entry.env)?;
            return Ok(environment.protected.then(|| Finding::NoCommit {
                env: entry.env.clone(),
                command: format!(
                    "{COMMAND} set --service {} --env {} --image {} --commit SHA",
                    word(&entry.service.to_string()),
                    self.source.as_ref().unwrap_or(&entry.env),
                    word(&format!("{}={}", entry.key, pin.image()))
                ),
            }));
        };
        let branch = self.branch()?;
        let shown = commit.short().to_owned();
        Ok(match self.standing(commit, branch)? {
            Standing::On => None,
            Standing::Unknown => Some(Finding::UnknownCommit { commit: shown }),
            Standing::Off => Some(Finding::NotOnMain {
                commit: shown,
                branch: branch.name.clone(),
            }),
        })
    }

    fn standing(&self, commit: &Commit, branch: &Branch) -> Result<Standing, Error> {
        let known = self.standings.borrow().get(commit.as_str()).copied();
        if let Some(standing) = known {
            return Ok(standing);
        }
        let standing = self.git.standing(commit, branch)?;
        let mut standings = self.standings.borrow_mut();
        standings.insert(commit.as_str().to_owned(), standing);
        Ok(standing)
    }

    fn branch(&self) -> Result<&Branch, Error> {
        if let Some(branch) = self.branch.get() {
            return Ok(branch);
        }
        let branch = self.git.main_branch(&self.context.request.main_branch)?;
        Ok(self.branch.get_or_init(|| branch))
    }

    /// The commits that an image was built from, as publishers say beside it in the registry. An
    /// image that is the same at two commits may have both.
    pub async fn revisions(&self, entry: &Entry, pin: &Pin) -> Result<BTreeSet<String>, Error> {
        let Some(client) = &self.client else {
            return Ok(BTreeSet::new());
        };
        let environment = self.context.request.pinned(&entry.env)?;
        let target = self.target(environment, pin.image().repository().clone());
        let said = client.referrers(&target, pin.digest(), Some(ORIGIN)).await;
        let said = said.map_err(|error| Error::Registry(Box::new(error)))?;
        let revisions = said.iter().filter_map(|statement| {
            let annotations = statement.annotations().as_ref()?;
            annotations.get(REVISION).cloned()
        });
        Ok(revisions.collect())
    }

    /// What is said of an image at its commit, signed, beside it in the registry. Of several the last.
    ///
    /// # Errors
    /// The environment requires proof, and there is none.
    pub async fn attestation(&self, entry: &Entry, pin: &Pin) -> Result<Option<String>, Error> {
        let Some(client) = &self.client else {
            return Ok(None);
        };
        let environment = self.context.request.pinned(&entry.env)?;
        let (repository, digest) = (pin.image().repository(), pin.digest());
        let target = self.target(environment, repository.clone());
        let commit = pin.commit.as_ref();
        let whole = |text: String| Envelope::parse(&text).is_ok().then_some(text);
        let last = beside::newest(client, &target, digest, commit, whole).await;
        let last = last.map_err(|error| Error::Registry(Box::new(error)))?;
        let is_missing = environment.proven && last.is_none();
        let missing = is_missing.then(|| Finding::NotAttested {
            env: entry.env.clone(),
            registry: repository.registry().to_string(),
            image: format!("{}@{digest}", repository.path()),
            of: commit.map_or_else(String::new, |it| format!(" at commit `{}`", it.short())),
        });
        refuse(entry, missing)?;
        Ok(last)
    }

    /// All that does not hold of an image, and what publishers say of it.
    pub async fn findings(
        &self,
        entry: &Entry,
        pin: &Pin,
    ) -> Result<(Vec<Finding>, BTreeSet<String>), Error> {
        let mut findings = Vec::from_iter(self.place(entry, pin)?);
        let mut revisions = BTreeSet::new();
        match self.look(entry, pin).await? {
            Some(finding) => findings.push(finding),
            None => revisions = self.revisions(entry, pin).await?,
        }
        findings.extend(self.commit(entry, pin)?);
        if let Some(commit) = &pin.commit {
            findings.extend(disagreement(commit, &revisions));
        }
        Ok((findings, revisions))
    }

    /// Refuses an image of which something does not hold.
    pub async fn require(&self, entry: &Entry, pin: &Pin) -> Result<(), Error> {
        let (findings, _) = self.findings(entry, pin).await?;
        refuse(entry, findings.into_iter().next())
    }
}

/// An error of a finding, if there is one.
pub fn refuse(entry: &Entry, finding: Option<Finding>) -> Result<(), Error> {
    match finding {
        None => Ok(()),
        Some(source) => Err(Error::Unfit {
            entry: entry.clone(),
            source: Box::new(source),
        }),
    }
}

/// Whether publishers name other commits than the pin, and none names that.
fn disagreement(commit: &Commit, revisions: &BTreeSet<String>) -> Option<Finding> {
    let commit = commit.as_str();
    // Either may be short.
    let agrees = |revision: &String| {
        let shorter = revision.len().min(commit.len());
        shorter >= 7 && revision.get(..shorter) == commit.get(..shorter)
    };
    let revision = revisions.first()?;
    (!revisions.iter().any(agrees)).then(|| Finding::OtherRevision {
        commit: short(commit).to_owned(),
        revision: short(&revision.escape_debug().to_string()).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_publisher_of_several_is_enough() {
        let commit: Commit = "3f9c21a03f9c".parse().expect("a commit");
        let said = |revisions: &[&str]| {
            let revisions = revisions.iter().map(|&it| it.to_owned()).collect();
            let finding = disagreement(&commit, &revisions)?;
            let is_hash = revisions.iter().all(|it| it.parse::<Commit>().is_ok());
            assert_eq!(finding.hint().is_some(), is_hash, "{revisions:?}");
            Some(finding.to_string())
        };
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["3f9c21a"]), None);
        assert_eq!(said(&["3f9c21a03f9c21a03f9c"]), None);
        assert_eq!(said(&["0000000", "3f9c21a03f9c21a03f9c"]), None);
        let other = "commit: got `3f9c21a03f9c`, and the image's publisher says `3f9c21b`";
        assert_eq!(said(&["3f9c21b"]).as_deref(), Some(other));
        // Of a terminal, it says nothing.
        let other = "commit: got `3f9c21a03f9c`, and the image's publisher says `\\u{1b}[2J$(i`";
        assert_eq!(said(&["\u{1b}[2J$(id"]).as_deref(), Some(other));
        // Too short to say anything.
        assert!(said(&["3f"]).is_some());
    }
}

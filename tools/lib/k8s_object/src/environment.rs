//! Which namespace an environment writes to.

use crate::key::Namespace;

/// Where the objects of an environment may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Setup: any namespace, and objects that are in none.
    Cluster,
    /// One namespace that all share.
    Shared(Namespace),
    /// The namespace of `$USER`.
    Personal(Namespace),
}

/// An environment: `myns`, `prod`, or setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Where its objects go.
    pub scope: Scope,
}

/// A namespace that an environment must not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum NamespaceRefused {
    /// `$USER` was not set.
    #[error("$USER: got nothing, want {}", Namespace::WANT)]
    Empty,
    /// `$USER` cannot be the name of a namespace.
    #[error("$USER: got `{got}`, want {}", Namespace::WANT)]
    NotLabel {
        /// What it is.
        got: String,
    },
    /// `$USER` is the name of a namespace that is not a person's.
    #[error("$USER: got `{got}`, which is {whose}; want a name of your own")]
    Taken {
        /// What it is.
        got: String,
        /// Whose it is.
        whose: &'static str,
    },
    /// The namespace of a shared environment is no namespace.
    #[error(
        "namespace of environment `{environment}`: got `{got}`, want {}",
        Namespace::WANT
    )]
    Shared {
        /// The environment.
        environment: String,
        /// What it is.
        got: String,
    },
}

impl NamespaceRefused {
    /// What to type. `command` is what the user wanted to do: `bazel run //x:y.apply`.
    pub fn hint(&self, command: &str) -> Option<String> {
        match self {
            Self::Shared { .. } => None,
            _ => Some(format!("{command} --repo_env=USER=alice")),
        }
    }
}

impl Environment {
    /// Takes an environment as a request names it. An empty namespace means setup, except for a
    /// personal one: there it means that `$USER` was not set.
    ///
    /// `forbidden` are the namespaces that a personal one must not equal, beside those that every
    /// cluster has: those of setup and of other environments.
    pub fn try_new(
        name: &str,
        namespace: &str,
        ownership: Ownership,
        forbidden: &[String],
    ) -> Result<Self, NamespaceRefused> {
        let scope = match ownership {
            Ownership::Personal => Scope::Personal(personal_namespace(namespace, forbidden)?),
            Ownership::Shared if namespace.is_empty() => Scope::Cluster,
            Ownership::Shared => match Namespace::try_new(namespace) {
                Ok(namespace) => Scope::Shared(namespace),
                Err(error) => {
                    let environment = name.to_owned();
                    return Err(NamespaceRefused::Shared {
                        environment,
                        got: error.got,
                    });
                }
            },
        };
        Ok(Self {
            name: name.to_owned(),
            scope,
        })
    }

    /// The one namespace of the environment; `None` for setup.
    pub fn namespace(&self) -> Option<&Namespace> {
        match &self.scope {
            Scope::Cluster => None,
            Scope::Shared(namespace) | Scope::Personal(namespace) => Some(namespace),
        }
    }
}

/// Whose an environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Everybody's.
    Shared,
    /// That of `$USER`.
    Personal,
}

/// Annotation of a namespace that is a person's: `"true"`. Setup's manifest sets it.
pub const PERSONAL_ANNOTATION: &str = "windlass.dev/personal";

/// Checks the personal namespaces that setup makes: the same rules as for their environment.
/// Takes a document that need not be an object yet, since a missing `$USER` leaves no name.
pub fn check_personal(
    document: &serde_json::Value,
    forbidden: &[String],
) -> Result<(), NamespaceRefused> {
    let metadata = &document["metadata"];
    if document["kind"] != "Namespace" || metadata["annotations"][PERSONAL_ANNOTATION] != "true" {
        return Ok(());
    }
    let user = metadata["name"].as_str().unwrap_or_default();
    personal_namespace(user, forbidden).map(|_| ())
}

/// The namespace of `$USER`, if that can be one.
fn personal_namespace(user: &str, forbidden: &[String]) -> Result<Namespace, NamespaceRefused> {
    if user.is_empty() {
        return Err(NamespaceRefused::Empty);
    }
    let got = user.to_owned();
    let Ok(namespace) = Namespace::try_new(user) else {
        return Err(NamespaceRefused::NotLabel { got });
    };
    let whose = if user == "default" || user.starts_with("kube-") {
        "a namespace of Kubernetes"
    } else if forbidden.iter().any(|name| name == user) {
        "a namespace of setup or of another environment"
    } else {
        return Ok(namespace);
    };
    Err(NamespaceRefused::Taken { got, whose })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn myns(user: &str) -> Result<Environment, NamespaceRefused> {
        let forbidden = ["prod", "staging", "windlass-system"].map(str::to_owned);
        Environment::try_new("myns", user, Ownership::Personal, &forbidden)
    }

    #[test]
    fn a_user_that_is_a_label_has_a_namespace() {
        let environment = myns("alice").expect("alice");
        assert_eq!(
            environment.namespace().map(Namespace::as_str),
            Some("alice")
        );
    }

    #[test]
    fn users_that_are_refused_and_why() {
        for (user, part) in [
            ("", "got nothing, want a DNS label"),
            ("Al.ice", "got `Al.ice`, want a DNS label"),
            (
                "prod",
                "got `prod`, which is a namespace of setup or of another environment; want a name of \
                 your own",
            ),
            (
                "default",
                "got `default`, which is a namespace of Kubernetes",
            ),
            ("kube-system", "a namespace of Kubernetes"),
            ("windlass-system", "a namespace of setup or of another"),
        ] {
            let error = myns(user).expect_err(user);
            assert!(error.to_string().contains(part), "{error}");
            let hint = error.hint("bazel run //x:y.apply");
            assert_eq!(
                hint.as_deref(),
                Some("bazel run //x:y.apply --repo_env=USER=alice")
            );
        }
    }

    #[test]
    fn namespaces_that_setup_makes_for_people() {
        let check = |name: &str, personal: &str| {
            let document = serde_json::json!({"kind": "Namespace", "metadata":
                {"name": name, "annotations": {"windlass.dev/personal": personal}}});
            check_personal(&document, &["prod".to_owned()])
        };
        assert_eq!(check("alice", "true"), Ok(()));
        assert_eq!(check("prod", "false"), Ok(()));
        for refused in ["", "Al.ice", "prod", "default", "kube-system"] {
            assert!(check(refused, "true").is_err(), "{refused}");
        }
    }

    #[test]
    fn shared_and_setup() {
        let shared = Environment::try_new("prod", "prod", Ownership::Shared, &["prod".to_owned()]);
        assert_eq!(
            shared.expect("prod").namespace().map(Namespace::as_str),
            Some("prod")
        );
        let setup = Environment::try_new("setup", "", Ownership::Shared, &[]).expect("setup");
        assert_eq!(setup.scope, Scope::Cluster);
        let refused = Environment::try_new("prod", "Prod", Ownership::Shared, &[]);
        let text = refused.expect_err("refused").to_string();
        assert!(text.starts_with("namespace of environment `prod`: got `Prod`, want a DNS label"));
    }
}

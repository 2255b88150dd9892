//! Why what was left to the runner has not come about.

use std::time::Duration;

use windlass_report::{Exit, Explain};

use crate::api_error::ApiError;
use crate::error::Reason;
use crate::screen::seconds;

/// Why what was left to the runner has not come about.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum AskError {
    /// There is no runner to ask.
    #[error("no runner serves {what} on {context}; nothing was pushed or written")]
    NoRunner {
        /// What it would serve: namespace \`alice\`.
        what: String,
        /// The context.
        context: String,
        /// What makes one; empty where nobody has said.
        setup: String,
    },
    /// The API server does not take the request.
    #[error("cannot ask the runner of {context} to apply `{target}`")]
    Ask {
        /// The target.
        target: String,
        /// The context.
        context: String,
        /// Why.
        source: Box<ApiError>,
    },
    /// The runner has refused the request, or its apply has failed.
    #[error("the runner has not applied `{target}`")]
    NotApplied {
        /// The target.
        target: String,
        /// What it says.
        source: Reason,
        /// The exit code: that of the apply.
        exit: Exit,
    },
    /// The runner does not end the request, or not begin with it.
    #[error("the runner of {context} has not ended `{request}` after {}", seconds(*after))]
    Unanswered {
        /// The request.
        request: String,
        /// The context.
        context: String,
        /// How long was waited.
        after: Duration,
        /// What shows it.
        show: String,
    },
}

impl Explain for AskError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRunner { setup, .. } => Some(setup.clone()).filter(|setup| !setup.is_empty()),
            Self::Unanswered { show, .. } => Some(show.clone()),
            Self::Ask { .. } | Self::NotApplied { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoRunner { .. } => Exit::Preflight,
            Self::Ask { .. } => Exit::Write,
            Self::NotApplied { exit, .. } => *exit,
            Self::Unanswered { .. } => Exit::Rollout,
        }
    }
}

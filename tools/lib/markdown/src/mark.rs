//! Comments that say who runs a block.

/// What a comment in front of a block says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `<!-- run -->`: `.ci/steps/docs` runs its commands, and compares what they print.
    Run,
    /// `<!-- run: why -->`: it runs them, and what they print is another thing each time.
    RunOnly(String),
    /// `<!-- run by: .ci/steps/consumer -->`: that file, or one of several with `, ` between them, has the same
    /// commands.
    RunBy(String),
    /// `<!-- not run: why -->`: nothing runs them here.
    NotRun(String),
    /// `<!-- before: command -->`: what `.ci/steps/docs` runs before, and no reader has to.
    Before(String),
    /// `<!-- Ctrl-C ends: words -->`: a command with these words goes on until it is interrupted.
    Ends(String),
}

impl Mark {
    /// Reads a comment; `None` for one that says something else.
    pub(crate) fn parse(comment: &str) -> Option<Self> {
        let text = comment.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
        let text = text.trim();
        if text == "run" {
            return Some(Self::Run);
        }
        let (kind, rest) = text.split_once(": ")?;
        let rest = rest.trim().to_owned();
        match kind {
            "run" => Some(Self::RunOnly(rest)),
            "run by" => Some(Self::RunBy(rest)),
            "not run" => Some(Self::NotRun(rest)),
            "before" => Some(Self::Before(rest)),
            "Ctrl-C ends" => Some(Self::Ends(rest)),
            _ => None,
        }
    }

    /// Whether it says who runs the block, of which there is one.
    pub fn says_who(&self) -> bool {
        !matches!(self, Self::Before(_) | Self::Ends(_))
    }
}

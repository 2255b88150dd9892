//! The page of an environment: a table of what is deployed there.

use maud::{Markup, html};

use crate::document::{Document, filter};
use crate::graph::links;
use crate::links::Link;
use crate::stack::{cut, many};

/// What is deployed in an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployments {
    /// The environment: `prod`.
    pub environment: String,
    /// What else there is to say of it: a word and its value.
    pub facts: Vec<(&'static str, String)>,
    /// What there is, a line each.
    pub entries: Vec<Entry>,
}

/// An object, or one of its images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its package: `//services/client`.
    pub service: String,
    /// `Deployment client`.
    pub object: String,
    /// The image without its digest: `localhost:31000/demo/client`.
    pub image: Option<String>,
    /// What of the image says what runs: `sha256:...`; or why that is not known.
    pub digest: Digest,
    /// What it was built from.
    pub commit: Option<Commit>,
    /// Who published the image.
    pub who: Option<String>,
    /// Where the object answers.
    pub links: Vec<Link>,
}

/// Which image it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// There is no image.
    #[default]
    None,
    /// By its digest.
    Pinned(String),
    /// By a tag, or whatever else is known of it.
    Other(String),
}

/// A commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// What the repository knows of it; `None` where it does not have it.
    pub known: Option<Known>,
}

/// What a repository knows of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When it was made: `2026-11-29T15:23:33Z`.
    pub time: String,
    /// By whom.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

/// The columns.
const COLUMNS: [&str; 8] = [
    "Service",
    "Object",
    "Image",
    "Digest",
    "Commit",
    "Age",
    "Who",
    "Answers at",
];

/// The page, one file that needs nothing else. How old a commit is, a browser says.
pub fn html(deployments: &Deployments) -> String {
    let title = format!("What is deployed in {}", deployments.environment);
    let count = many(deployments.entries.len(), "line");
    let body = html! {
        header {
            h1 { (title) }
            dl {
                @for (word, value) in &deployments.facts {
                    div { dt { (word) } dd { (value) } }
                }
            }
        }
        main {
            div .tools .needs-script hidden { (filter(&count)) }
            div .scroll tabindex="0" role="region" aria-label=(title) {
                table {
                    thead {
                        tr {
                            @for (at, column) in COLUMNS.iter().enumerate() {
                                th scope="col" aria-sort=(if at == 0 { "ascending" } else { "none" }) {
                                    button type="button" { (column) }
                                }
                            }
                        }
                    }
                    tbody { @for entry in &deployments.entries { (row(entry)) } }
                }
            }
        }
    };
    let document = Document {
        title: &title,
        styles: &[include_str!("table.css")],
        scripts: &[include_str!("table.js")],
        body,
    };
    document.text()
}

fn row(entry: &Entry) -> Markup {
    let known = entry
        .commit
        .as_ref()
        .and_then(|commit| commit.known.as_ref());
    let author = known.map(|known| known.author.as_str());
    html! {
        tr {
            th scope="row" { (entry.service) }
            td { (entry.object) }
            td { @if let Some(image) = &entry.image { code { (image) } } }
            td {
                @match &entry.digest {
                    Digest::None => {},
                    Digest::Pinned(digest) => code title=(digest) { (cut(digest, 19)) },
                    Digest::Other(text) => span .soft { (text) },
                }
            }
            td {
                @if let Some(commit) = &entry.commit {
                    code title=(commit.hash) { (cut(&commit.hash, 12)) }
                    @if let Some(known) = known { br; span .soft { (known.subject) } }
                }
            }
            td data-key=(known.map(|known| known.time.as_str()).unwrap_or_default()) {
                @if let Some(known) = known { time datetime=(known.time) { (known.time) } }
            }
            td {
                @if let Some(author) = author { (author) }
                @if let Some(who) = entry.who.as_deref().filter(|who| Some(*who) != author) {
                    @if author.is_some() { br; }
                    span .soft { "published by " (who) }
                }
            }
            td { (links(&entry.links)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployments(text: &str) -> Deployments {
        let text = || text.to_owned();
        Deployments {
            environment: text(),
            facts: vec![("namespace", text())],
            entries: vec![Entry {
                service: text(),
                object: text(),
                image: Some(text()),
                digest: Digest::Pinned(text()),
                commit: Some(Commit {
                    hash: text(),
                    known: Some(Known {
                        time: text(),
                        author: "A".to_owned(),
                        subject: text(),
                    }),
                }),
                who: Some(text()),
                links: Vec::new(),
            }],
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        let page = html(&deployments("</script><b a=\"x\">'\"><!--"));
        assert_eq!(page.matches("<script>").count(), 1);
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<b ") && !page.contains("<!--"), "{page}");
    }

    #[test]
    fn an_age_is_a_time_until_a_browser_says_it() {
        let page = html(&deployments("2026-11-29T15:23:33Z"));
        let time = "<time datetime=\"2026-11-29T15:23:33Z\">2026-11-29T15:23:33Z</time>";
        assert!(page.contains(time), "{page}");
        assert!(
            page.contains("A<br><span class=\"soft\">published by 2026"),
            "{page}"
        );
    }
}

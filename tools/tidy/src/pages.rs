//! Pages of Markdown: links lead somewhere, commands are run by somebody, and the site has all of them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use windlass_markdown::{Block, Mark, Page};

use crate::{Finding, Source};

/// What runs the blocks that are marked `run`.
const RUNNER: &str = ".ci/steps/docs";

/// The table of contents of the site, and where its pages are.
const SUMMARY: &str = "docs/SUMMARY.md";

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let is_page = |source: &&Source| source.path.extension().is_some_and(|ending| ending == "md");
    let pages: BTreeMap<&Path, Page> = sources
        .iter()
        .filter(is_page)
        .map(|source| {
            (
                source.path.as_path(),
                windlass_markdown::parse(&source.text),
            )
        })
        .collect();
    let mut found = Vec::new();
    for (path, page) in &pages {
        let finding = |(line, text)| Finding {
            path: path.to_path_buf(),
            line,
            text,
        };
        let links = page.links.iter().filter_map(|link| {
            let wrong = wrong_link(path, &link.target, &pages, sources)?;
            Some((link.line, format!("link `{}`: {wrong}", link.target)))
        });
        let blocks = page.blocks.iter().filter_map(|block| {
            let wrong = wrong_block(path, block, sources)?;
            Some((block.line, wrong))
        });
        found.extend(links.chain(blocks).map(finding));
    }
    found.extend(missing(&pages));
    found
}

/// Why a link leads nowhere.
fn wrong_link(
    from: &Path,
    target: &str,
    pages: &BTreeMap<&Path, Page>,
    sources: &[Source],
) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let to = match path {
        "" => from.to_owned(),
        path => resolved(from, path),
    };
    // A folder has no entry of its own. Not all files are text, so a name may be unknown that is there.
    let is_text = to.extension().is_some_and(|ending| ending != "png");
    let is_there = sources.iter().any(|source| source.path.starts_with(&to));
    if !is_there && (is_text || to.extension().is_none()) {
        return Some(format!("there is no `{}`", to.display()));
    }
    let page = pages.get(to.as_path())?;
    let is_heading = anchor.is_empty() || page.anchors.iter().any(|name| name == anchor);
    (!is_heading).then(|| format!("`{}` has no such heading", to.display()))
}

/// A path as a page writes it, from the checkout's root.
fn resolved(from: &Path, path: &str) -> PathBuf {
    let mut resolved = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved
}

/// What is wrong with a block.
fn wrong_block(path: &Path, block: &Block, sources: &[Source]) -> Option<String> {
    if block.language.is_empty() {
        return Some("a block of what? want ```sh, ```console, ```text or a language".into());
    }
    let says_who: Vec<&Mark> = block.marks.iter().filter(|mark| mark.says_who()).collect();
    if !block.is_commands() {
        return (!block.marks.is_empty())
            .then(|| format!("nobody runs `{}`; want ```sh or ```console", block.language));
    }
    let [mark] = says_who.as_slice() else {
        let text = "commands, and nobody is said to run them; want one of `<!-- run -->`, `<!-- run by: FILE -->`, \
                    `<!-- not run: WHY -->` in the line before";
        return Some(text.into());
    };
    if block.commands().is_empty() {
        return Some("no command is in it; want lines that begin with `$ `".into());
    }
    let text_of = |wanted: &str| {
        let named = |source: &&Source| source.path == Path::new(wanted);
        sources.iter().find(named).map(run_of)
    };
    match mark {
        Mark::RunBy(files) => {
            let mut texts = String::new();
            for file in files.split(", ") {
                let Some(text) = text_of(file) else {
                    return Some(format!("is run by `{file}`, and there is no such file"));
                };
                texts += &text;
            }
            let commands = block.commands();
            let mut words = commands.iter().flat_map(|command| words(&command.text));
            let unknown = words.find(|word| !texts.contains(word.as_str()))?;
            Some(format!("is run by `{files}`, and `{unknown}` is not in it"))
        }
        Mark::Run | Mark::RunOnly(_) => {
            let runner = text_of(RUNNER).unwrap_or_default();
            let path = path.display().to_string();
            let is_run = runner.split_whitespace().any(|word| word == path);
            (!is_run).then(|| format!("is run by `{RUNNER}`, and that does not name this page"))
        }
        _ => None,
    }
}

/// What a file runs: of a page, the commands that are run themselves.
fn run_of(source: &Source) -> String {
    if source.path.extension().is_none_or(|ending| ending != "md") {
        return source.text.clone();
    }
    let page = windlass_markdown::parse(&source.text);
    let is_run = |block: &&Block| {
        let mut marks = block.marks.iter();
        marks.any(|mark| matches!(mark, Mark::Run | Mark::RunOnly(_)))
    };
    let commands = page.blocks.iter().filter(is_run).flat_map(Block::commands);
    commands.map(|command| command.text + "\n").collect()
}

/// What says which command one is: its labels, and its flags without their values.
fn words(command: &str) -> Vec<String> {
    let command = command.split("  #").next().unwrap_or_default();
    let words = command.split_whitespace();
    let words = words.filter(|word| word.contains("//") || word.starts_with("--"));
    let words = words.filter(|word| *word != "--" && !word.contains("://"));
    let words = words.map(|word| match word.split_once('=') {
        Some((flag, _)) if flag.starts_with("--") => flag,
        _ => word,
    });
    words.map(ToOwned::to_owned).collect()
}

/// Pages that the site does not have, or has twice.
fn missing(pages: &BTreeMap<&Path, Page>) -> Vec<Finding> {
    let summary = Path::new(SUMMARY);
    let Some(contents) = pages.get(summary) else {
        return Vec::new();
    };
    let listed: Vec<PathBuf> = contents
        .links
        .iter()
        .map(|link| resolved(summary, &link.target))
        .collect();
    let of_site = pages
        .keys()
        .filter(|path| path.starts_with("docs") && **path != summary);
    let wrong = of_site.filter_map(|path| {
        let count = listed.iter().filter(|listed| listed == path).count();
        (count != 1).then(|| Finding {
            path: summary.into(),
            line: 0,
            text: format!("has `{}` {count} times; want it once", path.display()),
        })
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source {
                path: path.into(),
                text: (*text).to_owned(),
            })
            .collect();
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_lead_somewhere() {
        let pages = [
            (
                "docs/a.md",
                "# A b\n[1](x/b.md) [2](../c.rs) [3](../folder) [4](https://e.example) [5](#a-b) [6](x/b.md#b)\n",
            ),
            (
                "docs/x/b.md",
                "# B\n[1](../../c.rs) [2](../a.md#b-a) [3](a.md)\n",
            ),
            ("c.rs", ""),
            ("folder/file", ""),
        ];
        assert_eq!(
            findings(&pages),
            [
                "docs/x/b.md:2: link `../a.md#b-a`: `docs/a.md` has no such heading",
                "docs/x/b.md:2: link `a.md`: there is no `docs/x/a.md`",
            ]
        );
    }

    #[test]
    fn each_block_of_commands_says_who_runs_it() {
        let runner = (".ci/steps/docs", "pages=(\n  docs/a.md\n)\n");
        let step = (
            ".ci/steps/x",
            "./bazelw run --noshow_progress //a:b -- --to=\"$there\"\n",
        );
        let block = |mark: &str, kind: &str, text: &str| {
            let page = format!("{mark}\n```{kind}\n{text}\n```\n");
            findings(&[("docs/a.md", &page), ("docs/b.md", &page), runner, step])
        };
        let nothing: [&str; 0] = [];
        assert_eq!(block("<!-- not run: no cloud -->", "sh", "ls"), nothing);
        assert_eq!(block("", "text", "ls"), nothing);
        assert_eq!(
            block(
                "<!-- run by: .ci/steps/x -->",
                "sh",
                "bazel run //a:b -- --to=x  # --at"
            ),
            nothing
        );
        assert_eq!(
            block("<!-- run -->", "sh", "ls"),
            ["docs/b.md:2: is run by `.ci/steps/docs`, and that does not name this page"]
        );
        let first = |mark: &str, kind: &str, text: &str| block(mark, kind, text).swap_remove(0);
        assert_eq!(
            first("", "", "ls"),
            "docs/a.md:2: a block of what? want ```sh, ```console, ```text or a language"
        );
        assert!(first("", "sh", "ls").contains("nobody is said to run them"));
        assert!(first("<!-- before: x -->", "sh", "ls").contains("nobody is said to run them"));
        assert_eq!(
            first("<!-- run -->", "text", "ls"),
            "docs/a.md:2: nobody runs `text`; want ```sh or ```console"
        );
        assert_eq!(
            first("<!-- run -->", "console", "ls"),
            "docs/a.md:2: no command is in it; want lines that begin with `$ `"
        );
        assert_eq!(
            first("<!-- run by: .ci/steps/y -->", "sh", "ls"),
            "docs/a.md:2: is run by `.ci/steps/y`, and there is no such file"
        );
        assert_eq!(
            first(
                "<!-- run by: .ci/steps/x -->",
                "console",
                "$ bazel run //a:b -- --at"
            ),
            "docs/a.md:2: is run by `.ci/steps/x`, and `--at` is not in it"
        );
    }

    #[test]
    fn the_site_has_each_page_once() {
        let pages = [
            (
                "docs/SUMMARY.md",
                "- [A](a.md)\n- [A again](a.md)\n- [B](x/b.md)\n",
            ),
            ("docs/a.md", ""),
            ("docs/c.md", ""),
            ("docs/x/b.md", ""),
        ];
        assert_eq!(
            findings(&pages),
            [
                "docs/SUMMARY.md:0: has `docs/a.md` 2 times; want it once",
                "docs/SUMMARY.md:0: has `docs/c.md` 0 times; want it once",
            ]
        );
    }
}

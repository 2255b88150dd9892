//! The site, by mdBook.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use mdbook_driver::MDBook;
use mdbook_driver::config::{Config, HtmlConfig};

use crate::error::Error;

/// What mdBook's own styles leave out, by the name that it gets in the site.
const STYLES: (&str, &str) = ("own.css", include_str!("own.css"));

/// Of what, and where to.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// `SUMMARY.md`, and all files below its folder that are part of the site.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Writes the site.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let summary = arguments
        .files
        .iter()
        .find(|path| path.ends_with("SUMMARY.md"));
    let summary = summary.ok_or(Error::Contents)?;
    let folder = summary.parent().unwrap_or(Path::new(""));
    // mdBook takes all that is in a folder; a site is made of the files that are given.
    let staged = tempfile::tempdir().map_err(|source| Error::Write {
        path: std::env::temp_dir(),
        source,
    })?;
    let mut names = BTreeSet::new();
    for path in &arguments.files {
        let name = path.strip_prefix(folder).map_err(|_| Error::Outside {
            path: path.clone(),
            folder: folder.into(),
        })?;
        copy(path, &staged.path().join(name))?;
        names.insert(name.to_owned());
    }
    let styles = staged.path().join(STYLES.0);
    std::fs::write(&styles, STYLES.1).map_err(|source| Error::Write {
        path: styles,
        source,
    })?;
    let write = |source| Error::Write {
        path: arguments.out.clone(),
        source,
    };
    let out = std::path::absolute(&arguments.out).map_err(write)?;
    let no_book = |source: mdbook_driver::errors::Error| Error::Book {
        summary: summary.clone(),
        source: format!("{source:#}").into(),
    };
    let book = book(staged.path(), &out, &names).map_err(no_book)?;
    std::fs::create_dir_all(&out).map_err(write)?;
    book.build().map_err(no_book)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let text = std::fs::read(from).map_err(|source| Error::Read {
        path: from.into(),
        source,
    })?;
    let written = std::fs::create_dir_all(to.parent().unwrap_or(to));
    let written = written.and_then(|()| std::fs::write(to, text));
    written.map_err(|source| Error::Write {
        path: to.into(),
        source,
    })
}

/// The pages, read.
fn book(
    source: &Path,
    out: &Path,
    names: &BTreeSet<PathBuf>,
) -> Result<MDBook, mdbook_driver::errors::Error> {
    let mut book = MDBook::load_with_config(source, config(out)?)?;
    book.book.for_each_chapter_mut(|chapter| {
        if let Some(path) = &chapter.source_path {
            chapter.content = inside(&chapter.content, path, names);
        }
    });
    Ok(book)
}

/// Plain: what a page says is what the site shows.
fn config(out: &Path) -> Result<Config, mdbook_driver::errors::Error> {
    let mut html = HtmlConfig::default();
    html.no_section_label = true;
    html.smart_punctuation = false;
    html.preferred_dark_theme = Some("navy".to_owned());
    html.print.enable = false;
    html.additional_css = vec![STYLES.0.into()];
    html.playground.copyable = true;
    let mut config = Config::default();
    config.book.title = Some("windlass".to_owned());
    config.book.src = PathBuf::new();
    out.clone_into(&mut config.build.build_dir);
    config.build.create_missing = false;
    config.set("output.html", html)?;
    Ok(config)
}

/// A page without links to what is no part of the site: of those, the text is left.
fn inside(text: &str, page: &Path, names: &BTreeSet<PathBuf>) -> String {
    let mut kept = String::new();
    let mut done = 0;
    for link in windlass_markdown::parse(text).links {
        let Some(span) = link.span else { continue };
        if is_inside(&link.target, page, names) {
            continue;
        }
        let Some(end) = text[span.clone()].rfind("](") else {
            continue;
        };
        kept += &text[done..span.start];
        kept += &text[span.start + 1..span.start + end];
        done = span.end;
    }
    kept + &text[done..]
}

fn is_inside(target: &str, page: &Path, names: &BTreeSet<PathBuf>) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || target.contains("://") {
        return true;
    }
    let mut resolved = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir if !resolved.pop() => return false,
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    names.contains(&resolved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn links_to_what_is_elsewhere_become_text() {
        let names = ["a.md", "cli/b.md"].map(PathBuf::from).into();
        let text =
            "[a](../a.md#x) [`src`](../../src) [b](b.md) [c](https://e.example) [d](#d) [e](e.md)";
        let want = "[a](../a.md#x) `src` [b](b.md) [c](https://e.example) [d](#d) e";
        assert_eq!(inside(text, Path::new("cli/b.md"), &names), want);
    }

    /// All files of a folder, with their bytes.
    fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).expect("inside").to_owned();
                    files.insert(name, std::fs::read(&path).expect("a file"));
                }
            }
        }
        files
    }

    #[test]
    fn a_site_is_always_the_same_can_be_searched_and_loads_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join("docs").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(&path, text).expect("written");
            path
        };
        let files = vec![
            file(
                "SUMMARY.md",
                "# Summary\n\n- [Start](README.md)\n- [B](x/b.md)\n",
            ),
            file(
                "README.md",
                "# Start\n\n[b](x/b.md), [code](../src/lib.rs), --flag\n",
            ),
            file("x/b.md", "# B\n\n[schema](s.json), a harpsichord\n"),
            file("x/s.json", "{}\n"),
        ];
        // Somebody else's, which is not given.
        file("BUILD.bazel", "");
        let built = |name: &str| {
            let out = folder.path().join(name);
            let arguments = Arguments {
                out: out.clone(),
                files: files.clone(),
            };
            run(&arguments).expect("built");
            tree(&out)
        };
        let site = built("one");
        assert_eq!(site, built("two"));
        let text = |name: &str| String::from_utf8_lossy(&site[Path::new(name)]).into_owned();
        assert!(text("index.html").contains(r#"<a href="x/b.html">b</a>, code, --flag"#));
        assert!(text("x/b.html").contains(r#"<a href="s.json">schema</a>"#));
        assert_eq!(text("x/s.json"), "{}\n");
        assert!(!site.contains_key(Path::new("BUILD.bazel")));
        let index = site
            .iter()
            .find(|(name, _)| name.to_string_lossy().starts_with("searchindex"));
        let (_, index) = index.expect("an index");
        assert!(String::from_utf8_lossy(index).contains("harpsichord"));
        for (name, text) in &site {
            let text = String::from_utf8_lossy(text);
            let is_page = name.extension().is_some_and(|ending| ending == "html");
            let loads = [
                "src=\"http",
                "rel=\"stylesheet\" href=\"http",
                "@import",
                "//cdn",
            ];
            assert!(
                !is_page || loads.iter().all(|loads| !text.contains(loads)),
                "{name:?}"
            );
        }
    }
}

//! What the formatter and the linter of go-jsonnet say: `jsonnet_fmt_test`, `jsonnet_lint_test`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser;
use similar::TextDiff;
use windlass_jsonnet::cli::Imports;

use crate::environment::Environment;
use crate::error::Error;
use crate::request::Files;

/// Compares each file with what the formatter makes of it.
pub fn format(label: &str, files: &Files) -> Result<(), Error> {
    let mut unformatted = Vec::new();
    let mut differences = Vec::new();
    for file in &files.files {
        let ended = ended(label, Command::new(program(files)).arg(file))?;
        if !ended.status.success() {
            return Err(Error::Program {
                label: label.to_owned(),
                file: file.clone(),
                said: said(&ended.stderr),
            });
        }
        let text = std::fs::read(file).map_err(Error::file("read", file))?;
        if text == ended.stdout {
            continue;
        }
        let (text, wanted) = (
            String::from_utf8_lossy(&text),
            String::from_utf8_lossy(&ended.stdout),
        );
        let diff = TextDiff::from_lines(&text, &wanted);
        let diff = diff.unified_diff().header(file, "formatted").to_string();
        differences.extend(diff.lines().map(str::to_owned));
        unformatted.push(file.clone());
    }
    if unformatted.is_empty() {
        return Ok(());
    }
    Err(Error::Format {
        label: label.to_owned(),
        files: unformatted,
        diff: differences,
    })
}

/// Asks the linter about all files.
pub fn lint(label: &str, files: &Files, environment: &Environment) -> Result<(), Error> {
    /// Arguments of a file.
    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        imports: Imports,
    }
    let scratch = environment.scratch.clone();
    let scratch = scratch.unwrap_or_else(std::env::temp_dir);
    let made = tempfile::tempdir_in(&scratch).map_err(Error::file("make a folder in", scratch))?;
    let mut folders = Vec::new();
    if let Some(path) = &files.imports {
        let arguments = ["imports".to_owned(), format!("@{path}")].map(OsString::from);
        let cli: Cli = windlass_param_file::parse(arguments).map_err(Error::Arguments)?;
        names(&cli.imports, made.path())?;
        folders = by_rank(&cli.imports, made.path().to_owned());
    }
    let mut command = Command::new(program(files));
    for folder in folders {
        command.arg("-J").arg(folder);
    }
    let ended = ended(label, command.args(&files.files))?;
    if ended.status.success() {
        return Ok(());
    }
    let mut lines = said(&ended.stdout);
    lines.extend(said(&ended.stderr));
    Err(Error::Lint {
        label: label.to_owned(),
        said: lines,
    })
}

/// The folders to look up imports in, as the linter has them: the last one goes first.
fn by_rank(imports: &Imports, names: PathBuf) -> Vec<PathBuf> {
    let search = imports.search.iter().rev().map(PathBuf::from);
    search.chain([names]).collect()
}

/// Makes links in a folder, so that each file that has an import name is found by it.
fn names(imports: &Imports, folder: &Path) -> Result<(), Error> {
    let here = std::env::current_dir().map_err(Error::file("find", "."))?;
    for [name, place] in imports.import_name.as_chunks().0 {
        let link = folder.join(name);
        let parent = link.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(Error::file("make", parent))?;
        std::os::unix::fs::symlink(here.join(place), &link).map_err(Error::file("make", &link))?;
    }
    Ok(())
}

/// The program, so that no PATH is asked.
fn program(files: &Files) -> PathBuf {
    Path::new(".").join(&files.program)
}

fn ended(label: &str, command: &mut Command) -> Result<Output, Error> {
    command.output().map_err(|source| Error::Start {
        label: label.to_owned(),
        program: command.get_program().into(),
        source,
    })
}

fn said(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| format!("  | {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linter_finds_what_the_renderer_finds() {
        let imports = Imports {
            search: vec![".".to_owned(), "last".to_owned(), "first".to_owned()],
            ..Imports::default()
        };
        let folders = by_rank(&imports, "names".into());
        let want = ["first", "last", ".", "names"].map(PathBuf::from);
        assert_eq!(folders, want);
    }

    #[test]
    fn files_are_found_by_their_import_names() {
        let scratch = tempfile::tempdir().expect("a folder");
        let file = scratch.path().join("k8s.libsonnet");
        std::fs::write(&file, "{}").expect("writes");
        let names_of = ["windlass/sub/k8s.libsonnet".to_owned()];
        let place = file.display().to_string();
        let imports = Imports {
            import_name: [names_of, [place]].concat(),
            ..Imports::default()
        };
        let folder = scratch.path().join("names");
        names(&imports, &folder).expect("makes links");
        let text = std::fs::read_to_string(folder.join("windlass/sub/k8s.libsonnet"));
        assert_eq!(text.expect("there"), "{}");
    }
}

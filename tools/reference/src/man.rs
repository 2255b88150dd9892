//! Manual pages: one for each verb of a target, and one for each tool and each of its verbs.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::flags::shown_verbs;
use crate::tools::tools;

/// Writes `windlass-apply.1` and all others into a folder.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    for tool in tools() {
        let name = format!("windlass-{}", tool.name);
        let run = format!("{} --", tool.run);
        for verb in shown_verbs(&tool.command) {
            let name = format!("{name}-{}", verb.get_name());
            let run = format!("{run} {}{}", tool.prefix, verb.get_name());
            write_one(folder, &name, run, verb.clone())?;
        }
        write_one(folder, &name, run, tool.command)?;
    }
    Ok(())
}

fn write_one(folder: &Path, name: &str, run: String, command: Command) -> io::Result<()> {
    let command = command.disable_help_subcommand(true);
    let command = command.bin_name(run).display_name(name);
    // In place of a date: of one commit, a page is the same each time.
    let man = Man::new(command).title(name).date("windlass").source("");
    man.generate_to(folder).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_has_a_page_that_says_how_it_is_run() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path()).expect("writes");
        let lines = |name: &str| {
            let page = std::fs::read_to_string(folder.path().join(name)).expect("a page");
            let title = page
                .lines()
                .find(|line| line.starts_with(".TH"))
                .expect("a title");
            let run = page
                .lines()
                .skip_while(|line| *line != ".SH SYNOPSIS")
                .nth(1);
            let run = run
                .expect("a synopsis")
                .replace("\\fB", "")
                .replace("\\fR", "")
                .replace('\\', "");
            (title.trim().to_owned(), run)
        };
        let (title, run) = lines("windlass-apply.1");
        assert_eq!(title, ".TH windlass-apply 1 windlass");
        assert!(
            run.starts_with("bazel run LABEL.apply -- [OPTIONS]"),
            "{run}"
        );
        let (_, run) = lines("windlass-agent-publish.1");
        assert!(
            run.starts_with("bazel run //tools/agent -- --publish "),
            "{run}"
        );
        let (_, run) = lines("windlass-cluster-with-api-server.1");
        assert!(
            run.starts_with("bazel run //cluster:with_api_server -- "),
            "{run}"
        );
        // What only build actions run has none.
        assert!(!folder.path().join("windlass-image-layer.1").exists());
    }
}

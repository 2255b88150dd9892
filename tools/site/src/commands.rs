//! Commands of pages, as a script for bash: a call for each thing to do. What the calls do is said by whoever runs
//! it, `.ci/steps/docs`:
//!
//! | call | what |
//! |---|---|
//! | `page PATH` | the commands after it are of this page |
//! | `before COMMAND` | what no reader sees |
//! | `shown LINE COMMAND [OUTPUT LINE...]` | a command, and what the page shows of what it prints |
//! | `ended LINE COMMAND [OUTPUT LINE...]` | the same of one that goes on until Ctrl-C |

use std::fmt::Write as _;
use std::path::PathBuf;

use windlass_markdown::{Block, Mark, Page};

use crate::error::Error;

/// Of which pages.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Pages, in the order in which they are run.
    #[arg(required = true, value_name = "PAGE")]
    pages: Vec<PathBuf>,
}

/// The script.
pub fn run(arguments: &Arguments) -> Result<String, Error> {
    let mut script = String::new();
    for path in &arguments.pages {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let _ = writeln!(script, "page {}", quoted(&path.display().to_string()));
        script += &of_page(&windlass_markdown::parse(&text));
    }
    Ok(script)
}

fn of_page(page: &Page) -> String {
    page.blocks.iter().map(of_block).collect()
}

fn of_block(block: &Block) -> String {
    let mut script = String::new();
    let mut ends = Vec::new();
    let mut run = None;
    for mark in &block.marks {
        match mark {
            Mark::Before(command) => {
                let _ = writeln!(script, "before {}", quoted(command));
            }
            Mark::Ends(words) => ends.push(words),
            Mark::Run => run = Some(true),
            Mark::RunOnly(_) => run = Some(false),
            Mark::RunBy(_) | Mark::NotRun(_) => {}
        }
    }
    let Some(compared) = run else {
        return String::new();
    };
    for command in block.commands() {
        let is_ended = ends.iter().any(|words| command.text.contains(*words));
        let call = if is_ended { "ended" } else { "shown" };
        let _ = write!(script, "{call} {} {}", command.line, quoted(&command.text));
        if compared {
            for line in &command.output {
                let _ = write!(script, " {}", quoted(line));
            }
        }
        script.push('\n');
    }
    script
}

/// As bash reads it back.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_is_in_the_script() {
        let page = windlass_markdown::parse(
            "\
<!-- before: it's -->
<!-- run -->
```console
$ a 'b'
one
two ...
```

<!-- run: another thing each time -->
<!-- Ctrl-C ends: --follow -->
```console
$ logs --follow
x
$ logs
x
```

<!-- not run: no cloud -->
```sh
aws
```
",
        );
        assert_eq!(
            of_page(&page),
            r"before 'it'\''s'
shown 4 'a '\''b'\''' 'one' 'two ...'
ended 12 'logs --follow'
shown 14 'logs'
"
        );
    }
}

//! Writes pages for a browser to open: `page_specimens FOLDER`.

use std::path::Path;
use std::process::ExitCode;

use windlass_page_specimens::specimens;
use windlass_report::{Exit, say};

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    for (name, text) in specimens() {
        if let Err(error) = std::fs::write(Path::new(&folder).join(name), text) {
            say(&format!("error: cannot write `{name}`\ncause: {error}"));
            return Exit::Failure.into();
        }
    }
    Exit::Success.into()
}

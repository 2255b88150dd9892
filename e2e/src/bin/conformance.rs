//! `conformance server PROGRAM FEATURES` and `conformance client PROGRAM FEATURES SERVER`: whether a
//! program is a `RouteGuide` server or client.

use e2e::conformance::{client, server};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", program, features] => server::run(Path::new(program), Path::new(features)),
        ["client", program, features, server] => {
            client::run(Path::new(program), Path::new(features), Path::new(server));
        }
        _ => {
            windlass_report::say(&format!(
                "conformance: got {arguments:?}, want server or client"
            ));
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

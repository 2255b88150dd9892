//! The tool by its command line.

mod actions;
mod errors;
mod worker;

use std::ffi::OsString;

use crate::cli::Arguments;
use crate::{Error, Known};

const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A Deployment of namespace `alice`, with one container that runs `image`.
fn deployment(image: &str) -> String {
    serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "client", "namespace": "alice"},
        "spec": {"template": {"spec": {"containers": [{"name": "client", "image": image}]}}},
    })
    .to_string()
}

/// What `main` does, without the process.
fn run(arguments: &[String]) -> Result<(), Error> {
    notes(arguments).map(drop)
}

/// The same; gives what it says although all is well.
fn notes(arguments: &[String]) -> Result<Vec<String>, Error> {
    let all = ["manifest"].into_iter().map(OsString::from);
    let all = all.chain(arguments.iter().map(OsString::from));
    let arguments: Arguments = windlass_param_file::parse(all).expect("the command line parses");
    crate::run(&arguments, &mut Known::default())
}

/// `manifest resolve` of a file into another.
fn resolve(src: &str, out: &str, more: &[&str]) -> Result<(), Error> {
    run(&resolving(src, out, more))
}

fn resolving(src: &str, out: &str, more: &[&str]) -> Vec<String> {
    let mut arguments = vec![
        "resolve".to_owned(),
        "--label=//services/client:myns-deployment".to_owned(),
        format!("--src={src}"),
        format!("--out={out}"),
    ];
    arguments.extend(more.iter().map(|more| (*more).to_owned()));
    arguments
}

/// The environment of `alice`.
const MYNS: [&str; 5] = [
    "--kind=Deployment",
    "--environment-name=myns",
    "--namespace=alice",
    "--personal",
    "--forbidden-namespace=prod",
];

/// The arguments of [`MYNS`] and more.
fn myns<'a>(more: &[&'a str]) -> Vec<&'a str> {
    MYNS.iter().chain(more).copied().collect()
}

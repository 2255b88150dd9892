//! Makes the Rust code of `routeguide.proto`. No `protoc`: protox is a compiler in Rust.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The path under which other `.proto` files would import this one.
const PROTO: &str = "routeguide/v1/routeguide.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=routeguide.proto");
    println!("cargo:rerun-if-env-changed=PROTO_ROOT");
    let descriptors = protox::compile([PROTO], [root()?])?;
    let mut methods = Vec::new();
    for file in &descriptors.file {
        for service in &file.service {
            let of = format!("/{}.{}", file.package(), service.name());
            methods.extend(
                service
                    .method
                    .iter()
                    .map(|method| format!("{of}/{}", method.name())),
            );
        }
    }
    let list = Path::new(&env::var("OUT_DIR")?).join("methods.rs");
    fs::write(list, format!("&{methods:?}"))?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

/// The folder `proto` of the repository: Bazel names it, cargo runs this file two folders below.
fn root() -> Result<PathBuf, env::VarError> {
    if let Ok(root) = env::var("PROTO_ROOT") {
        return Ok(root.into());
    }
    Ok(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../.."))
}

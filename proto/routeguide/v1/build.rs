//! Makes the Rust code of `routeguide.proto`. No `protoc`: protox is a compiler in Rust.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

/// The path under which other `.proto` files would import this one.
const PROTO: &str = "routeguide/v1/routeguide.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=routeguide.proto");
    println!("cargo:rerun-if-env-changed=PROTO_ROOT");
    let descriptors = protox::compile([PROTO], [root()?])?;
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

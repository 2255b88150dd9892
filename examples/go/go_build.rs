//! `go_build GO MODULES N OUT{N} (SOURCE PATH)...`: runs `go build` on a module laid out from files that
//! lie elsewhere. Go takes absolute paths only, and Bazel knows none, so this makes them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

fn main() -> ExitCode {
    match build(env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE, // Go has said why.
        Err(error) => {
            eprintln!("error: cannot lay out the module\ncause: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(arguments: Vec<String>) -> io::Result<bool> {
    let usage = || io::Error::other("got too few arguments");
    let here = env::current_dir()?;
    let [go, modules, count, files @ ..] = &arguments[..] else {
        return Err(usage());
    };
    let count = count.parse().map_err(|_| usage())?;
    let (outs, sources) = files.split_at_checked(count).ok_or_else(usage)?;
    let work = here.join(format!("{}.work", outs.first().ok_or_else(usage)?));
    for source in sources.chunks_exact(2) {
        let to = work.join("module").join(&source[1]);
        fs::create_dir_all(to.parent().unwrap_or(&work))?;
        fs::copy(&source[0], to)?;
    }
    let programs: Vec<&Path> = outs.iter().map(Path::new).collect();
    let built = go_build(&here.join(go), &here.join(modules), &work, &programs)?;
    if built {
        for program in programs {
            let name = program.file_name().ok_or_else(usage)?;
            fs::rename(work.join("bin").join(name), program)?;
        }
    }
    fs::remove_dir_all(work)?;
    Ok(built)
}

/// Builds the folders that the programs are named for. Nothing of this machine gets into them.
fn go_build(go: &Path, modules: &Path, work: &PathBuf, programs: &[&Path]) -> io::Result<bool> {
    let folders = programs.iter().filter_map(|program| program.file_name());
    Command::new(fs::canonicalize(go)?)
        .current_dir(work.join("module"))
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"])
        .arg("-o")
        .arg(format!("{}/bin/", work.display()))
        .args(folders.map(|name| format!("./{}", name.display())))
        .env("GOCACHE", work.join("cache"))
        // In a sandbox each file is a link.
        .env("GODEBUG", "embedfollowsymlinks=1")
        .env("GOENV", "off")
        .env("GOFLAGS", "-mod=mod")
        .env("GOMODCACHE", modules)
        .env("GOPATH", work.join("path"))
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOTELEMETRY", "off")
        .status()
        .map(|status| status.success())
}

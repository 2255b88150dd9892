//! Every error, by programs that are made up. The real ones are tried by `//services/client:apply_test`.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use strum::VariantNames as _;

use crate::{ApiServer, Error, Settings};

/// Programs by name.
type Scripts<'a> = &'a [(&'a str, &'a str)];

/// A folder of programs that are scripts.
fn programs(folder: &Path, scripts: Scripts) -> PathBuf {
    let bin = folder.join("programs/bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    for (name, script) in scripts {
        let path = bin.join(name);
        let text = format!("#!/bin/sh\n[ \"$1\" = settle ] && exit 0\n{script}\n");
        std::fs::write(&path, text).expect("a script");
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("executable");
        // A process that another test is just starting may have the file open for writing still.
        while let Err(error) = Command::new(&path).arg("settle").status() {
            assert_eq!(error.kind(), ErrorKind::ExecutableFileBusy, "{error}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    folder.join("programs")
}

fn settings<'a>(folder: &'a Path, programs: &'a Path, seconds: f32) -> Settings<'a> {
    Settings {
        programs,
        folder,
        context: "windlass",
        timeout: Duration::from_secs_f32(seconds),
    }
}

const SLEEPS: &str = "echo waits; exec /bin/sleep 60";
const FAILS: &str = "echo 'no such flag' >&2; exit 3";

#[test]
fn every_error_has_a_case() {
    let cases: [(&str, Scripts, f32, &str, &[&str]); 3] = [
        ("Io", &[], 60.0, "cannot run `DIR/programs/bin/etcd`", &[]),
        (
            "Ended",
            &[
                ("etcd", FAILS),
                ("kube-apiserver", SLEEPS),
                ("kubectl", "exit 1"),
            ],
            60.0,
            "etcd ended while it was starting: exit status: 3",
            &["no such flag"],
        ),
        (
            "Late",
            &[
                ("etcd", SLEEPS),
                ("kube-apiserver", SLEEPS),
                ("kubectl", "exit 1"),
            ],
            0.2,
            "the API server is not ready after 0.2 s",
            &["waits"],
        ),
    ];
    for (variant, scripts, seconds, text, tail) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = programs(folder.path(), scripts);
        let started = ApiServer::start(&settings(folder.path(), &programs, seconds));
        let error = started.expect_err(variant);
        let shown = error.to_string();
        let shown = shown.replace(&folder.path().display().to_string(), "DIR");
        assert_eq!((<&str>::from(&error), &*shown), (variant, text));
        assert_eq!(error.tail(), tail, "{variant}");
    }
    windlass_error_cases::complete(cases.map(|(variant, ..)| variant), Error::VARIANTS);
}

#[test]
fn dropping_it_ends_both_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let scripts = [("etcd", SLEEPS), ("kube-apiserver", SLEEPS)];
    let programs = programs(folder.path(), &scripts);
    let settings = settings(folder.path(), &programs, 0.0);
    std::fs::create_dir_all(super::logs(settings.folder)).expect("a folder");
    let mut server = ApiServer {
        folder: settings.folder.to_owned(),
        port: 0,
        running: Vec::new(),
    };
    for (program, _) in scripts {
        server.run(&settings, program, &[]).expect("it starts");
    }
    let pids: Vec<u32> = server
        .running
        .iter()
        .map(|daemon| daemon.process.id())
        .collect();
    let runs = |pid: &&u32| Path::new(&format!("/proc/{pid}")).exists();
    assert_eq!(pids.iter().filter(runs).count(), 2);
    drop(server);
    assert_eq!(pids.iter().filter(runs).count(), 0);
}

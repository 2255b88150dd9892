//! Signing by a program.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{new_key, provenance, public, roots};
use crate::envelope::PAYLOAD_TYPE;
use crate::{Envelope, SignError, Signer, pae};

/// What comes of signing by a script: `SIGNATURE` is the one that it should print, and what it is
/// given goes to the file `given`.
pub(super) fn sign_by(folder: &Path, script: &str) -> Result<(), SignError> {
    let key = new_key();
    let message = pae(PAYLOAD_TYPE, &provenance().to_json());
    let signature = BASE64_STANDARD.encode(key.sign(&message));
    let script = script.replace("SIGNATURE", &signature);
    let program = folder.join("sign");
    let given = folder.join("given");
    let given_to = given.display();
    let settle = "[ \"$1\" = settle ] && exit 0";
    let text = format!("#!/bin/sh\n{settle}\ncat >{given_to}\n{script}\n");
    std::fs::write(&program, text).expect("writes");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("sets");
    // A process that another test is just starting may have the file open for writing still.
    while let Err(error) = Command::new(&program).arg("settle").status() {
        assert_eq!(error.kind(), ErrorKind::ExecutableFileBusy, "{error}");
        std::thread::sleep(Duration::from_millis(1));
    }
    let signer = Signer::Program {
        program,
        key: public(&key),
    };
    let envelope = Envelope::sign(&provenance(), &signer)?;
    assert_eq!(std::fs::read(given).expect("reads"), message);
    let read = roots(&[&key]).verify(&envelope).expect("it is trusted");
    assert_eq!(read, provenance());
    Ok(())
}

#[test]
fn a_program_signs() {
    let folder = tempfile::tempdir().expect("a folder");
    sign_by(folder.path(), "echo SIGNATURE").expect("signs");
}

//! Every error of the tool: how it comes about, and what is said.

use std::ffi::OsStr;

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use crate::environment::Environment;
use crate::{Error, request};

#[test]
fn what_it_does_not_start_with() {
    check(START, Error::VARIANTS, |error| error.into());
}

const START: &[Case<Error>] = &[
    Case {
        variant: "Launcher",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| request(None, &Environment::default()).map(drop),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/agent.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: beside_nothing,
    },
];

fn beside_nothing(folder: &Folder) -> Result<(), Error> {
    folder.folder("agent.runfiles");
    let launcher = folder.path("agent");
    request(Some(OsStr::new(&launcher)), &Environment::default()).map(drop)
}

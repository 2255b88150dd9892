//! Every error of the crate, by its public functions.

use super::fake::{Fake, Fault, What};
use super::{NAME, client, fault, files, push_of};
use crate::wire::{GET_IMAGE, WRITE};
use crate::{Cause, Error};
use std::path::Path;
use strum::VariantNames as _;
use tonic::Code;
use windlass_error_cases::{Case, Folder, check, complete, hold};
use windlass_report::Exit;

const DENIED: What = What::Status(Code::PermissionDenied, "not yours");

const ERRORS: &[Case<Error>] = &[
    Case {
        variant: "Reach",
        exit: Exit::Registry,
        text: "error: cannot reach containerd at `DIR/containerd.sock`\n\
               cause: Images/Get: No such file or directory (os error 2)\n",
        provoke: |folder| {
            asynchronous(async {
                let root = folder.path("");
                let push = push_of(&files(Path::new(&root), &[b"first"]), NAME);
                folder.keep();
                let name = push.target.repository.at(push.image.digest());
                let client = client(&Path::new(&root).join("containerd.sock"));
                client.has(&name, &push.image).await.map(drop)
            })
        },
    },
    Case {
        // Somebody listens who never says anything.
        variant: "Reach",
        exit: Exit::Registry,
        text: "error: cannot reach containerd at `DIR/silent.sock`\n\
               cause: Images/Get: no answer within 1 s\n",
        provoke: |folder| {
            asynchronous(async {
                let root = folder.path("");
                let push = push_of(&files(Path::new(&root), &[b"first"]), NAME);
                let socket = Path::new(&root).join("silent.sock");
                let _silent = std::os::unix::net::UnixListener::bind(&socket).expect("listens");
                folder.keep();
                let name = push.target.repository.at(push.image.digest());
                client(&socket).has(&name, &push.image).await.map(drop)
            })
        },
    },
    Case {
        variant: "LookUp",
        exit: Exit::Registry,
        text: "error: cannot look up `localhost:31000/demo/server@DIGEST` on the node\n\
               cause: Images/Get: PermissionDenied: not yours\n",
        provoke: |folder| {
            asynchronous(async {
                let root = folder.path("");
                let push = push_of(&files(Path::new(&root), &[b"first"]), NAME);
                let fake = Fake::start(Path::new(&root), fault(GET_IMAGE, 1, DENIED));
                folder.keep();
                folder.show_as(&push.image.digest().to_string(), "DIGEST");
                let name = push.target.repository.at(push.image.digest());
                client(&fake.socket).has(&name, &push.image).await.map(drop)
            })
        },
    },
    Case {
        variant: "Push",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: Content/Write: PermissionDenied: not yours\n",
        provoke: |folder| pushed(folder, fault(WRITE, 1, DENIED), |_| {}),
    },
];

#[test]
fn every_error_has_a_case() {
    check(ERRORS, Error::VARIANTS, |error| error.into());
}

const STATUS: Case<Error> = Case {
    variant: "Status",
    exit: Exit::Registry,
    text: "error: cannot push image `//services/server:image` to the node\n\
           cause: Content/Write: Unknown: write data: no space left on device\n",
    provoke: |folder| pushed(folder, fault(WRITE, 9, What::Full(1)), |_| {}),
};

const BLOB: Case<Error> = Case {
    variant: "Blob",
    exit: Exit::Input,
    text: "error: cannot push image `//services/server:image` to the node\n\
           cause: blob `DIR/layer0`: got 2 bytes, want 5\n",
    provoke: |folder| pushed(folder, Vec::new(), |root| write(&root.join("layer0"), "me")),
};

const CAUSES: &[Case<Error>] = &[
    STATUS,
    Case {
        // The same length, and other bytes.
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: Content/Write: FailedPrecondition: unexpected commit digest \
               DIGEST\n",
        provoke: |folder| {
            let other = windlass_oci_reference::Digest::of(b"other").to_string();
            folder.show_as(&other, "DIGEST");
            pushed(folder, Vec::new(), |root| {
                write(&root.join("layer0"), "other");
            })
        },
        ..STATUS
    },
    Case {
        variant: "Connection",
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: Content/Write: REASON\n",
        provoke: |folder| {
            // In whose words depends on what was read before the end.
            for reason in [
                "stream closed because of a broken pipe",
                "Broken pipe (os error 32)",
                "connection reset",
            ] {
                folder.show_as(reason, "REASON");
            }
            pushed(folder, fault(WRITE, usize::MAX, What::Cut(0)), |_| {})
        },
        ..STATUS
    },
    Case {
        variant: "Answer",
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: Content/Write: got 4000 bytes, want at most 5\n",
        provoke: |folder| pushed(folder, fault(WRITE, 1, What::Claims(4000)), |_| {}),
        ..STATUS
    },
    Case {
        variant: "Unseen",
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: containerd has it, but its part for Kubernetes has not taken it over after \
               0 s\n",
        provoke: |folder| {
            asynchronous(async {
                let root = folder.path("");
                let push = push_of(&files(Path::new(&root), &[b"first"]), NAME);
                let fake = Fake::start(Path::new(&root), Vec::new());
                folder.keep();
                fake.store().is_deaf = true;
                client(&fake.socket).push(&push).await.map(drop)
            })
        },
        ..STATUS
    },
    BLOB,
    Case {
        text: "error: cannot push image `//services/server:image` to the node\n\
               cause: cannot read blob `DIR/layer0`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            pushed(folder, Vec::new(), |root| {
                std::fs::remove_file(root.join("layer0")).expect("removes");
            })
        },
        ..BLOB
    },
];

#[test]
fn every_cause_has_a_case() {
    hold(CAUSES, |error| error.cause().into());
    complete(CAUSES.iter().map(|case| case.variant), Cause::VARIANTS);
}

/// A push that fails after `arrange` has made the fault; nothing is named, and nothing half is left.
fn pushed(folder: &Folder, faults: Vec<Fault>, arrange: impl FnOnce(&Path)) -> Result<(), Error> {
    asynchronous(async {
        let root = folder.path("");
        let root = Path::new(&root);
        let push = push_of(&files(root, &[b"first"]), NAME);
        arrange(root);
        let fake = Fake::start(root, faults);
        folder.keep();
        let pushed = client(&fake.socket).push(&push).await;
        assert_eq!(fake.store().images.len(), 0);
        assert_eq!(
            fake.store().leases.len(),
            1,
            "what has come is kept for a rerun"
        );
        pushed.map(drop)
    })
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("writes");
}

fn asynchronous<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

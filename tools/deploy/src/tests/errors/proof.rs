//! Environments that require proof, and do not get it.

use serde_json::{Value, json};
use windlass_attestation::Provenance;
use windlass_error_cases::{Case, Folder};
use windlass_report::Exit;

use super::{Scenario, World, fails};
use crate::error::Failure;
use crate::tests::case;
use crate::tests::proof::{
    COMMIT, REPOSITORY, ROOTS_PATH, attestation, digest, file, key, provenance, public, require,
    roots, trust, write,
};

/// Applies an image that is proven, after `arrange` has changed something of it. A cluster trusts
/// the first key.
fn unproven(folder: &Folder, arrange: impl FnOnce(&mut World)) -> Result<(), Failure> {
    for (text, word) in [
        (digest().hex(), "HEX"),
        (public(&key(1)).id().to_string(), "KEY1"),
        (public(&key(2)).id().to_string(), "KEY2"),
        (COMMIT.to_owned(), "COMMIT"),
    ] {
        folder.show_as(&text, word);
    }
    fails(folder, "apply", Scenario::Usual, |world| {
        require(&mut world.case);
        trust(&world.fake, &[1]);
        arrange(world);
    })
}

/// The same, with a statement of something else that a trusted key has signed.
fn says(folder: &Folder, edit: fn(&mut Provenance)) -> Result<(), Failure> {
    unproven(folder, |world| {
        let mut said = provenance();
        edit(&mut said);
        write(&world.case, &attestation(&said, &key(1)));
    })
}

const NO_ROOTS: Case<Failure> = Case {
    variant: "Unproven/NoRoots",
    exit: Exit::Preflight,
    text: "error: environment `prod` requires proof of its images; nothing was pushed or written\n\
           cause: windlass trusts nobody: there is no ConfigMap `windlass-system/windlass-trust`\n\
           hint: kubectl --context windlass -n windlass-system create configmap windlass-trust \
           --from-file=keys.json\n",
    provoke: |folder| {
        unproven(folder, |world| {
            world.fake.remove(ROOTS_PATH);
        })
    },
};

const ROOTS: Case<Failure> = Case {
    variant: "Unproven/Roots",
    text: "error: environment `prod` requires proof of its images; nothing was pushed or written\n\
           cause: trust roots of windlass do not hold: ConfigMap `windlass-system/windlass-trust`, \
           `keys.json`\n\
           cause: keys: got none, want one or more\n\
           hint: kubectl --context windlass -n windlass-system get configmap windlass-trust -o \
           yaml\n",
    provoke: |folder| {
        unproven(folder, |world| {
            roots(&world.fake, &json!({"keys.json": "{\"keys\": []}"}));
        })
    },
    ..NO_ROOTS
};

const MISSING: Case<Failure> = Case {
    variant: "Unproven/Missing",
    text: "error: environment `prod` requires proof of image \
           `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
           cause: its attestation is missing: there is no `services/redis/attestations/HEX.json`\n\
           hint: bazel run @windlass//tools/image -- attestation \
           localhost:31000/demo/redis@sha256:HEX --out-dir services/redis/attestations\n",
    provoke: |folder| {
        unproven(folder, |world| {
            world.case.request["proofs"][0]["attestations"] = json!([]);
        })
    },
    ..NO_ROOTS
};

const VERIFY: Case<Failure> = Case {
    variant: "Unproven/Verify",
    text: "error: environment `prod` requires proof of image \
           `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
           cause: its attestation `services/redis/attestations/HEX.json` is not to be trusted\n\
           cause: signed by `KEY2`, which is no trust root; want `KEY1`\n",
    provoke: |folder| {
        unproven(folder, |world| {
            write(&world.case, &attestation(&provenance(), &key(2)));
        })
    },
    ..NO_ROOTS
};

const MISMATCH: Case<Failure> = Case {
    variant: "Unproven/Mismatch",
    text: "error: environment `prod` requires proof of image \
           `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
           cause: its attestation `services/redis/attestations/HEX.json` is not of the pin\n\
           cause: digest: the attestation is of \
           sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, the pin of \
           sha256:HEX\n",
    provoke: |folder| {
        says(folder, |said| {
            said.digest = windlass_oci_reference::Digest::of(b"abc");
        })
    },
    ..NO_ROOTS
};

/// Adds nothing to what is proven but `object`.
fn runs(folder: &Folder, object: &Value) -> Result<(), Failure> {
    unproven(folder, |world| world.object(object))
}

/// A custom object that names an image.
fn custom(image: &str) -> Value {
    json!({"apiVersion": "stable.example.com/v1", "kind": "Rollout",
        "metadata": {"name": "redis", "namespace": "alice"},
        "spec": {"steps": [{"image": image}]}})
}

const NO_PIN: Case<Failure> = Case {
    variant: "Unproven/NoPin",
    text: "error: environment `prod` requires proof of image \
           `localhost:31000/demo/redis@sha256:\
           ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`; nothing was \
           pushed or written\n\
           cause: no pin names it: an image that stands in a manifest by its digest has no \
           commit\n",
    provoke: |folder| runs(folder, &case::pod("redis", &another())),
    ..NO_ROOTS
};

/// An image of the project that no pin names.
fn another() -> String {
    format!(
        "{REPOSITORY}@{}",
        windlass_oci_reference::Digest::of(b"abc")
    )
}

const NO_DIGEST: Case<Failure> = Case {
    variant: "Unproven/NoDigest",
    text: "error: environment `prod` requires proof of image `localhost:31000/demo/redis:v1`; \
           nothing was pushed or written\n\
           cause: no pin names it: an image without a digest is whatever the registry says\n",
    provoke: |folder| runs(folder, &case::pod("redis", &format!("{REPOSITORY}:v1"))),
    ..NO_ROOTS
};

const UNCLEAR: Case<Failure> = Case {
    variant: "Unproven/Unclear",
    text: "error: environment `prod` requires proof of image `demo/redis:v1`; nothing was pushed \
           or written\n\
           cause: it is not clear whose it is\n\
           cause: image reference: got `demo/redis:v1`, want registry/path@sha256:<digest> or \
           registry/path:<tag>, as in `localhost:31000/demo/client:v1`\n",
    provoke: |folder| runs(folder, &case::pod("redis", "demo/redis:v1")),
    ..NO_ROOTS
};

pub(super) const CASES: &[Case<Failure>] = &[
    NO_ROOTS,
    NO_PIN,
    Case {
        provoke: |folder| runs(folder, &custom(&another())),
        ..NO_PIN
    },
    Case {
        // Mounted, and not run.
        provoke: |folder| {
            let mut pod = case::pod("redis", &format!("{REPOSITORY}@{}", digest()));
            pod["spec"]["volumes"] = json!([{"name": "data", "image": {"reference": another()}}]);
            runs(folder, &pod)
        },
        ..NO_PIN
    },
    NO_DIGEST,
    Case {
        text: "error: environment `prod` requires proof of image `localhost:31000/demo/redis`; \
               nothing was pushed or written\n\
               cause: no pin names it: an image without a digest is whatever the registry says\n",
        provoke: |folder| runs(folder, &case::pod("redis", REPOSITORY)),
        ..NO_DIGEST
    },
    Case {
        text: "error: environment `prod` requires proof of image `mirror.example/demo/redis`; \
               nothing was pushed or written\n\
               cause: no pin names it: an image without a digest is whatever the registry says\n",
        // As those have it who keep the tag in a field of its own.
        provoke: |folder| runs(folder, &custom("mirror.example/demo/redis")),
        ..NO_DIGEST
    },
    UNCLEAR,
    Case {
        text: "error: environment `prod` requires proof of its images; nothing was pushed or \
               written\n\
               cause: windlass trusts nobody: there is no key `keys.json` in ConfigMap \
               `windlass-system/windlass-trust`\n\
               hint: kubectl --context windlass -n windlass-system create configmap \
               windlass-trust --from-file=keys.json\n",
        provoke: |folder| unproven(folder, |world| roots(&world.fake, &json!({"keys": "{}"}))),
        ..NO_ROOTS
    },
    ROOTS,
    MISSING,
    VERIFY,
    Case {
        text: "error: environment `prod` requires proof of image \
               `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
               cause: its attestation `services/redis/attestations/HEX.json` is not to be trusted\n\
               cause: the signature is not of `KEY1`: the attestation was changed, or signed by \
               another key\n",
        provoke: |folder| {
            unproven(folder, |world| {
                // Of a commit that an attacker wants, under the signature of another statement.
                let mut said = provenance();
                said.commit = "0".repeat(40).parse().expect("a commit");
                let mut forged = attestation(&provenance(), &key(1));
                forged.payload = said.to_json();
                write(&world.case, &forged);
            })
        },
        ..VERIFY
    },
    MISMATCH,
    Case {
        text: "error: environment `prod` requires proof of image \
               `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
               cause: its attestation `services/redis/attestations/HEX.json` is not of the pin\n\
               cause: repository: the attestation is of `demo/client`, the pin of `demo/redis`\n",
        provoke: |folder| says(folder, |said| said.name = "demo/client".to_owned()),
        ..MISMATCH
    },
    Case {
        text: "error: environment `prod` requires proof of image \
               `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
               cause: its attestation `services/redis/attestations/HEX.json` is not of the pin\n\
               cause: commit: the attestation is of 0000000000000000000000000000000000000000, the \
               pin of COMMIT\n",
        provoke: |folder| {
            says(folder, |said| {
                said.commit = "0".repeat(40).parse().expect("a commit");
            })
        },
        ..MISMATCH
    },
    Case {
        variant: "Unproven/Envelope",
        text: "error: environment `prod` requires proof of image \
               `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
               cause: its attestation `services/redis/attestations/HEX.json` does not hold\n\
               cause: it is not an envelope of DSSE\n\
               cause: EOF while parsing an object at line 1 column 1\n",
        provoke: |folder| {
            unproven(folder, |world| {
                let path = world.case.folder.join(file());
                std::fs::write(path, "{").expect("writes");
            })
        },
        ..NO_ROOTS
    },
    Case {
        variant: "Unproven/Read",
        text: "error: environment `prod` requires proof of image \
               `localhost:31000/demo/redis@sha256:HEX`; nothing was pushed or written\n\
               cause: cannot read `gone/HEX.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            unproven(folder, |world| {
                world.case.request["proofs"][0]["attestations"] =
                    json!([format!("gone/{}", file())]);
            })
        },
        ..NO_ROOTS
    },
    Case {
        variant: "Unproven/Pins",
        text: "error: environment `prod` requires proof of `//services/redis:prod-pins`; nothing \
               was pushed or written\n\
               cause: cannot read `nowhere.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| {
            unproven(folder, |world| {
                world.case.request["proofs"][0]["pins"] = json!("nowhere.json");
            })
        },
        ..NO_ROOTS
    },
    Case {
        variant: "Unproven/Pins",
        text: "error: environment `prod` requires proof of `//services/redis:prod-pins`; nothing \
               was pushed or written\n\
               cause: pins `prod-pins.json` do not hold\n\
               cause: the file: got an array, want an object of environments\n",
        provoke: |folder| {
            unproven(folder, |world| {
                world.case.write("prod-pins.json", &json!([]));
            })
        },
        ..NO_ROOTS
    },
];

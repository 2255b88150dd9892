//! Every error of the role: how it comes about, and what is said.

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check};
use windlass_report::Exit;

use super::bench::Bench;
use crate::environment::Environment;
use crate::publish::Error;
use crate::request::AgentRequest;

/// A turn of a bench of its own, which is shown as BENCH, and its commit as COMMIT.
fn turn(
    folder: &Folder,
    more: &[&str],
    write: impl FnOnce(&Bench),
    arrange: impl FnOnce(&mut AgentRequest, &mut Environment),
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::new(vec![]).await;
        write(&bench);
        let head = bench.head();
        folder.show_as(&bench.folder.path().display().to_string(), "BENCH");
        folder.show_as(&bench.registry.name(), "REGISTRY");
        folder.show_as(&head[..12], "COMMIT");
        bench.publish_with(more, arrange).await
    })
}

/// A turn of a commit that has a file.
fn of_commit(folder: &Folder, name: &str, text: &str) -> Result<(), Error> {
    let write = |bench: &Bench| {
        bench.write(name, text);
        bench.commit("What goes wrong");
    };
    turn(folder, &[], write, |_, _| ())
}

#[test]
fn every_error_has_a_case() {
    let cases: Vec<Case<Error>> = START.into_iter().chain(TURN).collect();
    check(&cases, Error::VARIANTS, |error| error.into());
}

const START: [Case<Error>; 9] = [
    Case {
        variant: "NoWorkspace",
        exit: Exit::Preflight,
        text: "error: BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a \
               workspace sets it\n",
        provoke: |folder| {
            turn(
                folder,
                &[],
                |_| (),
                |_, environment| environment.workspace = None,
            )
        },
    },
    Case {
        variant: "UnknownEnvironment",
        exit: Exit::Usage,
        text: "error: --env: got `test`, want `prod` or `staging` or `dev`\n",
        provoke: |folder| turn(folder, &["--env=test"], |_| (), |_, _| ()),
    },
    Case {
        variant: "Password",
        exit: Exit::Usage,
        text: "error: --remote: got a URL with a password, want one without; git asks a credential \
               helper for it\n",
        provoke: |folder| {
            let remote = "--remote=https://ci:secret@git.example/shop";
            turn(folder, &[remote], |_| (), |_, _| ())
        },
    },
    Case {
        variant: "Key",
        exit: Exit::Usage,
        text: "error: --key: got `SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI`, want the line \
               of its .pub file: a program cannot be asked for it\n",
        provoke: |folder| {
            // Of two, the last counts.
            let key = "--key=SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";
            turn(folder, &["--sign-with=sign", key], |_| (), |_, _| ())
        },
    },
    Case {
        variant: "NoState",
        exit: Exit::Preflight,
        text: "error: --state: got nothing, and neither XDG_STATE_HOME nor HOME says where to keep a \
               clone\n",
        provoke: |folder| super::bench::stateless(folder),
    },
    Case {
        variant: "State",
        exit: Exit::Failure,
        text: "error: cannot keep a clone in `BENCH/work/bazelw`\n\
               cause: File exists (os error 17)\n",
        provoke: |folder| turn(folder, &["--state=work/bazelw"], |_| (), |_, _| ()),
    },
    Case {
        variant: "Busy",
        exit: Exit::Preflight,
        text: "error: another publisher works in `BENCH/state`\n",
        provoke: |folder| {
            let mut held = None;
            let hold = |bench: &Bench| {
                let state = std::fs::File::open(bench.path("state")).expect("opens");
                state.lock().expect("locks");
                held = Some(state);
            };
            turn(folder, &[], hold, |_, _| ())
        },
    },
    Case {
        variant: "DockerConfig",
        exit: Exit::Preflight,
        text: "error: cannot use `DIR/.docker/config.json`\n\
               cause: line 1, column 2: want JSON as `docker login` writes it\n",
        provoke: |folder| {
            folder.file(".docker/config.json", "{secret");
            let home = folder.path("");
            turn(
                folder,
                &[],
                |_| (),
                |_, environment| {
                    environment.registries.home = Some(home.into());
                },
            )
        },
    },
    Case {
        variant: "Pins",
        exit: Exit::Failure,
        text: "error: cannot find the remote\n\
               cause: error: No such remote 'origin'\n",
        provoke: |folder| {
            let remove = |bench: &Bench| {
                super::bench::git(&bench.path("work"), &["remote", "remove", "origin"]);
            };
            turn(folder, &[], remove, |_, _| ())
        },
    },
];

const TURN: [Case<Error>; 12] = [
    Case {
        variant: "Refused",
        exit: Exit::Input,
        text: "error: commit `COMMIT`: its images do not build\n\
               cause: `bazel build`: exit status: 1\n",
        provoke: |folder| of_commit(folder, "broken", ""),
    },
    Case {
        variant: "Refused",
        exit: Exit::Input,
        text: "error: commit `COMMIT`: its packages do not load\n\
               cause: `bazel query`: exit status: 7\n",
        provoke: |folder| of_commit(folder, "fails-query", "7"),
    },
    Case {
        // Nor does anybody read what is no answer.
        variant: "Bazel",
        exit: Exit::Failure,
        text: "error: cannot look for images\n\
               cause: `bazel query`: expected ident at line 1 column 2\n",
        provoke: |folder| of_commit(folder, "query", "no JSON\n"),
    },
    Case {
        // So it ends where the disk is full: that is no fault of the commit.
        variant: "Bazel",
        exit: Exit::Failure,
        text: "error: cannot build what is to be pushed\n\
               cause: `bazel build`: exit status: 36\n",
        provoke: |folder| of_commit(folder, "fails-build", "36"),
    },
    Case {
        variant: "Push",
        exit: Exit::Failure,
        text: "error: cannot use request `BENCH/state/bazel/out/services/client/client.push.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| of_commit(folder, "loses", "../client.push.json"),
    },
    Case {
        variant: "Image",
        exit: Exit::Failure,
        text: "error: cannot use image `//services/client:client.push`\n\
               cause: cannot read \
               `BENCH/state/bazel/out/services/client/client.push.runfiles/config`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| of_commit(folder, "loses", "config"),
    },
    Case {
        variant: "Repository",
        exit: Exit::Input,
        text: "error: `//services/client:Prod` names no repository\n\
               cause: repository: got `REGISTRY/shop/bundles/services/client/Prod`, want \
               registry/path in lower case, as in `localhost:31000/demo/client`\n",
        provoke: |folder| {
            turn(
                folder,
                &[],
                |_| (),
                |request, _| {
                    request.environments[0].targets = vec!["//services/client:Prod".to_owned()];
                },
            )
        },
    },
    Case {
        variant: "Sign",
        exit: Exit::Preflight,
        text: "error: cannot attest image `REGISTRY/shop/client@DIGEST`\n\
               cause: SSH_AUTH_SOCK: got nothing, want the socket of ssh-agent\n\
               hint: eval $(ssh-agent)\n",
        provoke: |folder| {
            let error = turn(
                folder,
                &[],
                |_| (),
                |_, environment| environment.ssh_agent = None,
            );
            if let Err(Error::Sign { image, .. }) = &error {
                let (_, digest) = image.split_once('@').expect("by digest");
                folder.show_as(digest, "DIGEST");
            }
            error
        },
    },
    Case {
        variant: "Registry",
        exit: Exit::Registry,
        text: "error: cannot push image `//services/client:client.push` to `REGISTRY/shop/client`\n\
               cause: HEAD /v2/shop/client/manifests/TAG: 409 CONFLICT\n",
        provoke: |folder| {
            let refuse = |bench: &Bench| {
                bench
                    .registry
                    .add_faults(vec![windlass_oci_registry_fake::Fault {
                        request: "HEAD /v2/shop/client/manifests/",
                        times: 1,
                        what: windlass_oci_registry_fake::What::Status(409, "", ""),
                    }]);
            };
            let error = turn(folder, &[], refuse, |_, _| ());
            if let Err(error) = &error {
                let said = windlass_report::render(error);
                let tag = said
                    .split("manifests/")
                    .nth(1)
                    .and_then(|it| it.split(':').next());
                folder.show_as(tag.expect("a tag"), "TAG");
            }
            error
        },
    },
    Case {
        variant: "Moved",
        exit: Exit::Preflight,
        text: "error: branch `main` was commit `COMMIT` and is `OTHER`; nothing was pinned\n",
        provoke: |folder| {
            let error = turn(folder, &[], super::bench::meanwhile, |_, _| ());
            if let Err(Error::Moved { to, .. }) = &error {
                folder.show_as(to, "OTHER");
            }
            error
        },
    },
    Case {
        variant: "Status",
        exit: Exit::Failure,
        text: "error: cannot write status `/dev/full`\n\
               cause: No space left on device (os error 28)\n",
        provoke: |folder| turn(folder, &["--status=/dev/full"], |_| (), |_, _| ()),
    },
    Case {
        variant: "Pins",
        exit: Exit::Input,
        text: "error: pins `services/client/pins.json` do not hold\n\
               cause: it is not JSON\n\
               cause: EOF while parsing a value at line 1 column 0\n",
        provoke: |folder| of_commit(folder, "services/client/pins.json", ""),
    },
];

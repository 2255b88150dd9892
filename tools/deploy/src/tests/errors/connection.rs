//! Kubeconfigs, certificates and tokens, and the cluster behind them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use windlass_error_cases::{Case, Folder};
use windlass_report::Exit;

use super::{Fake, Scenario, World, block_on, fails, root};
use crate::credentials::tests::token_until;
use crate::environment::Output;
use crate::error::Failure;
use crate::progress::Progress;
use crate::tests::case::{Buffer, case_in, run_with};
use crate::tests::tls::{Authority, Dates};

/// The same against a server with TLS, whose certificate is of `server`; `user` makes the user of
/// the kubeconfig. `clients` is whether the server looks at theirs.
fn fails_by_tls(
    folder: &Folder,
    server: Dates,
    clients: Clients,
    user: impl FnOnce(&Authority) -> Value,
) -> Result<(), Failure> {
    let authority = Authority::new();
    let tls = match clients {
        Clients::Unseen => authority.server(server),
        Clients::Checked => authority.server_that_checks_clients(server),
    };
    block_on(async {
        let fake = Fake::start_with(Scenario::Usual, &["alice"], Some(tls)).await;
        folder.show_as(&fake.address, "SERVER");
        let case = case_in(&root(folder), &fake.address, "apply");
        let cluster = json!({"server": format!("https://{}", fake.address),
            "certificate-authority-data": BASE64_STANDARD.encode(authority.pem())});
        case.write_kubeconfig(&cluster, &user(&authority));
        folder.keep();
        let progress = Progress::new(Output::Memory, Box::new(Buffer::default()));
        let result = run_with(&case, &[], &progress, std::future::pending()).await;
        assert_eq!(fake.writes(), [""; 0]);
        result
    })
}

/// Whether a server looks at certificates of clients.
#[derive(Clone, Copy)]
enum Clients {
    Unseen,
    Checked,
}

fn without_context(world: &mut World) {
    let other = json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [],
        "contexts": [{"name": "kind-a", "context": {"cluster": "c", "user": "u"}}]});
    world.case.write("kubeconfig", &other);
}

fn with_user(world: &mut World, user: &Value) {
    let cluster = json!({"server": format!("http://{}", world.fake.address)});
    world.case.write_kubeconfig(&cluster, user);
}

const CONTEXT: Case<Failure> = Case {
    variant: "Context",
    exit: Exit::Preflight,
    text: "error: no kubeconfig has context `windlass`\n\
           cause: got contexts `kind-a`\n\
           hint: bazel run //cluster:up\n",
    provoke: |folder| fails(folder, "apply", Scenario::Usual, without_context),
};

pub(super) const CASES: &[Case<Failure>] = &[
    CONTEXT,
    Case {
        text: "error: no kubeconfig has context `windlass`\n\
               cause: got no contexts at all\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            fails(folder, "diff", Scenario::Usual, |world| {
                world.case.environment.kubeconfig = None;
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Kubeconfig",
        text: "error: cannot use kubeconfig `DIR/kubeconfig`\n\
               cause: line 1, column 13: want YAML as kubectl writes it\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                let secret = json!({"contexts": 3, "users": [{"token": "c2VjcmV0"}]});
                world.case.write("kubeconfig", &secret);
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Kubeconfig",
        text: "error: cannot use kubeconfig `DIR/kubeconfig`\n\
               cause: identity PEM is missing a private key: the key must be PKCS8 or RSA/PKCS1\n",
        provoke: |folder| {
            fails(folder, "status", Scenario::Usual, |world| {
                let user = json!({"client-certificate-data": "bm8=", "client-key-data": "bm8="});
                with_user(world, &user);
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Kubeconfig",
        text: "error: cannot use kubeconfig `DIR/kubeconfig`\n\
               cause: credentials by `no-such-program`: No such file or directory (os error 2)\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                let plugin = json!({"apiVersion": "client.authentication.k8s.io/v1",
                    "command": "no-such-program", "interactiveMode": "Never"});
                with_user(world, &json!({"exec": plugin}));
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "InCluster",
        text: "error: cannot reach the cluster that this program runs in\n\
               cause: KUBERNETES_SERVICE_HOST: got nothing, want a pod, whose kubelet sets it\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.flags.push("--in-cluster");
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Reach",
        text: "error: cannot reach cluster `windlass`\n\
               cause: 127.0.0.1:DOWN: Connection refused (os error 111)\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            // A port that was free a moment ago.
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
            let port = listener.local_addr().expect("address").port();
            drop(listener);
            folder.show_as(&format!(":{port}"), ":DOWN");
            fails(folder, "apply", Scenario::Usual, |world| {
                let cluster = json!({"server": format!("http://127.0.0.1:{port}")});
                world.case.write_kubeconfig(&cluster, &json!({}));
            })
        },
        ..CONTEXT
    },
    Case {
        // Another cluster by now, made by the same program: its authority has the same name.
        variant: "Reach",
        text: "error: cannot reach cluster `windlass`\n\
               cause: SERVER: invalid peer certificate: BadSignature\n\
               hint: bazel run //cluster:up\n",
        provoke: |folder| {
            block_on(async {
                let tls = Authority::new().server(Dates::Now);
                let fake = Fake::start_with(Scenario::Usual, &[], Some(tls)).await;
                folder.show_as(&fake.address, "SERVER");
                let case = case_in(&root(folder), &fake.address, "apply");
                let cluster = json!({"server": format!("https://{}", fake.address),
                    "certificate-authority-data": BASE64_STANDARD.encode(Authority::new().pem())});
                case.write_kubeconfig(&cluster, &json!({}));
                folder.keep();
                let progress = Progress::new(Output::Memory, Box::new(Buffer::default()));
                run_with(&case, &[], &progress, std::future::pending()).await
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "ServerExpired/Expired",
        text: "error: the certificate of cluster `windlass` expired at 2020-01-01T00:00:00Z\n\
               hint: openssl s_client -connect SERVER </dev/null | openssl x509 -noout -dates\n",
        provoke: |folder| fails_by_tls(folder, Dates::Past, Clients::Unseen, |_| json!({})),
        ..CONTEXT
    },
    Case {
        // The server says so while the connection is made.
        variant: "CredentialsExpired/Connection",
        text: "error: your client certificate for cluster `windlass` expired at \
               2020-01-01T00:00:00Z\n\
               cause: received fatal alert: CertificateExpired\n\
               hint: kubectl --context windlass auth whoami\n",
        provoke: |folder| {
            fails_by_tls(folder, Dates::Now, Clients::Checked, |authority| {
                authority.client(Dates::Past)
            })
        },
        ..CONTEXT
    },
    Case {
        // As Kubernetes' own server does it: the connection is made, the request is refused.
        variant: "CredentialsExpired/Status",
        text: "error: your client certificate for cluster `windlass` expired at \
               2020-01-01T00:00:00Z\n\
               cause: Unauthorized\n\
               hint: kubectl --context windlass auth whoami\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Unauthorized, |world| {
                with_user(world, &Authority::new().client(Dates::Past));
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "CredentialsExpired/Status",
        text: "error: your token for cluster `windlass` expired at 2020-01-01T00:00:00Z\n\
               cause: Unauthorized\n\
               hint: kubectl --context windlass auth whoami\n",
        provoke: |folder| {
            fails(folder, "delete", Scenario::Unauthorized, |world| {
                with_user(world, &json!({"token": token_until(1_577_836_800)}));
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Unauthorized/Status",
        text: "error: cluster `windlass` does not know who you are\n\
               cause: Unauthorized\n\
               hint: kubectl --context windlass auth whoami\n",
        provoke: |folder| {
            fails(folder, "status", Scenario::Unauthorized, |world| {
                with_user(world, &json!({"token": "of-somebody-else"}));
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Identity",
        text: "error: context `windlass` leads to another cluster: kube-system uid: got \
               `3f9c21-kube-system`, want `other`\n",
        provoke: |folder| {
            fails(folder, "apply", Scenario::Usual, |world| {
                world.case.request["cluster"]["id"] = json!("other");
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Identity",
        text: "error: context `windlass` leads to another cluster: kube-system uid: got \
               `3f9c21-kube-system`, want `another`\n",
        provoke: |folder| {
            fails(folder, "status", Scenario::Usual, |world| {
                world.flags.push("--cluster-id=another");
            })
        },
        ..CONTEXT
    },
    Case {
        variant: "Read/Status",
        text: "error: cannot read the kinds that it serves from windlass\n\
               cause: etcd has no leader\n",
        provoke: |folder| fails(folder, "apply", Scenario::LosesKinds, |_| {}),
        ..CONTEXT
    },
    Case {
        variant: "Read/Connection",
        text: "error: cannot read the kinds that it serves from windlass\n\
               cause: connection closed before message completed\n",
        provoke: |folder| fails(folder, "diff", Scenario::HangsUp, |_| {}),
        ..CONTEXT
    },
];

//! `verify`: what it finds, and how it says it.

use super::promote::publish;
use super::{Bench, block_on, digest, entry, lock, short};

/// An image that holds, one that nobody has pushed, one of no commit in a protected environment,
/// and one of whose origin its publisher says something else; gives the commit of the first.
async fn bench() -> (Bench, String) {
    let bench = Bench::new(vec![]).await;
    bench.protect(&["prod"]);
    let built = bench.repository();
    let commit = [("commit", &*built)];
    let gone = format!("{}/demo/gone@{}", bench.registry.name(), digest("gone"));
    let client = bench.push("client", "client");
    bench.service(
        "client",
        &lock(&[
            (
                "prod",
                &[
                    ("client", entry(&client, &commit)),
                    ("gone", entry(&gone, &[])),
                ],
            ),
            ("dev", &[("client", entry(&client, &[]))]),
        ]),
    );
    let server = entry(&bench.push("server", "server"), &commit);
    bench.service("server", &lock(&[("staging", &[("server", server)])]));
    publish(&bench, "client", "client", &[&built]);
    publish(&bench, "server", "server", &[&"0".repeat(40)]);
    bench.git(&["add", "--all"]);
    (bench, built)
}

async fn verify(bench: &Bench, more: &[&str]) -> (String, Vec<String>, Option<String>) {
    let arguments: Vec<_> = ["verify"].iter().chain(more).copied().collect();
    let outcome = bench.run(&arguments).await.expect("asks");
    let failure = outcome.failure.as_ref().map(ToString::to_string);
    (bench.shown(&outcome.data), outcome.notes, failure)
}

#[test]
fn all_that_does_not_hold_is_said() {
    block_on(async {
        let (bench, built) = bench().await;
        let (data, notes, failure) = verify(&bench, &[]).await;
        let built = &built[..12];
        let (client, gone, server) = (short("client"), short("gone"), short("server"));
        let whole = digest("gone");
        assert_eq!(
            data,
            format!(
                "\
service            env      image   digest        commit        finding
//services/client  prod     client  {client}  {built}  none
//services/client  prod     gone    {gone}  -             registry `REGISTRY` has no image `demo/gone@{whole}`
//services/client  prod     gone    {gone}  -             environment `prod` is protected: got no commit that the image was built from
//services/client  dev      client  {client}  -             none
//services/server  staging  server  {server}  {built}  commit: got `{built}`, and the image's publisher says `000000000000`
"
            )
        );
        assert_eq!(notes, [""; 0]);
        assert_eq!(failure.as_deref(), Some("2 of 4 pins do not hold"));
    });
}

#[test]
fn what_holds_is_said_as_well() {
    block_on(async {
        let (bench, _) = bench().await;
        let arguments = ["--service=//services/client", "--env=dev"];
        let (data, notes, failure) = verify(&bench, &arguments).await;
        assert_eq!(data.lines().count(), 2);
        assert_eq!(notes, ["all pins hold: 1"]);
        assert_eq!(failure, None);
        let (_, notes, _) = verify(&bench, &["--service=//services/server", "--env=dev"]).await;
        assert_eq!(notes, ["nothing is pinned"]);
    });
}

#[test]
fn for_machines() {
    block_on(async {
        let (bench, built) = bench().await;
        let arguments = ["--env=prod", "--all", "--output=json"];
        let (data, _, failure) = verify(&bench, &arguments).await;
        let got: serde_json::Value = serde_json::from_str(&data).expect("JSON");
        let row = |key: &str, commit: Option<&str>, findings: &[&str]| {
            let digest = digest(key);
            serde_json::json!({
                "service": "//services/client", "env": "prod", "key": key,
                "image": format!("REGISTRY/demo/{key}@{digest}"), "digest": digest,
                "commit": commit, "revisions": Vec::from_iter(commit), "findings": findings,
            })
        };
        let gone = format!(
            "registry `REGISTRY` has no image `demo/gone@{}`",
            digest("gone")
        );
        let none = "environment `prod` is protected: got no commit that the image was built from";
        let pins = [
            row("client", Some(&built), &[]),
            row("gone", None, &[&gone, none]),
        ];
        assert_eq!(got, serde_json::json!({"version": 1, "pins": pins}));
        assert_eq!(failure.as_deref(), Some("1 of 2 pins do not hold"));
    });
}

#[test]
fn a_digest_alone_asks_nobody() {
    block_on(async {
        let (bench, _) = bench().await;
        bench.registry.requests();
        let (_, _, failure) = verify(&bench, &["--digest-only"]).await;
        // What git knows is asked all the same.
        assert_eq!(failure.as_deref(), Some("1 of 4 pins do not hold"));
        assert_eq!(bench.registry.requests(), [""; 0]);
    });
}

#[test]
fn a_registry_that_is_away_is_no_finding() {
    block_on(async {
        let (bench, _) = bench().await;
        bench
            .registry
            .add_faults(vec![windlass_oci_registry_fake::Fault {
                request: "HEAD",
                times: 100,
                what: windlass_oci_registry_fake::What::Status(403, "", ""),
            }]);
        let said = bench.refused(&["verify"]).await;
        let want = "error: cannot look up `REGISTRY/demo/client@";
        assert!(said.starts_with(want), "{said}");
    });
}

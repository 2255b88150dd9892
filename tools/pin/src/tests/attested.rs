//! What proves images goes with their pins.

use std::path::Path;

use windlass_attestation::beside::statement;
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Client, Manifest, Settings, Subject, Target, Transport};

use super::{Bench, block_on, entry, lock};
use crate::error::Error;

/// An envelope; who signed it is not looked at here.
fn envelope(said: &str) -> String {
    serde_json::json!({
        "payloadType": said,
        "payload": "e30=",
        "signatures": [{
            "keyid": "SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI",
            "sig": "e30=",
        }],
    })
    .to_string()
}

/// Puts an envelope beside an image of this name and manifest.
async fn attest(bench: &Bench, name: &str, manifest: &str, commit: &str) -> String {
    let client = Client::new(Settings::default());
    let repository = format!("{}/demo/{name}", bench.registry.name());
    let target = Target {
        repository: repository.parse().expect("a repository"),
        transport: Transport::Safe,
    };
    let manifest = Manifest {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: Digest::of(manifest.as_bytes()),
        bytes: manifest.as_bytes().to_vec(),
    };
    let subject = Subject::of(name.to_owned(), target, &manifest);
    let text = envelope(commit);
    let statement = statement(&text, &commit.parse().expect("a commit"));
    client.attach(subject, &statement).await.expect("attaches");
    text
}

/// The file of an image of `//services/client`.
fn file(manifest: &str) -> String {
    let digest = Digest::of(manifest.as_bytes());
    format!("services/client/attestations/{}.json", digest.hex())
}

fn there(bench: &Bench, file: &str) -> Option<String> {
    std::fs::read_to_string(bench.folder.path().join("checkout").join(file)).ok()
}

/// A service whose image `one` is pinned in `dev`, attested of the commit that is noted and of another
/// one; gives the text of the former.
async fn attested() -> (Bench, String) {
    let bench = Bench::new(vec![]).await;
    let built = bench.repository();
    let image = bench.push("client", "one");
    let text = attest(&bench, "client", "one", &built).await;
    attest(&bench, "client", "one", &"4".repeat(40)).await;
    let pin = entry(&image, &[("commit", &built)]);
    bench.service("client", &lock(&[("dev", &[("client", pin)])]));
    bench.git(&["commit", "--quiet", "--all", "--message=Pins of dev"]);
    (bench, text)
}

const PROMOTE: [&str; 4] = ["promote", "--from=dev", "--to=staging", "--all"];

#[test]
fn a_file_goes_with_a_pin() {
    block_on(async {
        let (bench, text) = attested().await;
        let file = file("one");
        let notes = bench.notes(&PROMOTE).await;
        assert_eq!(there(&bench, &file).as_ref(), Some(&text));
        let commit = format!(
            "      git add {file} && git commit -m \"client: staging runs what dev runs\" \
             services/client/pins.json {file}"
        );
        assert_eq!(notes.last(), Some(&commit));
        // What it says can be typed, and is all that there is to commit.
        let typed = std::process::Command::new("sh")
            .args(["-c", commit.trim()])
            .current_dir(bench.folder.path().join("checkout"))
            .output();
        assert!(typed.expect("runs").status.success(), "{commit}");
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        // One that is there is not asked for.
        bench.registry.requests();
        let notes = bench
            .notes(&["promote", "--from=dev", "--to=prod", "--all"])
            .await;
        assert!(!notes.last().expect("a command").contains("git add"));
        let asked = bench.registry.requests();
        assert!(
            !asked.iter().any(|line| line.contains("/blobs/")),
            "{asked:?}"
        );
    });
}

#[test]
fn a_commit_has_the_file() {
    block_on(async {
        let (bench, text) = attested().await;
        let file = file("one");
        let branch: Vec<_> = PROMOTE.into_iter().chain(["--branch=staging"]).collect();
        bench.notes(&branch).await;
        assert_eq!(there(&bench, &file), None);
        let show = bench.git(&["show", &format!("staging:{file}")]);
        assert_eq!(show, text);
        let commit: Vec<_> = PROMOTE.into_iter().chain(["--commit"]).collect();
        bench.notes(&commit).await;
        let changed = bench.git(&["show", "--format=", "--name-only", "HEAD"]);
        assert_eq!(changed, format!("{file}\nservices/client/pins.json"));
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        assert_eq!(there(&bench, &file), Some(text));
    });
}

#[test]
fn what_an_earlier_run_has_left_is_committed_too() {
    block_on(async {
        let (bench, _) = attested().await;
        let file = file("one");
        bench.write(&format!("checkout/{file}"), "mine");
        let commit: Vec<_> = PROMOTE.into_iter().chain(["--commit"]).collect();
        bench.notes(&commit).await;
        assert_eq!(bench.git(&["show", &format!("HEAD:{file}")]), "mine");
    });
}

#[test]
fn set_and_rollback_take_it_along() {
    block_on(async {
        let (bench, text) = attested().await;
        let built = bench.git(&["rev-parse", "HEAD^"]);
        let (one, two) = (file("one"), file("two"));
        let image = bench.push("client", "two");
        let second = attest(&bench, "client", "two", &built).await;
        let set = |env: &str| {
            format!("set --service=//services/client --env={env} --image={image} --commit={built}")
        };
        let line = set("dev");
        bench.notes(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(there(&bench, &two), Some(second));
        bench.git(&["add", "--all"]);
        bench.git(&["commit", "--quiet", "--message=two"]);
        assert_eq!(there(&bench, &one), None);
        bench
            .notes(&["rollback", "--env=dev", "--all", "--commit"])
            .await;
        assert_eq!(there(&bench, &one), Some(text));
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
    });
}

#[test]
fn a_digest_alone_takes_nothing_along() {
    block_on(async {
        let (bench, _) = attested().await;
        bench.registry.requests();
        let alone: Vec<_> = PROMOTE.into_iter().chain(["--digest-only"]).collect();
        bench.notes(&alone).await;
        assert_eq!(bench.registry.requests(), [""; 0]);
        assert_eq!(there(&bench, &file("one")), None);
    });
}

#[test]
fn where_it_cannot_be_written_no_pin_is() {
    block_on(async {
        let (bench, _) = attested().await;
        let before = bench.pins();
        bench.write("checkout/services/client/attestations", "");
        let error = bench.run(&PROMOTE).await.expect_err("is refused");
        let is_its = |path: &Path| path == Path::new(&file("one"));
        assert!(
            matches!(&error, Error::Read { path, .. } if is_its(path)),
            "{error:?}"
        );
        assert_eq!(bench.pins(), before);
    });
}

#[test]
fn a_failed_commit_leaves_no_file() {
    block_on(async {
        let (bench, _) = attested().await;
        // git finds HEAD held by somebody else.
        let lock = bench.folder.path().join("checkout/.git/HEAD.lock");
        std::fs::write(&lock, "").expect("writes");
        let commit: Vec<_> = PROMOTE.into_iter().chain(["--commit"]).collect();
        bench.run(&commit).await.expect_err("is refused");
        std::fs::remove_file(lock).expect("removes");
        assert_eq!(there(&bench, &file("one")), None);
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
    });
}

//! What is said of an image.

use super::*;
use crate::{Content, Statement, Subject};
use std::collections::BTreeMap;

pub(super) fn statement(revision: &str) -> Statement {
    let annotations = [("org.opencontainers.image.revision", revision)];
    let own = annotations.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Statement {
        artifact_type: "application/vnd.example.origin".to_owned(),
        annotations: BTreeMap::from(own),
        content: None,
    }
}

#[tokio::test]
async fn a_statement_stands_beside_the_image_once() {
    for lists in [false, true] {
        let bench = Bench::new(vec![]).await;
        if lists {
            bench.registry.list_referrers();
        }
        bench.push().await.expect("pushes");
        let image = bench.push.image.digest();
        let of = |artifact_type: Option<&'static str>| {
            bench
                .client
                .referrers(&bench.push.target, &image, artifact_type)
        };
        assert_eq!(of(None).await.expect("lists"), []);

        let first = statement("1f0c");
        let attach = |statement| bench.client.attach(&bench.push, statement);
        let digest = attach(&first).await.expect("attaches");
        bench.registry.requests();
        assert_eq!(attach(&first).await.expect("attaches"), digest);
        // Without a list of the registry's own, the one under the tag is asked for too.
        let looks = if lists { 1 } else { 2 };
        assert_eq!(bench.registry.requests().len(), looks);
        attach(&statement("9ab2")).await.expect("attaches");

        let referrers = of(Some("application/vnd.example.origin")).await;
        let referrers = referrers.expect("lists");
        let revisions = referrers.iter().map(|referrer| {
            let annotations = referrer.annotations().as_ref().expect("has some");
            annotations["org.opencontainers.image.revision"].clone()
        });
        assert_eq!(revisions.collect::<Vec<_>>(), ["1f0c", "9ab2"]);
        assert_eq!(of(Some("application/other")).await.expect("lists"), []);

        // The image is what it was.
        assert!(bench.push().await.expect("pushes").is_noop());
        let there = bench.registry.manifest(NAME, &digest.to_string());
        let there: serde_json::Value =
            serde_json::from_slice(&there.expect("is there")).expect("json");
        assert_eq!(there["subject"]["digest"], image.to_string());
        let tag = format!("sha256-{}", image.hex());
        assert_eq!(bench.registry.manifest(NAME, &tag).is_some(), !lists);
    }
}

/// Whatever ends a run, the next one completes what is said.
#[tokio::test]
async fn what_an_interrupted_run_has_put_is_listed_by_the_next() {
    for lists in [false, true] {
        let mut well = 0;
        loop {
            let bench = Bench::new(vec![]).await;
            if lists {
                bench.registry.list_referrers();
            }
            bench.push().await.expect("pushes");
            let said = statement("1f0c");
            let attach = || bench.client.attach(&bench.push, &said);
            bench.registry.fail_after(well, What::Status(403, "", ""));
            let first = attach().await;
            if !bench.registry.has_failed() {
                break;
            }
            assert!(first.is_err(), "refused after {well}");
            let digest = attach().await.expect("attaches");
            let image = bench.push.image.digest();
            let listed = bench.client.referrers(&bench.push.target, &image, None);
            let listed = listed.await.expect("lists");
            let digests = listed.iter().map(|one| one.digest().to_string());
            let digests: Vec<_> = digests.collect();
            assert_eq!(digests, [digest.to_string()], "after {well}");
            well += 1;
        }
        assert!(well >= if lists { 5 } else { 8 }, "met {well} requests");
    }
}

#[tokio::test]
async fn a_registry_that_is_older_than_referrers_has_the_list() {
    for status in [400, 405, 406] {
        let bench = Bench::new(vec![]).await;
        bench.push().await.expect("pushes");
        let unknown = What::Status(status, "", "");
        let referrers = "GET /v2/demo/server/referrers/";
        bench.registry.add_faults(fault(referrers, 9, unknown));
        let attach = async || bench.client.attach(&bench.push, &statement("1f0c")).await;
        let digest = attach().await.expect("attaches");
        let tag = format!("sha256-{}", bench.push.image.digest().hex());
        let list = bench.registry.manifest(NAME, &tag).expect("is there");
        let list: serde_json::Value = serde_json::from_slice(&list).expect("json");
        assert_eq!(
            list["manifests"][0]["digest"],
            digest.to_string(),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_document_stands_beside_an_image_that_somebody_else_has_pushed() {
    for lists in [false, true] {
        let bench = Bench::new(vec![]).await;
        if lists {
            bench.registry.list_referrers();
        }
        bench.push().await.expect("pushes");
        let target = &bench.push.target;
        let image = target.repository.at(bench.push.image.digest());
        let manifest = bench.client.manifest(target, &image).await.expect("there");
        let subject = || Subject::of(image.to_string(), target.clone(), &manifest);
        let mut said = statement("1f0c");
        said.content = Some(Content {
            media_type: "application/vnd.example.document".to_owned(),
            bytes: b"{\"a\": 1}".to_vec(),
        });
        let digest = bench.client.attach(subject(), &said).await;
        let digest = digest.expect("attaches");
        let there = bench.registry.manifest(NAME, &digest.to_string());
        let there: serde_json::Value =
            serde_json::from_slice(&there.expect("is there")).expect("json");
        assert_eq!(
            there["subject"]["digest"],
            bench.push.image.digest().to_string()
        );
        let layer = &there["layers"][0];
        assert_eq!(layer["mediaType"], "application/vnd.example.document");
        let layer = layer["digest"].as_str().expect("a digest").parse();
        let content = bench.registry.blob(NAME, &layer.expect("a digest"));
        assert_eq!(content.expect("is there"), b"{\"a\": 1}");
        let image = bench.push.image.digest();
        let contents = bench.client.contents(target, &image, &said.artifact_type);
        let contents = contents.await.expect("there");
        assert_eq!(contents, [b"{\"a\": 1}"]);
        // As one who has built it would say it.
        let again = bench.client.attach(&bench.push, &said).await;
        assert_eq!(again.expect("attaches"), digest);
    }
}

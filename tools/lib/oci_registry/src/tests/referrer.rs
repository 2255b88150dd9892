//! What is said of an image.

use super::*;
use crate::Statement;
use std::collections::BTreeMap;

fn statement(revision: &str) -> Statement {
    let annotations = [("org.opencontainers.image.revision", revision)];
    let own = annotations.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Statement {
        artifact_type: "application/vnd.example.origin".to_owned(),
        annotations: BTreeMap::from(own),
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
        assert_eq!(bench.registry.requests().len(), 1);
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

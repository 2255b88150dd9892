//! The checkout that this test was built from is tidy.

use std::path::Path;

#[test]
fn the_checkout_is_tidy() {
    // A runfile is a link to the file in the checkout.
    let module = std::fs::canonicalize("MODULE.bazel").expect("MODULE.bazel is a runfile");
    let root = module.parent().unwrap_or(Path::new("/"));
    let sources = windlass_tidy::read(root).expect("the checkout can be read");
    assert!(
        sources.len() > 50,
        "read {} files of {}",
        sources.len(),
        root.display()
    );
    let findings: Vec<String> = windlass_tidy::check(&sources)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

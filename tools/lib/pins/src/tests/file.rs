//! What goes in and comes out again.

use crate::{Lock, Pin};

const A: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const B: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Neither environments nor keys are in alphabetical order.
fn file() -> String {
    format!(
        r#"{{
  "staging": {{
    "redis-bootstrap": {{
      "image": "localhost:31000/demo/redis-bootstrap@{A}"
    }}
  }},
  "prod": {{
    "redis-bootstrap": {{
      "image": "localhost:31000/demo/redis-bootstrap:v1@{A}",
      "commit": "3f9c21a",
      "toolchain": "rustc 1.97.1, --config=release",
      "time": "2026-11-29T15:23:33Z",
      "who": "ci@example.com"
    }},
    "exporter": {{
      "image": "ghcr.io/acme/exporter@{B}"
    }}
  }}
}}
"#
    )
}

fn pin(image: &str) -> Pin {
    Pin::try_new(image.parse().expect("a reference")).expect("a digest")
}

#[test]
fn a_file_comes_out_as_it_went_in() {
    let lock = Lock::parse(&file()).expect("parses");
    assert_eq!(lock.to_string(), file());
    assert_eq!(Lock::parse("{}").expect("parses").to_string(), "{}\n");
}

#[test]
fn what_it_says() {
    let lock = Lock::parse(&file()).expect("parses");
    let names: Vec<_> = lock.environments().map(|(name, _)| name).collect();
    assert_eq!(names, ["staging", "prod"]);
    assert_eq!(lock.images(), ["redis-bootstrap", "exporter"]);
    let pin = lock.get("prod", "redis-bootstrap").expect("a pin");
    assert_eq!(
        pin.image().to_string(),
        format!("localhost:31000/demo/redis-bootstrap:v1@{A}")
    );
    assert_eq!(pin.digest().to_string(), A);
    assert_eq!(pin.commit.as_ref().expect("a commit").as_str(), "3f9c21a");
    assert_eq!(lock.get("staging", "exporter"), None);
    assert_eq!(lock.get("dev", "exporter"), None);
}

#[test]
fn a_pin_is_set_in_its_place() {
    let mut lock = Lock::parse(&file()).expect("parses");
    let new = format!("localhost:31000/demo/redis-bootstrap@{B}");
    let old = lock.set("staging", "redis-bootstrap", pin(&new));
    assert_eq!(
        old.expect("a pin").image().to_string(),
        format!("localhost:31000/demo/redis-bootstrap@{A}")
    );
    // One line differs, the first with a reference.
    let want = file().replacen(A, B, 1);
    assert_eq!(lock.to_string(), want);
}

#[test]
fn a_new_pin_stands_behind_the_others() {
    let mut lock = Lock::default();
    let image = format!("localhost:31000/demo/client@{A}");
    assert_eq!(lock.set("prod", "client", pin(&image)), None);
    assert_eq!(lock.set("dev", "client", pin(&image)), None);
    let entry = format!("{{\n    \"client\": {{\n      \"image\": \"{image}\"\n    }}\n  }}");
    assert_eq!(
        lock.to_string(),
        format!("{{\n  \"prod\": {entry},\n  \"dev\": {entry}\n}}\n")
    );
}

#[test]
fn a_pin_is_taken_away() {
    let mut lock = Lock::parse(&file()).expect("parses");
    let gone = lock.remove("prod", "exporter").expect("a pin");
    assert_eq!(gone.digest().to_string(), B);
    assert_eq!(lock.remove("prod", "exporter"), None);
    assert_eq!(lock.remove("dev", "exporter"), None);
    let keys = |lock: &Lock, environment| lock.pins(environment).len();
    assert_eq!((keys(&lock, "prod"), keys(&lock, "dev")), (1, 0));
    // The last one takes its environment with it.
    lock.remove("staging", "redis-bootstrap").expect("a pin");
    let names: Vec<_> = lock.environments().map(|(name, _)| name).collect();
    assert_eq!(names, ["prod"]);
}

#[test]
fn one_environment_alone() {
    let lock = Lock::parse(&file()).expect("parses");
    let staging = lock.only("staging");
    assert_eq!(staging.images(), ["redis-bootstrap"]);
    assert_eq!(staging.get("prod", "exporter"), None);
    assert_eq!(lock.only("dev"), Lock::default());
}

#[test]
fn names_that_mean_something() {
    let lock = Lock::parse(&file()).expect("parses");
    lock.check_environments(&["prod", "staging", "dev"])
        .expect("all are known");
    lock.check_images(&["exporter", "redis-bootstrap"])
        .expect("all are known");
}

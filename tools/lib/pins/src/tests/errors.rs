//! Every error, and its text.

use std::error::Error as _;
use std::path::Path;

use strum::VariantNames as _;
use windlass_error_cases::Folder;

use crate::{FileError, Lock, LockError};

const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The variant, the file (`@D` is a digest), and what is said of it.
const CASES: &[(&str, &str, &str)] = &[
    (
        "Json",
        "{",
        "it is not JSON: EOF while parsing an object at line 1 column 1",
    ),
    (
        "Json",
        "{} {}",
        "it is not JSON: trailing characters at line 1 column 4",
    ),
    (
        "Value",
        "[]",
        "the file: got an array, want an object of environments",
    ),
    (
        "Value",
        r#"{"": {}}"#,
        "the file: got an empty key, want an object of environments",
    ),
    (
        "Value",
        r#"{"prod": null}"#,
        "prod: got `null`, want an object of image keys",
    ),
    (
        "Value",
        r#"{"prod": {"": {}}}"#,
        "prod: got an empty key, want an object of image keys",
    ),
    (
        "Value",
        r#"{"prod": {"client": "a/b@D"}}"#,
        "prod.client: got `a/b@D`, want an object with `image`",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": 3}}}"#,
        "prod.client.image: got `3`, want a string",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": "https://me:secret@ghcr.io/a"}}}"#,
        "prod.client.image: got `...@ghcr.io/a`, want registry/path@sha256:<digest> or \
         registry/path:<tag>, as in `localhost:31000/demo/client:v1`",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": "ghcr.io/a@D", "commit": "main"}}}"#,
        "prod.client.commit: got `main`, want a commit's hash: 7 to 64 lower-case hex digits",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": "ghcr.io/a@D", "toolchain": ""}}}"#,
        "prod.client.toolchain: got ``, want a line of text, as in `rustc 1.97.1, \
         --config=release`",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": "ghcr.io/a@D", "time": "2026-11-29"}}}"#,
        "prod.client.time: got `2026-11-29`, want a time in UTC to the second, as in \
         `2026-11-29T15:23:33Z`",
    ),
    (
        "Value",
        r#"{"prod": {"client": {"image": "ghcr.io/a@D", "who": " "}}}"#,
        "prod.client.who: got ` `, want a line of text, as in `alice@example.com`",
    ),
    (
        "Twice",
        r#"{"prod": {}, "dev": {}, "prod": {}}"#,
        "`prod` stands there twice; remove one",
    ),
    (
        "Twice",
        r#"{"prod": {"a": {"image": "ghcr.io/a@D"}, "a": {"image": "ghcr.io/b@D"}}}"#,
        "`prod.a` stands there twice; remove one",
    ),
    (
        "Twice",
        r#"{"prod": {"a": {"image": "ghcr.io/a@D", "image": "ghcr.io/b@D"}}}"#,
        "`prod.a.image` stands there twice; remove one",
    ),
    (
        "UnknownKey",
        r#"{"prod": {"client": {"imgae": "ghcr.io/a@D"}}}"#,
        "prod.client: got key `imgae`, want one of `image`, `commit`, `toolchain`, `time`, \
         `who`; the nearest is `image`",
    ),
    (
        "UnknownKey",
        r#"{"prod": {"client": {"image": "ghcr.io/a@D", "by": "me"}}}"#,
        "prod.client: got key `by`, want one of `image`, `commit`, `toolchain`, `time`, `who`",
    ),
    (
        "NoImage",
        r#"{"prod": {"client": {"commit": "3f9c21a"}}}"#,
        "prod.client: key `image` is missing",
    ),
    (
        "NoDigest",
        r#"{"dev": {"client": {"image": "ghcr.io/a:v1"}}}"#,
        "dev.client.image: got `ghcr.io/a:v1`, want one with a digest: `ghcr.io/a:v1@sha256:...`",
    ),
    (
        "UnknownEnvironment",
        r#"{"prd": {}}"#,
        "got environment `prd`, want one of `prod`, `dev`; the nearest is `prod`",
    ),
    (
        "UnknownImage",
        r#"{"prod": {"clinet": {"image": "ghcr.io/a@D"}}}"#,
        "prod: got image key `clinet`, want `client`",
    ),
    (
        "ForeignImage",
        r#"{"dev": {"client": {"image": "ghcr.io/a@D"}}, "prod": {"client": {"image": "ghcr.io/b@D"}}}"#,
        "prod.client.image: got repository `ghcr.io/b`, want `ghcr.io/a`",
    ),
];

/// What the tools do with a file.
fn read(text: &str) -> Result<(), LockError> {
    let lock = Lock::parse(text)?;
    lock.check_environments(&["prod", "dev"])?;
    lock.check_images(&["client"])?;
    let repository = "ghcr.io/a".parse().expect("a repository");
    lock.check_repositories("prod", &[("client".to_owned(), repository)])
}

#[test]
fn every_error_says_where_and_what_is_wanted() {
    for (variant, text, want) in CASES {
        let error = read(&text.replace("@D", &format!("@{DIGEST}"))).expect_err(text);
        let source = error.source();
        let said = source.map_or(error.to_string(), |source| format!("{error}: {source}"));
        assert_eq!(said.replace(&format!("@{DIGEST}"), "@D"), *want, "{text}");
        assert_eq!(<&str>::from(&error), *variant, "{text}");
    }
}

#[test]
fn every_error_has_a_case() {
    let variants = CASES.iter().map(|(variant, ..)| *variant);
    windlass_error_cases::complete(variants, LockError::VARIANTS);
}

/// By the name that users know, wherever it lies.
#[test]
fn a_file_is_named_in_what_is_said_of_it() {
    let folder = Folder::new();
    folder.file("text.json", "{");
    let mut variants = Vec::new();
    for (name, want) in [
        ("nowhere.json", "cannot read `services/client/pins.json`"),
        ("text.json", "pins `services/client/pins.json` do not hold"),
    ] {
        let path = folder.path(name);
        let shown = Path::new("services/client/pins.json");
        let error = Lock::read(path.as_ref(), shown).expect_err(name);
        assert_eq!(error.to_string(), want);
        assert!(error.source().is_some(), "{name}");
        variants.push(<&str>::from(&error));
    }
    windlass_error_cases::complete(variants, FileError::VARIANTS);
}

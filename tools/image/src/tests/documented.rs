//! The commands of `docs/proof.md`.

use crate::cli::command;

/// A page of the documentation, from the root of the runfiles or from this crate.
fn page(name: &str) -> String {
    let places = ["docs", "../../docs"].map(|folder| format!("{folder}/{name}"));
    let mut texts = places
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    texts.next().expect("the page is there")
}

/// The words of a command line: quotes hold blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn what_is_documented_is_there() {
    let digest = "0".repeat(64);
    let text = page("proof.md")
        .replace(" \\\n", " ")
        .replace(
            "$IMAGE",
            &format!("localhost:31000/demo/client@sha256:{digest}"),
        )
        .replace("$COMMIT", &"3f9c21a0".repeat(5))
        .replace(
            "\"$(bazel run //tools/pin -- toolchain)\"",
            "'rustc 1.97.1, --config=release'",
        )
        .replace("$KEY", "SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI");
    let start = "$ bazel run @windlass//tools/image --";
    let commands = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(start));
    let mut verbs = Vec::new();
    for line in commands {
        let words = words(line);
        let given = ["image".to_owned()].into_iter().chain(words.clone());
        if let Err(error) = command().try_get_matches_from(given) {
            panic!("{line}: {error}");
        }
        verbs.extend(words.into_iter().next());
    }
    assert_eq!(verbs, ["attest", "attestation"]);
    for flag in text
        .split("`--")
        .skip(1)
        .filter_map(|rest| rest.split(['`', ' ']).next())
    {
        let flag = format!("--{flag}");
        let mut command = command();
        let attest = command.find_subcommand_mut("attest").expect("it is there");
        let known = attest.render_long_help().to_string().contains(&flag);
        let elsewhere = ["--config=release", "--dry-run", "--rebuild"].contains(&&*flag);
        assert!(known || elsewhere, "{flag}");
    }
}

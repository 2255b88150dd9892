//! Which files come out, and their bytes.

use super::run;
use crate::MAX_DEPTH;

/// The texts of the outputs of a run, which `flags` are asked for in this order.
fn outputs(yaml: &str, flags: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("x.yaml"), yaml).expect("writes");
    let paths: Vec<_> = (0..flags.len())
        .map(|index| path(&format!("{index}.json")))
        .collect();
    let asked = flags.iter().zip(&paths);
    let arguments: Vec<_> = asked
        .map(|(flag, path)| format!("--{flag}={path}"))
        .collect();
    run(&path("x.yaml"), &arguments).expect("converts");
    let texts = paths.iter().map(std::fs::read_to_string);
    texts.collect::<Result<_, _>>().expect("written")
}

#[test]
fn keys_keep_the_order_of_the_source() {
    let yaml = "z: {b: [1, 0.5], a: {}}\nempty: []\na: ä \"\n";
    let want = r#"{
  "z": {
    "b": [
      1,
      0.5
    ],
    "a": {}
  },
  "empty": [],
  "a": "ä \""
}
"#;
    assert_eq!(outputs(yaml, &["object"]), [want]);
}

#[test]
fn a_document_a_file_and_all_in_a_list() {
    assert_eq!(
        outputs(
            "a\n--- # none\n---\n- b\n",
            &["document", "document", "list"]
        ),
        [
            "\"a\"\n",
            "[\n  \"b\"\n]\n",
            "[\n  \"a\",\n  [\n    \"b\"\n  ]\n]\n"
        ]
    );
}

#[test]
fn a_list_of_one_is_a_list() {
    assert_eq!(outputs("a", &["list"]), ["[\n  \"a\"\n]\n"]);
}

#[test]
fn what_nests_as_deep_as_it_may_can_be_read_again() {
    let yaml = format!("{}a{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let text = outputs(&yaml, &["list"]).remove(0);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON that serde_json reads");
    assert_eq!(value.to_string(), format!("[{yaml}]").replace('a', "\"a\""));
}

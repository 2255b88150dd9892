//! The tool as a worker, by Bazel's requests.

use std::ffi::OsString;
use std::path::Path;

use windlass_error_cases::Folder;
use windlass_worker::{WorkRequest, WorkResponse, line};

/// What a worker that was started with `words` answers.
fn answers(words: &[&str], requests: &[Vec<String>]) -> Vec<WorkResponse> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let requests = requests.iter().map(|arguments| WorkRequest {
        arguments: arguments.clone(),
        ..WorkRequest::default()
    });
    let requests: Vec<u8> = requests.flat_map(|request| line(&request)).collect();
    let mut responses = Vec::new();
    crate::work(&words, &*requests, &mut responses).expect("serves");
    let responses = serde_json::Deserializer::from_slice(&responses).into_iter();
    responses.map(|one| one.expect("a response")).collect()
}

fn check(folder: &Folder, schema: &str) -> Vec<String> {
    let src = r#"{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}"#;
    vec![
        "--label=//a".to_owned(),
        "--environment-name=prod".to_owned(),
        format!("--src={}", folder.file("src.json", src)),
        format!("--schema={schema}"),
        format!("--out={}", folder.path("checked")),
    ]
}

fn schema(kinds: &str) -> String {
    format!(r#"{{"kubernetes": "1.36", "kinds": {{{kinds}}}, "definitions": {{}}}}"#)
}

#[test]
fn each_request_is_an_action() {
    let folder = Folder::new();
    let known = folder.file("known.json", schema(r#""v1 A": {}"#));
    let unknown = folder.file("unknown.json", schema(""));
    let requests = [
        check(&folder, &unknown),
        vec!["--labels=//a".to_owned()],
        check(&folder, &known),
    ];
    let answers = answers(&["manifest", "check"], &requests);
    let codes: Vec<u8> = answers.iter().map(|answer| answer.exit_code).collect();
    assert_eq!(codes, [3, 2, 0]);
    let said = folder.shown(&answers[0].output);
    let want = "error: cannot check `//a`\ncause: Kubernetes 1.36 does not take `DIR/src.json`\n";
    assert!(said.starts_with(want), "{said}");
    assert!(answers[1].output.starts_with("error: unexpected argument"));
    assert_eq!(answers[2].output, "");
    assert!(Path::new(&folder.path("checked")).exists());
}

#[test]
fn a_schema_that_changes_is_read_again() {
    let folder = Folder::new();
    let path = folder.file("schema.json", schema(""));
    let mut known = crate::Known::default();
    let mut takes = || {
        let schemas = known.schemas(path.as_ref()).expect("a schema");
        let object = serde_json::json!({"apiVersion": "v1", "kind": "A", "metadata": {}});
        schemas.check(&object).is_empty()
    };
    assert!(!takes());
    folder.file("schema.json", schema(r#""v1 A": {}"#));
    assert!(takes());
}

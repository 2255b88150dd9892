//! The messages.

use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkRequest {
    /// The command line of the action, without the program; Bazel has put in the lines of the
    /// file of arguments.
    pub arguments: Vec<String>,
    /// The files that may be read.
    pub inputs: Vec<Input>,
    /// Names the request among those that are not answered yet; 0 where there is only one.
    pub request_id: i32,
    /// The request of this number is not wanted any more; all else is empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel: bool,
    /// The folder that the paths of the request start from, below the worker's own; empty for
    /// the worker's own.
    pub sandbox_dir: String,
}

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Input {
    /// Its path, as in the arguments.
    pub path: String,
    /// Stands for its bytes, in base64: the digits of their SHA-256 unless Bazel is told another
    /// function. Empty where Bazel does not know it.
    pub digest: String,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkResponse {
    /// The exit code of the action.
    pub exit_code: u8,
    /// What the user is to read.
    pub output: String,
    /// The request's number.
    pub request_id: i32,
    /// It was cancelled before it was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub was_cancelled: bool,
}

/// A message as one line, its end included.
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("its keys are strings");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_nothing_and_what_is_unknown_is_ignored() {
        let text = r#"{"arguments":["--a"],"inputs":[{"path":"p","digest":"ZA=="}],"verbosity":9}"#;
        let request: WorkRequest = serde_json::from_str(text).expect("a request");
        let want = WorkRequest {
            arguments: vec!["--a".to_owned()],
            inputs: vec![Input {
                path: "p".to_owned(),
                digest: "ZA==".to_owned(),
            }],
            ..WorkRequest::default()
        };
        assert_eq!(request, want);
    }

    #[test]
    fn a_response_is_one_line() {
        let response = WorkResponse {
            output: "a\nb".to_owned(),
            request_id: 7,
            ..WorkResponse::default()
        };
        let text = String::from_utf8(line(&response)).expect("UTF-8");
        assert_eq!(
            text,
            "{\"exitCode\":0,\"output\":\"a\\nb\",\"requestId\":7}\n"
        );
    }
}

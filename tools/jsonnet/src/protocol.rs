//! Bazel's protocol for persistent workers, in its JSON form: a request and a response for each
//! action, one after another on stdin and stdout.
//!
//! Source: `worker_protocol.proto` of Bazel and <https://bazel.build/remote/creating>. Numbers and
//! texts that are 0 or empty are left out; fields that are not known here are ignored, as that
//! page wants.

use std::io::{self, BufRead, Write};

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
    /// Not of Bazel, but between processes of this program: the texts of these outputs, from the
    /// first number up to before the second in [`crate::together::ordered`], are to be told and not
    /// to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<(usize, usize)>,
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
    /// Of a part of the outputs: their texts. Not in the message, but before it
    /// ([`write_answer`]).
    #[serde(skip)]
    pub texts: Vec<String>,
    /// Of a part of the outputs: what `std.trace` said, which else is in `output`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
}

/// A message as one line, its end included.
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("its keys are strings");
    line.push(b'\n');
    line
}

/// Writes what an evaluator answers: each text, after a line with its length in bytes, and the
/// response as a line.
///
/// # Errors
/// Nobody reads it any more.
pub fn write_answer(out: &mut impl Write, response: &WorkResponse) -> io::Result<()> {
    for text in &response.texts {
        writeln!(out, "{}", text.len())?;
        out.write_all(text.as_bytes())?;
    }
    out.write_all(&line(response))?;
    out.flush()
}

/// Reads what [`write_answer`] wrote; `None` where there is no more.
///
/// # Errors
/// It is no answer, or no whole one.
pub fn read_answer(from: &mut impl BufRead) -> io::Result<Option<WorkResponse>> {
    let mut texts = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Ok(length) = line.trim_end().parse() {
            let mut text = vec![0; length];
            from.read_exact(&mut text)?;
            texts.push(String::from_utf8(text).map_err(io::Error::other)?);
        } else {
            let response: WorkResponse = serde_json::from_str(&line)?;
            return Ok(Some(WorkResponse { texts, ..response }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were_written() {
        let response = WorkResponse {
            texts: vec!["{}\n\n17\n".to_owned(), String::new(), "ü".to_owned()],
            traces: vec!["TRACE: x".to_owned()],
            ..WorkResponse::default()
        };
        let mut bytes = Vec::new();
        for _ in 0..2 {
            write_answer(&mut bytes, &response).expect("writes");
        }
        let mut from = &*bytes;
        for _ in 0..2 {
            let read = read_answer(&mut from).expect("an answer");
            assert_eq!(read.as_ref(), Some(&response));
        }
        assert_eq!(read_answer(&mut from).expect("the end"), None);
    }

    #[test]
    fn half_an_answer_is_none() {
        for text in ["5\nabc", "{\"exitCode\":", "no number\n", "1\n\u{fc}"] {
            read_answer(&mut text.as_bytes()).expect_err(text);
        }
    }

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

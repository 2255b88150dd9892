//! A worker that does one thing after another.

use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Read, Write};

use windlass_report::{Exit, Explain};

use crate::{WorkRequest, WorkResponse, line};

/// The argument by which Bazel tells a tool to be a worker.
const FLAG: &str = "--persistent_worker";

/// Why a worker cannot go on.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// What comes in is not what Bazel sends.
    #[error("cannot read a request of Bazel")]
    Request(#[source] serde_json::Error),
    /// Nobody reads responses any more.
    #[error("cannot write a response to Bazel")]
    Response(#[source] std::io::Error),
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        Exit::Failure
    }
}

/// What became of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code.
    pub exit_code: u8,
    /// What the user is to read.
    pub output: String,
}

/// Whether Bazel wants a worker: takes the argument that says so out of the command line.
pub fn is_persistent(words: &mut Vec<OsString>) -> bool {
    let all = words.len();
    words.retain(|word| word != FLAG);
    words.len() < all
}

/// What Bazel asks, until it asks no more. It puts nothing between two requests.
pub fn requests(from: impl Read) -> impl Iterator<Item = Result<WorkRequest, Error>> {
    let requests = serde_json::Deserializer::from_reader(BufReader::new(from));
    let requests = requests.into_iter::<WorkRequest>();
    requests.map(|request| request.map_err(Error::Request))
}

/// Answers all requests: `act` does what a command line says, which is `words`, what the worker was
/// started with, and the arguments of the request.
///
/// # Errors
/// See [`Error`].
pub fn serve(
    words: &[OsString],
    from: impl Read,
    mut to: impl Write,
    mut act: impl FnMut(Vec<OsString>) -> Answer,
) -> Result<(), Error> {
    for request in requests(from) {
        let request = request?;
        let given = request.arguments.iter().map(OsStr::new);
        let words = words.iter().map(OsString::as_os_str).chain(given);
        let answer = act(words.map(OsString::from).collect());
        let response = WorkResponse {
            exit_code: answer.exit_code,
            output: answer.output,
            request_id: request.request_id,
            ..WorkResponse::default()
        };
        let written = to.write_all(&line(&response)).and_then(|()| to.flush());
        written.map_err(Error::Response)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, Folder, check};

    fn words(all: &[&str]) -> Vec<OsString> {
        all.iter().map(OsString::from).collect()
    }

    #[test]
    fn each_request_has_its_answer() {
        let mut told = words(&["tool", "--persistent_worker", "check"]);
        assert!(is_persistent(&mut told));
        assert!(!is_persistent(&mut told));
        let requests = concat!(
            r#"{"arguments":["--a","b"],"inputs":[{"path":"p","digest":"ZA=="}]}"#,
            r#"{"arguments":["--c"],"requestId":7}"#
        );
        let mut responses = Vec::new();
        let mut done = Vec::new();
        serve(&told, requests.as_bytes(), &mut responses, |words| {
            let answer = Answer {
                exit_code: u8::try_from(done.len()).expect("few"),
                output: format!("{}", words.len()),
            };
            done.push(words);
            answer
        })
        .expect("serves");
        let want = [
            words(&["tool", "check", "--a", "b"]),
            words(&["tool", "check", "--c"]),
        ];
        assert_eq!(done, want);
        let want = concat!(
            r#"{"exitCode":0,"output":"4","requestId":0}"#,
            "\n",
            r#"{"exitCode":1,"output":"3","requestId":7}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(responses).expect("UTF-8"), want);
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn ends(requests: &str, to: impl Write) -> Result<(), Error> {
        serve(&[], requests.as_bytes(), to, |_| Answer::default())
    }

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Request",
            exit: Exit::Failure,
            text: "error: cannot read a request of Bazel\n\
                   cause: key must be a string at line 1 column 2\n",
            provoke: |_: &Folder| ends("{0}", std::io::sink()),
        },
        Case {
            variant: "Response",
            exit: Exit::Failure,
            text: "error: cannot write a response to Bazel\ncause: broken pipe\n",
            provoke: |_: &Folder| ends("{}", Full),
        },
    ];

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}

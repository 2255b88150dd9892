//! Requests to the runner, and what it makes of them.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::answers::{Answer, not_found, status};
use super::{Request, State};

/// A runner, and what it is asked.
#[derive(Debug, Default)]
pub struct FakeRunner {
    /// The status of a request, look by look; the last one stays.
    pub says: VecDeque<Value>,
    /// The requests that were made.
    pub asked: Vec<Value>,
    /// Instead of taking one: the code and the server's sentence.
    pub refusal: Option<(u16, &'static str)>,
}

/// Whether a request is one to the runner.
pub(super) fn is_asking(path: &str) -> bool {
    path.contains("/applyrequests")
}

/// The answer to one.
pub(super) fn answer(request: &Request, state: &mut State) -> Answer {
    let Some(runner) = &mut state.runner else {
        return not_found();
    };
    if request.method == "POST" {
        if let Some((code, message)) = runner.refusal {
            return status(code, "", message, &json!([]));
        }
        runner.asked.push(request.body.clone());
        return (201, request.body.clone());
    }
    let name = request.path.rsplit('/').next().unwrap_or_default();
    let mut asked = runner.asked.iter();
    let Some(object) = asked.find(|object| object["metadata"]["name"] == name) else {
        let message = format!("applyrequests \"{name}\" not found");
        return status(404, "NotFound", &message, &json!([]));
    };
    let mut object = object.clone();
    let says = match runner.says.len() {
        0 | 1 => runner.says.front().cloned(),
        _ => runner.says.pop_front(),
    };
    match says {
        // Somebody has deleted it.
        Some(Value::Null) => return not_found(),
        Some(says) => object["status"] = says,
        None => {}
    }
    (200, object)
}

//! What a build was at: the critical path of its profile, which Bazel writes as JSON in gzip.
//!
//! Source: <https://bazel.build/advanced/performance/json-trace-profile>

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;

/// Milliseconds on the critical path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Actions {
    /// Compiling libraries of Rust.
    pub compile: f64,
    /// Compiling and linking programs.
    pub link: f64,
    /// All else.
    pub other: f64,
}

/// Reads a profile; `None` if it is none.
pub fn actions(data: &[u8]) -> Option<Actions> {
    let mut text = String::new();
    GzDecoder::new(data).read_to_string(&mut text).ok()?;
    let profile: Value = serde_json::from_str(&text).ok()?;
    let mut actions = Actions::default();
    for event in profile["traceEvents"].as_array()? {
        if event["cat"] != "critical path component" {
            continue;
        }
        let name = event["name"].as_str().unwrap_or_default();
        let milliseconds = event["dur"].as_f64().unwrap_or_default() / 1e3;
        *match name {
            _ if name.contains("Compiling Rust rlib") => &mut actions.compile,
            _ if name.contains("Compiling Rust bin") => &mut actions.link,
            _ => &mut actions.other,
        } += milliseconds;
    }
    Some(actions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn parts_of_the_critical_path() {
        let text = r#"{"traceEvents": [
            {"name": "x", "cat": "action processing", "dur": 9000},
            {"name": "action 'Compiling Rust rlib lib (9 files)'", "cat": "critical path component", "dur": 3000},
            {"name": "action 'Compiling Rust bin server (1 files)'", "cat": "critical path component", "dur": 2000},
            {"name": "action 'Layer'", "cat": "critical path component", "dur": 400},
            {"name": "action 'Manifest'", "cat": "critical path component", "dur": 100}]}"#;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).expect("memory");
        let want = Actions {
            compile: 3.0,
            link: 2.0,
            other: 0.5,
        };
        assert_eq!(actions(&gzip.finish().expect("memory")), Some(want));
        assert_eq!(actions(text.as_bytes()), None);
    }
}

//! The templates, and what becomes of them. Those of a file are beside this crate, in `templates/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, from the root of the workspace.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The path and the text of a file, both templates.
type Template = (&'static str, &'static str);

/// The list of templates in a folder: path of the file, name of the template.
macro_rules! templates {
    ($folder:literal, $($path:literal: $name:literal,)+) => {
        &[$(($path, include_str!(concat!("../templates/", $folder, $name, ".jinja"))),)+]
    };
}

/// A workspace, without its first service.
pub const REPO: &[Template] = templates![
    "repo/",
    "MODULE.bazel": "MODULE.bazel",
    "BUILD.bazel": "BUILD.bazel",
    "README.md": "README.md",
    ".bazelrc": "bazelrc",
    ".gitignore": "gitignore",
    "Cargo.toml": "Cargo.toml",
    "Cargo.lock": "Cargo.lock",
    "cluster/BUILD.bazel": "cluster/BUILD.bazel",
    "prod/BUILD.bazel": "prod/BUILD.bazel",
    "prod/k8s.bzl": "prod/k8s.bzl",
    "tools/agent/BUILD.bazel": "tools/agent/BUILD.bazel",
    "tools/pin/BUILD.bazel": "tools/pin/BUILD.bazel",
];

/// A service.
pub const SERVICE: &[Template] = templates![
    "",
    "proto/{{ ident }}/v1/BUILD.bazel": "proto/BUILD.bazel",
    "proto/{{ ident }}/v1/build.rs": "proto/build.rs",
    "proto/{{ ident }}/v1/src/lib.rs": "proto/src/lib.rs",
    "proto/{{ ident }}/v1/{{ ident }}.proto": "proto/proto",
    "services/{{ name }}/BUILD.bazel": "service/BUILD.bazel",
    "services/{{ name }}/pins.json": "service/pins.json",
    "services/{{ name }}/src/lib.rs": "service/src/lib.rs",
    "services/{{ name }}/src/main.rs": "service/src/main.rs",
    "services/{{ name }}/{{ name }}.jsonnet": "service/service.jsonnet",
];

/// Fills templates in.
///
/// # Panics
/// If a template does not hold, or wants what `values` has not: tests render all of them.
pub fn render(templates: &[Template], values: &impl Serialize) -> Vec<File> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A line that holds nothing but a block leaves no line.
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .lstrip_blocks(true)
        .trim_blocks(true)
        .build();
    environment.set_syntax(syntax.expect("no delimiter twice"));
    let values = Value::from(Serde(values));
    let filled = |text| {
        environment
            .render_str(text, &values)
            .unwrap_or_else(|error| panic!("{text}: {error:#}"))
    };
    let file = |(path, text): &Template| File {
        path: filled(path),
        text: filled(text),
    };
    templates.iter().map(file).collect()
}

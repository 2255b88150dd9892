//! `docs/windlass.bash`: which words follow `bazel run LABEL --`.

use std::fmt::Write as _;

use clap::{Arg, Command};

use crate::flags::{may_lack_value, shown_verbs};
use crate::tools::{Tool, tools};

const HEAD: &str = include_str!("completion.bash");

/// The file.
pub(crate) fn page() -> String {
    let mut text = format!("{HEAD}\n_windlass_words() {{ # LABEL VERB\n  case $1 in\n");
    text.extend(tools().iter().map(case));
    text + "  esac\n}\n"
}

/// The words of a tool, or of its verbs.
fn case(tool: &Tool) -> String {
    let mut text = format!("    {})\n", tool.labels);
    let mut names = Vec::new();
    let mut verbs = String::new();
    for verb in shown_verbs(&tool.command) {
        let name = format!("{}{}", tool.prefix, verb.get_name());
        let _ = writeln!(verbs, "        {name}) echo \"{}\" ;;", flags(verb));
        names.push(name);
    }
    if names.is_empty() {
        let _ = writeln!(text, "      echo \"{}\"", flags(&tool.command));
    } else {
        let _ = writeln!(
            text,
            "      case $2 in\n{verbs}        *) echo \"{} --help\" ;;\n      esac",
            names.join(" ")
        );
    }
    text + "      ;;\n"
}

/// All flags, each with the values that it may have.
fn flags(command: &Command) -> String {
    let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
    let words: Vec<String> = shown.flat_map(words).collect();
    (words.join(" ") + " --help").trim_start().to_owned()
}

/// `--wait`, `--wait=true` and `--wait=false`; `--timeout=`.
fn words(flag: &Arg) -> Vec<String> {
    let Some(name) = flag.get_long() else {
        return Vec::new();
    };
    let bare = format!("--{name}");
    if !flag.get_action().takes_values() {
        return vec![bare];
    }
    let values = flag.get_possible_values();
    let values = values
        .iter()
        .map(|value| format!("{bare}={}", value.get_name()));
    let values: Vec<String> = values.collect();
    match (may_lack_value(flag), values.is_empty()) {
        (true, _) => [vec![bare], values].concat(),
        (false, true) => vec![bare + "="],
        (false, false) => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command as Process;

    /// What bash would offer behind a line, where words end at these; the file is read twice.
    fn offered_with(breaks: &str, line: &str) -> Vec<String> {
        let script = r#"
            _before() { COMPREPLY=("by Bazel: $2"); }
            complete -o nospace -F _before bazel
            eval "$1"
            eval "$1"
            COMP_WORDBREAKS=$2 COMP_LINE=$3 COMP_POINT=${#3}
            _windlass_bazel bazel last previous
            ((!${#COMPREPLY[@]})) || printf '%s\n' "${COMPREPLY[@]}"
        "#;
        let arguments = [
            "-euo",
            "pipefail",
            "-c",
            script,
            "bash",
            &page(),
            breaks,
            line,
        ];
        let bash = Process::new("bash").args(arguments).output();
        let bash = bash.expect("bash");
        let said = String::from_utf8_lossy(&bash.stderr);
        assert!(bash.status.success(), "{said}");
        let text = str::from_utf8(&bash.stdout).expect("text");
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn offered(line: &str) -> Vec<String> {
        offered_with(" =:", line)
    }

    #[test]
    fn flags_of_a_verb_follow_its_label() {
        assert_eq!(
            offered("bazel run //services/client:myns-deep.apply -- --dry-r"),
            ["--dry-run ", "--dry-run=plan ", "--dry-run=server "]
        );
        assert_eq!(
            offered("bazel run //a:b.diff -c opt -- --exit"),
            ["--exit-code "]
        );
        assert_eq!(offered("bazel run //a:b.diff -- --follow"), [""; 0]);
        // A value is still to be typed.
        assert_eq!(
            offered("bazel run //a:b.apply -- --adopt --timeo"),
            ["--timeout="]
        );
        assert_eq!(offered("bazel run //a:client.push -- --ta"), ["--tag="]);
        assert_eq!(
            offered("bazel run //a:myns-deep.push -- --dry-run=p"),
            ["plan "]
        );
    }

    #[test]
    fn labels_are_spelt_in_several_ways() {
        for label in ["@windlass//cluster:up", "//cluster:up", "cluster:up"] {
            let line = format!("./bazelw run {label} -- --merge");
            assert_eq!(offered(&line), ["--merge-kubeconfig "]);
        }
        for label in ["//tools/pin", "tools/pin", "//tools/pin:pin", "//prod:pin"] {
            assert_eq!(offered(&format!("bazel run {label} -- pro")), ["promote "]);
        }
        assert_eq!(offered("bazel run :rendered -- --aga"), ["--against="]);
    }

    #[test]
    fn values_follow_their_flag() {
        let line = "bazel run //a:b.diff -- --output=j";
        assert_eq!(offered_with(" =:", line), ["json "]);
        assert_eq!(offered_with(" ", line), ["--output=json "]);
    }

    #[test]
    fn verbs_of_a_tool_then_their_flags() {
        assert_eq!(
            offered("bazel run //tools/pin -- promote --from=dev --com"),
            ["--commit "]
        );
        assert_eq!(offered("bazel run //tools/agent -- --pub"), ["--publish "]);
        assert_eq!(
            offered("bazel run @windlass//tools/new -- service a --de"),
            ["--deps="]
        );
    }

    #[test]
    fn all_else_is_completed_as_before() {
        for line in [
            "bazel run //services/cl",
            "bazel test //a:b.apply -- ",
            "bazel run //a:other -- -",
            "bazel run //a:myns.dev -- -- --repo",
        ] {
            assert_eq!(offered(line), ["by Bazel: last"], "{line}");
        }
    }
}

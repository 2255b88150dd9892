//! The command line: what stands after `--` in `bazel run //x:y.apply -- --wait=false`.

use std::time::Duration;

use clap::{ArgAction, Parser, ValueEnum};

/// Bring the objects of a target to its cluster, or take them away.
///
/// What to do, to which objects and on which cluster stands in the request beside this program;
/// these flags only say how.
#[derive(Clone, Debug, Parser)]
#[command(name = "deploy")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub struct Options {
    /// Wait until everything is ready, or gone.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub wait: bool,
    /// How long to wait: 90s, 5m, 1h.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,
    /// What to print on stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
    /// Take fields that another manager owns.
    #[arg(long)]
    pub force_conflicts: bool,
    /// Refuse a cluster whose namespace kube-system has another uid.
    #[arg(long, value_name = "UID")]
    pub cluster_id: Option<String>,
    /// Print the plan and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Name each object, and each field that changes.
    #[arg(long)]
    pub verbose: bool,
    /// Confirm a delete in a protected environment by its name.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub yes_really: Option<String>,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Nothing: the lines on stderr are for people.
    Text,
    /// One JSON document (see [`crate::outcome::Outcome`]).
    Json,
}

/// Parses `90s`, `5m`, `1h`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let want = || format!("got `{text}`, want a number and a unit as in `90s`, `5m` or `1h`");
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(want)?;
    let number: u64 = text[..end].parse().map_err(|_| want())?;
    let seconds = match &text[end..] {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(want()),
    };
    let seconds = number.checked_mul(seconds).ok_or_else(want)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_the_two_ways_to_wait() {
        let parse = |arguments: &[&str]| {
            Options::try_parse_from(["deploy"].iter().chain(arguments)).expect("parses")
        };
        let options = parse(&[]);
        assert!(options.wait && !options.dry_run);
        assert_eq!(options.timeout, Duration::from_mins(5));
        assert!(!parse(&["--wait=false"]).wait);
        assert!(parse(&["--wait"]).wait);
    }

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h"), Ok(Duration::from_hours(1)));
        for refused in ["", "5", "m", "5 m", "-1s", "18446744073709551615h"] {
            assert!(duration(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn there_is_no_way_to_name_a_context() {
        assert!(Options::try_parse_from(["deploy", "--context=other"]).is_err());
    }
}

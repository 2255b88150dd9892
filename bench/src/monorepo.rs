//! A monorepo: what Bazel takes for the manifests of few and of many services in four environments.

use std::path::PathBuf;
use std::process::Command;

use windlass_report::say;

use crate::cli::MonorepoOptions;
use crate::environment;
use crate::error::Error;
use crate::process::{self, Ended};
use crate::row::{Row, Unit};
use crate::services::Services;
use crate::statistics::median;

/// How many services are few.
const FEW: u32 = 30;

/// Growth that counts as linear: what is fixed makes it less, so that more is worse than linear.
const LINEAR: f64 = 1.0;

/// What every service imports.
const LIBRARY: &str = "jsonnet/k8s/object.libsonnet";

/// Measures builds of a copy of this repository, with an output base of its own and no cache beside
/// it. It compiles the tools first, which takes minutes.
pub fn run(options: &MonorepoOptions) -> Result<Vec<Row>, Error> {
    let checkout = environment::checkout()?;
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let at = |name: &str| folder.path().join(name);
    let services = Services::copy(&checkout, &at("checkout"), folder.path())?;
    let bench = Bench {
        flags: options.bazel_flag.clone(),
        base: at("base"),
        scratch: folder.path().to_owned(),
        services,
    };
    let measured = bench.measure(options);
    // Also after an error: its server would outlive the files that it works on.
    let ended = bench.bazel(&["shutdown"]);
    let cleaned = bench.clean();
    let rows = measured?;
    ended.and(cleaned)?;
    Ok(rows)
}

/// One measurement.
struct Measured {
    what: &'static str,
    unit: Unit,
    value: f64,
}

struct Bench {
    flags: Vec<String>,
    services: Services,
    base: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    fn measure(&self, options: &MonorepoOptions) -> Result<Vec<Row>, Error> {
        say("compiling the tools");
        self.services.write("first", 1)?;
        // With whatever cache the user has: this is not measured. What comes from there has to be on
        // the disk, since later builds do without.
        self.bazel(&["build", "--remote_download_outputs=all", "//first/..."])?;
        let many = options.services;
        let growth = f64::from(many) / f64::from(FEW);
        let few = self.sized(FEW, options.common.runs)?;
        let all = self.sized(many, options.common.runs)?;
        let row = |(ours, theirs): (&Measured, &Measured)| Row {
            work: format!("{}, {many} services in 4 environments", ours.what),
            unit: ours.unit,
            ours: ours.value,
            peer: format!("{growth:.0} times {FEW} services"),
            theirs: theirs.value * growth,
            target: LINEAR,
        };
        Ok(all.iter().zip(&few).map(row).collect())
    }

    /// All measurements with so many services.
    fn sized(&self, count: u32, runs: u32) -> Result<Vec<Measured>, Error> {
        let package = format!("many{count}");
        let pattern = format!("//{package}/...");
        self.services.write(&package, count as usize)?;
        let mut all = Vec::new();
        let mut note = |what: &'static str, unit: Unit, value: f64| {
            say(&format!("{count} services, {what}: {value:.0}"));
            all.push(Measured { what, unit, value });
        };
        // A server that knows nothing yet; what it has to do first is in the time.
        let mut cold = Vec::new();
        for _ in 0..runs {
            self.bazel(&["shutdown"])?;
            cold.push(self.build(&pattern, &["--nobuild"])?.milliseconds());
        }
        note("cold analysis", Unit::Milliseconds, median(&cold));
        note(
            "cold build after it",
            Unit::Milliseconds,
            self.build(&pattern, &[])?.milliseconds(),
        );
        let again = times_of(runs, |_| self.build(&pattern, &[]))?;
        note("build again, nothing changed", Unit::Milliseconds, again);
        let comment = times_of(runs, |run| {
            let new = format!("// {count}.{run}\n//");
            self.services.edit(LIBRARY, "//", &new)?;
            self.build(&pattern, &[])
        })?;
        note(
            "a comment of the library changed",
            Unit::Milliseconds,
            comment,
        );
        let label = times_of(runs, |run| {
            let old = "'app.kubernetes.io/name': app";
            let new = format!("{old}, 'bench/{count}.{run}': 'yes'");
            self.services.edit(LIBRARY, old, &new)?;
            self.build(&pattern, &[])
        })?;
        note("a label of all objects changed", Unit::Milliseconds, label);
        let last = format!("{package}/s{}/s.jsonnet", count - 1);
        let service = times_of(runs, |run| {
            let old = "environment: params";
            self.services
                .edit(&last, old, &format!("edit{run}: 'x', {old}"))?;
            self.build(&pattern, &[])
        })?;
        note("one service changed", Unit::Milliseconds, service);
        note("the server's memory", Unit::Megabytes, self.heap()?);
        Ok(all)
    }

    fn build(&self, pattern: &str, more: &[&str]) -> Result<Ended, Error> {
        // A disk cache of the user would do the work, or have to be written.
        let flags = self.flags.iter().map(String::as_str);
        let mut arguments = vec!["build", "--disk_cache=", "--color=no"];
        arguments.extend(flags.chain(more.iter().copied()));
        arguments.extend(["--", pattern]);
        self.bazel(&arguments)
    }

    fn bazel(&self, arguments: &[&str]) -> Result<Ended, Error> {
        let folder = self.services.folder();
        let mut command = Command::new(folder.join("bazelw"));
        command.current_dir(folder);
        command.arg(format!("--output_base={}", self.base.display()));
        command.args(arguments);
        let what = format!("bazel {}", arguments.join(" "));
        process::run(&what, &mut command, &self.scratch)?.with_code(0)
    }

    /// The memory that the server holds on to, in MB.
    fn heap(&self) -> Result<f64, Error> {
        let ended = self.bazel(&["info", "used-heap-size-after-gc"])?;
        let said = ended.stdout.trim().trim_end_matches("MB");
        said.parse().map_err(|_| Error::Said {
            what: ended.what.clone(),
            want: "a number of MB".to_owned(),
            said: ended.stdout.clone(),
        })
    }

    /// Bazel makes its folders read-only: nobody could remove them.
    fn clean(&self) -> Result<(), Error> {
        let mut command = Command::new("chmod");
        command.args(["-R", "u+w"]).arg(&self.base);
        process::run("chmod", &mut command, &self.scratch)?.with_code(0)?;
        Ok(())
    }
}

/// The median of some runs of one measurement.
fn times_of(runs: u32, one: impl Fn(usize) -> Result<Ended, Error>) -> Result<f64, Error> {
    let runs = (0..runs as usize).map(|run| Ok(one(run)?.milliseconds()));
    Ok(median(&runs.collect::<Result<Vec<_>, Error>>()?))
}

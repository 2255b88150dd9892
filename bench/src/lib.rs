//! Benchmarks: programs that measure this project beside its peers, in one run, in turn. They are
//! run on demand and are no tests: a machine is shared, and only ratios of one run mean anything.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`environment`], [`error`] | what is asked for; what can go wrong |
//! | [`input`], [`tree`] | the objects, and their files for each side |
//! | [`process`], [`statistics`] | one process measured; many measurements in one number |
//! | [`apply`], [`bare`] | the deploy tool beside kubectl, and its writes alone, on a real cluster |
//! | [`plan`] | the planner alone |
//! | [`layer`], [`push`], [`content`] | the image tool: making a layer, and pushing images |
//! | [`monorepo`], [`services`] | builds of many services, and their sources |
//! | [`dev`], [`build_profile`] | from a save to a pod that is ready, and what the build was at |
//! | [`render`], [`jsonnet_tree`] | the Jsonnet renderer beside others, and its worker |
//! | [`peers`], [`tools`] | the programs that are measured: others and ours |
//! | [`row`] | the results, as a table and as JSON |

pub mod apply;
pub mod bare;
pub mod build_profile;
pub mod cli;
pub mod content;
pub mod dev;
pub mod environment;
pub mod error;
pub mod input;
pub mod jsonnet_tree;
pub mod layer;
pub mod memory;
pub mod monorepo;
pub mod peers;
pub mod plan;
pub mod process;
pub mod push;
pub mod render;
pub mod row;
pub mod services;
pub mod statistics;
pub mod tools;
pub mod tree;

use std::process::ExitCode;

use cli::Options;
use error::Error;
use row::Row;

/// Prints results on stdout, or why there are none, and gives the exit code for `main`.
pub fn finish(options: &Options, measured: Result<Vec<Row>, Error>) -> ExitCode {
    let printed = measured.and_then(|rows| {
        let text = if options.json {
            row::json(&rows)
        } else {
            row::table(&rows)
        };
        windlass_report::print(text.as_bytes()).map_err(Error::io("write to", "stdout"))
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => windlass_report::fail(&error),
    }
}

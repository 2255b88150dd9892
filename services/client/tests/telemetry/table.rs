//! The table of `docs/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A line of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: String,
    pub kind: String,
    pub labels: BTreeSet<String>,
    /// The services that export it.
    pub of: BTreeSet<String>,
    pub meaning: String,
}

/// What the page for people says.
pub fn read() -> BTreeMap<String, Metric> {
    let named = std::env::var_os("METRICS_PAGE").map(PathBuf::from);
    let of_cargo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let page = std::fs::read_to_string(named.unwrap_or_else(|| of_cargo.into())).expect("reads");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let metrics = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, unit, of, meaning] = cells[..] else {
            panic!("want six cells: {row}");
        };
        assert!(!unit.is_empty(), "no unit: {row}");
        Metric {
            name: name.trim_matches('`').to_owned(),
            kind: kind.to_owned(),
            labels: list(labels),
            of: list(of),
            meaning: meaning.to_owned(),
        }
    });
    join(metrics.collect())
}

/// By name; one that several services export is one.
pub fn join(metrics: Vec<Metric>) -> BTreeMap<String, Metric> {
    let mut joined = BTreeMap::<String, Metric>::new();
    for metric in metrics {
        let Metric {
            name, of, labels, ..
        } = &metric;
        if let Some(same) = joined.get_mut(name) {
            same.of.extend(of.clone());
            assert_eq!(
                (&same.labels, &same.kind),
                (labels, &metric.kind),
                "{name} differs"
            );
        } else {
            joined.insert(name.clone(), metric);
        }
    }
    joined
}

fn list(cell: &str) -> BTreeSet<String> {
    let words = cell.split(", ").map(|word| word.trim_matches('`'));
    words
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

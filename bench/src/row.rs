//! The results: what a table and its JSON hold.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds of wall time.
    Milliseconds,
    /// Megabytes (10^6) of memory at the peak.
    Megabytes,
}

impl Unit {
    /// As it is written after a number, and in the names of JSON fields.
    fn word(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "mb",
        }
    }
}

/// One result: something of ours, and what it is compared with.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// What was counted.
    pub unit: Unit,
    /// What we took; a median.
    pub ours: f64,
    /// Who did the same, or `aim` for a number that was set before.
    pub peer: String,
    /// What they took.
    pub theirs: f64,
    /// What the ratio must not exceed.
    pub target: f64,
}

impl Row {
    /// Ours by theirs.
    pub fn ratio(&self) -> f64 {
        self.ours / self.theirs
    }
}

/// `[{"work", "ours_ms", "peer", "peer_ms", "ratio", "target"}]`; memory has `ours_mb` and
/// `peer_mb`. Ends in a newline.
pub fn json(rows: &[Row]) -> String {
    let one = |row: &Row| {
        let unit = row.unit.word();
        json!({
            "work": row.work,
            (format!("ours_{unit}")): rounded(row.ours, 100.0),
            "peer": row.peer,
            (format!("peer_{unit}")): rounded(row.theirs, 100.0),
            "ratio": rounded(row.ratio(), 1000.0),
            "target": row.target,
        })
    };
    let rows: Value = rows.iter().map(one).collect();
    format!("{rows:#}\n")
}

/// A Markdown table. Ends in a newline.
pub fn table(rows: &[Row]) -> String {
    let mut text = "| work | ours | peer | peer's | ratio | target | |\n\
                    |---|---:|---|---:|---:|---:|---|\n"
        .to_owned();
    for row in rows {
        let unit = match row.unit {
            Unit::Milliseconds => "ms",
            Unit::Megabytes => "MB",
        };
        let verdict = if row.ratio() <= row.target {
            "met"
        } else {
            "missed"
        };
        let _ = writeln!(
            text,
            "| {} | {} {unit} | {} | {} {unit} | {:.3} | {} | {verdict} |",
            row.work,
            digits(row.ours),
            row.peer,
            digits(row.theirs),
            row.ratio(),
            row.target
        );
    }
    text
}

/// Three digits say enough of a measurement.
fn digits(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn rounded(value: f64, to: f64) -> f64 {
    (value * to).round() / to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        vec![
            Row {
                work: "create 300 objects".to_owned(),
                unit: Unit::Milliseconds,
                ours: 555.5555,
                peer: "kubectl".to_owned(),
                theirs: 1595.0,
                target: 0.35,
            },
            Row {
                work: "create 10,000 objects".to_owned(),
                unit: Unit::Megabytes,
                ours: 250.0,
                peer: "aim".to_owned(),
                theirs: 200.0,
                target: 1.0,
            },
        ]
    }

    #[test]
    fn json_for_machines() {
        let got: Value = serde_json::from_str(&json(&rows())).expect("JSON");
        let want = json!([
            {"work": "create 300 objects", "ours_ms": 555.56, "peer": "kubectl",
             "peer_ms": 1595.0, "ratio": 0.348, "target": 0.35},
            {"work": "create 10,000 objects", "ours_mb": 250.0, "peer": "aim",
             "peer_mb": 200.0, "ratio": 1.25, "target": 1.0},
        ]);
        assert_eq!(got, want);
    }

    #[test]
    fn a_table_for_people_says_what_is_missed() {
        assert_eq!(
            table(&rows()),
            "| work | ours | peer | peer's | ratio | target | |\n\
             |---|---:|---|---:|---:|---:|---|\n\
             | create 300 objects | 556 ms | kubectl | 1595 ms | 0.348 | 0.35 | met |\n\
             | create 10,000 objects | 250 MB | aim | 200 MB | 1.250 | 1 | missed |\n"
        );
    }
}

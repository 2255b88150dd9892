//! The differences that are known.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Error, Outcome};

/// By the case's name: why it differs.
#[derive(Debug)]
pub struct Differences(BTreeMap<String, String>);

impl Differences {
    /// Parses a list: a line each, `<case>: <reason>`; empty lines and those from `#` on are left out.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut known = BTreeMap::new();
        let lines = text.lines().enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let entry = line.split_once(": ");
            let entry = entry.filter(|(case, reason)| {
                !known.contains_key(*case) && !case.is_empty() && !reason.trim().is_empty()
            });
            let (case, reason) = entry.ok_or_else(|| Error::Line {
                number: at + 1,
                got: line.to_owned(),
            })?;
            known.insert(case.to_owned(), reason.to_owned());
        }
        Ok(Self(known))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Compares them with what was found.
    pub(crate) fn settle(mut self, found: &[(String, Outcome, Outcome)]) -> Result<(), Error> {
        let mut text = String::new();
        for (case, want, got) in found {
            if self.0.remove(case).is_none() {
                let _ = write!(text, "\n{case}: want {want:?}, got {got:?}");
            }
        }
        for case in self.0.keys() {
            let _ = write!(
                text,
                "\n{case}: is as in the suite; remove it from the list"
            );
        }
        if text.is_empty() {
            return Ok(());
        }
        Err(Error::Differs { text })
    }
}

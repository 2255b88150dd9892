//! A page of metrics, as a reader of the text format takes it.

use crate::table::Metric;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// The text of a page.
pub struct Page(String);

impl Page {
    /// Asks for it.
    pub fn get(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).expect("the page is there");
        let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("can be asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        let (head, text) = answer.split_once("\r\n\r\n").expect("has a head");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        Self(text.to_owned())
    }

    /// The value of one series that counts.
    pub fn value(&self, series: &str) -> u64 {
        let found = self
            .0
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = found.unwrap_or_else(|| panic!("no {series} in:\n{self}"));
        value.parse().expect("a whole number")
    }

    /// Calls that ended with anything but OK.
    pub fn failures(&self) -> Vec<&str> {
        let is_failure = |line: &&str| {
            line.contains("_handled_total{") && !line.contains("\"OK\"") && !line.ends_with(" 0")
        };
        self.0.lines().filter(is_failure).collect()
    }

    /// What it has, of the service `of`.
    pub fn metrics(&self, of: &str) -> Vec<Metric> {
        let names = self
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        let metric = |line: &str| {
            let (name, kind) = line.split_once(' ').expect("a type");
            Metric {
                name: name.to_owned(),
                kind: kind.to_owned(),
                labels: self.labels(name),
                of: BTreeSet::from([of.to_owned()]),
                meaning: self.help(name),
            }
        };
        names.map(metric).collect()
    }

    fn help(&self, name: &str) -> String {
        let start = format!("# HELP {name} ");
        let help = self.0.lines().find_map(|line| line.strip_prefix(&start));
        help.expect("each has a help")
            .trim_end_matches('.')
            .to_owned()
    }

    /// The labels of its series, but for the bounds of a histogram.
    fn labels(&self, name: &str) -> BTreeSet<String> {
        let series = self.0.lines().filter(|line| !line.starts_with('#'));
        let of_name = series.filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let rest = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| rest.strip_prefix(end))
                .unwrap_or(rest);
            rest.starts_with([' ', '{']).then_some(rest)
        });
        let labels = of_name.filter_map(|rest| rest.strip_prefix('{')?.split_once('}'));
        let pairs = labels.flat_map(|(labels, _)| labels.split(','));
        let names = pairs.filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
        names.filter(|name| name != "le").collect()
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

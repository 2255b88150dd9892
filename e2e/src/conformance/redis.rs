//! A Redis cluster of one node, on loopback.

use super::program::Program;
use super::until;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;

/// The node. It keeps nothing: another start is an empty cluster.
#[derive(Debug)]
pub(super) struct Redis {
    port: u16,
    program: Program,
}

impl Redis {
    /// Starts it in a new folder below `folder`, and gives it all slots.
    #[track_caller]
    pub(super) fn start(port: u16, folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("a folder").keep();
        let place = folder.to_str().expect("a path").to_owned();
        let words = [
            "--bind 127.0.0.1",
            "--cluster-enabled yes",
            "--cluster-announce-ip 127.0.0.1",
            "--cluster-node-timeout 2000",
            "--appendonly no",
        ];
        let mut arguments = vec![
            "--port".to_owned(),
            port.to_string(),
            "--dir".to_owned(),
            place,
        ];
        arguments.extend(
            words
                .iter()
                .flat_map(|word| word.split(' '))
                .map(str::to_owned),
        );
        arguments.extend(["--save".to_owned(), String::new()]);
        let program = Program::start(Path::new("/usr/bin/redis-server"), &arguments, &folder);
        let redis = Self { port, program };
        until("Redis listens", || {
            redis.ask("PING").err().map(|error| error.to_string())
        });
        redis
            .ask("CLUSTER ADDSLOTSRANGE 0 16383")
            .expect("the slots are free");
        until("Redis has all slots", || {
            let state = redis.ask("CLUSTER INFO").unwrap_or_default();
            (!state.contains(&"cluster_state:ok".to_owned())).then(|| format!("{state:?}"))
        });
        redis
    }

    /// Where it is, as `--redis` wants it.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The lines that it answers to a command without spaces in its words.
    pub(super) fn ask(&self, command: &str) -> std::io::Result<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
        // What it answers to QUIT is the end.
        let lines = BufReader::new(stream)
            .lines()
            .collect::<Result<Vec<_>, _>>()?;
        let lines: Vec<_> = lines
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect();
        if lines.first().is_some_and(|line| line.starts_with('-')) {
            return Err(std::io::Error::other(lines.join(" ")));
        }
        Ok(lines)
    }

    /// Kills it.
    pub(super) fn kill(self) {
        self.program.signal("KILL");
    }
}

//! A layer of 200 MB in 1,800 files, beside tar into pigz.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_report::say;

use crate::cli::Options;
use crate::content;
use crate::error::Error;
use crate::peers::PIGZ;
use crate::process::{self, Ended};
use crate::row::{Row, Unit};
use crate::statistics::median;
use crate::tools;

/// How many files, and bytes in all.
const FILES: usize = 1_800;
const BYTES: usize = 200_000_000;
/// What the time must not exceed, and the size, by the peer's.
const TIME: f64 = 0.6;
const SIZE: f64 = 1.0;
const PEER: &str = "tar, pigz -6";

/// Measures it.
pub fn run(options: &Options) -> Result<Vec<Row>, Error> {
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let bench = Bench {
        image: tools::image()?,
        pigz: PIGZ.program()?,
        files: folder.path().join("files"),
        folder: folder.path().to_owned(),
    };
    content::write(&bench.files, FILES, BYTES / FILES)?;
    let sides = ["gzip", "zstd"];
    let (mut ours, mut theirs) = (sides.map(|_| Vec::new()), Vec::new());
    for _ in 0..options.runs {
        for (side, times) in sides.iter().zip(&mut ours) {
            times.push(told(side, &bench.ours(side)?));
        }
        theirs.push(told(PEER, &bench.theirs()?));
    }
    let (theirs, their_size) = (median(&theirs), bench.megabytes("theirs")?);
    let mut rows = Vec::new();
    for (side, times) in sides.iter().zip(&ours) {
        let work = format!("a {side} layer of 200 MB, 1,800 files");
        rows.push(Row {
            work: work.clone(),
            unit: Unit::Milliseconds,
            ours: median(times),
            peer: PEER.to_owned(),
            theirs,
            target: TIME,
        });
        rows.push(Row {
            work: format!("{work}: its size"),
            unit: Unit::Megabytes,
            ours: bench.megabytes(side)?,
            peer: PEER.to_owned(),
            theirs: their_size,
            target: SIZE,
        });
    }
    Ok(rows)
}

fn told(side: &str, ended: &Ended) -> f64 {
    let cpu = ended.cpu.as_secs_f64() * 1e3;
    let wall = ended.milliseconds();
    say(&format!(
        "{side}: {wall:.0} ms, {cpu:.0} ms on processors, {:.0} MB",
        ended.megabytes()
    ));
    wall
}

struct Bench {
    image: PathBuf,
    pigz: PathBuf,
    files: PathBuf,
    folder: PathBuf,
}

impl Bench {
    fn ours(&self, compression: &str) -> Result<Ended, Error> {
        let mut command = Command::new(&self.image);
        command
            .args(["layer", "--compression", compression])
            .args(["--file", "/app", "0644"])
            .arg(&self.files)
            .arg("--blob")
            .arg(self.folder.join(compression))
            .arg("--metadata")
            .arg(self.folder.join("metadata"));
        process::run("image layer", &mut command, &self.folder)?.with_code(0)
    }

    fn theirs(&self) -> Result<Ended, Error> {
        let quoted = |path: &Path| format!("'{}'", path.display());
        let script = format!(
            "export LD_LIBRARY_PATH='{}'; tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C {} -cf - . | {} -6 > {}",
            PIGZ.libraries()?,
            quoted(&self.files),
            quoted(&self.pigz),
            quoted(&self.folder.join("theirs")),
        );
        let mut command = Command::new("bash");
        command.args(["-o", "pipefail", "-c", &script]);
        process::run(PEER, &mut command, &self.folder)?.with_code(0)
    }

    fn megabytes(&self, name: &str) -> Result<f64, Error> {
        let path = self.folder.join(name);
        let metadata = std::fs::metadata(&path).map_err(Error::io("read", &path))?;
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
        Ok(metadata.len() as f64 / 1e6)
    }
}

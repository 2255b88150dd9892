//! What is told of images: layouts that the tool makes, and some that others could make.

use crate::contents::Contents;
use crate::diff::compared;
use crate::inspect::described;
use crate::{Environment, run};
use std::path::{Path, PathBuf};

/// Makes an image of one layer, or of a layer of a tar of somebody else, as a layout.
struct Maker {
    folder: tempfile::TempDir,
}

impl Maker {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in [
            ("small", "x"),
            ("large", &"y".repeat(4_000)),
            ("other", "z"),
        ] {
            std::fs::write(folder.path().join(name), content).expect("writes");
        }
        Self { folder }
    }

    /// Each layer by the arguments that make it; in all arguments `DIR` is the folder.
    fn image(&self, name: &str, layers: &[&str], config: &str) -> PathBuf {
        let mut blobs = String::new();
        for (at, layer) in layers.iter().enumerate() {
            let files = format!("DIR/{name}.{at}.tar DIR/{name}.{at}.json");
            let (blob, metadata) = files.split_once(' ').expect("two files");
            self.run(&format!(
                "layer {layer} --blob {blob} --metadata {metadata}"
            ));
            blobs.push_str(" --layer ");
            blobs.push_str(&files);
        }
        let metadata = (0..layers.len()).map(|at| format!(" --layer DIR/{name}.{at}.json"));
        let metadata: String = metadata.collect();
        let parts = |suffix: &str| {
            let part = |part: &str| format!(" --{part}{suffix} DIR/{name}.{part}");
            ["config", "manifest", "descriptor"].map(part).concat()
        };
        let platform = "--os linux --architecture amd64";
        self.run(&format!(
            "manifest {platform} {config}{metadata}{}",
            parts("-out")
        ));
        self.run(&format!("layout{}{blobs} --out DIR/{name}", parts("")));
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &str) {
        let folder = self.folder.path().to_str().expect("utf-8");
        let arguments = format!("image {}", arguments.replace("DIR", folder));
        let arguments = arguments.split_whitespace().map(Into::into);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let ran = runtime
            .expect("a runtime")
            .block_on(run(arguments, Environment::default()));
        ran.expect("runs");
    }
}

fn read(layout: &Path) -> Contents {
    Contents::read(layout).expect("an image")
}

/// Without what a compressor decides.
fn without_sizes(text: &str) -> String {
    let line = |line: &str| match line.split_once("sha256:") {
        Some((before, after)) => {
            let unpacked = after.split_once(", ").map_or("", |(_, rest)| rest);
            format!("{before}..., {unpacked}\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn inspect_tells_where_the_bytes_are() {
    let maker = Maker::new();
    let layers = [
        "--file /etc/small 0644 DIR/small --file /etc/large 0600 DIR/large",
        "--file /etc/small 0755 DIR/other --compression zstd",
    ];
    let image = read(&maker.image("a", &layers, "--entrypoint=/run --user 1:1"));
    assert_eq!(
        without_sizes(&described(&image, 5)),
        "image ..., \n\
         platform    linux/amd64\n\
         entrypoint  /run\n\
         user        1:1\n\
         layer 0     ..., 4.0 kB unpacked, 3 entries\n\
         \x20    4.0 kB  0600  /etc/large\n\
         layer 1     ..., 1 B unpacked, 2 entries\n\
         \x20       1 B  0755  /etc/small\n"
    );
    let first = described(&image, 0);
    assert!(
        first.contains("  and 1 files more; --all shows them\n"),
        "{first}"
    );
}

#[test]
fn diff_tells_why_a_digest_changed() {
    let maker = Maker::new();
    let before = "--file /a 0644 DIR/small --file /b 0644 DIR/small --file /c 0644 DIR/small \
                  --symlink /d a --file /gone 0644 DIR/small";
    let after = "--file /a 0644 DIR/small --file /b 0600 DIR/other --file /c 0644 DIR/large \
                 --symlink /d b --file /new 0644 DIR/large --set-owner /a 1:2";
    let before = read(&maker.image("before", &[before], "--cmd=a"));
    let after = read(&maker.image("after", &[after], "--cmd=b"));
    assert_eq!(
        compared(&before, &after),
        "~ /a  owner 0:0 -> 1:2\n\
         ~ /b  content, 1 B as before, mode 0644 -> 0600\n\
         ~ /c  content, 1 B -> 4.0 kB\n\
         ~ /d  symlink to a -> symlink to b\n\
         - /gone\n\
         + /new  4.0 kB\n\
         ~ config.Cmd: [\"a\"] -> [\"b\"]\n"
    );
    let same = compared(&before, &before);
    assert_eq!(same, format!("the same image, {}\n", before.digest));
}

#[test]
fn the_same_files_packed_otherwise() {
    let maker = Maker::new();
    let file = "--file /a 0644 DIR/large";
    let gzip = read(&maker.image("gzip", &[file], ""));
    let zstd = read(&maker.image("zstd", &[&format!("{file} --compression zstd")], ""));
    let text = compared(&gzip, &zstd);
    assert!(
        text.starts_with(
            "the same contents, modes, owners and settings; times or packing differ\n~ layers  "
        ),
        "{text}"
    );
}

#[test]
fn whiteouts_hide_what_is_below() {
    let maker = Maker::new();
    let layers = [
        "--file /a/x 0644 DIR/small --file /b/x 0644 DIR/small --file /c 0644 DIR/small",
        "--file /a/.wh..wh..opq 0644 DIR/small --file /a/y 0644 DIR/small \
         --file /b/.wh.x 0644 DIR/small --file /.wh.c 0644 DIR/small",
    ];
    let image = read(&maker.image("a", &layers, ""));
    let paths: Vec<&String> = image.entries.keys().collect();
    assert_eq!(paths, ["/a", "/a/y", "/b"]);
    // A folder that becomes a link has nothing in it any more.
    let layers = ["--file /lib/x 0644 DIR/small", "--symlink /lib usr/lib"];
    let image = read(&maker.image("b", &layers, ""));
    let paths: Vec<&String> = image.entries.keys().collect();
    assert_eq!(paths, ["/lib"]);
}

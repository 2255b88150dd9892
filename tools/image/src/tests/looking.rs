//! What is told of images: layouts that the tool makes, and some that others could make.

use super::bench::Bench;
use crate::contents::Contents;
use crate::diff::compared;
use crate::inspect::described;
use std::path::{Path, PathBuf};

/// Makes an image as a layout: each layer by the arguments that make it.
fn made(bench: &Bench, name: &str, layers: &[&str], config: &str) -> PathBuf {
    let mut parts = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let (blob, metadata) = (format!("{name}.{at}.tar"), format!("{name}.{at}.json"));
        bench.run(&format!(
            "layer {layer} --blob DIR/{blob} --metadata DIR/{metadata}"
        ));
        parts.push((blob, metadata));
    }
    let platform = "--os linux --architecture amd64";
    bench.image(name, &format!("{platform} {config}"), &parts);
    bench.run(&format!("layout --files DIR/{name}.files --out DIR/{name}"));
    bench.path(name)
}

fn read(layout: &Path) -> Contents {
    Contents::read(layout, None).expect("an image")
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
    let maker = Bench::new();
    let layers = [
        "--file /etc/small 0644 DIR/small --file /etc/large 0600 DIR/large",
        "--file /etc/small 0755 DIR/other --compression zstd",
    ];
    let image = read(&made(&maker, "a", &layers, "--entrypoint=/run --user 1:1"));
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
    let maker = Bench::new();
    let before = "--file /a 0644 DIR/small --file /b 0644 DIR/small --file /c 0644 DIR/small \
                  --symlink /d a --file /gone 0644 DIR/small";
    let after = "--file /a 0644 DIR/small --file /b 0600 DIR/other --file /c 0644 DIR/large \
                 --symlink /d b --file /new 0644 DIR/large --set-owner /a 1:2";
    let before = read(&made(&maker, "before", &[before], "--cmd=a"));
    let after = read(&made(&maker, "after", &[after], "--cmd=b"));
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
    let maker = Bench::new();
    let file = "--file /a 0644 DIR/large";
    let gzip = read(&made(&maker, "gzip", &[file], ""));
    let zstd = read(&made(
        &maker,
        "zstd",
        &[&format!("{file} --compression zstd")],
        "",
    ));
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
    let maker = Bench::new();
    let layers = [
        "--file /a/x 0644 DIR/small --file /b/x 0644 DIR/small --file /c 0644 DIR/small",
        "--file /a/.wh..wh..opq 0644 DIR/small --file /a/y 0644 DIR/small \
         --file /b/.wh.x 0644 DIR/small --file /.wh.c 0644 DIR/small",
    ];
    let image = read(&made(&maker, "a", &layers, ""));
    let paths: Vec<&String> = image.entries.keys().collect();
    assert_eq!(paths, ["/a", "/a/y", "/b"]);
    // A folder that becomes a link has nothing in it any more.
    let layers = ["--file /lib/x 0644 DIR/small", "--symlink /lib usr/lib"];
    let image = read(&made(&maker, "b", &layers, ""));
    let paths: Vec<&String> = image.entries.keys().collect();
    assert_eq!(paths, ["/lib"]);
}

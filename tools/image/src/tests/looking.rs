//! What is told of images: layouts that the tool makes, and some that others could make.

use super::maker::{Maker, read};
use crate::diff::compared;
use crate::inspect::described;

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
         layer 0     ..., 4.0 kB unpacked, 2 entries\n\
         \x20    4.0 kB  0600  /etc/large\n\
         layer 1     ..., 1 B unpacked, 1 entries\n\
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
            "the same contents, modes, owners, times and settings; they are packed otherwise\n\
             ~ layers  "
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

#[test]
fn a_layer_leaves_the_folders_of_its_base_as_they_are() {
    let maker = Maker::new();
    let layers = [
        "--dir /etc 0750 --set-owner /etc 1:2 --dir /usr/lib 0711 --symlink /lib usr/lib \
         --dir /tmp 1777 --file /usr/lib/gone 0644 DIR/small --symlink /round round \
         --file /opt/app/a 0644 DIR/small",
        "--owner 7:8 --file /etc/a 0644 DIR/small --file /lib/a 0644 DIR/small \
         --file /tmp/a 0644 DIR/small --file /new/a 0644 DIR/small --file /round/a 0644 DIR/small \
         --file /lib/.wh.gone 0644 DIR/small --file /opt/app/.wh.a 0644 DIR/small",
    ];
    let image = read(&maker.image("a", &layers, ""));
    let said = image.entries.iter().map(|(path, entry)| {
        let (uid, gid) = entry.owner;
        format!("{:04o} {uid}:{gid} {path}", entry.mode)
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            "0750 1:2 /etc",
            "0644 7:8 /etc/a",
            "0777 0:0 /lib",
            "0755 0:0 /new",
            "0644 7:8 /new/a",
            "0755 0:0 /opt",
            "0755 0:0 /opt/app",
            "0777 0:0 /round",
            "0644 7:8 /round/a",
            "1777 0:0 /tmp",
            "0644 7:8 /tmp/a",
            "0755 0:0 /usr",
            "0711 0:0 /usr/lib",
            "0644 7:8 /usr/lib/a",
        ]
    );
}

#[test]
fn folders_that_are_implied_are_the_same_as_those_that_are_named() {
    let maker = Maker::new();
    let file = "--file /a/b/c 0644 DIR/small";
    let implied = read(&maker.image("implied", &[file], ""));
    let named = format!("{file} --dir /a 0755 --dir /a/b 0755");
    let named = read(&maker.image("named", &[&named], ""));
    let text = compared(&implied, &named);
    assert!(text.starts_with("the same contents, modes, "), "{text}");
}

#[test]
fn layers_as_docker_calls_them_are_read() {
    let maker = Maker::new();
    for compression in ["gzip", "zstd"] {
        let layer = format!("--file /a 0644 DIR/small --compression {compression}");
        let layout = maker.image(compression, &[&layer], "");
        let want = read(&layout);
        let oci = format!("application/vnd.oci.image.layer.v1.tar+{compression}");
        let docker = format!("application/vnd.docker.image.rootfs.diff.tar.{compression}");
        maker.rename(compression, &oci, &docker);
        let got = read(&layout);
        assert_ne!(got.digest, want.digest);
        assert_eq!(got.entries, want.entries);

        let foreign = docker.replace("rootfs", "rootfs.foreign");
        maker.rename(compression, &docker, &foreign);
        let error = crate::contents::Contents::read(&layout, None).expect_err("foreign");
        assert_eq!(
            error.to_string(),
            format!(
                "cannot use `{}`: media type of a layer: got `{foreign}`, want that of a layer \
                 of tar, tar+gzip or tar+zstd",
                layout.display()
            )
        );
    }
}

/// One file as other tools may pack it.
fn packed(time: u64, records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_path("bin/ping").expect("a path");
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(time);
    header.set_size(1);
    header.set_cksum();
    let records = records.iter().copied();
    builder.append_pax_extensions(records).expect("appends");
    builder.append(&header, &b"x"[..]).expect("appends");
    builder.into_inner().expect("an archive")
}

#[test]
fn diff_tells_of_times_attributes_and_what_it_does_not_know() {
    let maker = Maker::new();
    let capability = ("SCHILY.xattr.security.capability", &b"\x01\0\0\x02"[..]);
    let before = packed(1, &[capability, ("mtime", b"1.5")]);
    let mut before = read(&maker.foreign("before", &before, ""));
    let after = packed(2, &[("mtime", b"2.5"), ("SCHILY.xattr.user.a", b"1")]);
    let mut after = read(&maker.foreign("after", &after, ""));
    before.documents = [
        serde_json::json!({"annotations": {"a": "b"}, "config": 1, "layers": [1]}),
        serde_json::json!({"config": {"Memory": 1}, "history": [{"created": 1}], "rootfs": 1}),
    ];
    after.documents = [
        serde_json::json!({"config": 2, "layers": []}),
        serde_json::json!({"config": {}, "history": [{"created": 2}], "rootfs": 2}),
    ];
    assert_eq!(
        compared(&before, &after),
        "~ /bin/ping  time 1 -> 2, security.capability gone, user.a new, mtime changed\n\
         ~ annotations: {\"a\":\"b\"} -> null\n\
         ~ config.Memory: 1 -> null\n\
         ~ history[0].created: 1 -> 2\n"
    );
}

#[test]
fn a_blob_that_is_cut_off_is_said_to_be_another() {
    let maker = Maker::new();
    for (name, compression) in [("gzip", "gzip"), ("zstd", "zstd")] {
        let layer = format!("--file /a 0644 DIR/large --compression {compression}");
        let layout = maker.image(name, &[&layer], "");
        let image = read(&layout);
        let digest = &image.layers[0].digest;
        let blob = layout.join("blobs/sha256").join(digest.hex());
        let bytes = std::fs::read(&blob).expect("reads");
        for change in [&bytes[..bytes.len() - 3], &[&bytes[..], b"more"].concat()] {
            std::fs::write(&blob, change).expect("writes");
            let error = crate::contents::Contents::read(&layout, None).expect_err("another blob");
            let got = windlass_oci_reference::Digest::of(change);
            assert_eq!(
                error.to_string(),
                format!("digest of `{}`: got {got}, want {digest}", blob.display())
            );
        }
    }
}

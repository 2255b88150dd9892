//! What `image check` finds in images, and where paths in images lead to.

use super::maker::{Maker, read};
use crate::check::{complaints, sizes};
use crate::lookup::{Found, Last};

/// What is complained of where `expected` is asked for.
fn complained(maker: &Maker, layers: &[&str], config: &str, expected: &str) -> Vec<String> {
    let expected = serde_json::from_str(expected).expect("parses");
    complaints(&read(&maker.image("a", layers, config)), &expected)
}

#[test]
fn an_image_that_is_as_expected() {
    let maker = Maker::new();
    let layer = "--file /usr/bin/server 0755 DIR/small --symlink /bin usr/bin --dir /tmp 1777 \
                 --symlink /run /bin/server --file /usr/share/sh 0644 DIR/small";
    let config = "--entrypoint=/run --entrypoint=-v --user=65532 --env=A=1=1 --label=l=v";
    let expected = r#"{
        "files": {"/bin/server": "0755", "/run": "", "/tmp": "1777", "/usr": "0755"},
        "no_files": ["/etc", "/bin/client"], "max_size": 1000, "user_not_root": true,
        "no_shell": true, "entrypoint": ["/run", "-v"], "env": {"A": "1=1"}, "labels": {"l": "v"}
    }"#;
    let none: [&str; 0] = [];
    assert_eq!(complained(&maker, &[layer], config, expected), none);
}

#[test]
fn everything_that_is_not_is_said() {
    let maker = Maker::new();
    let layers = [
        "--file /bin/busybox 0755 DIR/small --symlink /bin/sh busybox --file /server 0644 DIR/large",
        "--symlink /link nowhere --symlink /bin/dash gone",
    ];
    let config = "--entrypoint=/server --user=app --env=A=2";
    let expected = r#"{
        "files": {"/link": "", "/server": "0755"}, "no_files": ["/link", "/bin"], "max_size": 10,
        "user_not_root": true, "no_shell": true, "entrypoint": ["/other"],
        "env": {"A": "1", "B": ""}, "labels": {"l": "v"}
    }"#;
    let mut complained = complained(&maker, &layers, config, expected);
    let size = complained.pop().expect("one of the size");
    assert!(
        size.starts_with("compressed size: got ")
            && size.ends_with(", want at most 10 B (10 bytes)"),
        "{size}"
    );
    assert_eq!(
        complained,
        [
            "program `/server`: got mode 0644, want a file that can be run",
            "file `/link`: got none, want one",
            "mode of `/server`: got 0644, want 0755",
            "file `/link`: got one, want none",
            "file `/bin`: got one, want none",
            "shell: got `/bin/busybox`, want none",
            "shell: got `/bin/sh`, want none",
            "user: got `app`, want `<uid>:<gid>` with a uid that is not 0",
            "entrypoint: got [\"/server\"], want [\"/other\"]",
            "env `A`: got `2`, want `1`",
            "env `B`: got none, want ``",
            "label `l`: got none, want `v`",
        ]
    );
}

#[test]
fn what_readers_take_for_two_things_is_said() {
    let maker = Maker::new();
    let layers = [
        "--symlink /lib usr/lib --symlink /own nowhere --file /usr/lib/x 0644 DIR/small",
        "--file /lib/a 0644 DIR/small --file /lib/b 0644 DIR/small --symlink /in usr",
        "--file /usr/lib/c 0644 DIR/small --file /in/lib/.wh.x 0644 DIR/small",
    ];
    assert_eq!(
        complained(&maker, &layers, "", "{}"),
        [
            "link `/in`: got `/in/lib/.wh.x` in a layer above, want it at `/usr/lib/.wh.x`",
            "link `/lib`: got `/lib/a` in a layer above, want it at `/usr/lib/a`",
        ]
    );
}

#[test]
fn who_is_root() {
    let maker = Maker::new();
    let expected = r#"{"user_not_root": true}"#;
    for (user, is_refused) in [
        ("", true),
        ("--user=0", true),
        ("--user=0:65532", true),
        ("--user=root", true),
        ("--user=nonroot", true),
        ("--user=65532:0", false),
    ] {
        let complained = complained(&maker, &[], user, expected);
        assert_eq!(!complained.is_empty(), is_refused, "{user} {complained:?}");
    }
}

#[test]
fn sizes_are_told_with_the_largest_files() {
    let maker = Maker::new();
    let layers = [
        "--file /a 0644 DIR/small --file /b 0755 DIR/large",
        "--file /c 0600 DIR/large",
    ];
    let image = read(&maker.image("a", &layers, ""));
    let text = sizes(&image);
    let (first, files) = text.split_once('\n').expect("lines");
    assert!(
        first.ends_with(" compressed, 8.0 kB unpacked, 2 layers"),
        "{first}"
    );
    assert_eq!(
        files,
        "     4.0 kB  0755  /b\n     4.0 kB  0600  /c\n        1 B  0644  /a\n"
    );
}

#[test]
fn links_are_followed_inside_the_image() {
    let maker = Maker::new();
    let layer = "--file /usr/lib/x 0600 DIR/small --symlink /lib usr/lib --symlink /abs /lib \
                 --symlink /usr/up ../../../lib/x --symlink /here . --symlink /loop loop \
                 --symlink /round /there --symlink /there round --symlink /file/link x \
                 --symlink /slash lib/ --symlink /below usr/lib/x/y";
    let image = read(&maker.image("a", &[layer], ""));
    let mode = |path: &str, last| image.find(path, last).map(Found::mode);
    for path in [
        "/lib/x",
        "/abs/x",
        "/usr/up",
        "/here/here/lib/x",
        "/usr/../lib/x",
        "/slash/x",
        "//lib/./x",
    ] {
        assert_eq!(mode(path, Last::Follow), Some(0o600), "{path}");
    }
    for path in [
        "/nothing",
        "/loop",
        "/loop/x",
        "/round",
        "/usr/lib/x/y",
        "/file/link",
        "/below",
        "/us",
    ] {
        assert_eq!(mode(path, Last::Follow), None, "{path}");
    }
    for path in ["/loop", "/here/loop", "/file/link"] {
        assert_eq!(mode(path, Last::Keep), Some(0o777), "{path}");
    }
    assert_eq!(mode("/", Last::Follow), Some(0o755));
    assert_eq!(mode("/usr/lib/../..", Last::Follow), Some(0o755));
}

#[test]
fn folders_that_an_archive_does_not_have_are_there() {
    let maker = Maker::new();
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind) in [
        ("./opt/app/run", tar::EntryType::Regular),
        ("./opt/app/start", tar::EntryType::Link),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).expect("a path");
        header.set_entry_type(kind);
        header.set_mode(0o755);
        if kind == tar::EntryType::Link {
            header.set_link_name("opt/app/run").expect("a path");
        }
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(0);
        header.set_cksum();
        builder.append(&header, std::io::empty()).expect("appends");
    }
    let archive = builder.into_inner().expect("an archive");
    let image = read(&maker.foreign("a", &archive, ""));
    let found = |path| image.find(path, Last::Follow);
    assert_eq!(found("/opt/app").expect("a folder").mode(), 0o755);
    assert!(found("/opt/app/start").expect("a link").is_program());
    assert!(!found("/opt").expect("a folder").is_program());
    assert!(found("/op").is_none());
}

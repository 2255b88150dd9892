//! A table that is not right has to fail, for each way of not being right.

use super::*;
use std::os::unix::fs::symlink;
use strum::VariantNames as _;

#[derive(Debug, thiserror::Error, strum::VariantNames, strum::IntoStaticStr)]
enum Error {
    #[error("cannot read `{0}` at 127.0.0.1:4711")]
    Read(String),
    #[error("cannot write")]
    Write,
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        Exit::Input
    }
}

const READ: Case<Error> = Case {
    variant: "Read",
    exit: Exit::Input,
    text: "error: cannot read `DIR/in` at ADDRESS\n",
    provoke: |folder| {
        folder.show_as("127.0.0.1:4711", "ADDRESS");
        folder.folder("taken");
        Err(Error::Read(folder.file("in", "x")))
    },
};

const WRITE: Case<Error> = Case {
    variant: "Write",
    text: "error: cannot write\n",
    provoke: |_| Err(Error::Write),
    ..READ
};

fn said(case: &Case<Error>) -> String {
    complaint(case, |error| error.into())
}

#[test]
fn cases_that_hold() {
    check(&[READ, WRITE, READ], Error::VARIANTS, |error| error.into());
}

#[test]
#[should_panic(expected = "the variants with a case, and all there are")]
fn a_variant_without_a_case() {
    check(&[READ], Error::VARIANTS, |error| error.into());
}

#[test]
#[should_panic(expected = "case `Read`: text: got\nerror: cannot write\n")]
fn a_case_that_does_not_hold() {
    check(
        &[
            Case {
                provoke: WRITE.provoke,
                ..READ
            },
            WRITE,
        ],
        Error::VARIANTS,
        |e| e.into(),
    );
}

#[test]
fn each_part_of_a_case_counts() {
    let provoke = |_: &Folder| Ok(());
    assert_eq!(
        said(&Case { provoke, ..READ }),
        "case `Read`: outcome: got\nno error\nwant\nan error\n"
    );
    assert_eq!(
        said(&Case {
            variant: "Write",
            ..READ
        }),
        "case `Write`: variant: got\nRead\nwant\nWrite\n"
    );
    assert_eq!(
        said(&Case {
            exit: Exit::Failure,
            ..READ
        }),
        "case `Read`: exit code: got\nInput\nwant\nFailure\n"
    );
    assert_eq!(
        said(&Case { text: "", ..READ }),
        "case `Read`: text: got\nerror: cannot read `DIR/in` at ADDRESS\n\nwant\n\n"
    );
}

#[test]
fn whatever_is_written_is_seen() {
    let left = |provoke| said(&Case { provoke, ..WRITE });
    let complaint =
        |path| format!("case `Write`: files that the case did not make: got\n{path}\n\nwant\n\n");
    let provoke = |folder: &Folder| {
        std::fs::write(folder.path("out"), "").expect("writes");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("out"));
    let provoke = |folder: &Folder| {
        std::fs::write(folder.file("a/in", "x"), "y").expect("writes");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("a/in"));
    let provoke = |folder: &Folder| {
        std::fs::remove_file(folder.file("in", "x")).expect("removes");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("in"));
    let provoke = |folder: &Folder| {
        std::fs::create_dir(folder.path("new")).expect("makes");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("new"));
    // What the case makes afterwards hides nothing.
    let provoke = |folder: &Folder| {
        std::fs::write(folder.path("out"), "").expect("writes");
        folder.file("a/in", "x");
        folder.folder("b");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("out"));
    let provoke = |folder: &Folder| {
        let link = folder.path("link");
        symlink("one", &link).expect("links");
        folder.keep();
        std::fs::remove_file(&link).expect("removes");
        symlink("two", &link).expect("links");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("link"));
    let provoke = |folder: &Folder| {
        std::fs::remove_dir(folder.folder("x")).expect("removes");
        symlink("x", folder.path("x")).expect("links");
        Err(Error::Write)
    };
    assert_eq!(left(provoke), complaint("x"));
}

#[test]
fn a_command_line_is_words() {
    let folder = Folder::new();
    let inside = format!("--in={}", folder.path("in"));
    assert_eq!(folder.args("x  --in=DIR/in"), ["x", inside.as_str()]);
}

//! Every error of the tool: how it comes about, and what is said.

use super::run;
use crate::{Cause, Error, Why};
use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check, complete};
use windlass_report::Exit;

#[test]
fn files() {
    holds(FILES);
}

#[test]
fn numbers_of_documents() {
    holds(COUNTS);
}

#[test]
fn syntax() {
    holds(SYNTAX);
}

#[test]
fn keys() {
    holds(KEYS);
}

#[test]
fn values() {
    holds(VALUES);
}

#[test]
fn bombs() {
    holds(BOMBS);
}

#[test]
fn every_error_has_a_case() {
    let all = [FILES, COUNTS, SYNTAX, KEYS, VALUES, BOMBS];
    let cases = all.into_iter().flatten().map(|case| case.variant);
    let outer = Cause::VARIANTS.iter().filter(|name| **name != "Refused");
    let variants: Vec<_> = outer.chain(Why::VARIANTS).copied().collect();
    complete(cases, &variants);
}

/// Each case is as it says, and wrote nothing.
fn holds(cases: &[Case<Error>]) {
    let variants: Vec<_> = cases.iter().map(|case| case.variant).collect();
    check(cases, &variants, |error| match &*error.cause {
        Cause::Refused { why, .. } => why.into(),
        cause => cause.into(),
    });
}

/// Converts bytes to files that must not come to be.
fn convert(folder: &Folder, yaml: impl AsRef<[u8]>, outputs: &[&str]) -> Result<(), Error> {
    let src = folder.file("x.yaml", yaml);
    let outputs: Vec<_> = outputs
        .iter()
        .enumerate()
        .map(|(index, flag)| format!("--{flag}={}", folder.path(&format!("{index}.json"))))
        .collect();
    run(&src, &outputs)
}

fn object(folder: &Folder, yaml: impl AsRef<[u8]>) -> Result<(), Error> {
    convert(folder, yaml, &["object"])
}

const FILES: &[Case<Error>] = &[
    Case {
        variant: "Read",
        exit: Exit::Failure,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: cannot read `DIR/x.yaml`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: |folder| run(&folder.path("x.yaml"), &["--list=out"]),
    },
    Case {
        variant: "Write",
        exit: Exit::Failure,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: cannot write `DIR/0.json`\n\
               cause: Is a directory (os error 21)\n",
        provoke: |folder| {
            folder.folder("0.json");
            object(folder, "a: 1")
        },
    },
    Case {
        variant: "Encoding",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:5: got byte 0xe9, want UTF-8\n",
        provoke: |folder| object(folder, b"a: 1\nb: \xc3\xa9\xe9\n"),
    },
    Case {
        variant: "Encoding",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:1: got byte 0xff, want UTF-8\n",
        provoke: |folder| object(folder, b"\xff\xfea\0:\0 \x001\0"),
    },
];

const CRDS: &str = "# Two of a kind.\n---\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n\
                    ---\nkind: CustomResourceDefinition\nmetadata: {name: b.example.com}\n---\n- \
               c\n";

const COUNTS: &[Case<Error>] = &[
    Case {
        variant: "Empty",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml: got no document, only comments, nulls or `---`\n",
        provoke: |folder| object(folder, "# none\n---\n---\nnull\n"),
    },
    Case {
        variant: "Empty",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml: got no document, only comments, nulls or `---`\n",
        provoke: |folder| convert(folder, "", &["list"]),
    },
    Case {
        variant: "Count",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml: got 3 documents, want one, the object\n  \
                 1: CustomResourceDefinition `a.example.com`, line 3\n  \
                 2: CustomResourceDefinition `b.example.com`, line 6\n  \
                 3: a list, line 9\n\
               hint: yaml_to_json(name = \"x\", src = \"//a:x.yaml\", outs = [\
               \"customresourcedefinition-a.example.com.json\", \
               \"customresourcedefinition-b.example.com.json\", \"x-3.json\"])\n",
        provoke: |folder| object(folder, CRDS),
    },
    Case {
        variant: "Count",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml: got 3 documents, want 2, one for each of `outs`\n  \
                 1: CustomResourceDefinition `a.example.com`, line 3\n  \
                 2: CustomResourceDefinition `b.example.com`, line 6\n  \
                 3: a list, line 9\n\
               hint: outs = [\"customresourcedefinition-a.example.com.json\", \
               \"customresourcedefinition-b.example.com.json\", \"x-3.json\"]\n",
        provoke: |folder| convert(folder, CRDS, &["document", "document", "list"]),
    },
    Case {
        variant: "Count",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml: got 1 document, want 2, one for each of `outs`\n  \
                 1: a scalar, line 1\n\
               hint: outs = [\"x-1.json\"]\n",
        provoke: |folder| convert(folder, "a", &["document", "document"]),
    },
];

const SYNTAX: &[Case<Error>] = &[
    Case {
        variant: "Syntax",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:3:2: syntax error: tabs disallowed within this context (block \
               indentation)\n  \
                 3 |  b: 1\n    \
                   |  ^\n",
        provoke: |folder| object(folder, "---\na:\n\tb: 1\n"),
    },
    Case {
        variant: "Syntax",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:5: syntax error: mapping values are not allowed in this \
               context\n  \
                 1 | é: b: c\n    \
                   |     ^\n",
        provoke: |folder| object(folder, "é: b: c\n"),
    },
    Case {
        variant: "Syntax",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:3:4: syntax error: while parsing node, found unknown anchor\n  \
                 3 | b: *a\n    \
                   |    ^\n",
        provoke: |folder| object(folder, "- &a 1\n---\nb: *a\n"),
    },
    Case {
        variant: "LineBreak",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:8: got character `\\u2028`, which ends a line for kubectl and \
               not for others\n  \
               1 | a: 'one two'\n    \
               |        ^\n\
               hint: write `\\u2028`, in double quotes\n",
        provoke: |folder| object(folder, "a: 'one\u{2028}two'\n"),
    },
];

const KEYS: &[Case<Error>] = &[
    Case {
        variant: "DuplicateKey",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:4:3: key `replicas` is given twice, first in line 2\n  \
               4 |   replicas: 2\n    \
               |   ^^^^^^^^\n",
        provoke: |folder| {
            object(
                folder,
                "spec:\n  replicas: 1\n  paused: true\n  replicas: 2\n",
            )
        },
    },
    Case {
        variant: "DuplicateKey",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:1: key `8080` is given twice, first in line 1\n  \
               2 | '8080': b\n    \
               | ^^^^^^\n",
        provoke: |folder| object(folder, "8080: a\n'8080': b\n"),
    },
    Case {
        variant: "DuplicateKey",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:3:3: key `<<` is given twice, first in line 2\n  \
               3 |   <<: *a\n    \
               |   ^^\n",
        provoke: |folder| object(folder, "- &a {}\n- <<: *a\n  <<: *a\n"),
    },
    Case {
        variant: "KeyScalar",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:1: key: got `y`, the boolean true, want text\n  \
               2 | y: 2\n    \
               | ^\n\
               hint: write \"y\", if it is text\n",
        provoke: |folder| object(folder, "x: 1\ny: 2\n"),
    },
    Case {
        variant: "KeyScalar",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:1: key: got `0644`, the number 420, want text\n  \
               1 | 0644: a\n    \
               | ^^^^\n\
               hint: write \"0644\", if it is text\n",
        provoke: |folder| object(folder, "0644: a\n"),
    },
    Case {
        variant: "KeyScalar",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:1: key: got `1.5`, the number 1.5, want text\n  \
               1 | 1.5: a\n    \
               | ^^^\n\
               hint: write \"1.5\", if it is text\n",
        provoke: |folder| object(folder, "1.5: a\n"),
    },
    Case {
        variant: "KeyScalar",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:1: key: got `~`, null, want text\n  \
               1 | ~: a\n    \
               | ^\n\
               hint: write \"~\", if it is text\n",
        provoke: |folder| object(folder, "~: a\n"),
    },
    Case {
        variant: "Key",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:1: key: got an alias of something else, want text\n  \
               2 | *a : b\n    \
               | ^^\n",
        provoke: |folder| object(folder, "a: &a 1\n*a : b\n"),
    },
    Case {
        variant: "Key",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:8: key: got a mapping, or a template that is not rendered, \
               want text\n  \
               1 | name: {{ .Values.name }}\n    \
               |        ^\n",
        provoke: |folder| object(folder, "name: {{ .Values.name }}\n"),
    },
    Case {
        variant: "Key",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:3: key: got a list, want text\n  \
               1 | ? [a]\n    \
               |   ^\n",
        provoke: |folder| object(folder, "? [a]\n: b\n"),
    },
    Case {
        variant: "MergeValue",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:3:3: `<<`: got a scalar, want a mapping or a list of mappings\n  \
               3 |   <<: *a\n    \
               |   ^^\n",
        provoke: |folder| object(folder, "a: &a x\nb:\n  <<: *a\n"),
    },
    Case {
        variant: "MergeValue",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:1: `<<`: got a list in a list, want a mapping or a list of \
               mappings\n  \
               1 | <<: [{}, []]\n    \
               | ^^\n",
        provoke: |folder| object(folder, "<<: [{}, []]\n"),
    },
    Case {
        variant: "MergeAfter",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:3:3: `<<` gives another value to key `x`, which stands before \
               it; put `<<` first\n  \
               3 |   <<: *a\n    \
               |   ^^\n",
        provoke: |folder| object(folder, "- &a {x: 1}\n- x: 2\n  <<: *a\n"),
    },
];

const VALUES: &[Case<Error>] = &[
    Case {
        variant: "NotFinite",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got `.inf`, want a finite number\n  \
               1 | a: .inf\n    \
               |    ^^^^\n\
               hint: write \".inf\", if it is text\n",
        provoke: |folder| object(folder, "a: .inf\n"),
    },
    Case {
        variant: "NotFinite",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got `.NaN`, want a finite number\n  \
               1 | a: .NaN\n    \
               |    ^^^^\n\
               hint: write \".NaN\", if it is text\n",
        provoke: |folder| object(folder, "a: .NaN\n"),
    },
    Case {
        variant: "TooLarge",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got `18446744073709551616`, want an integer of at most 64 \
               bits\n  \
               1 | a: 18446744073709551616\n    \
               |    ^^^^^^^^^^^^^^^^^^^^\n\
               hint: write \"18446744073709551616\", if it is text\n",
        provoke: |folder| object(folder, "a: 18446744073709551616\n"),
    },
    Case {
        variant: "TooLarge",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got `-9223372036854775809`, want an integer of at most 64 \
               bits\n  \
               1 | a: -9223372036854775809\n    \
               |    ^^^^^^^^^^^^^^^^^^^^\n\
               hint: write \"-9223372036854775809\", if it is text\n",
        provoke: |folder| object(folder, "a: -9223372036854775809\n"),
    },
    Case {
        variant: "TooLarge",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got `0xffffffffffffffffffffffffffffffffffff`, want an \
               integer of at most 64 bits\n  \
               1 | a: 0xffffffffffffffffffffffffffffffffffff\n    \
               |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
               hint: write \"0xffffffffffffffffffffffffffffffffffff\", if it is text\n",
        provoke: |folder| object(folder, "a: 0xffffffffffffffffffffffffffffffffffff\n"),
    },
    Case {
        variant: "LeadingZero",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:10: got `012345678901`, want an octal number (digits 0 to 7) \
               or a decimal one (no 0 before it)\n  \
               1 | account: 012345678901\n    \
               |          ^^^^^^^^^^^^\n\
               hint: write \"012345678901\", if it is text\n",
        provoke: |folder| object(folder, "account: 012345678901\n"),
    },
    Case {
        variant: "Tag",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got tag `!!binary`, want one of `!!bool`, `!!float`, \
               `!!int`, `!!map`, `!!null`, `!!seq`, `!!str`\n  \
               1 | a: !!binary aGk=\n    \
               |    ^^^^^^^^\n",
        provoke: |folder| object(folder, "a: !!binary aGk=\n"),
    },
    Case {
        variant: "Tag",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: got tag `!Ref`, want one of `!!bool`, `!!float`, `!!int`, \
               `!!map`, `!!null`, `!!seq`, `!!str`\n  \
               1 | a: !Ref {b: c}\n    \
               |    ^^^^\n",
        provoke: |folder| object(folder, "a: !Ref {b: c}\n"),
    },
    Case {
        variant: "TagMismatch",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: tag `!!int` does not fit `b`\n  \
               1 | a: !!int b\n    \
               |    ^^^^^\n",
        provoke: |folder| object(folder, "a: !!int b\n"),
    },
    Case {
        variant: "TagMismatch",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: tag `!!map` does not fit a list\n  \
               1 | a: !!map\n    \
               |    ^^^^^\n",
        provoke: |folder| object(folder, "a: !!map\n  - b\n"),
    },
    Case {
        variant: "TagMismatch",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:4: tag `!!seq` does not fit `b`\n  \
               1 | a: !!seq b\n    \
               |    ^^^^^\n",
        provoke: |folder| object(folder, "a: !!seq b\n"),
    },
];

const BOMBS: &[Case<Error>] = &[
    Case {
        variant: "Endless",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:6: alias `*a` is inside its own anchor\n  \
               2 |   b: *a\n    \
               |      ^^\n",
        provoke: |folder| object(folder, "a: &a\n  b: *a\n"),
    },
    Case {
        variant: "Copies",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:7:32: aliases copy more than 16 MiB\n  \
               7 | - &a6 [*a5,*a5,*a5,*a5,*a5,*a5,*a5,*a5,*a5,*a5,]\n    \
               |                                ^^^\n",
        provoke: |folder| object(folder, laughs()),
    },
    Case {
        variant: "Copies",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:46: aliases copy more than 16 MiB\n  \
               2 | - [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,]\n    \
               |                                              ^^\n",
        provoke: |folder| {
            let aliases = "*a,".repeat(20);
            object(
                folder,
                format!("- &a {}\n- [{aliases}]\n", "x".repeat(1 << 20)),
            )
        },
    },
    Case {
        variant: "Depth",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:241: nests deeper than 120\n  \
               1 | - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -\n    \
               |                                                             ^\n",
        provoke: |folder| object(folder, "- ".repeat(100_000)),
    },
    Case {
        variant: "Depth",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:1:256: nests deeper than 120\n  \
               1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n    \
               |                                                             ^\n",
        provoke: |folder| object(folder, "[".repeat(100_000)),
    },
    Case {
        variant: "Depth",
        exit: Exit::Input,
        text: "error: cannot convert YAML for `//a:b`\n\
               cause: DIR/x.yaml:2:63: nests deeper than 120\n  \
               2 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n    \
               |                                                             ^^\n",
        provoke: |folder| {
            let (start, end) = ("[".repeat(60), "]".repeat(60));
            object(folder, format!("- &a {start}{end}\n- {start}*a{end}\n"))
        },
    },
];

/// Each line ten times the one before it.
fn laughs() -> String {
    let lines = (1..100).map(|line| {
        let before = format!("*a{},", line - 1);
        format!("- &a{line} [{}]\n", before.repeat(10))
    });
    format!("- &a0 ha\n{}", lines.collect::<String>())
}

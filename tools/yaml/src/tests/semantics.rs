//! What YAML means here: a table that was compared with kubectl's library
//! (`sigs.k8s.io/yaml` v1.6 behind `k8s.io/apimachinery` v0.34), which gives the same values.

use serde_json::Value;

use crate::load;

/// YAML, and its documents as compact JSON.
fn hold(rows: &[(&str, &str)]) {
    for (yaml, want) in rows {
        let documents = load(yaml).unwrap_or_else(|refusal| panic!("{yaml:?}: {}", refusal.why));
        let values: Value = documents.into_iter().map(|one| one.value).collect();
        assert_eq!(&values.to_string(), want, "{yaml:?}");
    }
}

#[test]
fn booleans_and_null() {
    hold(&[
        (
            "[y, Y, yes, Yes, YES, on, On, ON, true, True, TRUE]",
            "[[true,true,true,true,true,true,true,true,true,true,true]]",
        ),
        (
            "[n, N, no, No, NO, off, Off, OFF, false, False, FALSE]",
            "[[false,false,false,false,false,false,false,false,false,false,false]]",
        ),
        ("[yEs, oN, tRue, nUll]", r#"[["yEs","oN","tRue","nUll"]]"#),
        ("['yes', \"no\", !!str on]", r#"[["yes","no","on"]]"#),
        (
            "a:\nb: ~\nc: null\nd: ''",
            r#"[{"a":null,"b":null,"c":null,"d":""}]"#,
        ),
    ]);
}

#[test]
fn integers() {
    hold(&[
        (
            "[0644, 0o644, 0O644, 0x1F, 0XfF, 0b101, -0b101, -010]",
            "[[420,420,420,31,255,5,-5,-8]]",
        ),
        ("[1_000, +1, -0, 00, 0]", "[[1000,1,0,0,0]]"),
        (
            "[9223372036854775807, -9223372036854775808, 18446744073709551615]",
            "[[9223372036854775807,-9223372036854775808,18446744073709551615]]",
        ),
        (
            "[0x, 0b2, 1 2, 1a, +, -a, 0x_g, _1, 1:30]",
            r#"[["0x","0b2","1 2","1a","+","-a","0x_g","_1","1:30"]]"#,
        ),
    ]);
}

#[test]
fn numbers_with_a_fraction_or_an_exponent() {
    hold(&[
        (
            "[1e3, 12e03, 1E+3, 1.0, 1., 08.5, 1_0.5]",
            "[[1000,12000,1000,1,1,8.5,10.5]]",
        ),
        (
            "[0.5, .5, +.5, -.5e-3, .2_1, 0.1, 1e300]",
            "[[0.5,0.5,0.5,-0.0005,0.21,0.1,1e+300]]",
        ),
        // The first may be a commit.
        (
            "[1234e99999, 1e, .e3, ., .5_, ._5, 1.2.3]",
            r#"[["1234e99999","1e",".e3",".",".5_","._5","1.2.3"]]"#,
        ),
    ]);
}

#[test]
fn dates_are_text() {
    hold(&[(
        "[2001-01-01, 2001-12-14t21:59:43.10-05:00, 12:30:45]",
        r#"[["2001-01-01","2001-12-14t21:59:43.10-05:00","12:30:45"]]"#,
    )]);
}

#[test]
fn keys() {
    hold(&[
        (
            "8080: a\n-1: b\ntrue: c\n2001-01-01: d",
            r#"[{"8080":"a","-1":"b","true":"c","2001-01-01":"d"}]"#,
        ),
        (
            "'yes': a\n\"0644\": b\n'': c\n? d\n: e\n",
            r#"[{"yes":"a","0644":"b","":"c","d":"e"}]"#,
        ),
        ("&k a: *k\nb: {*k : 1}", r#"[{"a":"a","b":{"a":1}}]"#),
    ]);
}

#[test]
fn tags_of_the_core_schema() {
    hold(&[
        (
            "[!!str 1, !!int '3', !!float 3, !!bool 'yes', !!null '', ! 12]",
            r#"[["1",3,3,true,null,"12"]]"#,
        ),
        ("!!map {a: !!seq [b]}", r#"[{"a":["b"]}]"#),
        ("[!<tag:yaml.org,2002:str> 2]", r#"[["2"]]"#),
    ]);
}

#[test]
fn anchors_and_aliases() {
    hold(&[
        (
            "a: &x [1]\nb: *x\nc: &x 2\nd: *x",
            r#"[{"a":[1],"b":[1],"c":2,"d":2}]"#,
        ),
        // Each document has anchors of its own.
        ("- &x 1\n- *x\n---\n- &x 2\n- *x\n", "[[1,1],[2,2]]"),
    ]);
}

#[test]
fn merges() {
    hold(&[
        (
            "- &b {x: 1, v: 2}\n- <<: *b\n  v: 3\n  z: 4",
            r#"[[{"x":1,"v":2},{"x":1,"v":3,"z":4}]]"#,
        ),
        // Of several, the first that has a key counts.
        (
            "- &b {x: 1, v: 2}\n- <<: [*b, {x: 5, w: 6}]",
            r#"[[{"x":1,"v":2},{"x":1,"v":2,"w":6}]]"#,
        ),
        // What stands before and is the same is no matter.
        ("x: 1\n<<: {x: 1}", r#"[{"x":1}]"#),
        ("'<<': {x: 1}", r#"[{"<<":{"x":1}}]"#),
        ("a: <<", r#"[{"a":"<<"}]"#),
    ]);
}

#[test]
fn block_scalars() {
    hold(&[
        (
            "a: |\n  one\n   two\n\n  three\n\n\nb: |-\n  one\nc: |+\n  one\n\n",
            r#"[{"a":"one\n two\n\nthree\n","b":"one","c":"one\n\n"}]"#,
        ),
        (
            "a: >\n  one\n  two\n\n  three\n   four\n  five\nb: >-\n  one\n  two\n",
            r#"[{"a":"one two\nthree\n four\nfive\n","b":"one two"}]"#,
        ),
        ("a: |2\n    one\n  two\n", r#"[{"a":"  one\ntwo\n"}]"#),
    ]);
}

#[test]
fn scalars_over_several_lines() {
    hold(&[
        ("a: one\n  two\n\n  three", r#"[{"a":"one two\nthree"}]"#),
        ("a: 'it''s\n  one'", r#"[{"a":"it's one"}]"#),
        (
            r#"a: "\ttab \u00e9 \x41 \" \\ \
               one""#,
            r#"[{"a":"\ttab é A \" \\ one"}]"#,
        ),
        ("a: b#c # comment", r#"[{"a":"b#c"}]"#),
    ]);
}

#[test]
fn line_ends_tabs_and_byte_order_marks() {
    hold(&[
        (
            "\u{feff}a: 1\r\nb: |\r\n  one\r\n  two\r\n---\r\nc: 2\r\n",
            r#"[{"a":1,"b":"one\ntwo\n"},{"c":2}]"#,
        ),
        ("a:\t1\nb: [\t1 ]", r#"[{"a":1,"b":[1]}]"#),
    ]);
}

#[test]
fn several_documents() {
    hold(&[
        ("---\na: 1\n---\nb: 2\n", r#"[{"a":1},{"b":2}]"#),
        // What holds nothing is no document.
        (
            "# one\n---\n# two\n---\n\n---\nnull\n---\na: 1\n---\n",
            r#"[{"a":1}]"#,
        ),
        ("", "[]"),
        ("a: |\n  ---\n", r#"[{"a":"---\n"}]"#),
        (
            r#"{"a": [1, "b", true, null, 1.5]}"#,
            r#"[{"a":[1,"b",true,null,1.5]}]"#,
        ),
    ]);
}

/// What kubectl refuses, or in the last case drops, and so does not stand in the tables above.
#[test]
fn what_kubectl_does_not_take() {
    hold(&[
        ("%TAG !w! tag:yaml.org,2002:\n---\n[!w!str 1]", r#"[["1"]]"#),
        ("a: |\n  \tone\n", "[{\"a\":\"\\tone\\n\"}]"),
        ("--- a\n--- b\n", r#"["a","b"]"#),
        ("a: 1\n...\n---\nb: 2\n", r#"[{"a":1},{"b":2}]"#),
    ]);
}

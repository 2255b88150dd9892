//! Sizes as people read them.

/// `3.8 MB`, `12.0 kB`, `7 B`: powers of ten.
pub(crate) fn in_words(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (bytes + unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..999_950 => format!("{} kB", tenths(1_000)),
        999_950..999_950_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_999, "1.0 MB"),
            (3_849_999, "3.8 MB"),
            (2_000_000_000, "2.0 GB"),
        ] {
            assert_eq!(in_words(bytes), text);
        }
    }
}

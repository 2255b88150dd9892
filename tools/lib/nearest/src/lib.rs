//! What somebody meant who typed something else.

/// The one among `known` that `got` is probably a slip of.
pub fn nearest<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(got, name);
    let found = known.into_iter().min_by_key(|name| distance(name))?;
    // One slip in three letters: `prd` is `prod`, and `qa` is neither `dev` nor `prod`.
    let most = found.chars().count().max(3) / 3;
    (distance(found) <= most).then_some(found)
}

/// What is accepted instead of `got`, for a message: `` one of `prod`, `dev`; the nearest is `dev` ``.
pub fn one_of<S: AsRef<str>>(got: &str, known: &[S]) -> String {
    let names: Vec<_> = known.iter().map(AsRef::as_ref).collect();
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match (quoted.as_slice(), nearest(got, names)) {
        ([], _) => "none".to_owned(),
        ([only], _) => only.clone(),
        (_, None) => format!("one of {}", quoted.join(", ")),
        (_, Some(name)) => format!("one of {}; the nearest is `{name}`", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        for (got, want) in [
            ("prd", Some("prod")),
            ("prdo", Some("prod")),
            ("stagign", Some("staging")),
            ("qa", None),
            ("test", None),
            ("", None),
        ] {
            assert_eq!(nearest(got, ENVIRONMENTS), want, "{got}");
        }
        assert_eq!(nearest("prod", []), None);
    }

    #[test]
    fn in_words() {
        assert_eq!(
            one_of("prd", &ENVIRONMENTS),
            "one of `prod`, `staging`, `dev`; the nearest is `prod`"
        );
        assert_eq!(
            one_of("qa", &ENVIRONMENTS),
            "one of `prod`, `staging`, `dev`"
        );
        assert_eq!(one_of("qa", &["client"]), "`client`");
        assert_eq!(one_of::<&str>("qa", &[]), "none");
    }
}

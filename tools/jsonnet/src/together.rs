//! Which outputs probably have much in common, so that one process evaluates that once.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::Sources;

/// The outputs, those side by side that are named after the same file.
///
/// That is the file whose name, without its extension, stands as whole words in the name of the
/// output: `services/cart.libsonnet` for `prod-cart.json`. Of several the longest is taken.
pub fn ordered<'a>(
    outs: &'a BTreeMap<String, PathBuf>,
    sources: &Sources,
) -> Vec<(&'a String, &'a PathBuf)> {
    let stems = sources
        .code()
        .filter_map(|place| Path::new(place).file_stem()?.to_str());
    let stems: HashSet<&str> = stems.collect();
    let mut all: Vec<_> = outs.iter().collect();
    all.sort_by_cached_key(|(name, _)| named_after(name, &stems));
    all
}

/// The longest of `stems` that stands in a name, from the start of a word to the end of one.
fn named_after<'a>(name: &'a str, stems: &HashSet<&str>) -> Option<&'a str> {
    let is_word = |end: usize| {
        let mut around = name[..end]
            .chars()
            .next_back()
            .into_iter()
            .chain(name[end..].chars().next());
        around.clone().count() < 2 || !around.all(char::is_alphanumeric)
    };
    let ends: Vec<usize> = (0..=name.len())
        .filter(|end| name.is_char_boundary(*end) && is_word(*end))
        .collect();
    let words = ends
        .iter()
        .enumerate()
        .flat_map(|(number, start)| ends[number + 1..].iter().map(|end| &name[*start..*end]));
    words
        .filter(|words| stems.contains(words))
        .max_by_key(|words| words.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    fn order(places: &[&str], names: &[&str]) -> Vec<String> {
        let mut sources = Sources::default();
        for place in places {
            let text = Content::Text(String::new());
            sources.add(place, text).expect("one each");
        }
        let outs = names
            .iter()
            .map(|name| ((*name).to_owned(), PathBuf::new()));
        let outs = outs.collect();
        let ordered = ordered(&outs, &sources);
        ordered.into_iter().map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn outputs_named_after_a_file_are_side_by_side() {
        let places = [
            "main.jsonnet",
            "services/cart.libsonnet",
            "services/shop.libsonnet",
        ];
        let names = [
            "dev-cart.json",
            "dev-shop.json",
            "prod/cart.yaml",
            "prod_shop",
        ];
        let want = [
            "dev-cart.json",
            "prod/cart.yaml",
            "dev-shop.json",
            "prod_shop",
        ];
        assert_eq!(order(&places, &names), want);
    }

    #[test]
    fn the_longest_name_of_whole_words_counts() {
        let stems = HashSet::from(["cart", "cart-api", "art", "ü"]);
        let after = |name| named_after(name, &stems);
        assert_eq!(after("dev-cart-api.json"), Some("cart-api"));
        assert_eq!(after("carts.json"), None);
        assert_eq!(after("a/ü.json"), Some("ü"));
        assert_eq!(after(""), None);
    }

    #[test]
    fn where_no_file_says_more_names_give_the_order() {
        assert_eq!(order(&["x.jsonnet"], &["b", "a"]), ["a", "b"]);
    }
}

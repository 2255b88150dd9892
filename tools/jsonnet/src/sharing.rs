//! Which files of two renderings give the same value, so that one process evaluates them once.
//!
//! An evaluated file may be used again where nothing that it can see has changed: its own bytes,
//! what each of its imports stands for, and the same of the files that those are. External
//! variables can be seen as well, and `std.trace` has to be heard each time: a file that may use
//! either, and all that import it, are evaluated anew. Whether it may is decided by its words: it
//! does not, if each `std` in it is followed by a `.` and the name of another function.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::rc::Rc;

use jrsonnet_gcmodule::Acyclic;
use jrsonnet_lexer::{Lexeme, Lexer, SyntaxKind};
use sha2::{Digest as _, Sha256};

use crate::{Content, Sources};

/// Functions of `std` whose result is not the same in each rendering.
const IMPURE: [&str; 3] = ["extVar", "native", "trace"];

/// What is known of files from all renderings of a process.
#[derive(Debug, Default, Acyclic)]
pub struct Sharing {
    /// What files say, by digest.
    files: HashMap<String, Rc<Words>>,
    /// The number of each state of a file and of all that it sees.
    numbers: HashMap<String, u64>,
    last: u64,
}

/// What a file's words say of it.
#[derive(Debug, PartialEq, Eq, Acyclic)]
struct Words {
    imports: Vec<Import>,
    /// Its value depends on its imports alone.
    pure: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Acyclic)]
struct Import {
    what: String,
    code: bool,
}

/// A rendering's files, seen so that each has a number that stands for its value.
#[derive(Debug, Default, Acyclic)]
pub struct Numbers {
    digests: HashMap<String, String>,
    of: HashMap<String, u64>,
}

impl Numbers {
    /// For one rendering; `digests` are those of its files, by path, as far as they are known.
    pub fn new(digests: HashMap<String, String>) -> Self {
        Self {
            digests,
            of: HashMap::new(),
        }
    }

    /// The number of the file at a place. Two renderings that share `sharing` get the same one
    /// only if the file has the same value in both.
    pub fn of(&mut self, place: &str, sources: &Sources, sharing: &mut Sharing) -> u64 {
        if let Some(number) = self.of.get(place) {
            return *number;
        }
        let number = match self.sight(place, sources, sharing) {
            Some(sight) => sharing.number(sight),
            None => sharing.next(),
        };
        self.of.insert(place.to_owned(), number);
        number
    }

    /// All that the file at `place` can see, as a text; `None` if that is more than files.
    fn sight(&self, place: &str, sources: &Sources, sharing: &mut Sharing) -> Option<String> {
        let mut seen = BTreeMap::new();
        let mut open = vec![(place.to_owned(), true)];
        while let Some((place, code)) = open.pop() {
            if seen.contains_key(&(place.clone(), code)) {
                continue;
            }
            let digest = self.digest(&place, sources)?;
            let mut text = digest.clone();
            if code {
                let words = sharing.words(&place, digest, sources)?;
                if !words.pure {
                    return None;
                }
                for import in &words.imports {
                    let found = sources.find(&place, &import.what);
                    let _ = write!(text, "\0{}\0{}", import.what, found.unwrap_or_default());
                    open.extend(found.map(|found| (found.to_owned(), import.code)));
                }
            }
            seen.insert((place, code), text);
        }
        let mut sight = place.to_owned();
        for ((place, _), text) in seen {
            let _ = write!(sight, "\0\0{place}\0{text}");
        }
        Some(sight)
    }

    fn digest(&self, place: &str, sources: &Sources) -> Option<String> {
        if let Content::File(path) = sources.declared(place).ok()?
            && let Some(digest) = self.digests.get(path).filter(|digest| !digest.is_empty())
        {
            return Some(digest.clone());
        }
        let mut text = String::new();
        for byte in Sha256::digest(sources.read(place).ok()?) {
            let _ = write!(text, "{byte:02x}");
        }
        Some(text)
    }
}

impl Sharing {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn number(&mut self, sight: String) -> u64 {
        if let Some(number) = self.numbers.get(&sight) {
            return *number;
        }
        let number = self.next();
        self.numbers.insert(sight, number);
        number
    }

    fn words(&mut self, place: &str, digest: String, sources: &Sources) -> Option<Rc<Words>> {
        if let Some(words) = self.files.get(&digest) {
            return Some(Rc::clone(words));
        }
        let text = String::from_utf8(sources.read(place).ok()?).ok()?;
        let words = Rc::new(words(&text));
        self.files.insert(digest, Rc::clone(&words));
        Some(words)
    }
}

fn words(text: &str) -> Words {
    use SyntaxKind as Kind;
    let trivia = [
        Kind::WHITESPACE,
        Kind::SINGLE_LINE_SLASH_COMMENT,
        Kind::SINGLE_LINE_HASH_COMMENT,
        Kind::MULTI_LINE_COMMENT,
    ];
    let mut words = Words {
        imports: Vec::new(),
        pure: true,
    };
    let mut lexemes = Lexer::new(text).filter(|one| !trivia.contains(&one.kind));
    while let Some(lexeme) = lexemes.next() {
        match lexeme.kind {
            Kind::IDENT if lexeme.text == "std" => {
                let dot = lexemes.next().is_some_and(|one| one.kind == Kind::DOT);
                let name = lexemes.next().map_or("", |one| one.text);
                words.pure &= dot && !IMPURE.contains(&name);
            }
            Kind::IMPORT_KW | Kind::IMPORTSTR_KW | Kind::IMPORTBIN_KW => {
                match lexemes.next().as_ref().and_then(literal) {
                    Some(what) => words.imports.push(Import {
                        what: what.to_owned(),
                        code: lexeme.kind == Kind::IMPORT_KW,
                    }),
                    None => words.pure = false,
                }
            }
            _ => {}
        }
    }
    words
}

/// The text of a literal that stands for itself.
fn literal<'a>(lexeme: &Lexeme<'a>) -> Option<&'a str> {
    let text = match lexeme.kind {
        SyntaxKind::STRING_SINGLE | SyntaxKind::STRING_DOUBLE => lexeme.text,
        _ => return None,
    };
    let inside = text.get(1..text.len() - 1)?;
    (!inside.contains('\\')).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Sources {
        let mut sources = Sources::default();
        for (place, text) in files {
            sources
                .add(place, Content::Text((*text).to_owned()))
                .expect("one each");
        }
        sources
    }

    /// Whether the file `a` may be used again when `first` has become `second`.
    fn shared(first: &[(&str, &str)], second: &[(&str, &str)]) -> bool {
        let mut sharing = Sharing::default();
        let mut number = |files| Numbers::default().of("a", &sources(files), &mut sharing);
        number(first) == number(second)
    }

    #[test]
    fn the_same_files_are_shared_and_others_do_not_matter() {
        let files = [("a", "import 'b'"), ("b", "importstr 'c'"), ("c", "std")];
        let more = [&files[..], &[("d", "1")]].concat();
        assert!(shared(&files, &more));
    }

    #[test]
    fn a_change_of_a_file_far_below_is_seen() {
        let files = |text| [("a", "import 'b'"), ("b", "importstr 'c'"), ("c", text)];
        assert!(!shared(&files("1"), &files("2")));
    }

    #[test]
    fn an_import_that_finds_another_file_is_seen() {
        let near = [("x/a", "import 'b'"), ("x/b", "1"), ("b", "1")];
        let far = [("x/a", "import 'b'"), ("b", "1")];
        let mut sharing = Sharing::default();
        let mut number = |files| Numbers::default().of("x/a", &sources(files), &mut sharing);
        assert_ne!(number(&near), number(&far));
    }

    #[test]
    fn files_that_import_each_other_are_shared() {
        let files = [("a", "import 'b'"), ("b", "import 'a'")];
        assert!(shared(&files, &files));
    }

    #[test]
    fn what_depends_on_the_rendering_is_not_shared() {
        for text in [
            "std.extVar('x')",
            "std . /* */ extVar('x')",
            "std.trace('x', 1)",
            "std['ext' + 'Var']('x')",
            "local s = std; s.extVar('x')",
            "f(std)",
            "import @'b'",
            "import 'b'",
        ] {
            let files = [("a", text), ("b", "std.native('x')")];
            assert!(!shared(&files, &files), "{text}");
        }
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "'std' + /* std */ \"std.trace\" + std.length('') // std.trace";
        assert!(shared(&[("a", text)], &[("a", text)]));
    }

    #[test]
    fn a_digest_that_is_given_stands_for_the_file() {
        let mut sources = Sources::default();
        let file = Content::File("no/such/file".to_owned());
        sources.add("a", file).expect("one");
        let mut sharing = Sharing::default();
        sharing.files.insert(
            "d".to_owned(),
            Rc::new(Words {
                imports: Vec::new(),
                pure: true,
            }),
        );
        let mut number = |digest: &str| {
            let digests = HashMap::from([("no/such/file".to_owned(), digest.to_owned())]);
            Numbers::new(digests).of("a", &sources, &mut sharing)
        };
        assert_eq!(number("d"), number("d"));
        assert_ne!(number(""), number(""));
    }
}

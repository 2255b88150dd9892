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

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_lexer::{Lexeme, Lexer, SyntaxKind};
use sha2::{Digest as _, Sha256};

use crate::{Cause, Content, Sources};

/// Functions of `std` whose result is not the same in each rendering.
const IMPURE: [&str; 3] = ["extVar", "native", "trace"];

/// What is known of files from all renderings of a process.
#[derive(Debug, Default, Acyclic)]
pub struct Sharing {
    /// The hash of each digest that is known to be of the bytes with that hash.
    hashes: HashMap<String, String>,
    /// What files say, by hash.
    files: HashMap<String, Rc<Looks>>,
    /// The number of each state of a file and of all that it sees.
    numbers: HashMap<String, u64>,
    last: u64,
}

/// What a look at a file's words says of it.
#[derive(Debug, PartialEq, Eq, Acyclic)]
struct Looks {
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
    /// The hash of each place that a number depends on.
    hashes: HashMap<String, String>,
    /// What was read for the hash, by place, until it is asked for.
    bytes: HashMap<String, Vec<u8>>,
}

impl Numbers {
    /// For one rendering; `digests` are those of its files, by path, as far as they are known.
    pub fn new(digests: HashMap<String, String>) -> Self {
        Self {
            digests,
            ..Self::default()
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

    /// The bytes of the file at a place, and whether they are those that its number is of.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read.
    pub fn read(&mut self, place: &str, sources: &Sources) -> Result<(Vec<u8>, Are), Cause> {
        if let Some(bytes) = self.bytes.remove(place) {
            return Ok((bytes, Are::Known));
        }
        let bytes = sources.read(place)?;
        let are = match self.hashes.get(place) {
            Some(known) if *known != hash(&bytes) => Are::Others,
            _ => Are::Known,
        };
        Ok((bytes, are))
    }

    /// All that the file at `place` can see, as a text; `None` if that is more than files.
    fn sight(&mut self, place: &str, sources: &Sources, sharing: &mut Sharing) -> Option<String> {
        let mut seen = BTreeMap::new();
        let mut open = vec![(place.to_owned(), true)];
        while let Some((place, code)) = open.pop() {
            if seen.contains_key(&(place.clone(), code)) {
                continue;
            }
            let hash = self.hash(&place, sources, sharing)?;
            let mut text = hash.clone();
            if code {
                let looks = self.looks(&place, hash, sources, sharing)?;
                if !looks.pure {
                    return None;
                }
                for import in &looks.imports {
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

    /// The hash of a file. It is read for that, unless its digest is one that is known to be the
    /// hash of bytes: a file that has changed since Bazel looked at it is not taken for what it
    /// was then. A digest that is another function's never is.
    fn hash(&mut self, place: &str, sources: &Sources, sharing: &mut Sharing) -> Option<String> {
        if let Some(hash) = self.hashes.get(place) {
            return Some(hash.clone());
        }
        let digest = match sources.declared(place).ok()? {
            Content::File(path) => self.digests.get(path),
            Content::Text(_) => None,
        };
        let hash = if let Some(hash) = digest.and_then(|digest| sharing.hashes.get(digest)) {
            hash.clone()
        } else {
            let bytes = sources.read(place).ok()?;
            let hash = hash(&bytes);
            self.bytes.insert(place.to_owned(), bytes);
            if let Some(digest) = digest.filter(|digest| is_of(digest, &hash)) {
                sharing.hashes.insert(digest.clone(), hash.clone());
            }
            hash
        };
        self.hashes.insert(place.to_owned(), hash.clone());
        Some(hash)
    }

    /// What the file of this hash says; `None` where there are no such bytes, or they are no text.
    fn looks(
        &mut self,
        place: &str,
        hash: String,
        sources: &Sources,
        sharing: &mut Sharing,
    ) -> Option<Rc<Looks>> {
        if let Some(looks) = sharing.files.get(&hash) {
            return Some(Rc::clone(looks));
        }
        if !self.bytes.contains_key(place) {
            let (bytes, Are::Known) = self.read(place, sources).ok()? else {
                return None;
            };
            self.bytes.insert(place.to_owned(), bytes);
        }
        let text = str::from_utf8(&self.bytes[place]).ok()?;
        let looks = Rc::new(looks(text));
        sharing.files.insert(hash, Rc::clone(&looks));
        Some(looks)
    }
}

/// What bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Are {
    /// Those that the file's number stands for, if it stands for any.
    Known,
    /// Others: the file has changed.
    Others,
}

/// The SHA-256 of bytes, in hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether a digest of Bazel, bytes in base64, is this hash. Bazel sends its digits.
fn is_of(digest: &str, hash: &str) -> bool {
    STANDARD
        .decode(digest)
        .is_ok_and(|digits| digits == hash.as_bytes())
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
}

fn looks(text: &str) -> Looks {
    use SyntaxKind as Kind;
    let trivia = [
        Kind::WHITESPACE,
        Kind::SINGLE_LINE_SLASH_COMMENT,
        Kind::SINGLE_LINE_HASH_COMMENT,
        Kind::MULTI_LINE_COMMENT,
    ];
    let mut looks = Looks {
        imports: Vec::new(),
        pure: true,
    };
    let mut lexemes = Lexer::new(text).filter(|one| !trivia.contains(&one.kind));
    while let Some(lexeme) = lexemes.next() {
        match lexeme.kind {
            Kind::IDENT if lexeme.text == "std" => {
                let dot = lexemes.next().is_some_and(|one| one.kind == Kind::DOT);
                let name = lexemes.next().map_or("", |one| one.text);
                looks.pure &= dot && !IMPURE.contains(&name);
            }
            Kind::IMPORT_KW | Kind::IMPORTSTR_KW | Kind::IMPORTBIN_KW => {
                match lexemes.next().as_ref().and_then(literal) {
                    Some(what) => looks.imports.push(Import {
                        what: what.to_owned(),
                        code: lexeme.kind == Kind::IMPORT_KW,
                    }),
                    None => looks.pure = false,
                }
            }
            _ => {}
        }
    }
    looks
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

    /// A digest as Bazel sends it.
    fn digest(text: &str) -> String {
        STANDARD.encode(hash(text.as_bytes()))
    }

    /// The numbers of a file for digests, the file as it is.
    struct Files {
        folder: tempfile::TempDir,
        sources: Sources,
        sharing: Sharing,
    }

    impl Files {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let mut files = Self {
                sources: Sources::default(),
                sharing: Sharing::default(),
                folder,
            };
            let file = Content::File(files.path());
            files.sources.add("a", file).expect("one");
            files
        }

        fn path(&self) -> String {
            self.folder.path().join("a").display().to_string()
        }

        fn numbers(&self, digest: &str) -> Numbers {
            Numbers::new(HashMap::from([(self.path(), digest.to_owned())]))
        }

        fn number(&mut self, digest: &str, text: Option<&str>) -> u64 {
            match text {
                Some(text) => std::fs::write(self.path(), text).expect("writes"),
                None => std::fs::remove_file(self.path()).expect("removes"),
            }
            let mut numbers = self.numbers(digest);
            numbers.of("a", &self.sources, &mut self.sharing)
        }
    }

    #[test]
    fn a_digest_stands_for_a_file_whose_bytes_were_read() {
        let mut files = Files::new();
        let number = files.number(&digest("1"), Some("1"));
        assert_eq!(files.number(&digest("1"), None), number);
    }

    #[test]
    fn a_digest_does_not_stand_for_other_bytes() {
        let mut files = Files::new();
        let new = files.number(&digest("old"), Some("new"));
        let old = files.number(&digest("old"), Some("old"));
        assert_ne!(old, new);
        assert_eq!(files.number(&digest("new"), Some("new")), new);
        assert_eq!(files.number(&digest("old"), None), old);
    }

    #[test]
    fn a_digest_that_is_no_sha_256_does_not_count() {
        let mut files = Files::new();
        let one = files.number("ZA==", Some("1"));
        assert_eq!(files.number("ZA==", Some("1")), one);
        assert_ne!(files.number("ZA==", Some("2")), one);
    }

    #[test]
    fn bytes_that_are_not_those_of_the_digest_are_told() {
        let mut files = Files::new();
        files.number(&digest("1"), Some("1"));
        let mut numbers = files.numbers(&digest("1"));
        numbers.of("a", &files.sources, &mut files.sharing);
        let (bytes, are) = numbers.read("a", &files.sources).expect("reads");
        assert_eq!((&*bytes, are), (&b"1"[..], Are::Known));
        std::fs::write(files.path(), "2").expect("writes");
        let (bytes, are) = numbers.read("a", &files.sources).expect("reads");
        assert_eq!((&*bytes, are), (&b"2"[..], Are::Others));
    }
}

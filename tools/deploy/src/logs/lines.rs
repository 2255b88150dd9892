//! Lines out of what a log stream brings, and where to go on after it broke. Pure.

use k8s_openapi::jiff::Timestamp;

/// The longest line that is printed as one; of a longer one each piece of this length is a line.
pub const LONGEST: usize = 1 << 20;

/// One line of a container, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was written; `None` where the log does not say.
    pub at: Option<Timestamp>,
    /// What was written, byte by byte.
    pub text: Vec<u8>,
}

/// Cuts a stream into lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
    piece: Piece,
}

/// Which part of a line comes next.
#[derive(Clone, Copy, Debug, Default)]
enum Piece {
    /// Its first, which begins with its moment.
    #[default]
    First,
    /// Another one, of a line of this moment.
    Later(Option<Timestamp>),
}

impl Lines {
    /// The lines that `bytes` complete.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut bytes = bytes;
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(&bytes[..end], &mut lines);
            lines.extend(self.complete());
            bytes = &bytes[end + 1..];
        }
        self.add(bytes, &mut lines);
        lines
    }

    /// Adds to the line. The pieces of a long one do not depend on how it comes: so they are the
    /// same when it is sent again.
    fn add(&mut self, bytes: &[u8], lines: &mut Vec<Line>) {
        self.rest.extend_from_slice(bytes);
        while self.rest.len() >= LONGEST {
            let later = self.rest.split_off(LONGEST);
            let piece = std::mem::replace(&mut self.rest, later);
            let line = self.line(piece);
            self.piece = Piece::Later(line.at);
            lines.push(line);
        }
    }

    /// What is there of a line that nothing ended; `None` if there is nothing.
    pub fn end(&mut self) -> Option<Line> {
        if self.rest.is_empty() {
            self.piece = Piece::First;
            return None;
        }
        self.complete()
    }

    /// The line that ends here; `None` if all pieces of it were given out.
    fn complete(&mut self) -> Option<Line> {
        let text = std::mem::take(&mut self.rest);
        let is_given = text.is_empty() && matches!(self.piece, Piece::Later(_));
        let line = self.line(text);
        self.piece = Piece::First;
        (!is_given).then_some(line)
    }

    /// Forgets what is there of a line: it will be sent again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn line(&self, text: Vec<u8>) -> Line {
        if let Piece::Later(at) = self.piece {
            return Line { at, text };
        }
        let blank = text.iter().position(|byte| *byte == b' ');
        let word = &text[..blank.unwrap_or(text.len())];
        let at = std::str::from_utf8(word).ok();
        let at: Option<Timestamp> = at.and_then(|word| word.parse().ok());
        let text = match (at, blank) {
            (Some(_), Some(blank)) => text[blank + 1..].to_vec(),
            (Some(_), None) => Vec::new(),
            (None, _) => text,
        };
        Line { at, text }
    }
}

/// How far the log of a container was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The moment of the last line.
    at: Option<Timestamp>,
    /// How many lines of that moment were printed.
    lines: usize,
}

impl Position {
    /// Takes in a line that was printed.
    pub fn printed(&mut self, line: &Line) {
        match (line.at, self.at) {
            (Some(at), Some(last)) if at == last => self.lines += 1,
            (Some(at), _) => {
                *self = Self {
                    at: Some(at),
                    lines: 1,
                }
            }
            (None, _) => {}
        }
    }

    /// From when to ask: the API knows whole seconds.
    pub fn since(&self) -> Option<Timestamp> {
        self.at
            .and_then(|at| Timestamp::from_second(at.as_second()).ok())
    }

    /// What to leave out of a stream that begins there.
    pub fn seen(&self) -> Seen {
        Seen(*self)
    }
}

/// What was printed of a stream that is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Seen(Position);

impl Seen {
    /// Whether the next line was printed.
    pub fn has(&mut self, line: &Line) -> bool {
        match (line.at, self.0.at) {
            (Some(at), Some(last)) if at < last => true,
            (Some(at), Some(last)) if at == last && self.0.lines > 0 => {
                self.0.lines -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| String::from_utf8_lossy(&line.text).into_owned();
        lines.iter().map(text).collect()
    }

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn lines_come_in_pieces_with_any_bytes() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"1970-01-01T00:00:0"), []);
        let both = lines.take(b"1Z one\n1970-01-01T00:00:02.5Z \xff\xfe\nno moment\n");
        assert_eq!(both[0].at, at(1));
        assert_eq!(both[1].text, b"\xff\xfe");
        assert_eq!(both[2].at, None);
        assert_eq!(texts(&both[2..]), ["no moment"]);
        assert_eq!(lines.end(), None);
        lines.take(b"1970-01-01T00:00:03Z without an end");
        assert_eq!(
            texts(&lines.end().into_iter().collect::<Vec<_>>()),
            ["without an end"]
        );
    }

    #[test]
    fn blank_lines_stay() {
        let mut lines = Lines::default();
        let all = lines.take(b"1970-01-01T00:00:01Z \n1970-01-01T00:00:02Z\n\n");
        assert_eq!(texts(&all), ["", "", ""]);
        assert_eq!(all[1].at, at(2));
    }

    #[test]
    fn a_line_without_end_is_cut_and_keeps_its_moment() {
        let mut lines = Lines::default();
        let long = [b"1970-01-01T00:00:01Z ".as_slice(), &vec![b'a'; LONGEST]].concat();
        let first = lines.take(&long);
        let moment = "1970-01-01T00:00:01Z ".len();
        assert_eq!((first.len(), first[0].text.len()), (1, LONGEST - moment));
        let rest = lines.take(b"b 2\n1970-01-01T00:00:02Z c\n");
        let end = format!("{}b 2", "a".repeat(moment));
        assert_eq!(texts(&rest), [end.as_str(), "c"]);
        assert_eq!((rest[0].at, rest[1].at), (at(1), at(2)));
        let mut again = Lines::default();
        let all = again.take(&[long.as_slice(), b"b 2\n"].concat());
        assert_eq!(all, [&first[..], &rest[..1]].concat());
    }

    #[test]
    fn what_was_printed_is_not_printed_again() {
        let line = |second, text: &str| Line {
            at: at(second),
            text: text.into(),
        };
        let all = [line(1, "a"), line(2, "b"), line(2, "c"), line(2, "d")];
        let mut position = Position::default();
        assert_eq!(position.since(), None);
        all[..3].iter().for_each(|line| position.printed(line));
        assert_eq!(position.since(), at(2));
        let mut seen = position.seen();
        let new: Vec<&Line> = all.iter().filter(|line| !seen.has(line)).collect();
        assert_eq!(new, [&all[3]]);
        assert!(!seen.has(&line(3, "e")));
    }
}

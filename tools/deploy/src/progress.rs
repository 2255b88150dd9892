//! Shows how far a run is: lines in a log, lines that are redrawn on a terminal. Data goes to
//! stdout, here too.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_report::{harmless, say};

use crate::environment::Output;

/// In a log, groups that are not ready are named this often.
const REMINDER_SECONDS: f64 = 15.0;

/// What stdout is; something else in tests.
pub type Data = Box<dyn Write + Send>;

/// Where data goes. Clones write to the same place, one after the other.
#[derive(Clone)]
pub struct Stdout(Arc<Mutex<Data>>);

impl std::fmt::Debug for Stdout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stdout")
    }
}

impl Stdout {
    /// Writes data, as it is.
    ///
    /// # Errors
    /// What the operating system says, a closed pipe included.
    pub fn print(&self, data: &[u8]) -> std::io::Result<()> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(data)?;
        out.flush()
    }
}

/// What is on the screen.
pub struct Progress {
    output: Output,
    drawn: Mutex<Drawn>,
    data: Stdout,
}

#[derive(Debug, Default)]
struct Drawn {
    /// Lines at the bottom of a terminal that will be drawn again.
    live: Vec<String>,
    /// Lines that stay, where they go nowhere else.
    kept: Vec<String>,
    /// When live lines last went to a log.
    reminded: f64,
}

impl Progress {
    /// Nothing on the screen yet; `data` is stdout, but for tests.
    pub fn new(output: Output, data: Data) -> Self {
        Self {
            output,
            drawn: Mutex::default(),
            data: Stdout(Arc::new(Mutex::new(data))),
        }
    }

    /// Writes data, as it is.
    ///
    /// # Errors
    /// What the operating system says, a closed pipe included.
    pub fn print(&self, data: &[u8]) -> std::io::Result<()> {
        self.data.print(data)
    }

    /// Where data goes.
    pub fn stdout(&self) -> Stdout {
        self.data.clone()
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        let mut drawn = self.drawn();
        let live = drawn.live.clone();
        self.show(&mut drawn, &[text.to_owned()], live);
    }

    /// Lines that stay, and the lines of what is not ready, `after` seconds into the run.
    pub fn update(&self, fixed: &[String], live: Vec<String>, after: f64) {
        let mut drawn = self.drawn();
        if self.output == Output::Lines {
            if !fixed.is_empty() {
                drawn.reminded = after;
            } else if after - drawn.reminded >= REMINDER_SECONDS {
                drawn.reminded = after;
                say_all(&live);
            }
        }
        self.show(&mut drawn, fixed, live);
    }

    fn show(&self, drawn: &mut Drawn, fixed: &[String], live: Vec<String>) {
        match self.output {
            Output::Lines => say_all(fixed),
            Output::Memory => drawn.kept.extend_from_slice(fixed),
            Output::Terminal if fixed.is_empty() && live == drawn.live => {}
            Output::Terminal => {
                let text = redraw(drawn.live.len(), fixed, &live);
                // A closed stderr is no reason to stop.
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
            }
        }
        drawn.live = live;
    }

    /// The lines that stay, for [`Output::Memory`].
    pub fn kept(&self) -> Vec<String> {
        self.drawn().kept.clone()
    }

    fn drawn(&self) -> std::sync::MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say_all(lines: &[String]) {
    for line in lines {
        say(line);
    }
}

/// What to print so that `old` live lines give way to `fixed` lines and new `live` ones.
fn redraw(old: usize, fixed: &[String], live: &[String]) -> String {
    let mut text = String::new();
    if old > 0 {
        // Up, and clear from there to the end of the screen (ECMA-48: CUU, ED).
        let _ = write!(text, "\x1b[{old}A\x1b[J");
    }
    for line in fixed {
        let _ = writeln!(text, "{}", harmless(line));
    }
    // Cut at the right edge (DECAWM): a line that wraps would be two lines to go up.
    for line in live {
        let _ = writeln!(text, "\x1b[?7l{}\x1b[?7h", harmless(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn live_lines_are_drawn_over() {
        assert_eq!(redraw(0, &lines(&["a"]), &[]), "a\n");
        assert_eq!(redraw(0, &[], &lines(&["b"])), "\x1b[?7lb\x1b[?7h\n");
        let text = redraw(2, &lines(&["a"]), &lines(&["b"]));
        assert_eq!(text, "\x1b[2A\x1b[Ja\n\x1b[?7lb\x1b[?7h\n");
        assert_eq!(redraw(1, &[], &[]), "\x1b[1A\x1b[J");
    }
}

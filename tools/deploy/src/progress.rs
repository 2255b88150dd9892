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

/// How large a terminal is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How wide.
    pub columns: usize,
    /// How high.
    pub rows: usize,
}

impl Window {
    /// Where a terminal does not say how large it is.
    const USUAL: Self = Self {
        columns: 80,
        rows: 24,
    };

    /// That of stderr, as it is now.
    fn of_stderr() -> Self {
        let size = terminal_size::terminal_size_of(std::io::stderr());
        let window = size.map(|(columns, rows)| Self {
            columns: columns.0.into(),
            rows: rows.0.into(),
        });
        window
            .filter(|window| window.columns > 0 && window.rows > 0)
            .unwrap_or(Self::USUAL)
    }
}

/// Lines at the bottom of a terminal that will be drawn over. They steer it, so what others have
/// said was made harmless before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The lines.
    pub lines: Vec<String>,
    /// How many columns the widest one takes.
    pub widest: usize,
}

/// What is on the screen.
pub struct Progress {
    output: Output,
    shown: Arc<Mutex<Shown>>,
    data: Stdout,
}

#[derive(Debug, Default)]
pub(crate) struct Shown {
    drawing: Drawing,
    /// Lines that stay, where they go nowhere else.
    kept: Vec<String>,
    /// When a log was last told what is not ready.
    reminded: f64,
}

impl Progress {
    /// Nothing on the screen yet; `data` is stdout, but for tests.
    pub fn new(output: Output, data: Data) -> Self {
        Self {
            output,
            shown: Arc::default(),
            data: Stdout(Arc::new(Mutex::new(data))),
        }
    }

    /// The same screen, and another place for data.
    #[must_use]
    pub fn with_data(&self, data: Data) -> Self {
        Self {
            output: self.output,
            shown: self.shown.clone(),
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
        self.lines(&[text.to_owned()]);
    }

    /// The window to draw in; `None` where nothing is drawn over.
    pub fn window(&self) -> Option<Window> {
        (self.output == Output::Terminal).then(Window::of_stderr)
    }

    /// Draws over what was drawn before. For terminals.
    pub fn draw(&self, drawing: Drawing) {
        let mut shown = self.shown();
        if drawing != shown.drawing {
            write(&shown.redraw(&[], drawing, Window::of_stderr()));
        }
    }

    /// Leaves what was drawn where it is.
    pub fn settle(&self) {
        self.shown().drawing = Drawing::default();
    }

    /// Lines that stay, and lines of what is not ready, `after` seconds into the run. For logs: the
    /// latter are only said when nothing was for a while.
    pub fn log(&self, fixed: &[String], open: &[String], after: f64) {
        self.lines(fixed);
        let mut shown = self.shown();
        if !fixed.is_empty() {
            shown.reminded = after;
        } else if self.output == Output::Lines && after - shown.reminded >= REMINDER_SECONDS {
            shown.reminded = after;
            say_all(open);
        }
    }

    fn lines(&self, lines: &[String]) {
        let mut shown = self.shown();
        match self.output {
            Output::Lines => say_all(lines),
            Output::Memory => shown.kept.extend_from_slice(lines),
            Output::Terminal => {
                let drawing = shown.drawing.clone();
                write(&shown.redraw(lines, drawing, Window::of_stderr()));
            }
        }
    }

    /// The lines that stay, for [`Output::Memory`].
    pub fn kept(&self) -> Vec<String> {
        self.shown().kept.clone()
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// What to print so that what is drawn gives way to lines that stay and to another drawing.
    pub(crate) fn redraw(&mut self, fixed: &[String], drawing: Drawing, window: Window) -> String {
        let mut text = String::new();
        let old = std::mem::replace(&mut self.drawing, drawing);
        // A window that has become too narrow for it may show it in more lines than there were, or
        // may not: it stays, and nothing above it is lost.
        if !old.lines.is_empty() && old.widest <= window.columns {
            // Up, and clear from there to the end of the screen (ECMA-48: CUU, ED).
            let _ = write!(text, "\x1b[{}A\x1b[J", old.lines.len());
        }
        for line in fixed {
            let _ = writeln!(text, "{}", harmless(line));
        }
        self.drawing.widest = self.drawing.widest.min(window.columns);
        // Cut at the right edge (DECAWM): a line that wraps would be two lines to go up.
        for line in &self.drawing.lines {
            let _ = writeln!(text, "\x1b[?7l{line}\x1b[?7h");
        }
        text
    }
}

/// A closed stderr is no reason to stop.
fn write(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn say_all(lines: &[String]) {
    for line in lines {
        say(line);
    }
}

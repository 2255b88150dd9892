//! Ctrl-C, SIGTERM and SIGHUP: what runs ends, nothing else is started, and this process tidies up
//! behind it.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Whether this process is to end, and the child that is to end first.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    set: Notify,
}

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    child: Option<Pid>,
}

/// Which of a child's words are read; what else it says on stderr is for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// What it prints on stdout.
    Stdout,
    /// What it says on stderr; nobody reads its stdout.
    Stderr,
}

impl Interrupt {
    /// Takes the signals of this process, on another thread of the runtime of tokio that this one
    /// is in.
    pub fn watch(&self) {
        let ends = [SignalKind::terminate(), SignalKind::hangup()];
        for kind in ends.into_iter().chain([SignalKind::interrupt()]) {
            // One that cannot be taken ends this process as it ends others.
            let Ok(mut signals) = signal(kind) else {
                continue;
            };
            let interrupt = self.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    interrupt.set();
                    // A terminal sends Ctrl-C to the child too.
                    if kind != SignalKind::interrupt() {
                        interrupt.end_child();
                    }
                }
            });
        }
    }

    /// From here on, nothing is started.
    pub fn set(&self) {
        self.state().is_set = true;
        self.0.set.notify_waiters();
    }

    /// Ends when this process is to end.
    pub async fn wait(&self) {
        loop {
            let mut set = std::pin::pin!(self.0.set.notified());
            // From here on it is told, so nothing is missed between the look and the wait.
            set.as_mut().enable();
            if self.is_set() {
                return;
            }
            set.await;
        }
    }

    /// Whether this process is to end.
    pub fn is_set(&self) -> bool {
        self.state().is_set
    }

    /// Asks the child to end. Bazel takes it for Ctrl-C.
    pub fn end_child(&self) {
        if let Some(child) = self.state().child {
            // It may have ended by itself.
            let _ = kill(child, Signal::SIGTERM);
        }
    }

    /// Runs a command to its end, and says what it wrote.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] if this process is to end; what the operating system says.
    pub fn output(&self, command: &mut Command, pipe: Pipe) -> io::Result<(ExitStatus, Vec<u8>)> {
        command.stdin(Stdio::null());
        match pipe {
            Pipe::Stdout => command.stdout(Stdio::piped()),
            Pipe::Stderr => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut child = self.spawn(command)?;
        let mut said = Vec::new();
        let read = match (child.stdout.take(), child.stderr.take()) {
            (Some(mut pipe), _) => pipe.read_to_end(&mut said),
            (None, Some(mut pipe)) => pipe.read_to_end(&mut said),
            (None, None) => Ok(0),
        };
        // After this its number may be another process's.
        self.state().child = None;
        let status = child.wait()?;
        read?;
        Ok((status, said))
    }

    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut state = self.state();
        if state.is_set {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = command.spawn()?;
        state.child = i32::try_from(child.id()).ok().map(Pid::from_raw);
        Ok(child)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn what_a_child_says() {
        let interrupt = Interrupt::default();
        for (pipe, want) in [(Pipe::Stdout, "out\n"), (Pipe::Stderr, "err\n")] {
            let said = interrupt.output(&mut shell("echo out; echo err >&2; exit 3"), pipe);
            let (status, said) = said.expect("runs");
            assert_eq!(status.code(), Some(3));
            assert_eq!(String::from_utf8(said).expect("text"), want);
        }
    }

    #[test]
    fn a_child_is_asked_to_end_and_no_other_is_started() {
        let interrupt = Interrupt::default();
        let other = interrupt.clone();
        let ends = std::thread::spawn(move || {
            while other.state().child.is_none() {
                std::thread::yield_now();
            }
            other.set();
            other.end_child();
        });
        // It says how it ended, and goes on to tidy up.
        let mut waits = shell("trap 'echo ended; exit 8' TERM; while :; do sleep 0.01; done");
        let (status, said) = interrupt.output(&mut waits, Pipe::Stdout).expect("runs");
        ends.join().expect("ends");
        // It may be ended before it has said what it does then.
        let said = String::from_utf8(said).expect("text");
        assert!(
            (status.code(), &*said) == (Some(8), "ended\n") || status.code().is_none(),
            "{status}: {said}"
        );
        assert!(interrupt.is_set());
        let error = interrupt.output(&mut shell("echo started"), Pipe::Stdout);
        let error = error.expect_err("nothing is started");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }

    #[tokio::test]
    async fn who_waits_is_told() {
        let interrupt = Interrupt::default();
        let other = interrupt.clone();
        let waits = tokio::spawn(async move { other.wait().await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        interrupt.set();
        waits.await.expect("ends");
        interrupt.wait().await;
    }
}

//! A child of this process, that goes on from where it is, tells what it makes and ends.

use std::fs::File;
use std::io::{self, BufRead as _, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stderr, fork, getpid, getppid};

use crate::bounds::follow_parent;

/// The exit code of a child that has not told all. No bound is told so.
const MORE: u8 = 73;

/// A child, and what it was started for.
pub struct Child<T> {
    /// None once it has ended.
    pid: Option<Pid>,
    says: PipeReader,
    said: Vec<u8>,
    what: T,
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// It has made these texts.
    Told(Vec<String>),
    /// It has more to say than texts.
    More,
    /// It met a bound of this process, which is its own.
    Bound,
}

impl<T: Clone> Child<T> {
    /// Starts one. Of the threads of this process it has this one alone, whatever the others did.
    ///
    /// # Errors
    /// There is no process or no pipe to be had.
    pub fn start(what: T, make: impl FnOnce() -> Option<Vec<String>>) -> io::Result<Self> {
        let parent = getpid();
        let (says, into) = io::pipe()?;
        #[expect(
            unsafe_code,
            reason = "other threads hold no lock that the child takes: they wait"
        )]
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Self {
                pid: Some(child),
                says,
                said: Vec::new(),
                what,
            }),
            ForkResult::Child => {
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    is_of(parent)?;
                    make().map(|texts| tell(into, &texts))
                }));
                let code = match ended {
                    Ok(Some(Ok(()))) => 0,
                    _ => MORE,
                };
                #[expect(
                    unsafe_code,
                    reason = "what it shares with its parent is not to be freed"
                )]
                unsafe {
                    libc::_exit(code.into())
                }
            }
        }
    }

    /// Waits until one of them ends; takes those that have ended out of the list.
    ///
    /// # Errors
    /// The system cannot say what they do.
    pub fn wait(all: &mut Vec<Self>) -> io::Result<Vec<(T, End)>> {
        loop {
            let ready = ready(all)?;
            let mut ended = Vec::new();
            // From the last one, so that those before it keep their number.
            for number in ready.into_iter().rev() {
                if all[number].has_ended()? {
                    let child = all.swap_remove(number);
                    ended.push((child.what.clone(), child.end()?));
                }
            }
            if !ended.is_empty() {
                return Ok(ended);
            }
        }
    }

    /// Reads some of what it says; whether there was nothing more.
    fn has_ended(&mut self) -> io::Result<bool> {
        let mut some = [0; 1 << 14];
        let length = self.says.read(&mut some)?;
        self.said.extend_from_slice(&some[..length]);
        Ok(length == 0)
    }

    fn end(mut self) -> io::Result<End> {
        let Some(pid) = self.pid.take() else {
            return Ok(End::More);
        };
        Ok(match waitpid(pid, None)? {
            WaitStatus::Exited(_, 0) => End::Told(texts(&self.said)?),
            WaitStatus::Exited(_, code) if code == i32::from(MORE) => End::More,
            _ => End::Bound,
        })
    }
}

impl<T> Drop for Child<T> {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
        }
    }
}

/// The numbers of those that have something to say, or have ended.
fn ready<T>(all: &[Child<T>]) -> io::Result<Vec<usize>> {
    let pipes = all.iter().map(|child| child.says.as_fd());
    let mut asked: Vec<_> = pipes
        .map(|pipe| PollFd::new(pipe, PollFlags::POLLIN))
        .collect();
    loop {
        match poll(&mut asked, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {
                let numbers = asked.iter().enumerate();
                let ready = numbers.filter(|(_, one)| one.any() == Some(true));
                return Ok(ready.map(|(number, _)| number).collect());
            }
        }
    }
}

/// In a child: it ends with its parent, and says nothing to the user. `None` where that is not to
/// be had, or the parent has gone.
fn is_of(parent: Pid) -> Option<()> {
    follow_parent();
    let nowhere = File::options().write(true).open("/dev/null").ok()?;
    dup2_stderr(&nowhere).ok()?;
    (getppid() == parent).then_some(())
}

/// Each text, after a line with its length in bytes.
fn tell(mut into: PipeWriter, texts: &[String]) -> io::Result<()> {
    let mut all = Vec::new();
    for text in texts {
        writeln!(all, "{}", text.len())?;
        all.extend_from_slice(text.as_bytes());
    }
    into.write_all(&all)
}

fn texts(mut said: &[u8]) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    while !said.is_empty() {
        let mut line = String::new();
        said.read_line(&mut line)?;
        let length = line.trim_end().parse().map_err(io::Error::other)?;
        let mut text = vec![0; length];
        said.read_exact(&mut text)?;
        texts.push(String::from_utf8(text).map_err(io::Error::other)?);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(make: impl FnOnce() -> Option<Vec<String>>) -> End {
        let mut all = vec![Child::start(7, make).expect("starts")];
        let mut ended = Child::wait(&mut all).expect("ends");
        assert!(all.is_empty());
        let (what, end) = ended.pop().expect("it");
        assert_eq!((what, ended.len()), (7, 0));
        end
    }

    #[test]
    fn texts_come_as_they_were_made() {
        let large = "ü\n".repeat(1 << 20);
        let texts = ["{}\n\n17\n", "", &large].map(str::to_owned).to_vec();
        assert_eq!(one(|| Some(texts.clone())), End::Told(texts));
        assert_eq!(one(|| Some(Vec::new())), End::Told(Vec::new()));
    }

    #[test]
    fn a_child_says_how_it_ended() {
        assert_eq!(one(|| None), End::More);
        assert_eq!(one(|| panic!("in the child")), End::More);
        assert_eq!(one(|| std::process::abort()), End::Bound);
    }

    #[test]
    fn a_child_that_nobody_waits_for_ends() {
        let endless = || loop {
            std::thread::park();
        };
        let child = Child::start((), endless).expect("starts");
        let pid = child.pid;
        drop(child);
        assert_eq!(kill(pid.expect("runs"), None), Err(Errno::ESRCH));
    }
}

//! The bounds of a process that evaluates, and what is said when it meets one.

use std::sync::OnceLock;

use crate::{Cause, Limits};

/// The exit code of a process whose memory is at an end. No shell and no tool here uses it.
pub const MEMORY: u8 = 71;
/// The exit code of a process whose stack is at an end.
pub const DEPTH: u8 = 72;

/// What is said on stderr, of memory and of depth, and the exit code then.
static WORDS: OnceLock<Words> = OnceLock::new();

/// The words and the exit code of a process that evaluates for itself.
pub struct Words {
    /// Said when the memory is at an end.
    pub memory: String,
    /// Said when the stack is at an end.
    pub depth: String,
    /// The exit code of both.
    pub exit: u8,
}

/// Bounds the memory of this process, in bytes.
pub fn memory(bytes: u64) {
    system::memory(bytes);
}

/// Lets this process end in a known way when it meets a bound: with `words` where
/// there are any, else with [`MEMORY`] or [`DEPTH`].
pub fn bound(words: Option<Words>) {
    if let Some(words) = words {
        let _ = WORDS.set(words);
    }
    system::bound();
}

/// What the exit code of a process says of its bounds.
pub fn cause(code: u8, limits: Limits) -> Option<Cause> {
    match code {
        MEMORY => Some(Cause::Memory {
            megabytes: limits.memory_mb,
        }),
        DEPTH => Some(Cause::Depth),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
mod system {
    use nix::libc;
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

    use super::{DEPTH, MEMORY, WORDS};

    pub fn memory(bytes: u64) {
        if let Ok((_, most)) = getrlimit(Resource::RLIMIT_DATA) {
            let _ = setrlimit(Resource::RLIMIT_DATA, bytes.min(most), most);
        }
    }

    pub fn bound() {
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        // Rust's runtime aborts when it gets no memory; a write below a stack is a fault. Threads
        // have a stack of their own for handlers.
        let action = SigAction::new(
            SigHandler::Handler(end),
            SaFlags::SA_ONSTACK,
            SigSet::empty(),
        );
        for signal in [Signal::SIGABRT, Signal::SIGSEGV] {
            #[expect(unsafe_code, reason = "the handler does only what a handler may do")]
            let _ = unsafe { sigaction(signal, &action) };
        }
    }

    /// Ends the process. In a handler nothing may be allocated, locked or freed.
    extern "C" fn end(signal: libc::c_int) {
        let memory = signal == libc::SIGABRT;
        let code = match WORDS.get() {
            Some(words) => {
                let said = if memory { &words.memory } else { &words.depth };
                let _ = nix::unistd::write(std::io::stderr(), said.as_bytes());
                words.exit
            }
            None if memory => MEMORY,
            None => DEPTH,
        };
        #[expect(unsafe_code, reason = "nothing is left to be done for the process")]
        unsafe {
            libc::_exit(code.into())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub fn memory(_: u64) {}

    /// Elsewhere no bound of the system is known to hold.
    pub fn bound() {}
}

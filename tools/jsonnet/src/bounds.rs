//! The bounds of a process that evaluates, and what is said when it meets one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Cause, Limits};

/// The exit code of a process whose memory is at an end. No shell and no tool here uses it.
pub const MEMORY: u8 = 71;
/// The exit code of a process whose stack is at an end.
pub const DEPTH: u8 = 72;

/// What is said on stderr, of memory and of depth, and the exit code then.
static LAST_WORDS: OnceLock<LastWords> = OnceLock::new();
/// Whether code of Rust has panicked: what ends the process after that is not its memory.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The words and the exit code of a process that evaluates for itself.
pub struct LastWords {
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

/// Lets an evaluator take memory from the system in large pieces, and all of its threads from the
/// same ones. For a thread beside the first one the C library asks the system for every page.
pub fn allocate_in_large_pieces() {
    system::allocate_in_large_pieces();
}

/// Lets this process end with the one that started it; where it cannot, it ends when it has
/// answered.
pub fn follow_parent() {
    system::follow_parent();
}

/// Lets this process end with [`MEMORY`] or [`DEPTH`] when it meets a bound.
pub fn bound() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.store(true, Ordering::Relaxed);
        usual(panic);
    }));
    system::bound();
}

/// Lets this process end with these words when it meets a bound.
pub fn bound_with(words: LastWords) {
    let _ = LAST_WORDS.set(words);
    bound();
}

/// What the exit code and the last words of a process say of its bounds. It may be aborted for
/// other reasons than its memory, of which Rust's runtime says `memory allocation of`.
pub fn cause(code: u8, words: &str, limits: Limits) -> Option<Cause> {
    match code {
        MEMORY if words.contains("memory allocation of") => Some(Cause::Memory {
            megabytes: limits.memory_mb,
        }),
        DEPTH => Some(Cause::Depth),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::Ordering;

    use nix::libc;
    use nix::sys::prctl::set_pdeathsig;
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

    use super::{DEPTH, LAST_WORDS, MEMORY, PANICKED};

    pub fn memory(bytes: u64) {
        if let Ok((_, most)) = getrlimit(Resource::RLIMIT_DATA) {
            let _ = setrlimit(Resource::RLIMIT_DATA, bytes.min(most), most);
        }
    }

    #[cfg(target_env = "gnu")]
    pub fn allocate_in_large_pieces() {
        let settings = [
            (libc::M_ARENA_MAX, 1),
            (libc::M_TOP_PAD, 4 << 20),
            (libc::M_MMAP_THRESHOLD, 32 << 20),
        ];
        for (setting, value) in settings {
            #[expect(unsafe_code, reason = "sets a number, before there are other threads")]
            unsafe {
                libc::mallopt(setting, value);
            }
        }
    }

    #[cfg(not(target_env = "gnu"))]
    pub fn allocate_in_large_pieces() {}

    pub fn follow_parent() {
        let _ = set_pdeathsig(Signal::SIGKILL);
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
        if memory && PANICKED.load(Ordering::Relaxed) {
            // What aborts goes on with that.
            return;
        }
        let code = match LAST_WORDS.get() {
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

    pub fn allocate_in_large_pieces() {}

    pub fn follow_parent() {}

    /// Elsewhere no bound of the system is known to hold.
    pub fn bound() {}
}

//! The cgroups of a node.
//!
//! With cgroups v1 they are below this process's own. A v2 cgroup that has processes cannot share
//! out its controllers, so there the node's is at the top.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::error::Error;

const TOP: &str = "/sys/fs/cgroup";

/// A cgroup to make, and the one that this process is in beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// Where this process is.
    pub own: PathBuf,
    /// The node's.
    pub path: PathBuf,
}

/// The cgroups that a node by this name has. `membership` is `/proc/self/cgroup`; `unified` says
/// whether this machine has cgroups v2 only.
pub fn plan(membership: &str, unified: bool, name: &str) -> Vec<Cgroup> {
    let mut cgroups = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_matches('/');
        if unified && controllers.is_empty() {
            let own = Path::new(TOP).join(path);
            cgroups.push(Cgroup {
                own,
                path: Path::new(TOP).join(name),
            });
        } else if !unified && !controllers.is_empty() && !controllers.starts_with("name=") {
            let own = Path::new(TOP).join(controllers).join(path);
            cgroups.push(Cgroup {
                path: own.join(name),
                own,
            });
        }
    }
    cgroups
}

/// The cgroups that a node by this name has on this machine.
pub fn plan_here(name: &str) -> Result<Vec<Cgroup>, Error> {
    let membership = "/proc/self/cgroup";
    let text = std::fs::read_to_string(membership).map_err(Error::io("read", membership))?;
    let unified = Path::new(TOP).join("cgroup.controllers").exists();
    Ok(plan(&text, unified, name))
}

/// Makes the cgroups.
pub fn make(cgroups: &[Cgroup]) -> Result<(), Error> {
    for Cgroup { own, path } in cgroups {
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("make cgroup", path)(error));
            }
            _ => {}
        }
        if path.join("cgroup.controllers").exists() {
            for controller in ["cpu", "cpuset", "io", "memory", "pids"] {
                // A machine may lack one; the kubelet names what it misses.
                let _ = std::fs::write(
                    Path::new(TOP).join("cgroup.subtree_control"),
                    format!("+{controller}"),
                );
            }
        } else if path.join("cpuset.mems").exists() {
            // A new v1 cpuset is empty, and nothing can be put in it.
            for setting in ["cpuset.cpus", "cpuset.mems"] {
                std::fs::copy(own.join(setting), path.join(setting))
                    .map_err(Error::io("set up cgroup", path))?;
            }
        }
    }
    Ok(())
}

/// Moves a process into a cgroup.
pub fn enter(cgroup: &Path, pid: u32) -> Result<(), Error> {
    let file = cgroup.join("cgroup.procs");
    std::fs::write(&file, pid.to_string()).map_err(Error::io("write", &file))
}

/// Ends what is left in the cgroups and removes them, with all below; tries for five seconds.
pub fn remove(cgroups: &[PathBuf]) {
    for cgroup in cgroups {
        for _ in 0..50 {
            if remove_tree(cgroup) {
                break;
            }
            sleep(Duration::from_millis(100));
        }
    }
}

fn remove_tree(cgroup: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(cgroup) else {
        return !cgroup.exists();
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let processes = std::fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    // 0 is a process that this PID namespace does not see.
    for pid in processes
        .lines()
        .filter_map(|line| line.parse().ok())
        .filter(|pid| *pid > 0)
    {
        let pid = nix::unistd::Pid::from_raw(pid);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    std::fs::remove_dir(cgroup).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_nests_below_its_own() {
        let membership = "9:name=systemd:/\n4:memory:/jobs/7\n3:cpuset:/\n0::/\n";
        assert_eq!(
            plan(membership, false, "windlass-1"),
            [
                Cgroup {
                    own: "/sys/fs/cgroup/memory/jobs/7".into(),
                    path: "/sys/fs/cgroup/memory/jobs/7/windlass-1".into(),
                },
                Cgroup {
                    own: "/sys/fs/cgroup/cpuset/".into(),
                    path: "/sys/fs/cgroup/cpuset/windlass-1".into(),
                },
            ]
        );
    }

    #[test]
    fn version_2_goes_to_the_top() {
        assert_eq!(
            plan("0::/user.slice/session-1.scope\n", true, "windlass-1"),
            [Cgroup {
                own: "/sys/fs/cgroup/user.slice/session-1.scope".into(),
                path: "/sys/fs/cgroup/windlass-1".into(),
            }]
        );
    }
}

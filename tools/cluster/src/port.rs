//! Who listens on a port of this machine.

use std::net::{Ipv4Addr, TcpListener};

use crate::error::{Error, Holder};
use crate::settings::{Published, flag};

/// Opens every published port on 127.0.0.1. `registry` is `host:port`.
pub fn open(published: &[Published], registry: &str) -> Result<Vec<(TcpListener, u16)>, Error> {
    let mut listeners = Vec::new();
    for port in published {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port.host)) {
            Ok(listener) => listeners.push((listener, port.node)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(Error::PortInUse {
                    port: port.host,
                    flag: flag(*port, registry),
                    holder: Holder(holder(port.host)),
                });
            }
            Err(error) => {
                return Err(Error::io("listen on", format!("127.0.0.1:{}", port.host))(
                    error,
                ));
            }
        }
    }
    Ok(listeners)
}

/// The program that listens on a port, as far as this process can see it.
fn holder(port: u16) -> Option<String> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let has = |link: std::path::PathBuf| sockets.iter().any(|s| link.as_os_str() == s.as_str());
        if files
            .flatten()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(has))
        {
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", name.trim()));
        }
    }
    None
}

/// The inodes of the sockets that listen on a port, from a table like `/proc/net/tcp` (proc(5)).
fn listening(table: &str, port: u16) -> Vec<String> {
    let ending = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        if let (Some(local), Some(&"0A"), Some(inode)) =
            (fields.get(1), fields.get(3), fields.get(9))
            && local.ends_with(&ending)
        {
            inodes.push((*inode).to_owned());
        }
    }
    inodes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:192B 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
";

    #[test]
    fn only_listening_sockets_of_the_port() {
        assert_eq!(listening(TABLE, 6443), ["4711"]);
        assert!(listening(TABLE, 31000).is_empty());
    }

    #[test]
    fn a_taken_port_names_its_holder() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let host = crate::settings::HostPorts {
            api: Some(port),
            registry: None,
        };
        let settings = crate::settings::tests::settings(host);
        let error = open(&settings.published, &settings.registry).expect_err("taken");
        let text = windlass_report::render(&error);
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        assert!(
            text.contains(&format!("(process {})", std::process::id())),
            "{text}"
        );
        assert!(text.contains("--api-port <PORT>"), "{text}");
    }
}

//! The commands; and for `run`, the loop: look, decide, act.

use crate::cli::{Command, Plan};
use crate::decide::{Action, Step, astray, decide, is_settled};
use crate::error::Error;
use crate::table::{Role, Table};
use crate::{act, handover, identity, install, observe, probe, wire};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::{info, warn};

/// Between two looks while all is well; and while it is not.
const CALM: Duration = Duration::from_secs(1);
const BUSY: Duration = Duration::from_millis(400);

/// Runs a command to its end.
///
/// # Errors
/// See [`Error`].
pub async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Run(run) => stay(&Plan::try_from(&run)?).await,
        Command::Ready(own) => probe::ready(&own).await,
        Command::Alive(own) => probe::alive(&own).await,
        Command::Handover(args) => handover::run(&args).await,
        Command::Install { directory } => install::install(&directory),
    }
}

/// Until SIGTERM or Ctrl-C.
async fn stay(plan: &Plan) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    info!(
        "node {} of {}: {}",
        plan.me,
        plan.nodes.len(),
        plan.nodes[plan.me].host
    );
    tokio::select! {
        () = look_for_ever(plan) => {}
        _ = terminate.recv() => info!("SIGTERM: ending"),
        _ = tokio::signal::ctrl_c() => info!("interrupted: ending"),
    }
    Ok(())
}

async fn look_for_ever(plan: &Plan) {
    let mut said = String::new();
    loop {
        let period = match look(plan, &mut said).await {
            Ok(period) => period,
            Err(error) => {
                say(
                    format!("redis does not answer as it should: {error}"),
                    &mut said,
                );
                BUSY
            }
        };
        sleep(period).await;
    }
}

/// Logs a state once, not each second.
fn say(state: String, said: &mut String) {
    if state != *said {
        info!("{state}");
        *said = state;
    }
}

/// One look and what follows from it. Gives the time until the next.
async fn look(plan: &Plan, said: &mut String) -> Result<Duration, wire::Error> {
    let mut wire = wire::Wire::connect(&plan.own.host, plan.own.port).await?;
    let own = observe::own(&mut wire).await?;
    identity::assert(&mut wire, &own.seen).await?;
    if let Some(action) = astray(&own.seen.table, own.follows) {
        do_it(&mut wire, &action).await;
        return Ok(BUSY);
    }
    if own.is_ok && is_settled(&own.seen.table, plan.nodes.len()) {
        say(
            format!("cluster_state:ok, this node is {}", part(&own.seen.table)),
            said,
        );
        return Ok(CALM);
    }
    let Step { reason, actions } = decide(&observe::peers(plan, own.seen).await);
    say(reason.to_string(), said);
    for action in &actions {
        do_it(&mut wire, action).await;
    }
    Ok(BUSY)
}

async fn do_it(wire: &mut wire::Wire, action: &Action) {
    match act::perform(wire, action).await {
        Ok(()) => info!("{action}"),
        Err(error) => warn!("{action}: {error}"),
    }
}

fn part(table: &Table) -> String {
    match table.myself().map(|own| (&own.role, &own.slots)) {
        Some((Role::Replica(master), _)) => {
            let host = table.member(master).map_or("", |master| &master.hostname);
            format!(
                "a replica of {}",
                host.split('.').next().unwrap_or_default()
            )
        }
        Some((Role::Master, slots)) => {
            let slots: Vec<_> = slots.iter().map(ToString::to_string).collect();
            format!("master of slots {}", slots.join(", "))
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_node_in_words() {
        let text = "aa 10.0.0.1:6379@16379,redis-0.nodes.alice.svc master - 0 0 1 connected 0-9 11";
        let master = text.replace("master", "myself,master");
        let replica = "bb 10.0.0.2:6379@16379,redis-1 myself,slave aa 0 0 1 connected";
        let table = |text: &str| Table::try_new(text).expect("parses");
        assert_eq!(part(&table(&master)), "master of slots 0-9, 11");
        assert_eq!(
            part(&table(&format!("{text}\n{replica}"))),
            "a replica of redis-0"
        );
    }
}

//! Does what was decided, to the own node. The only place that changes anything.

use crate::decide::Action;
use crate::identity;
use crate::wire::{Error, Wire};

/// Sends an action's command.
///
/// # Errors
/// What the node says; the next look decides anew.
pub async fn perform(wire: &mut Wire, action: &Action) -> Result<(), Error> {
    if let Action::Replicate { id, .. } = action {
        wire.send(&identity::follow(id)).await?;
    }
    wire.send(&words(action)).await
}

fn words(action: &Action) -> Vec<String> {
    let words = match action {
        Action::Meet { address, .. } => {
            vec![
                "MEET".to_owned(),
                address.ip().to_string(),
                address.port().to_string(),
            ]
        }
        Action::Take(range) => {
            vec![
                "ADDSLOTSRANGE".to_owned(),
                range.first.to_string(),
                range.last.to_string(),
            ]
        }
        // Of the same master, so that the data stays and only the connection is new.
        Action::Follow { id } | Action::Replicate { id, .. } => {
            vec!["REPLICATE".to_owned(), id.clone()]
        }
        Action::Succeed => vec!["FAILOVER".to_owned(), "FORCE".to_owned()],
        Action::Forget { id } => vec!["FORGET".to_owned(), id.clone()],
    };
    std::iter::once("CLUSTER".to_owned()).chain(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::Range;

    #[test]
    fn actions_are_commands_of_redis() {
        let text = |action: &Action| words(action).join(" ");
        let address = "10.0.0.7:6379".parse().expect("an address");
        assert_eq!(
            text(&Action::Meet { node: 1, address }),
            "CLUSTER MEET 10.0.0.7 6379"
        );
        let range = Range {
            first: 0,
            last: 5460,
        };
        assert_eq!(text(&Action::Take(range)), "CLUSTER ADDSLOTSRANGE 0 5460");
        let id = "ab".to_owned();
        assert_eq!(text(&Action::Follow { id }), "CLUSTER REPLICATE ab");
        assert_eq!(text(&Action::Succeed), "CLUSTER FAILOVER FORCE");
        let id = "ab".to_owned();
        assert_eq!(
            text(&Action::Replicate {
                node: 0,
                id: id.clone()
            }),
            "CLUSTER REPLICATE ab"
        );
        assert_eq!(text(&Action::Forget { id }), "CLUSTER FORGET ab");
    }
}

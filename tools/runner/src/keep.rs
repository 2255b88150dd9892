//! Which requests are kept when they are over: the newest ones of each namespace. The Job of one
//! goes with it. Pure.

use std::collections::BTreeMap;

use crate::request::Request;

/// How many requests that are over a namespace keeps.
const KEPT: usize = 20;

/// Those that go.
pub(crate) fn superfluous(requests: &[Request]) -> Vec<&Request> {
    let mut over: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
    for request in requests
        .iter()
        .filter(|request| request.status.phase.is_over())
    {
        over.entry(&request.namespace).or_default().push(request);
    }
    let mut old = Vec::new();
    for mut own in over.into_values() {
        own.sort_by(|a, b| (&b.created, &b.name).cmp(&(&a.created, &a.name)));
        old.extend(own.into_iter().skip(KEPT));
    }
    old
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::object;
    use windlass_apply_request::Phase;

    #[test]
    fn the_oldest_that_are_over_go() {
        let mut requests = Vec::new();
        for at in 0..25 {
            let mut request = Request::of(&object(&format!("r{at:02}"))).expect("a request");
            request.created = format!("2026-03-01T12:00:{at:02}Z");
            // One of the oldest is not over.
            if at != 1 {
                request.status.phase = Phase::Failed;
            }
            requests.push(request.clone());
            request.namespace = "dev".to_owned();
            requests.push(request);
        }
        requests.retain(|request| {
            request.namespace == "prod" || *request.created < *"2026-03-01T12:00:20Z"
        });
        let names: Vec<String> = superfluous(&requests)
            .into_iter()
            .map(Request::title)
            .collect();
        assert_eq!(names, ["prod/r04", "prod/r03", "prod/r02", "prod/r00"]);
    }
}

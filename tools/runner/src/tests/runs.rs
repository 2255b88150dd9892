//! What becomes of requests.

use serde_json::{Value, json};

use super::fake::{Fake, JOBS, PODS, REQUESTS};
use crate::request::tests::object;

/// A server with a request `one`.
fn asked() -> Fake {
    let fake = Fake::default();
    fake.put(REQUESTS, object("one"));
    fake
}

fn pod(state: &Value) -> Value {
    json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [{"state": state}]}})
}

/// The pod of the Job says something.
fn says(fake: &Fake, text: &str) {
    fake.state().logs.insert("p".to_owned(), text.to_owned());
    fake.put(PODS, pod(&json!({"running": {}})));
}

/// The Job ends.
fn ends(fake: &Fake, condition: &str, code: i32) {
    fake.put(PODS, pod(&json!({"terminated": {"exitCode": code}})));
    let path = format!("{JOBS}/windlass-apply-one");
    let mut state = fake.state();
    let job = state.objects.get_mut(&path).expect("a Job");
    job["status"] = json!({"conditions": [{"type": condition, "status": "True"}]});
}

fn phase(fake: &Fake) -> String {
    let status = fake.status("one");
    status["phase"].as_str().unwrap_or_default().to_owned()
}

fn posts(fake: &Fake) -> usize {
    let state = fake.state();
    let posts = state
        .writes
        .iter()
        .filter(|write| write.starts_with("POST "));
    posts.count()
}

#[tokio::test]
async fn a_job_is_made_followed_and_reported() {
    let fake = asked();
    fake.serve_until(|| phase(&fake) == "Running").await;
    let job = fake.state().objects[&format!("{JOBS}/windlass-apply-one")].clone();
    assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], "uid-one");
    says(&fake, "plan\nwriting\n");
    fake.serve_until(|| fake.status("one")["log"]["text"] == "plan\nwriting\n")
        .await;
    says(&fake, "plan\nwriting\nerror: no\n");
    ends(&fake, "Failed", 5);
    fake.serve_until(|| phase(&fake) == "Failed").await;
    assert_eq!(
        fake.status("one"),
        json!({"phase": "Failed", "exitCode": 5,
            "message": "its Job `windlass-apply-one` ended with exit 5",
            "log": {"pod": "p", "skipped": 0, "text": "plan\nwriting\nerror: no\n"}})
    );
}

#[tokio::test]
async fn a_pod_may_end_before_its_job() {
    let fake = asked();
    fake.serve_until(|| phase(&fake) == "Running").await;
    says(&fake, "done\n");
    fake.put(PODS, pod(&json!({"terminated": {"exitCode": 0}})));
    // Long enough for several looks.
    let looks = std::sync::atomic::AtomicU32::new(0);
    fake.serve_until(|| looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 50)
        .await;
    assert_eq!(phase(&fake), "Running");
    ends(&fake, "Complete", 0);
    fake.serve_until(|| phase(&fake) == "Succeeded").await;
    assert_eq!(fake.status("one")["log"]["text"], "done\n");
    // One for each time that it was served: nobody has had to begin anew.
    assert_eq!(posts(&fake), 3);
}

#[tokio::test]
async fn a_runner_goes_on_where_another_one_was() {
    let fake = asked();
    fake.serve_until(|| phase(&fake) == "Running").await;
    says(&fake, "plan\n");
    fake.serve_until(|| fake.status("one")["log"]["text"] == "plan\n")
        .await;
    // Nobody looks when it ends.
    ends(&fake, "Complete", 0);
    fake.serve_until(|| phase(&fake) == "Succeeded").await;
    assert_eq!(fake.status("one")["exitCode"], 0);
    // Each of the three has tried to make the Job, and there is one.
    assert_eq!(posts(&fake), 3);
    // What is over is left alone.
    let before = fake.state().writes.len();
    fake.put(REQUESTS, object("two"));
    fake.serve_until(|| fake.status("two")["phase"] == "Running")
        .await;
    let writes = fake.state().writes[before..].join("\n");
    assert!(!writes.contains("one"), "{writes}");
}

#[tokio::test]
async fn what_the_cluster_does_not_allow_is_refused_with_its_words() {
    let fake = asked();
    let says = "jobs.batch \"windlass-apply-one\" is forbidden: ValidatingAdmissionPolicy \
                'windlass-account.prod' denied request: no";
    fake.state().refusal = Some((403, says));
    fake.serve_until(|| phase(&fake) == "Refused").await;
    let message = format!("the API server refuses its Job: {says}");
    assert_eq!(fake.status("one")["message"], message);
    assert_eq!(posts(&fake), 1);
}

#[tokio::test]
async fn an_api_server_that_is_not_ready_is_asked_again() {
    let fake = asked();
    fake.state().refusal = Some((503, "starting"));
    fake.serve_until(|| fake.status("one")["message"] == "its Job cannot be made yet: starting")
        .await;
    assert_eq!(phase(&fake), "Waiting");
    fake.state().refusal = None;
    fake.serve_until(|| phase(&fake) == "Running").await;
}

#[tokio::test]
async fn a_job_of_a_request_that_was_deleted_is_waited_for() {
    let fake = asked();
    let name = json!({"name": "windlass-apply-one", "ownerReferences": [{"uid": "before"}]});
    fake.put(JOBS, json!({"metadata": name}));
    fake.serve_until(|| {
        fake.status("one")["message"] == "a Job `windlass-apply-one` is still there"
    })
    .await;
    let path = format!("{JOBS}/windlass-apply-one");
    fake.state().objects.remove(&path);
    fake.serve_until(|| phase(&fake) == "Running").await;
    let owners = &fake.state().objects[&path]["metadata"]["ownerReferences"];
    assert_eq!(owners[0]["uid"], "uid-one");
}

#[tokio::test]
async fn a_job_that_somebody_deletes_has_failed() {
    let fake = asked();
    fake.serve_until(|| phase(&fake) == "Running").await;
    let runner = fake.clone();
    let deleted = move || {
        runner
            .state()
            .objects
            .remove(&format!("{JOBS}/windlass-apply-one"));
        phase(&runner) == "Failed"
    };
    // It would be made again by a runner that is started after that: one goes on here.
    let fake_runner = fake.runner();
    tokio::select! {
        () = fake_runner.serve() => {}
        () = async {
            // This one has seen that its Job is there.
            while posts(&fake) < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            while !deleted() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        } => {}
    }
    assert_eq!(
        fake.status("one")["message"],
        "somebody has deleted its Job `windlass-apply-one`"
    );
}

#[tokio::test]
async fn what_a_job_waits_for_is_said_when_it_lasts() {
    let fake = asked();
    let pull = json!({"waiting": {"reason": "ErrImagePull", "message": "not found"}});
    fake.put(PODS, pod(&pull));
    fake.serve_until(|| fake.status("one")["message"] == "pod `p` waits: ErrImagePull: not found")
        .await;
    assert_eq!(phase(&fake), "Running");
}

/// However many another namespace has, none of which ends.
#[tokio::test]
async fn a_namespace_waits_for_no_other_one() {
    let fake = Fake::default();
    for at in 0..2 * crate::serve::STREAMS {
        let mut request = object(&format!("r{at}"));
        request["metadata"]["namespace"] = json!("dev");
        fake.put(&REQUESTS.replace("/prod/", "/dev/"), request);
    }
    let dev = fake.clone();
    let made = move || {
        let state = dev.state();
        let jobs = JOBS.replace("/prod/", "/dev/");
        state
            .objects
            .keys()
            .filter(|path| path.starts_with(&jobs))
            .count()
    };
    let runner = fake.runner();
    tokio::select! {
        () = runner.serve() => {}
        () = async {
            while made() < 32 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            fake.put(REQUESTS, object("one"));
            while phase(&fake) != "Running" {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            says(&fake, "plan\n");
            ends(&fake, "Complete", 0);
            while phase(&fake) != "Succeeded" {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        } => {}
        () = tokio::time::sleep(std::time::Duration::from_secs(30)) => panic!("it waits"),
    }
    // And there is an end to what one may have.
    assert_eq!(made(), 32);
}

#[tokio::test]
async fn a_log_for_which_there_is_no_stream_is_read_later() {
    for ends_first in [true, false] {
        let fake = asked();
        let runner = fake.runner();
        let all = u32::try_from(crate::serve::STREAMS).expect("few");
        let others = runner.streams.clone().acquire_many_owned(all).await;
        let others = others.expect("streams");
        let pause = || tokio::time::sleep(std::time::Duration::from_millis(1));
        tokio::select! {
            () = runner.serve() => {}
            () = async {
                while phase(&fake) != "Running" {
                    pause().await;
                }
                says(&fake, "plan\n");
                // Long enough for several looks.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                assert_eq!(fake.status("one")["log"]["text"], "");
                if ends_first {
                    ends(&fake, "Complete", 0);
                } else {
                    drop(others);
                }
                while fake.status("one")["log"]["text"] != "plan\n" {
                    pause().await;
                }
            } => {}
            () = tokio::time::sleep(std::time::Duration::from_secs(30)) => panic!("it waits"),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_deleted_is_followed_no_more() {
    let fake = asked();
    fake.serve_until(|| phase(&fake) == "Running").await;
    fake.state().objects.remove(&format!("{REQUESTS}/one"));
    let runner = fake.runner();
    let before = posts(&fake);
    let gone = crate::request::Request::of(&object("one")).expect("a request");
    let end = crate::follow::follow(&runner, &gone).await;
    assert_eq!(end, crate::follow::End::Gone);
    assert_eq!(posts(&fake), before + 1);
}

#[tokio::test]
async fn the_oldest_requests_that_are_over_go() {
    let fake = Fake::default();
    for at in 0..22 {
        let mut old = object(&format!("r{at:02}"));
        old["metadata"]["creationTimestamp"] = json!(format!("2026-03-01T12:00:{at:02}Z"));
        old["status"] = json!({"phase": "Succeeded"});
        fake.put(REQUESTS, old);
    }
    fake.serve_until(|| fake.state().objects.len() == 20).await;
    assert_eq!(
        fake.state().writes,
        [
            format!("DELETE {REQUESTS}/r01"),
            format!("DELETE {REQUESTS}/r00")
        ]
    );
}

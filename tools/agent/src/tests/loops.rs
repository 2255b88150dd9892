//! Turn after turn, in one process.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::scene::{ALICE, MAP, Scene, map};
use crate::apply::{Error, run_until};

/// Waits until something is there; gives up after a minute.
async fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(there) = there() {
            return there;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within a minute: {what}");
}

/// Waits until the status file says so.
async fn until_it_is(scene: &Scene, state: &str, head: &str) {
    until(&format!("{state} {head}"), || {
        let status = scene.status()?;
        (status.state.word() == state && status.head.as_deref() == Some(head)).then_some(())
    })
    .await;
}

/// A scene whose agent takes turns quickly.
async fn quick() -> Scene {
    let mut scene = Scene::new().await;
    scene.flags = vec!["--interval=20ms".to_owned(), "--drift=1h".to_owned()];
    scene
}

/// An agent that runs beside what `act` does, and is asked to end after it.
async fn beside(scene: &Scene, act: impl AsyncFnOnce()) -> Result<(), Error> {
    let (arguments, constants) = (scene.arguments(), scene.constants());
    let environment = scene.environment();
    let (end, ended) = oneshot::channel::<()>();
    let run = run_until(&arguments, &constants, &environment, async move {
        let _ = ended.await;
    });
    let acted = async {
        act().await;
        let _ = end.send(());
    };
    let (result, ()) = tokio::join!(Box::pin(run), Box::pin(acted));
    result
}

#[tokio::test]
async fn a_bad_commit_stops_nothing_that_comes_after_it() {
    let scene = quick().await;
    let result = beside(&scene, async || {
        let commit = scene.release("1").await;
        until_it_is(&scene, "applied", commit.as_str()).await;
        // One that is not proven.
        let commit = scene.repository.commit("web.txt", "2", ALICE);
        let manifest = scene.bundle(&super::scene::request(), &map("2"));
        scene
            .registry
            .add_tag(super::scene::REPOSITORY, commit.as_str(), &manifest);
        until_it_is(&scene, "refused", commit.as_str()).await;
        assert_eq!(scene.value().as_deref(), Some("1"));
        // One that does not build, so that nobody publishes it.
        let commit = scene.repository.commit("web.txt", "3", ALICE);
        until_it_is(&scene, "waiting", commit.as_str()).await;
        let commit = scene.release("4").await;
        until_it_is(&scene, "applied", commit.as_str()).await;
        assert_eq!(scene.value().as_deref(), Some("4"));
    });
    result.await.expect("it ends when it is asked to");
}

#[tokio::test]
async fn what_is_applied_is_left_alone_until_it_may_have_drifted() {
    let mut scene = quick().await;
    let commit = scene.release("1").await;
    let result = beside(&scene, async || {
        until_it_is(&scene, "applied", commit.as_str()).await;
        scene.api.requests();
        scene.registry.requests();
        let looked = scene.status().expect("one").time;
        until("a later look", || {
            let status = scene.status()?;
            (status.time > looked).then_some(())
        })
        .await;
        assert_eq!(scene.api.requests(), [""; 0]);
        assert_eq!(scene.registry.requests(), [""; 0]);
    });
    result.await.expect("it ends");
    scene.flags[1] = "--drift=50ms".to_owned();
    // It begins anew before it can be seen at rest.
    let result = beside(&scene, async || {
        for _ in 0..3 {
            scene.api.remove(MAP);
            until("it is put back", || scene.value()).await;
        }
    });
    result.await.expect("it ends");
    let drift = scene.status().expect("one").drift;
    assert!(drift.objects >= 3, "{drift:?}");
    assert_eq!(drift.changes, ["create ConfigMap prod/web"]);
}

#[tokio::test]
async fn who_asks_is_answered_meanwhile() {
    let mut scene = quick().await;
    // A port that is free, or was a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    scene.flags.push(format!("--listen={address}"));
    let commit = scene.release("1").await;
    let result = beside(&scene, async || {
        until_it_is(&scene, "applied", commit.as_str()).await;
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let ask = b"GET /status HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(ask).await.expect("asks");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let status: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(status["applied"]["commit"], commit.as_str());
    });
    result.await.expect("it ends");
    // Where somebody listens already, it does not start.
    let bind = || std::net::TcpListener::bind(address).ok();
    let _taken = until("it is free again", bind).await;
    let error = beside(&scene, async || {}).await.expect_err("it is taken");
    assert_eq!(
        windlass_report::render(&error).replace(&address.to_string(), "ADDRESS"),
        "error: cannot listen on ADDRESS\ncause: Address already in use (os error 98)\n"
    );
}

//! Answers that say less, or more, than they should.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn a_tag_of_which_no_digest_is_told_is_read_and_not_moved_again() {
    let mut bench = Bench::new(vec![]).await;
    bench.push.tags = vec!["v1".parse().expect("a tag")];
    bench.push().await.expect("pushes");
    bench.registry.requests();
    let untold = What::Status(200, "", "");
    let look = "HEAD /v2/demo/server/manifests/v1";
    bench.registry.add_faults(fault(look, 9, untold));
    assert!(bench.push().await.expect("pushes").is_noop());
    let tag = format!("/v2/{NAME}/manifests/v1");
    let looks = [format!("HEAD {tag}"), format!("GET {tag}")];
    assert_eq!(bench.registry.requests(), looks);

    // The tag is on another image: it moves.
    let other = files(bench.folder.path(), &[b"other"]);
    bench.push.image = Image::load(&other).expect("loads");
    assert_eq!(bench.push().await.expect("pushes").manifests, 1);
    let there = bench.registry.manifest(NAME, "v1").expect("is there");
    assert_eq!(Digest::of(&there), bench.push.image.digest());
}

/// Who refuses without end is not listened to for ever.
#[tokio::test]
async fn a_refusal_without_end_is_a_refusal() {
    for begins in [
        r#"{"errors":[{"code":"DENIED","message":"not yours"}],"x":""#,
        "<html>",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let asked = stream.read(&mut [0; 4096]).await;
            assert!(asked.is_ok_and(|bytes| bytes > 0));
            let head = format!("HTTP/1.1 403 X\r\n\r\n{begins}");
            let mut sent = stream.write(head.as_bytes()).await;
            let mut bytes = 0;
            while let Ok(more) = sent {
                bytes += more;
                sent = stream.write(&[b'x'; 4096]).await;
            }
            bytes
        });
        let mut bench = Bench::new(vec![]).await;
        bench.push.target.repository = format!("{address}/{NAME}").parse().expect("a repository");
        let target = &bench.push.target;
        let reference = format!("{address}/{NAME}:v1").parse().expect("a reference");
        let error = bench.client.manifest(target, &reference).await;
        let cause = error.expect_err("refused").cause().to_string();
        assert_eq!(cause, format!("GET /v2/{NAME}/manifests/v1: 403 FORBIDDEN"));
        // What was sent and not read is in the buffers of two sockets.
        let sent = serving.await.expect("ends: nobody reads any more");
        assert!(sent < 64 << 20, "{sent} bytes");
    }
}

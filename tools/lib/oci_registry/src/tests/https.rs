//! By https, where registries ask who we are.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use windlass_oci_registry_fake::{Demand, IDENTITY_TOKEN, PASSWORD, REGISTRY_TOKEN};

use super::many::Stack;
use super::*;

/// The user, in a configuration file.
const ME: &str = r#"{"auths": {"REGISTRY": {"username": "me", "password": "tops3cret"}}}"#;

/// Programs that say who we are, by name: what they do when they were noted to be asked.
const HELPERS: &[(&str, &str)] = &[
    (
        "good",
        r#"echo '{"ServerURL":"","Username":"me","Secret":"tops3cret"}'"#,
    ),
    (
        "never",
        r#"echo '{"ServerURL":"","Username":"me","Secret":"tops3cret"}'"#,
    ),
    (
        "identity",
        r#"echo '{"Username":"<token>","Secret":"identity-tops3cret"}'"#,
    ),
    (
        "wrong",
        r#"echo '{"Username":"me","Secret":"tops3cret-of-old"}'"#,
    ),
    (
        "nothing",
        "echo 'credentials not found in native keychain'; exit 1",
    ),
    (
        "failing",
        r#"echo '{"Username":"me","Secret":"tops3cret"}' | tee /dev/stderr; exit 3"#,
    ),
    ("nonsense", "echo tops3cret"),
    ("hanging", "exec sleep 60"),
];

#[test]
fn by_https() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, does) in HELPERS {
        make_helper(folder.path(), name, does);
    }
    let authorities = folder.path().join("authorities");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().display());
    let variables = [
        ("SSL_CERT_FILE", authorities.to_str()),
        ("PATH", Some(&path)),
    ];
    let variables = variables.map(|(name, value)| (name, value.expect("text")));
    in_a_process("https::", &variables);
}

fn make_helper(folder: &Path, name: &str, does: &str) {
    let path = folder.join(format!("docker-credential-{name}"));
    let text = format!("#!/bin/sh\nread -r server\necho \"$1 $server\" >> \"$0.asked\"\n{does}\n");
    std::fs::write(&path, text).expect("writes");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("is a program");
}

/// What a program was asked, line by line.
fn asked(name: &str) -> Vec<String> {
    let path = std::env::var("PATH").expect("by_https sets it");
    let folder = PathBuf::from(path.split(':').next().expect("a folder"));
    let text = std::fs::read_to_string(folder.join(format!("docker-credential-{name}.asked")));
    text.unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// A registry that demands something, and an image for it.
async fn bench(demand: Demand, config: &str) -> Bench {
    let registry = Registry::start_by_https(trusted(), vec![]).await;
    registry.demand(demand);
    let mut bench = Bench::at(registry, &[b"first layer", b"second layer"]);
    bench.log_in(config);
    bench
}

/// The same for three images that share a layer.
async fn stack(demand: Demand) -> Stack {
    let registry = Registry::start_by_https(trusted(), vec![]).await;
    registry.demand(demand);
    let mut stack = Stack::at(registry);
    let config = ME.replace("REGISTRY", &stack.registry.name());
    stack.credentials = DockerConfig::parse(&config).expect("parses");
    stack
}

/// What a user reads of a push that fails. No form of it holds a secret.
async fn failed(bench: &Bench) -> String {
    let error = bench.push().await.expect_err("a failure");
    let text = windlass_report::render(&error);
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("me:{PASSWORD}"));
    let shown = format!("{text} {error} {error:?}");
    for secret in [PASSWORD, &encoded, IDENTITY_TOKEN, REGISTRY_TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
    }
    text.replace(&bench.registry.name(), "REGISTRY")
        .replace(&bench.push.image.digest().to_string(), "DIGEST")
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn all_ways_to_say_who_we_are() {
    let basic = r#"{"auths": {"REGISTRY": {"auth": "bWU6dG9wczNjcmV0"}}}"#;
    let identity =
        r#"{"auths": {"REGISTRY": {"auth": "bWU6", "identitytoken": "identity-tops3cret"}}}"#;
    let registry = r#"{"auths": {"REGISTRY": {"registrytoken": "registry-tops3cret"}}}"#;
    let prefix = r#"{"auths": {"REGISTRY": {"username": "me", "password": "wrong"},
                               "REGISTRY/demo": {"username": "me", "password": "tops3cret"}}}"#;
    let (once, by_post) = (["GET /token"].as_slice(), ["POST /token"].as_slice());
    for (demand, config, tokens) in [
        (Demand::Password, ME, [].as_slice()),
        (Demand::Password, basic, &[]),
        (Demand::Token, ME, once),
        (Demand::Token, basic, once),
        (Demand::Token, prefix, once),
        (Demand::Token, identity, by_post),
        (Demand::Token, registry, &[]),
        (Demand::Token, r#"{"credsStore": "identity"}"#, by_post),
    ] {
        let bench = bench(demand, config).await;
        let pushed = bench.push().await;
        let pushed = pushed.unwrap_or_else(|error| panic!("{config}: {error:?}"));
        assert_eq!(pushed.uploaded_blobs, 3, "{config}");
        let requests = bench.registry.requests();
        let asked = requests.iter().filter(|line| line.ends_with("/token"));
        assert_eq!(asked.collect::<Vec<_>>(), tokens, "{demand:?} {config}");
        let given = bench.registry.tokens();
        let all_mine = given
            .iter()
            .all(|one| one == "me: repository:demo/server:pull,push");
        assert!(all_mine, "{given:?}");
    }
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_token_for_each_repository_and_for_what_is_taken_over() {
    for demand in [Demand::Token, Demand::SilentToken] {
        let stack = stack(demand).await;
        let pushed = stack.push().await.into_iter();
        let sent: usize = pushed.map(|one| one.expect("pushed").uploaded_blobs).sum();
        assert_eq!(sent, 2 + 3, "{demand:?}");
        let mut given = stack.registry.tokens();
        given.sort();
        given.dedup();
        let (single, double): (Vec<_>, Vec<_>) = given
            .iter()
            .partition(|one| one.matches("repository:").count() == 1);
        let want = ["client", "server", "store"];
        assert_eq!(
            single,
            want.map(|name| format!("me: repository:demo/{name}:pull,push"))
                .each_ref()
        );
        for one in double {
            let (push, pull) = one.rsplit_once(' ').expect("two");
            assert!(
                push.ends_with(":pull,push") && pull.ends_with(":pull"),
                "{one}"
            );
        }
        // The first look at each of them, and no other.
        let requests = stack.registry.requests();
        let looks = requests
            .iter()
            .filter(|line| line.ends_with("/manifests/v1"));
        assert_eq!(
            looks.filter(|line| line.starts_with("HEAD")).count(),
            6,
            "{requests:?}"
        );
        let begun = requests.iter().filter(|line| line.starts_with("POST "));
        assert_eq!(begun.count(), 5 + 4, "{requests:?}");
    }
}

/// Every request of a push of three images.
#[tokio::test]
#[ignore = "by_https runs it"]
async fn tokens_that_expire_at_any_request_are_renewed() {
    for demand in [Demand::Token, Demand::SilentToken] {
        let mut well = 0;
        loop {
            let stack = stack(demand).await;
            stack.registry.expire_after(well);
            let pushed = stack.push().await;
            if !stack.registry.has_expired() {
                break;
            }
            let case = format!("{demand:?}, {well}");
            let failed: Vec<_> = pushed.iter().filter(|one| one.is_err()).collect();
            assert!(failed.is_empty(), "{case}: {failed:?}");
            assert!(stack.is_complete(), "{case}");
            let sent: usize = pushed
                .into_iter()
                .flatten()
                .map(|one| one.uploaded_blobs)
                .sum();
            assert_eq!(sent, 2 + 3, "{case}");
            well += 1;
        }
        assert!(well > 30, "expired at {well} requests");
    }
}

/// All that are on their way with a token that has expired wait for one new one.
#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_token_is_renewed_once() {
    let mut well = 2;
    loop {
        let bench = bench(Demand::Token, ME).await;
        bench.registry.expire_after(well);
        bench.push().await.expect("pushes");
        if !bench.registry.has_expired() {
            break;
        }
        assert_eq!(bench.registry.tokens().len(), 2, "{well}");
        well += 1;
    }
    assert_eq!(well, 2 + 1 + 3 * 3 + 1);
}

/// Requests to the token server among them.
#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_fault_at_any_request_passes() {
    for what in [What::Hangup, What::Status(503, "", "<html>")] {
        let mut well = 0;
        loop {
            let stack = stack(Demand::Token).await;
            stack.registry.fail_after(well, what.clone());
            let pushed = stack.push().await;
            if !stack.registry.has_failed() {
                break;
            }
            let case = format!("{what:?} after {well}");
            let failed: Vec<_> = pushed.iter().filter(|one| one.is_err()).collect();
            assert!(failed.is_empty(), "{case}: {failed:?}");
            assert!(stack.is_complete(), "{case}");
            well += 1;
        }
        assert!(well > 30, "{what:?} met {well} requests");
    }
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_program_is_asked_once_and_only_if_the_registry_asks() {
    let registry = Registry::start_by_https(trusted(), vec![]).await;
    let mut stack = Stack::at(registry);
    stack.credentials = DockerConfig::parse(r#"{"credsStore": "good"}"#).expect("parses");
    let pushed = stack.push().await;
    assert!(pushed.iter().all(Result::is_ok), "{pushed:?}");
    assert_eq!(asked("good"), [""; 0]);
    for push in &stack.pushes {
        stack.registry.forget_blobs(push.target.repository.path());
    }
    stack.registry.demand(Demand::Token);
    let pushed = stack.push().await;
    assert!(pushed.iter().all(Result::is_ok), "{pushed:?}");
    assert_eq!(stack.registry.tokens().len(), 3);
    assert_eq!(asked("good"), [format!("get {}", stack.registry.name())]);
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_program_that_has_nothing_leaves_it_to_the_file() {
    let config = ME.replace("{\"auths\"", r#"{"credsStore": "nothing", "auths""#);
    let bench_of_me = bench(Demand::Token, &config).await;
    bench_of_me.push().await.expect("pushes");
    assert_eq!(asked("nothing").len(), 1);

    let nobody = bench(Demand::Token, r#"{"credsStore": "nothing"}"#).await;
    assert_eq!(
        failed(&nobody).await,
        "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
         cause: HEAD /v2/demo/server/manifests/DIGEST: 401 UNAUTHORIZED\n\
         hint: run `docker login REGISTRY`\n"
    );
    // The token is good for nothing, and the registry says so.
    let digest = nobody.push.image.digest();
    let look = format!("HEAD /v2/demo/server/manifests/{digest}");
    assert_eq!(nobody.registry.requests(), [&look, "GET /token", &look]);
    assert_eq!(
        nobody.registry.tokens(),
        ["nobody: repository:demo/server:pull,push"]
    );
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn what_a_program_does_wrong_is_told_and_nothing_of_what_it_writes() {
    for (name, reason) in [
        ("failing", "exit status: 3"),
        (
            "nonsense",
            r#"its answer is not {"Username": "..", "Secret": ".."}"#,
        ),
        ("not-there", "no such program on PATH"),
    ] {
        let config = format!(r#"{{"credHelpers": {{"REGISTRY": "{name}"}}}}"#);
        let bench = bench(Demand::Password, &config).await;
        assert_eq!(
            failed(&bench).await,
            format!(
                "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
                 cause: cannot get credentials for `REGISTRY` from `docker-credential-{name}`: \
                 {reason}\n\
                 hint: run `echo REGISTRY | docker-credential-{name} get`\n"
            )
        );
    }
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_program_that_hangs_is_not_waited_for() {
    let mut bench = bench(Demand::Password, "").await;
    bench.client = Client::new(Settings {
        credentials: DockerConfig::parse(r#"{"credsStore": "hanging"}"#).expect("parses"),
        helper_timeout: Duration::from_millis(500),
        ..Settings::default()
    });
    let text = failed(&bench).await;
    let reason = "from `docker-credential-hanging`: got no answer within 0.5 s\n";
    assert!(text.contains(reason), "{text}");
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_wrong_password_is_told_and_not_shown() {
    let config = r#"{"credsStore": "wrong"}"#;
    let refused = bench(Demand::Token, config).await;
    let text = "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
                cause: cannot get a token for `REGISTRY/demo/server`: GET https://REGISTRY/token: \
                401 UNAUTHORIZED\n\
                hint: run `docker login REGISTRY`\n";
    assert_eq!(failed(&refused).await, text);
    let refused = bench(Demand::Password, config).await;
    assert_eq!(
        failed(&refused).await,
        "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
         cause: HEAD /v2/demo/server/manifests/DIGEST: 401 UNAUTHORIZED\n\
         hint: run `docker login REGISTRY`\n"
    );
    assert_eq!(refused.registry.requests().len(), 2);

    // A server that repeats what it was told.
    let echo = r#"{"errors":[{"code":"DENIED","message":"tops3cret-of-old is not it"}]}"#;
    let refused = bench(Demand::Token, config).await;
    let add = fault("GET /token", 1, What::Status(403, "", echo));
    refused.registry.add_faults(add);
    let want = text.replace("401 UNAUTHORIZED", "403 DENIED: *** is not it");
    assert_eq!(failed(&refused).await, want);
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn who_only_reads_does_so_as_nobody_first() {
    let bench = bench(Demand::Token, r#"{"credsStore": "never"}"#).await;
    bench.registry.open(NAME);
    let digest = bench.registry.add_manifest(NAME, b"{}");
    let head = async || bench.client.head(&bench.push.target, &digest).await;
    assert!(head().await.expect("answers"));
    assert_eq!(
        bench.registry.tokens(),
        ["nobody: repository:demo/server:pull"]
    );
    assert_eq!(asked("never"), [""; 0]);
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn what_is_not_for_all_is_read_as_ourselves() {
    let bench = bench(Demand::Token, ME).await;
    let digest = bench.registry.add_manifest(NAME, b"{}");
    let head = async || bench.client.head(&bench.push.target, &digest).await;
    assert!(head().await.expect("answers"));
    let scope = "repository:demo/server:pull";
    let given = [format!("nobody: {scope}"), format!("me: {scope}")];
    assert_eq!(bench.registry.tokens(), given);
    // A token server may also give none to nobody.
    bench.registry.expire_after(0);
    assert!(head().await.expect("answers"));
    assert_eq!(bench.registry.tokens(), [format!("me: {scope}")]);

    let strict = super::https::bench(Demand::Token, ME).await;
    let digest = strict.registry.add_manifest(NAME, b"{}");
    let refusal = What::Status(403, "", r#"{"errors":[{"code":"DENIED"}]}"#);
    strict.registry.add_faults(fault("GET /token", 1, refusal));
    let found = strict.client.head(&strict.push.target, &digest).await;
    assert!(found.expect("answers"));
    assert_eq!(strict.registry.tokens(), [format!("me: {scope}")]);
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn what_is_hidden_from_nobody_is_read_as_ourselves() {
    let scope = "repository:demo/server:pull";
    let given = [format!("nobody: {scope}"), format!("me: {scope}")];
    for status in [403, 404] {
        let bench = bench(Demand::Token, ME).await;
        let digest = bench.registry.add_manifest(NAME, b"{}");
        // It wants a token, gives one, and then this.
        bench.registry.fail_after(2, What::Status(status, "", ""));
        let found = bench.client.head(&bench.push.target, &digest).await;
        assert!(found.expect("answers"), "{status}");
        assert_eq!(bench.registry.tokens(), given, "{status}");
    }
    // What is not there, is not there for us either.
    let bench = bench(Demand::Token, ME).await;
    bench.registry.open(NAME);
    let digest = bench.push.image.digest();
    let found = bench.client.head(&bench.push.target, &digest).await;
    assert!(!found.expect("answers"));
    assert_eq!(bench.registry.tokens(), given);
}

/// A base image for all, in a registry that wants a token of everybody.
#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_base_is_copied_as_nobody() {
    let mut well = 0;
    loop {
        let source = Registry::start_by_https(trusted(), vec![]).await;
        source.demand(Demand::Token);
        source.open("library/base");
        source.add_blob("library/base", b"base");
        source.expire_after(well);
        let mut bench = Bench::new(vec![]).await;
        let layers: [&[u8]; 2] = [b"base", b"program"];
        let folder = bench.folder.path();
        bench.push.image = super::base::on_base(folder, &layers, &source, "library/base");
        assert_eq!(bench.push().await.expect("pushes").uploaded_blobs, 3);
        if !source.has_expired() {
            break;
        }
        let given = source.tokens();
        let is_of_nobody = |one: &String| one == "nobody: repository:library/base:pull";
        assert!(given.iter().all(is_of_nobody), "{given:?}");
        well += 1;
    }
    assert_eq!(well, 3);
}

/// Not each token server gives a token for two repositories if we may not read one of them.
#[tokio::test]
#[ignore = "by_https runs it"]
async fn what_may_not_be_taken_over_is_sent() {
    for demand in [Demand::Token, Demand::SilentToken] {
        let stack = stack(demand).await;
        for name in ["client", "server", "store"] {
            let both = format!(
                "GET /token?from=challenge&service=fake+registry\
                 &scope=repository%3Ademo%2F{name}%3Apull%2Cpush&scope="
            );
            let denied = What::Status(403, "", r#"{"errors":[{"code":"DENIED"}]}"#);
            stack
                .registry
                .add_faults(fault(leaked(both), usize::MAX, denied));
        }
        let pushed = stack.push().await.into_iter();
        let sent: usize = pushed.map(|one| one.expect("pushed").uploaded_blobs).sum();
        assert_eq!(sent, 3 * 3, "{demand:?}");
        assert!(stack.is_complete(), "{demand:?}");
    }
}

/// A text for as long as this process runs.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn nobody_else_is_told_who_we_are() {
    let bucket = Registry::start_by_https(trusted(), vec![]).await;
    bucket.demand(Demand::Token);
    let bench = bench(Demand::Token, ME).await;
    let elsewhere = leaked(format!("Location: https://{}/v2/x\r\n", bucket.name()));
    let sent_on = What::Status(307, elsewhere, "");
    bench
        .registry
        .add_faults(fault("HEAD /v2/demo/server/blobs/", 1, sent_on));
    let text = failed(&bench).await;
    assert!(text.contains(": 401 UNAUTHORIZED\n"), "{text}");
    // Where an upload goes on.
    let accepted = What::Status(202, elsewhere, "");
    bench
        .registry
        .add_faults(fault("POST /v2/demo/server/blobs/", 1, accepted));
    let text = failed(&bench).await;
    assert!(
        text.contains("cause: PUT /v2/x: 401 UNAUTHORIZED\n"),
        "{text}"
    );
    // Where tokens are to be had.
    let bench = super::https::bench(Demand::Token, ME).await;
    bench
        .registry
        .add_faults(fault("GET /token", 1, What::Status(307, elsewhere, "")));
    let text = failed(&bench).await;
    assert!(
        text.contains("redirected to another server, which is not told secrets"),
        "{text}"
    );
    assert!(!bucket.saw_authorization());
    assert!(!bucket.requests().is_empty());
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_token_server_of_plain_http_learns_no_password() {
    let bench = bench(Demand::Token, ME).await;
    let plain = Registry::start(vec![]).await;
    let challenge = format!(
        "WWW-Authenticate: Bearer Realm=\"HTTP://{}/token\"\r\n",
        plain.name()
    );
    bench
        .registry
        .add_faults(fault("HEAD", 1, What::Status(401, leaked(challenge), "")));
    assert_eq!(
        failed(&bench).await,
        "error: cannot push image `//services/server:image` to `REGISTRY/demo/server`\n\
         cause: cannot get a token for `REGISTRY/demo/server`: its token server is plain http\n\
         hint: run `docker login REGISTRY`\n"
    );
    assert!(plain.requests().is_empty());
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn an_answer_without_a_token_is_told() {
    for body in ["", "{}", "[]", r#"{"token":""}"#] {
        let bench = bench(Demand::Token, ME).await;
        bench
            .registry
            .add_faults(fault("GET /token", 1, What::Status(200, "", body)));
        let text = failed(&bench).await;
        assert!(
            text.contains(": the answer of its token server holds none\n"),
            "{text}"
        );
    }
    // One that no header can hold.
    let bench = bench(Demand::Token, ME).await;
    let odd = What::Status(200, "", r#"{"token":"tops3cret\n"}"#);
    bench.registry.add_faults(fault("GET /token", 1, odd));
    let text = failed(&bench).await;
    assert!(text.contains(": failed to parse header value\n"), "{text}");
}

#[tokio::test]
#[ignore = "by_https runs it"]
async fn a_certificate_of_nobody_is_not_tried_again() {
    trusted();
    let stranger = Registry::start_by_https(&Tls::new(), vec![]).await;
    let mut bench = Bench::at(stranger, &[b"layer"]);
    bench.log_in(ME);
    let text = failed(&bench).await;
    assert!(text.contains("SSL_CERT_FILE"), "{text}");
    assert!(bench.registry.requests().is_empty());
}

//! An environment that requires proof of its images: what is refused, and what is applied. OpenSSH's
//! agent signs, as it does for a publisher.

use super::bundle::Bundle;
use crate::{Harness, Outcome, audit};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use windlass_report::{Exit, say};

/// What the pin says that the image was built from.
const COMMIT: &str = "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0";

/// What somebody else wants it to be.
const OTHER: &str = "5be1d2f05be1d2f05be1d2f05be1d2f05be1d2f0";

/// Where attestations of the service are in the checkout.
const ATTESTATIONS: &str = "e2e/proven/attestations";

pub(super) fn run(h: &Harness) {
    h.run("//prod:setup.apply", &[]).succeeded();
    let push = h.run("//e2e/alice:myns-deep.push", &["--output=json"]);
    let pushed: Value = serde_json::from_str(&push.succeeded().stdout).expect("JSON");
    let image = pushed["images"][0]["reference"].as_str().expect("an image");
    let release = Release::unpack(h, image);
    let agent = Agent::start(&h.state.join("ssh"));
    let [publisher, laptop] = ["publisher", "laptop"].map(|name| agent.add(name));

    release.refused(
        "cause: windlass trusts nobody: there is no ConfigMap `windlass-system/windlass-trust`\n",
    );
    trust(h, &[&publisher]);
    let missing = format!(
        "cause: its attestation is missing: there is no `{}`\n",
        release.file
    );
    release.refused(&missing);
    let proof = release.attest(&agent, &publisher, COMMIT);
    let fetched = release.fetch(&agent);
    assert_eq!(fetched, proof, "the registry has it, too");

    release.take(&release.attest(&agent, &laptop, COMMIT));
    let foreign = format!(
        "cause: signed by `{}`, which is no trust root; want `{}`\n",
        laptop.id, publisher.id
    );
    release.refused(&foreign);
    // The publisher's own signature, under what it was not made for.
    let other = release.attest(&agent, &publisher, OTHER);
    release.take(&json!({
        "payloadType": proof["payloadType"], "payload": other["payload"],
        "signatures": proof["signatures"],
    }));
    release.refused(&format!(
        "cause: the signature is not of `{}`",
        publisher.id
    ));
    release.take(&other);
    release.refused(&format!(
        "cause: commit: the attestation is of {OTHER}, the pin of {COMMIT}\n"
    ));

    release.take(&proof);
    release.apply(&[]).succeeded().says("1 created");
    let deployment = h.get(&["deployment", "hello", "-n", "dev"]);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], image);
    release.nothing_written(&[]);
    key_is_changed(h, &release, &agent, [&publisher, &laptop]);
}

/// What only the old key has signed runs on, and is applied no more; the new one signs it anew.
fn key_is_changed(h: &Harness, release: &Release<'_>, agent: &Agent, [old, new]: [&Key; 2]) {
    trust(h, &[old, new]);
    release.nothing_written(&[]);
    trust(h, &[new]);
    let revoked = format!(
        "cause: signed by `{}`, which is no trust root; want `{}`\n",
        old.id, new.id
    );
    release.refused(&revoked);
    assert_eq!(h.not_ready("dev", 1), None, "what runs runs on");
    release.take(&release.attest(agent, new, COMMIT));
    release.nothing_written(&[]);
}

/// The bundle of the service, of an image that the registry has.
struct Release<'a> {
    h: &'a Harness,
    bundle: Bundle,
    image: &'a str,
    /// Where its attestation is in the checkout.
    file: String,
}

impl<'a> Release<'a> {
    /// Unpacks it, and puts the digest of the image wherever that of the pin stands.
    #[track_caller]
    fn unpack(h: &'a Harness, image: &'a str) -> Self {
        let bundle = Bundle::unpack(h, "e2e/proven/dev-shallow.bundle.tar.gz");
        let (_, hex) = image.rsplit_once(':').expect("a digest");
        let stands_in = "0".repeat(hex.len());
        for name in ["dev-pins.json", "dev-deployment.resolved.json"] {
            let file = bundle.runfile("e2e/proven").join(name);
            let text = std::fs::read_to_string(&file).expect("it is in the bundle");
            assert!(text.contains(&stands_in), "{text}");
            // Files of a build are not to be written to.
            std::fs::remove_file(&file).expect("removed");
            std::fs::write(&file, text.replace(&stands_in, hex)).expect("written");
        }
        Self {
            h,
            bundle,
            image,
            file: format!("{ATTESTATIONS}/{hex}.json"),
        }
    }

    /// Applies it.
    fn apply(&self, flags: &[&str]) -> Outcome {
        let arguments = [&["apply"], flags].concat();
        self.bundle.run(self.h.kubeconfig(), &arguments)
    }

    /// Fails unless it is refused with this, and nothing is written; what would be is not said either.
    #[track_caller]
    fn refused(&self, cause: &str) {
        let before = audit::writes(self.h).len();
        for flags in [&[][..], &["--dry-run"]] {
            let apply = self.apply(flags);
            assert_eq!(apply.code, Exit::Preflight as i32);
            apply.says("error: environment `dev` requires proof of ");
            apply.says("; nothing was pushed or written\n").says(cause);
        }
        assert_eq!(audit::writes(self.h)[before..], [""; 0]);
    }

    /// Fails unless it holds, and all is there.
    #[track_caller]
    fn nothing_written(&self, flags: &[&str]) {
        let before = audit::writes(self.h).len();
        self.apply(flags).succeeded().says("nothing changed");
        assert_eq!(audit::writes(self.h)[before..], [""; 0]);
    }

    /// Has the image attested, in the registry too; gives what is in the file.
    #[track_caller]
    fn attest(&self, agent: &Agent, key: &Key, commit: &str) -> Value {
        let more = [
            "--source=git+https://git.example/shop",
            "--toolchain=rustc, --config=release",
            "--builder=https://ci.example/publisher",
            &format!("--revision={commit}"),
            &format!("--key={}", key.id),
        ];
        self.image_tool(agent, "attest", &more)
    }

    /// What the registry has beside the image.
    #[track_caller]
    fn fetch(&self, agent: &Agent) -> Value {
        self.image_tool(agent, "attestation", &[])
    }

    #[track_caller]
    fn image_tool(&self, agent: &Agent, verb: &str, more: &[&str]) -> Value {
        let folder = self.h.state.join(verb);
        let mut command = Command::new(self.h.runfile("tools/image/image"));
        command.args([verb, self.image, "--out-dir"]).arg(&folder);
        let output = agent.asked_by(command.args(more)).output();
        let output = output.expect("the image tool runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb}: {said}");
        say(&said);
        let file = Path::new(&self.file).file_name().expect("a name");
        let text = std::fs::read(folder.join(file)).expect("it is there");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Puts an attestation where the one of the image is, as a commit of it would.
    fn take(&self, attestation: &Value) {
        let file = self.bundle.runfile(&self.file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(&file, attestation.to_string()).expect("written");
        let mut request = self.bundle.request();
        request["proofs"][0]["attestations"] = json!([format!("_main/{}", self.file)]);
        self.bundle.put_request(&request);
    }
}

/// Makes the cluster trust these keys, by what `docs/proof.md` has people type.
#[track_caller]
fn trust(h: &Harness, keys: &[&Key]) {
    let file = h.state.join("keys.json");
    let keys: Vec<_> = keys.iter().map(|key| &key.line).collect();
    std::fs::write(&file, json!({ "keys": keys }).to_string()).expect("written");
    let from = format!("--from-file={}", file.display());
    let create = [
        "-n",
        "windlass-system",
        "create",
        "configmap",
        "windlass-trust",
        &from,
    ];
    let map = h.kubectl(&[&create[..], &["--dry-run=client", "-o", "yaml"]].concat());
    let file = h.state.join("trust.yaml");
    std::fs::write(&file, &map.succeeded().stdout).expect("written");
    h.kubectl(&["apply", "-f", &file.to_string_lossy()])
        .succeeded();
}

/// A public key.
struct Key {
    /// The line of its file.
    line: String,
    /// Its fingerprint, as OpenSSH prints it.
    id: String,
}

/// The agent's socket, in its folder: the whole path is longer than that of a socket may be.
const SOCKET: &str = "agent";

/// OpenSSH's agent, on a socket of its own. It ends with this.
struct Agent {
    folder: PathBuf,
    child: Child,
}

impl Agent {
    #[track_caller]
    fn start(folder: &Path) -> Self {
        std::fs::create_dir(folder).expect("a folder");
        let mut agent = Command::new("ssh-agent");
        let agent = agent.args(["-D", "-a", SOCKET]).current_dir(folder);
        let child = agent.stdout(Stdio::null()).spawn();
        let mut agent = Self {
            child: child.expect("ssh-agent is in the toolbox"),
            folder: folder.to_owned(),
        };
        while !folder.join(SOCKET).exists() {
            let ended = agent.child.try_wait().expect("waits");
            assert!(ended.is_none(), "ssh-agent: {ended:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        agent
    }

    /// Has a program find it.
    fn asked_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.folder)
            .env("SSH_AUTH_SOCK", SOCKET)
    }

    /// Makes a key, gives it to the agent and deletes it.
    #[track_caller]
    fn add(&self, name: &str) -> Key {
        let file = self.folder.join(name);
        let run = |command: &mut Command| {
            let output = self.asked_by(command).output();
            let output = output.expect("OpenSSH is in the toolbox");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let quiet = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"];
        run(Command::new("ssh-keygen").args(quiet).arg(&file));
        run(Command::new("ssh-add").arg("-q").arg(&file));
        std::fs::remove_file(&file).expect("removes");
        let public = file.with_extension("pub");
        let id = run(Command::new("ssh-keygen").arg("-lf").arg(&public));
        let line = std::fs::read_to_string(&public).expect("reads");
        Key {
            line: line.trim_end().to_owned(),
            id: id.split(' ').nth(1).expect("a fingerprint").to_owned(),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

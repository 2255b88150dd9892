//! What the registry has, and what it answers.

use crate::guard::Guard;
use crate::{Asked, Fault, What};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Barrier;
use windlass_oci_reference::Digest;

/// The media type of an index.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) manifests: BTreeMap<String, Vec<u8>>,
    pub(crate) requests: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    /// How many requests go well before one does not, and what that one meets.
    pub(crate) next: Option<(usize, What)>,
    /// What was sent to uploads that are not ended, by their numbers.
    pub(crate) uploads: BTreeMap<usize, Vec<u8>>,
    /// What it answers to whoever wants a blob taken over from another repository.
    pub(crate) mounts: Option<u16>,
    /// Whether it answers with a whole blob, whatever part of it is asked for.
    pub(crate) ranges_ignored: bool,
    /// Whether it lists what is said of an image.
    pub(crate) lists_referrers: bool,
    pub(crate) authorized: bool,
    /// Who may do what, if not all may do all.
    pub(crate) guard: Option<Guard>,
    pub(crate) at_once: usize,
    pub(crate) most_at_once: usize,
    /// Each look for a blob waits until this many do.
    pub(crate) gate: Option<Arc<Barrier>>,
}

impl State {
    pub(crate) fn handle(&mut self, asked: &Asked) -> Vec<u8> {
        let path = asked.path();
        let name = path.strip_prefix("/v2/").unwrap_or_default();
        if let Some(guard) = &mut self.guard {
            if path == "/token" {
                return guard.give(asked);
            }
            if let Some(refusal) = guard.refusal(asked) {
                return refusal;
            }
        }
        match asked.method.as_str() {
            "GET" if path == "/v2/" => reply(200, "", "{}"),
            "HEAD" if name.contains("/manifests/") => match self.manifests.get(path) {
                Some(bytes) => {
                    let digest = Digest::of(bytes);
                    reply(200, &format!("Docker-Content-Digest: {digest}\r\n"), "")
                }
                None => reply(404, "", ""),
            },
            "GET" if name.contains("/manifests/") => match self.manifests.get(path) {
                Some(bytes) => {
                    let media_type = media_type(bytes);
                    reply_bytes(200, &format!("Content-Type: {media_type}\r\n"), bytes)
                }
                None => reply(404, "", ""),
            },
            "HEAD" if self.blobs.contains_key(name) => reply(200, "", ""),
            "HEAD" => reply(404, "", ""),
            "POST" => self.begin_upload(path, name, asked),
            "GET" | "PATCH" | "PUT" if name.contains("/blobs/uploads/some-session") => {
                self.upload(path, name, asked)
            }
            "GET" if name.contains("/referrers/") => self.referrers(name),
            "GET" => self.blob(name, asked),
            "PUT" => self.put_manifest(path, name, asked),
            _ => reply(405, "", ""),
        }
    }

    /// Takes a blob over from another repository, or begins an upload.
    fn begin_upload(&mut self, path: &str, name: &str, asked: &Asked) -> Vec<u8> {
        let repository = name.split("/blobs/").next().unwrap_or_default();
        let asks = asked.query("mount").is_some();
        if let (Some(digest), Some(from)) = (asked.query("mount"), asked.query("from"))
            && self.mounts.is_none()
            && self
                .guard
                .as_ref()
                .is_none_or(|guard| guard.may_mount(asked, &from))
            && let Some(bytes) = self.blobs.get(&format!("{from}/blobs/{digest}"))
        {
            let bytes = bytes.clone();
            self.blobs
                .insert(format!("{repository}/blobs/{digest}"), bytes);
            return reply(201, "", "");
        }
        if let Some(status) = self.mounts.filter(|status| asks && *status != 202) {
            return reply(
                status,
                "WWW-Authenticate: Bearer realm=\"http://127.0.0.1\"\r\n",
                "",
            );
        }
        let number = self.uploads.len();
        self.uploads.insert(number, Vec::new());
        reply(202, &location(path, "some-session", number), "")
    }

    /// One request of an upload: how far it is, more bytes, or its end.
    fn upload(&mut self, path: &str, name: &str, asked: &Asked) -> Vec<u8> {
        let number = asked.query("state").and_then(|text| text.parse().ok());
        let Some(bytes) = number.and_then(|number: usize| self.uploads.get_mut(&number)) else {
            return reply(404, "", r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#);
        };
        let place = location(path, "", number.unwrap_or_default());
        if asked.method == "GET" {
            let range = format!("{place}Range: 0-{}\r\n", bytes.len().saturating_sub(1));
            return reply(204, &range, "");
        }
        let begins = asked.headers.get("content-range");
        let begins = begins.and_then(|range| range.split('-').next()?.parse().ok());
        if begins.is_some_and(|begins: usize| begins != bytes.len()) {
            return reply(416, "", r#"{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}"#);
        }
        bytes.extend_from_slice(&asked.body);
        if asked.method == "PATCH" {
            return reply(202, &place, "");
        }
        let digest = Digest::of(bytes);
        if asked.query("digest") != Some(digest.to_string()) {
            return reply(400, "", r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
        }
        let repository = name.split("/blobs/").next().unwrap_or_default();
        let bytes = bytes.clone();
        self.blobs
            .insert(format!("{repository}/blobs/{digest}"), bytes);
        reply(201, "", "")
    }

    /// The manifests whose subject is an image.
    fn referrers(&self, name: &str) -> Vec<u8> {
        let Some((repository, subject)) = name.split_once("/referrers/") else {
            return reply(404, "", "");
        };
        if !self.lists_referrers {
            return reply(404, "", "");
        }
        let prefix = format!("/v2/{repository}/manifests/sha256:");
        let documents = self.manifests.iter();
        let documents = documents.filter(|(path, _)| path.starts_with(&prefix));
        let referrers = documents.filter_map(|(_, bytes)| {
            let manifest: serde_json::Value = serde_json::from_slice(bytes).ok()?;
            (manifest["subject"]["digest"] == subject).then(|| {
                serde_json::json!({
                    "mediaType": manifest["mediaType"], "size": bytes.len(),
                    "digest": Digest::of(bytes), "artifactType": manifest["artifactType"],
                    "annotations": manifest["annotations"],
                })
            })
        });
        let mut referrers: Vec<_> = referrers.collect();
        referrers.sort_by_key(|referrer| referrer["annotations"].to_string());
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": referrers,
        });
        reply(200, "", &index.to_string())
    }

    /// A blob, from the byte on that is asked for.
    fn blob(&self, name: &str, asked: &Asked) -> Vec<u8> {
        let Some(bytes) = self.blobs.get(name) else {
            return reply(404, "", "");
        };
        let range = asked.headers.get("range");
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        match from.and_then(|from| from.parse::<usize>().ok()) {
            Some(from) if !self.ranges_ignored => reply_bytes(206, "", &bytes[from..]),
            _ => reply_bytes(200, "", bytes),
        }
    }

    /// Whether a repository has not all that a manifest names.
    pub(crate) fn lacks(&self, repository: &str, manifest: &[u8]) -> bool {
        if media_type(manifest) == INDEX {
            let index: oci_spec::image::ImageIndex =
                serde_json::from_slice(manifest).expect("an index");
            let mut named = index.manifests().iter();
            return named.any(|image| {
                let path = format!("/v2/{repository}/manifests/{}", image.digest());
                self.manifests
                    .get(&path)
                    .is_none_or(|image| self.lacks(repository, image))
            });
        }
        let manifest: oci_spec::image::ImageManifest =
            serde_json::from_slice(manifest).expect("a manifest");
        let mut named = manifest.layers().iter().chain([manifest.config()]);
        named.any(|blob| {
            let blob = format!("{repository}/blobs/{}", blob.digest());
            !self.blobs.contains_key(&blob)
        })
    }

    fn put_manifest(&mut self, path: &str, name: &str, asked: &Asked) -> Vec<u8> {
        let repository = name.split("/manifests/").next().unwrap_or_default();
        let missing = self.lacks(repository, &asked.body);
        let typed = asked.headers.get("content-type") == Some(&media_type(&asked.body));
        if missing || !typed {
            return reply(
                404,
                "",
                r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x"}]}"#,
            );
        }
        let digest = Digest::of(&asked.body);
        self.manifests.insert(
            format!("/v2/{repository}/manifests/{digest}"),
            asked.body.clone(),
        );
        self.manifests.insert(path.to_owned(), asked.body.clone());
        let document: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match document["subject"]["digest"].as_str() {
            Some(subject) if self.lists_referrers => {
                reply(201, &format!("OCI-Subject: {subject}\r\n"), "")
            }
            _ => reply(201, "", ""),
        }
    }
}

/// What a manifest says that it is.
fn media_type(manifest: &[u8]) -> String {
    let document: serde_json::Value = serde_json::from_slice(manifest).unwrap_or_default();
    document["mediaType"].as_str().unwrap_or("none").to_owned()
}

pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Vec<u8> {
    reply_bytes(status, headers, body.as_bytes())
}

fn reply_bytes(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The header line that says where an upload goes on.
fn location(path: &str, session: &str, number: usize) -> String {
    format!("Location: {path}{session}?state={number}\r\n")
}

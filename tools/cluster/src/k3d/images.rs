//! The images that go into a k3d node before any pod asks for them: an OCI layout in one archive,
//! as containerd imports it (<https://github.com/opencontainers/image-spec>, image-layout.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

use serde::Deserialize;
use windlass_whole_file::{Readers, replace};

use crate::error::Error;
use crate::settings;

/// What an image's manifest points to.
#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

/// Writes the archive of images (name of an image built here -> the reference that it gets) that
/// are in `programs`, all or nothing.
pub fn write(
    programs: &Path,
    images: &BTreeMap<String, String>,
    archive: &Path,
) -> Result<(), Error> {
    let built = settings::built(programs)?;
    let index = settings::image_index(images, &built)?;
    let layout = programs.join("images");
    let mut files = BTreeSet::new();
    for manifest in index["manifests"].as_array().into_iter().flatten() {
        let file = blob(manifest["digest"].as_str().unwrap_or_default());
        let path = layout.join(&file);
        let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| Error::io("read", &path)(error.into()))?;
        files.insert(file);
        files.insert(blob(&manifest.config.digest));
        files.extend(manifest.layers.iter().map(|layer| blob(&layer.digest)));
    }
    files.insert("oci-layout".to_owned());
    let pack = |file: &mut File| pack(&layout, &files, &index.to_string(), file);
    replace(archive, Readers::AsBefore, pack).map_err(Error::io("write", archive))
}

/// Where a layout has the blob of a digest.
fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn pack(
    layout: &Path,
    files: &BTreeSet<String>,
    index: &str,
    archive: &mut File,
) -> io::Result<()> {
    let mut tar = tar::Builder::new(archive);
    tar.mode(tar::HeaderMode::Deterministic);
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(index.len() as u64);
    tar.append_data(&mut header, "index.json", index.as_bytes())?;
    for file in files {
        tar.append_path_with_name(layout.join(file), file)?;
    }
    tar.into_inner().map(drop)
}

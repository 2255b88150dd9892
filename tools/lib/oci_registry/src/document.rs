//! The JSON documents of an image: how they are written, and what names them.

use oci_spec::image::{Descriptor, ImageIndex, ImageIndexBuilder, MediaType};
use serde::Serialize;
use windlass_oci_reference::Digest;

/// What names a document: its media type, digest and size.
pub fn descriptor_of(media_type: MediaType, bytes: &[u8]) -> Descriptor {
    descriptor(media_type, Digest::of(bytes), bytes.len() as u64)
}

/// What names a blob of `size` bytes.
///
/// # Panics
/// Never: our digests are stricter than those of oci-spec.
pub fn descriptor(media_type: MediaType, digest: Digest, size: u64) -> Descriptor {
    let digest: oci_spec::image::Digest = digest
        .to_string()
        .parse()
        .expect("ours are stricter than theirs");
    Descriptor::new(media_type, size, digest)
}

/// An index of manifests (image specification, "Image Index").
///
/// # Panics
/// Never: all required fields are set.
pub fn index_of(manifests: Vec<Descriptor>) -> ImageIndex {
    ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()
        .expect("all required fields are set")
}

/// Compact JSON with the keys of every object in order: some types of oci-spec hold hash maps.
///
/// # Panics
/// Never, for documents: their types have string keys and no fallible parts.
pub fn to_canonical_json(document: &impl Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(document).expect("plain data");
    value.sort_all_objects();
    value.to_string().into_bytes()
}

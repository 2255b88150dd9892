//! The messages: those fields of containerd's API that are needed here. What is left out, a decoder
//! skips. Sizes are int64 there and never negative, for which uint64 is the same on the wire.

use std::collections::HashMap;

pub(crate) const INFO: &str = "/containerd.services.content.v1.Content/Info";
pub(crate) const WRITE: &str = "/containerd.services.content.v1.Content/Write";
pub(crate) const ABORT: &str = "/containerd.services.content.v1.Content/Abort";
pub(crate) const GET_IMAGE: &str = "/containerd.services.images.v1.Images/Get";
pub(crate) const CREATE_IMAGE: &str = "/containerd.services.images.v1.Images/Create";
pub(crate) const UPDATE_IMAGE: &str = "/containerd.services.images.v1.Images/Update";
pub(crate) const CREATE_LEASE: &str = "/containerd.services.leases.v1.Leases/Create";
pub(crate) const DELETE_LEASE: &str = "/containerd.services.leases.v1.Leases/Delete";

/// What needs no answer, or has none.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

/// `InfoRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct InfoRequest {
    #[prost(string, tag = "1")]
    pub(crate) digest: String,
}

/// `WriteAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Action {
    Stat = 0,
    Write = 1,
    Commit = 2,
}

/// `WriteContentRequest`. An offset of 0 where more has arrived begins anew.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WriteRequest {
    #[prost(enumeration = "Action", tag = "1")]
    pub(crate) action: i32,
    /// The name of the write: another one of the same name goes on with it.
    #[prost(string, tag = "2")]
    pub(crate) reference: String,
    #[prost(uint64, tag = "3")]
    pub(crate) total: u64,
    #[prost(string, tag = "4")]
    pub(crate) expected: String,
    #[prost(uint64, tag = "5")]
    pub(crate) offset: u64,
    #[prost(bytes = "bytes", tag = "6")]
    pub(crate) data: bytes::Bytes,
    #[prost(map = "string, string", tag = "7")]
    pub(crate) labels: HashMap<String, String>,
}

/// `WriteContentResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WriteAnswer {
    /// How much is there.
    #[prost(uint64, tag = "4")]
    pub(crate) offset: u64,
}

/// `AbortRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AbortRequest {
    #[prost(string, tag = "1")]
    pub(crate) reference: String,
}

/// `containerd.types.Descriptor`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Descriptor {
    #[prost(string, tag = "1")]
    pub(crate) media_type: String,
    #[prost(string, tag = "2")]
    pub(crate) digest: String,
    #[prost(uint64, tag = "3")]
    pub(crate) size: u64,
}

/// `Image`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Image {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(map = "string, string", tag = "2")]
    pub(crate) labels: HashMap<String, String>,
    #[prost(message, optional, tag = "3")]
    pub(crate) target: Option<Descriptor>,
}

/// `GetImageRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetImageRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

/// `GetImageResponse`, `CreateImageRequest` and `UpdateImageRequest`. The last two have more fields;
/// an update without a mask is one of everything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OneImage {
    #[prost(message, optional, tag = "1")]
    pub(crate) image: Option<Image>,
}

/// `CreateRequest` of leases, and their `DeleteRequest`, which has no labels.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct LeaseRequest {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(map = "string, string", tag = "3")]
    pub(crate) labels: HashMap<String, String>,
}

//! The wire of mpy6a: what the `.proto` files in `proto/` say, as Rust types.
//!
//! The features `client` and `server` add the stubs of one side each, so that a client does not compile a server.

pub mod codec;

/// Package `mpy6a.v1`: service `Truba` for clients, service `Admin` for operators of the host.
pub mod v1 {
    #![allow(missing_docs, clippy::all, clippy::pedantic)]
    tonic::include_proto!("mpy6a.v1");
}

/// The descriptors of everything above, for gRPC reflection: an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The `domain` of every `google.rpc.ErrorInfo` that a host sends.
pub const ERROR_DOMAIN: &str = "mpy6a";

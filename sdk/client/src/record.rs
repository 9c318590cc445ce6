//! Records: anything that is bytes.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

/// Bytes or text to be recorded: `&str`, `String`, `b"…"`, `Vec<u8>`, `Bytes` and references to them.
///
/// Text is recorded as UTF-8. What is owned is not copied. Other values are serialised first, in a format that the kind's
/// repeat handler reads: `serde_json::to_vec(&value)?`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no record: a record is bytes or text",
    label = "neither bytes nor text",
    note = "serialise it first, in a format that the repeat handler reads: `serde_json::to_vec(&value)?`"
)]
pub trait IntoRecord {
    /// The record's bytes.
    fn into_record(self) -> Bytes;
}

macro_rules! owned {
    ($($type:ty),*) => {$(
        impl IntoRecord for $type {
            fn into_record(self) -> Bytes {
                self.into()
            }
        }
    )*};
}

macro_rules! copied {
    ($($type:ty),*) => {$(
        impl IntoRecord for $type {
            fn into_record(self) -> Bytes {
                Bytes::copy_from_slice(AsRef::<[u8]>::as_ref(self))
            }
        }
    )*};
}

owned!(Bytes, BytesMut, String, Vec<u8>, Box<[u8]>);
copied!(&str, &String, &[u8], &Vec<u8>);

impl IntoRecord for &&str {
    fn into_record(self) -> Bytes {
        (*self).into_record()
    }
}

impl IntoRecord for &Bytes {
    fn into_record(self) -> Bytes {
        self.clone()
    }
}

impl IntoRecord for Box<str> {
    fn into_record(self) -> Bytes {
        String::from(self).into()
    }
}

impl<const N: usize> IntoRecord for [u8; N] {
    fn into_record(self) -> Bytes {
        Bytes::copy_from_slice(&self)
    }
}

impl<const N: usize> IntoRecord for &[u8; N] {
    fn into_record(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl IntoRecord for &Cow<'_, str> {
    fn into_record(self) -> Bytes {
        (**self).into_record()
    }
}

impl IntoRecord for &Cow<'_, [u8]> {
    fn into_record(self) -> Bytes {
        (**self).into_record()
    }
}

impl IntoRecord for Cow<'_, str> {
    fn into_record(self) -> Bytes {
        self.into_owned().into()
    }
}

impl IntoRecord for Cow<'_, [u8]> {
    fn into_record(self) -> Bytes {
        self.into_owned().into()
    }
}

//! A message over its size limit is refused by the transport before any service sees it, with `OUT_OF_RANGE`. To a client of `Truba`
//! it is a record that is too large, so it gets the error of one; to an operator, a request for too much at once. Health and reflection,
//! whose messages have nothing long in them, refuse it as the transport does.

use http::{HeaderValue, Response};
use tonic::{Code, Status, body::Body};

use crate::{
    error::{RECORD_TOO_LARGE, build, invalid},
    limits::ADMIN_MESSAGE_BYTES_MAX,
};

/// The response of `Truba` as it is, unless it refuses a message for its size.
pub fn renamed(response: Response<Body>, record_bytes_max: u64) -> Response<Body> {
    if is_too_long(&response) { refusal(record_bytes_max).into_http() } else { response }
}

/// The response of `Admin` as it is, unless it refuses a message for its size.
pub fn renamed_for_operators(response: Response<Body>) -> Response<Body> {
    if !is_too_long(&response) {
        return response;
    }
    invalid(&format!("the message is longer than {ADMIN_MESSAGE_BYTES_MAX} bytes: send its targets in parts"))
        .into_http()
}

/// Whether a response refuses a message for its size. Costs one look into the headers: an answer of a service has its status in the
/// trailers.
fn is_too_long(response: &Response<Body>) -> bool {
    // 11 is OUT_OF_RANGE, which no service here answers by itself.
    response.headers().get(Status::GRPC_STATUS) == Some(&HeaderValue::from_static("11"))
}

/// The refusal of a message that is too long.
pub fn refusal(record_bytes_max: u64) -> Status {
    let message = format!(
        "the message is too long: a record may have {record_bytes_max} bytes; keep large payloads elsewhere and record their name"
    );
    let numbers = vec![("limit", record_bytes_max.to_string())];
    build(Code::ResourceExhausted, RECORD_TOO_LARGE, numbers, None, &message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_operator_is_told_to_ask_for_less_and_nothing_of_records() {
        let too_long = Status::out_of_range("decoded message length too large").into_http();
        let status = Status::from_header_map(renamed_for_operators(too_long).headers()).unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("in parts") && !status.message().contains("record"), "{}", status.message());
    }

    #[test]
    fn a_message_too_long_becomes_a_record_too_large_and_nothing_else_changes() {
        let too_long = Status::out_of_range("decoded message length too large").into_http();
        let status = Status::from_header_map(renamed(too_long, 10).headers()).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let info = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
        assert_eq!((info.reason.as_str(), info.metadata["limit"].as_str()), ("RECORD_TOO_LARGE", "10"));

        let other = Status::not_found("no").into_http();
        let status = Status::from_header_map(renamed(other, 10).headers()).unwrap();
        assert_eq!(status.code(), Code::NotFound);
    }
}

//! `mpy6a:handler/http`: one call, one exchange.
//!
//! The order is the promise: first everything that needs no network is checked, then what the handler asked so far becomes
//! durable, and only then does the request leave.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::handler::http::{self, HttpError, Request, Response};
use crate::{
    egress::{
        SendError,
        request::{Asked, Refused},
    },
    host::{Host, Outbound},
    surroundings::{HostCall, Moment},
};

/// Why a request is refused once the session was deleted or stored.
pub(super) const FINISHED: &str = "the session is finished: send requests before `delete` or `store`, since nobody repeats what \
                                   comes after";

impl http::Host for Host {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, HttpError>> {
        let egress = match &self.outbound {
            Outbound::Granted(egress) => Arc::clone(egress),
            Outbound::Denied(why) => return Ok(Err(HttpError::Denied((*why).to_owned()))),
        };
        let Request { method, url, headers, body, timeout_ms, step } = request;
        let (surroundings, named) = (self.surroundings.clone(), (method.clone(), url.clone()));
        let at = |moment| surroundings.at(moment, &HostCall::Http { method: &named.0, url: &named.1 });
        at(Moment::Called)?;
        let asked = Asked { method, url, headers, body, step };
        let prepared = match egress.prepare(asked, &self.session.id, &self.session.fence) {
            Ok(prepared) => prepared,
            Err(refused) => return Ok(Err(refused.into())),
        };
        if self.session.draft.is_finished() {
            return Ok(Err(HttpError::Invalid(FINISHED.to_owned())));
        }
        self.session.commit().await?;
        at(Moment::Durable)?;
        let time = timeout_ms.map(|ms| Duration::from_millis(u64::from(ms)));
        let answered = egress.send(prepared, time).await;
        at(Moment::Answered)?;
        Ok(answered.map(answer).map_err(HttpError::from))
    }
}

fn answer(response: ::http::Response<Bytes>) -> Response {
    let (head, body) = response.into_parts();
    let text = |value: &::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Response {
        status: head.status.as_u16(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.into(),
    }
}

impl From<Refused> for HttpError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(why) => Self::Denied(why),
            Refused::Invalid(why) => Self::Invalid(why),
        }
    }
}

impl From<SendError> for HttpError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Denied(why) => Self::Denied(why),
            SendError::Unreachable(why) => Self::Unreachable(why),
            SendError::Timeout => Self::Timeout,
            SendError::Broken(why) => Self::Broken(why),
            SendError::TooLarge(max) => Self::ResponseTooLarge(max),
        }
    }
}

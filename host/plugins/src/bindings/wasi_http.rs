//! `wasi:http/outgoing-handler`, for HTTP libraries that exist: the same allow-list, barrier and connector as
//! [`http`](super::http).
//!
//! The types are wasmtime's. `handle` is ours: there it starts a task and returns, here it first waits for the barrier, so
//! that no request can overtake what the handler asked before it.

use std::{sync::Arc, time::Duration};

use ::http::HeaderMap;
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;
use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    p2::{
        bindings::http::{
            outgoing_handler::Host as _,
            types::{self, ErrorCode, Method, Scheme},
        },
        types::{HostFutureIncomingResponse, HostOutgoingRequest},
    },
};

use super::http::FINISHED;
use crate::{
    egress::{BoxError, Egress, SendError, request::Refused},
    host::{Host, Outbound},
    limits::BODY_CHUNK_BYTES_MAX,
    surroundings::{HostCall, Moment},
};

/// The version here matters little: a linker takes any of 0.2 for any other.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type HandleParams = (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>);
type HandleResult = (Result<Resource<HostFutureIncomingResponse>, ErrorCode>,);

pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &types::LinkOptions::default(), Host::http)?;
    linker.instance(OUTGOING_HANDLER)?.func_wrap_async::<HandleParams, HandleResult, _>("handle", |store, params| {
        Box::new(async move { Ok((handle(store, params).await?,)) })
    })
}

async fn handle(
    mut store: StoreContextMut<'_, Host>,
    (request, options): HandleParams,
) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, ErrorCode>> {
    let host = store.data();
    let asked = host.table.get(&request)?;
    let (method, url) = (method(&asked.method), url(asked));
    let surroundings = host.surroundings.clone();
    let at = |moment| surroundings.at(moment, &HostCall::Http { method: &method, url: &url });
    at(Moment::Called)?;
    if let Err(code) = check(host, &method, &url, &asked.headers) {
        return Ok(Err(code));
    }
    let host = store.data_mut();
    host.session.commit().await?;
    at(Moment::Durable)?;
    match host.http().handle(request, options) {
        Ok(response) => Ok(Ok(response)),
        Err(error) => error.downcast().map(Err),
    }
}

/// Whether the request may leave; the error says why not.
fn check(host: &Host, method: &str, url: &str, headers: &HeaderMap) -> Result<(), ErrorCode> {
    let egress = match &host.outbound {
        Outbound::Granted(egress) => egress,
        Outbound::Denied(_) => return Err(ErrorCode::HttpRequestDenied),
    };
    if host.session.draft.is_finished() {
        return Err(ErrorCode::InternalError(Some(FINISHED.to_owned())));
    }
    // The codes of WASI for parts of a request say no reason, and the reason has the remedy in it.
    egress.admits(method, url, headers).map_err(|refused| match refused {
        Refused::Denied(_) => ErrorCode::HttpRequestDenied,
        Refused::Invalid(why) => ErrorCode::InternalError(Some(why)),
    })
}

fn method(method: &Method) -> String {
    match method {
        Method::Other(other) => other.clone(),
        // GET is `Get` in the contract of WASI, and so on.
        known => format!("{known:?}").to_uppercase().replace("METHOD::", ""),
    }
}

fn url(request: &HostOutgoingRequest) -> String {
    let scheme = match &request.scheme {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) | None => "https",
        Some(Scheme::Other(other)) => other,
    };
    let authority = request.authority.as_deref().unwrap_or_default();
    let path = request.path_with_query.as_deref().unwrap_or_default();
    format!("{scheme}://{authority}{path}")
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.wasi_http }
    }
}

impl WasiHttpHooks for Outbound {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }

    fn send_request(
        &mut self,
        request: ::http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let outbound = self.clone();
        Box::new(async move {
            match outbound {
                Outbound::Granted(egress) => send(egress, request, options.unwrap_or_default()).await,
                Outbound::Denied(_) => Err(Error::HttpRequestDenied),
            }
        })
    }
}

/// A response, and the future that drives the rest of it: here the connection's own task does.
type Answer = (::http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

async fn send(
    egress: Arc<Egress>,
    request: ::http::Request<WasiBody>,
    options: RequestOptions,
) -> Result<Answer, Error> {
    let request = request.map(|body| body.map_err(BoxError::from).boxed_unsync());
    // Connecting has a limit of its own; both of the guest's lie within the run's deadline.
    let time =
        options.connect_timeout.unwrap_or_default().saturating_add(options.first_byte_timeout.unwrap_or(Duration::MAX));
    let response =
        timeout(time, egress.begin(request)).await.map_err(|_| Error::ConnectionReadTimeout)?.map_err(wasi)?;
    let max = egress.response_bytes_max();
    let bounded = |body| {
        Limited::new(body, usize::try_from(max).unwrap_or(usize::MAX))
            .map_err(move |error: BoxError| match error.downcast::<hyper::Error>() {
                Ok(error) => Error::Hyper(*error),
                Err(_) => Error::HttpResponseBodySize(Some(max)),
            })
            .boxed_unsync()
    };
    Ok((response.map(bounded), Box::new(async { Ok(()) })))
}

fn wasi(error: SendError) -> Error {
    match error {
        SendError::Denied(_) => Error::DestinationIpProhibited,
        SendError::Unreachable(_) => Error::ConnectionRefused,
        SendError::Timeout => Error::ConnectionReadTimeout,
        SendError::Broken(_) => Error::ConnectionTerminated,
        SendError::TooLarge(max) => Error::HttpResponseBodySize(Some(max)),
    }
}

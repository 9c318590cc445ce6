//! A bare tonic server in a process of its own: the same messages, nothing behind them. What gRPC alone costs.
//!
//! With a host behind it, it is the handler that the original design dialled: an Append brings it a session's handle and a
//! record, and before it answers it deletes that session by a call of its own.

use std::net::SocketAddr;

use mpy6a_proto::v1::{
    Answer, AppendRequest, AppendResponse, Applied, DeleteRequest, DeleteResponse, NewRequest, NewResponse,
    OperateRequest, OperateResponse, RenewRequest, RenewResponse, ReplaceRequest, ReplaceResponse, StoreRequest,
    StoreResponse,
    answer::Outcome as Answered,
    truba_client::TrubaClient,
    truba_server::{Truba, TrubaServer},
};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming, transport::Channel};

use crate::{
    Outcome,
    daemon::{self, Daemon, User},
    host::connect,
};

/// As an argument, makes this program such a server on the address that follows.
pub const FLAG: &str = "serve-echo";
/// As an argument, puts the host at the URL that follows behind it.
pub const BEHIND_FLAG: &str = "delete-at";

/// The server, running.
pub struct Echo {
    pub url: String,
    _daemon: Daemon,
    _folder: TempDir,
}

impl Echo {
    /// Start one, with the host at this URL behind it, or nothing.
    pub async fn start(behind: Option<&str>) -> Outcome<Self> {
        let folder = daemon::folder(User::Same)?;
        let address = daemon::free_address()?;
        let mut command = daemon::command(std::env::current_exe()?, User::Same);
        command.args([format!("--{FLAG}"), address.to_string()]);
        command.args(behind.map(|url| format!("--{BEHIND_FLAG}={url}")));
        let mut daemon = Daemon::start(command, folder.path(), Signal::TERM)?;
        daemon.listening(address).await?;
        Ok(Self { url: format!("http://{address}"), _daemon: daemon, _folder: folder })
    }
}

/// Serve until killed.
pub async fn serve(address: SocketAddr, behind: Option<&str>) -> Outcome<()> {
    let behind = match behind {
        Some(url) => Some(connect(url).await?),
        None => None,
    };
    let server = tonic::transport::Server::builder().tcp_nodelay(true);
    Ok(server.max_concurrent_streams(None).add_service(TrubaServer::new(Service { behind })).serve(address).await?)
}

struct Service {
    behind: Option<TrubaClient<Channel>>,
}

fn absent<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("only Append and Operate are echoed"))
}

#[tonic::async_trait]
impl Truba for Service {
    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        let handle = request.into_inner().handle;
        if let Some(host) = &self.behind {
            host.clone().delete(DeleteRequest { handle, number: 1, ..Default::default() }).await?;
        }
        let change_id = handle.and_then(|handle| handle.id);
        Ok(Response::new(AppendResponse { change_id }))
    }

    type OperateStream = std::pin::Pin<Box<dyn Stream<Item = Result<OperateResponse, Status>> + Send>>;

    async fn operate(
        &self,
        request: Request<Streaming<OperateRequest>>,
    ) -> Result<Response<Self::OperateStream>, Status> {
        let answers = request.into_inner().map(|request| {
            let applied = |tag| Answer { tag, outcome: Some(Answered::Applied(Applied::default())) };
            let tags = request?.operations.into_iter().map(|operation| operation.tag);
            Ok(OperateResponse { answers: tags.map(applied).collect() })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn new_session(&self, _: Request<NewRequest>) -> Result<Response<NewResponse>, Status> {
        absent()
    }

    async fn replace(&self, _: Request<ReplaceRequest>) -> Result<Response<ReplaceResponse>, Status> {
        absent()
    }

    async fn delete(&self, _: Request<DeleteRequest>) -> Result<Response<DeleteResponse>, Status> {
        absent()
    }

    async fn store(&self, _: Request<StoreRequest>) -> Result<Response<StoreResponse>, Status> {
        absent()
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        absent()
    }
}

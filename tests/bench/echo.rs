//! A bare tonic server in a process of its own: the same messages, nothing behind them.

use std::{net::SocketAddr, process::Child};

use mpy6a_proto::v1::{
    AppendRequest, AppendResponse, DeleteRequest, DeleteResponse, NewRequest, NewResponse, OperateRequest,
    OperateResponse, RenewRequest, RenewResponse, ReplaceRequest, ReplaceResponse, StoreRequest, StoreResponse,
    truba_server::{Truba, TrubaServer},
};
use tonic::{Request, Response, Status, Streaming};

/// Makes this binary an echo server on the address that follows.
pub const FLAG: &str = "--echo-server";

pub struct Server {
    pub url: String,
    child: Child,
}

impl Server {
    pub async fn start() -> Self {
        let address = crate::host::free_address();
        let program = std::env::current_exe().unwrap();
        let child = std::process::Command::new(program).args([FLAG, &address.to_string()]).spawn().unwrap();
        let url = format!("http://{address}");
        crate::host::wait_until_connectable(address).await;
        Self { url, child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn serve(address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .add_service(TrubaServer::new(Echo))
        .serve(address)
        .await
        .unwrap();
}

struct Echo;

fn absent<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("only Append is echoed"))
}

#[tonic::async_trait]
impl Truba for Echo {
    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        let change_id = request.into_inner().handle.and_then(|handle| handle.id);
        Ok(Response::new(AppendResponse { change_id }))
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

    type OperateStream = tokio_stream::Empty<Result<OperateResponse, Status>>;

    async fn operate(&self, _: Request<Streaming<OperateRequest>>) -> Result<Response<Self::OperateStream>, Status> {
        absent()
    }
}

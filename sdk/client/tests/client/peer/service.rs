//! The peer's side of the protocol: each request meets the next fault of the script.

use std::future::pending;

use mpy6a_proto::v1::{self, truba_server::Truba};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{Book, Done, Fault, Peer, stream::converse};

/// What the peer's server runs.
#[derive(Clone)]
pub struct Service(pub Peer);

impl Service {
    /// Do something to the book, if the script lets us.
    pub async fn meet<T: Send + 'static>(
        &self,
        fault: Option<Fault>,
        act: impl FnOnce(&mut Book) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        match fault {
            None => act(&mut self.0.book()),
            Some(Fault::Refuse(status)) => Err(status),
            Some(Fault::Hang) => pending().await,
            Some(fault @ (Fault::LoseAnswer | Fault::LoseAnswerThen(_))) => {
                act(&mut self.0.book())?;
                if let Fault::LoseAnswerThen(before) = fault {
                    self.0.put_before(Some(before));
                }
                self.0.wire.break_connections();
                pending().await
            }
            Some(Fault::Queue) => {
                let (peer, release) = (self.0.clone(), self.0.book().release.clone());
                // Listening from now on: the task may first run after the release.
                let released = release.clone().notified_owned();
                let task = tokio::spawn(async move {
                    released.await;
                    // Nobody waits for the answer any more.
                    drop(act(&mut peer.book()));
                });
                self.0.book().queued.push(task);
                pending().await
            }
        }
    }

    pub async fn open(&self, request: v1::NewRequest) -> Result<v1::NewResponse, Status> {
        let fault = {
            let mut book = self.0.book();
            book.news.push(request.clone());
            book.script.pop_front()
        };
        self.meet(fault, move |book| book.open(request)).await
    }

    pub async fn operation(
        &self,
        handle: Option<v1::Handle>,
        number: u64,
        done: Done,
    ) -> Result<Option<v1::Index>, Status> {
        let fault = {
            let mut book = self.0.book();
            book.seen.push((number, done.clone()));
            book.script.pop_front()
        };
        self.meet(fault, move |book| book.apply(handle, number, done).map(Some)).await
    }
}

#[async_trait]
impl Truba for Service {
    async fn new_session(&self, request: Request<v1::NewRequest>) -> Result<Response<v1::NewResponse>, Status> {
        self.open(request.into_inner()).await.map(Response::new)
    }

    async fn append(&self, request: Request<v1::AppendRequest>) -> Result<Response<v1::AppendResponse>, Status> {
        let v1::AppendRequest { handle, number, record, .. } = request.into_inner();
        let change_id = self.operation(handle, number, Done::Append(record)).await?;
        Ok(Response::new(v1::AppendResponse { change_id }))
    }

    async fn replace(&self, request: Request<v1::ReplaceRequest>) -> Result<Response<v1::ReplaceResponse>, Status> {
        let v1::ReplaceRequest { handle, number, record, .. } = request.into_inner();
        let change_id = self.operation(handle, number, Done::Replace(record)).await?;
        Ok(Response::new(v1::ReplaceResponse { change_id }))
    }

    async fn delete(&self, request: Request<v1::DeleteRequest>) -> Result<Response<v1::DeleteResponse>, Status> {
        let v1::DeleteRequest { handle, number, .. } = request.into_inner();
        let change_id = self.operation(handle, number, Done::Delete).await?;
        Ok(Response::new(v1::DeleteResponse { change_id }))
    }

    async fn store(&self, request: Request<v1::StoreRequest>) -> Result<Response<v1::StoreResponse>, Status> {
        let v1::StoreRequest { handle, number, timeout_s, .. } = request.into_inner();
        let change_id = self.operation(handle, number, Done::Store(timeout_s)).await?;
        Ok(Response::new(v1::StoreResponse { change_id, due_ms: 1_700_000_000_123 }))
    }

    async fn renew(&self, request: Request<v1::RenewRequest>) -> Result<Response<v1::RenewResponse>, Status> {
        let handles = request.into_inner().handles;
        let fault = {
            let mut book = self.0.book();
            book.renewals.push(handles.len());
            book.renewal_script.pop_front()
        };
        let renew = move |book: &mut Book| Ok(handles.iter().map(|handle| book.renew(handle)).collect());
        Ok(Response::new(v1::RenewResponse { results: self.meet(fault, renew).await? }))
    }

    type OperateStream = UnboundedReceiverStream<Result<v1::OperateResponse, Status>>;

    async fn operate(
        &self,
        request: Request<Streaming<v1::OperateRequest>>,
    ) -> Result<Response<Self::OperateStream>, Status> {
        let (not_served, passes_on) = {
            let mut book = self.0.book();
            book.streams += 1;
            (book.no_stream, book.passes_on)
        };
        let requests = request.into_inner();
        if not_served || passes_on {
            if passes_on {
                self.pass_on(requests).await;
            }
            return Err(Status::unimplemented("the stream is not served"));
        }
        let (answers, receiver) = mpsc::unbounded_channel();
        tokio::spawn(converse(self.0.clone(), requests, answers));
        Ok(Response::new(UnboundedReceiverStream::new(receiver)))
    }
}

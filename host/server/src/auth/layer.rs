//! The check, in front of both listeners' routes, and in front of every bound that they share: who is turned away takes no place.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio_util::either::Either;
use tonic::body::Body;
use tower::{Layer, Service};

use super::{
    access::{Admitted, Doorkeeper},
    browser::is_foreign,
    credential::Credential,
    lasting::{Lasting, Pass},
    refusal::{Denied, is_grpc},
    table::rule_of,
    who,
};
use crate::grpc::{connection::Peer, held};

/// Puts the check in front of a service.
#[derive(Clone, Debug)]
pub struct AuthLayer(pub Arc<Doorkeeper>);

/// A service with the check in front.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    keeper: Arc<Doorkeeper>,
}

impl<S> Layer<S> for AuthLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, keeper: Arc::clone(&self.0) }
    }
}

/// An answer that is not simply the service's own.
type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Answer<S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.check(&mut request) {
            Err(why) => {
                // It takes nothing but its way out.
                let pulse = request.extensions().get::<Peer>().map(|peer| &peer.pulse);
                let response = held::refusal(why.response(request.headers()), pulse);
                Either::Right(Box::pin(std::future::ready(Ok(response))))
            }
            // The way of nearly every request: nothing is put around it.
            Ok(None) => Either::Left(self.inner.call(request)),
            Ok(Some(pass)) => {
                let answer = self.inner.call(request);
                let answer = async move { Ok(answer.await?.map(|body| Body::new(Lasting::new(body, pass)))) };
                Either::Right(Box::pin(answer))
            }
        }
    }
}

impl<S> Guarded<S> {
    /// Let the request in, with who made it in its extensions, or not. The pass is for what may go on for long.
    fn check(&self, request: &mut Request<Body>) -> Result<Option<Pass>, Denied> {
        let rule = rule_of(request.uri().path());
        let by = self.keeper.now();
        let peer = request.extensions().get::<Peer>();
        let asks_nobody = by.asks_nobody();
        let credential = Credential::of(request.headers(), peer);
        let may_be_renamed = asks_nobody && peer.is_none_or(|peer| !peer.is_encrypted);
        let foreign = is_foreign(request.version(), request.uri(), request.headers(), may_be_renamed);
        let admitted = if foreign { Err((Denied::Foreign, None)) } else { by.admit(&credential, rule.right) };
        match admitted {
            Ok(admitted) if rule.lasts => {
                let admitted = Admitted { identity: admitted.identity.of_its_own(), ..admitted };
                request.extensions_mut().insert(admitted.identity.clone());
                let (path, who) = (request.uri().path().to_owned(), who(request.extensions()));
                let is_grpc = is_grpc(request.headers());
                let keeper = Arc::clone(&self.keeper);
                Ok(Some(Pass { keeper, by, credential, right: rule.right, admitted, path, who, is_grpc }))
            }
            Ok(admitted) => {
                request.extensions_mut().insert(admitted.identity);
                Ok(None)
            }
            Err((why, name)) => {
                let address = who(request.extensions());
                let who = name.map_or(address.clone(), |name| format!("{name} at {address}"));
                self.keeper.denials.note(why, &who, request.uri().path());
                Err(why)
            }
        }
    }
}

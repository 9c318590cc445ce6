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
    arriving::Whole,
    browser::is_foreign,
    credential::Credential,
    lasting::{Lasting, Pass},
    refusal::{Denied, is_grpc},
    table::{Right, Rule, rule_of},
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
                let response = held::refusal(why.response(is_grpc(request.headers())), pulse);
                Either::Right(Box::pin(std::future::ready(Ok(response))))
            }
            // The way of nearly every request: nothing is put around it.
            Ok(None) => Either::Left(self.inner.call(request)),
            Ok(Some(pass)) => {
                // A stream of operations is answered at once, and nothing is put around what comes on it.
                let is_stream = pass.right == Right::Open;
                let (whole, request) = if is_stream { (Whole::default(), request) } else { Whole::of(request) };
                Either::Right(Box::pin(while_let_in(self.inner.call(request), whole, pass)))
            }
        }
    }
}

/// The answer, as long as the pass is good: until the request has come whole, and where it lasts until it ends.
async fn while_let_in<E>(
    answer: impl Future<Output = Result<Response<Body>, E>>,
    whole: Whole,
    mut pass: Pass,
) -> Result<Response<Body>, E> {
    let answered = {
        let answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            why = whole.withdrawn_before(&mut pass) => Err(why),
            answered = answer => Ok(answered?),
        }
    };
    // Here the request is gone, with what it took.
    match answered {
        Err(why) => {
            pass.turn_away(why);
            Ok(held::refusal(pass.refusal(why), pass.pulse.as_ref()))
        }
        Ok(response) if pass.lasts => Ok(response.map(|body| Body::new(Lasting::new(body, pass)))),
        Ok(response) => Ok(response),
    }
}

/// Whether a request is looked at again after it was let in: what may go on for long, and what only operators may. The calls of
/// clients that open and change sessions are too many for it: they look by themselves, once their message is there
/// ([`Opener::of_call`](super::Opener::of_call)).
fn is_looked_at_again(rule: Rule) -> bool {
    rule.lasts || rule.right >= Right::Read
}

impl<S> Guarded<S> {
    /// Let the request in, with who made it in its extensions, or not. The pass is for what is looked at again.
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
            Ok(admitted) if is_looked_at_again(rule) => {
                let admitted = Admitted { identity: admitted.identity.of_its_own(), ..admitted };
                request.extensions_mut().insert(admitted.identity.clone());
                let (path, who) = (request.uri().path().to_owned(), who(request.extensions()));
                let is_grpc = is_grpc(request.headers());
                let pulse = request.extensions().get::<Peer>().map(|peer| Arc::clone(&peer.pulse));
                let (keeper, Rule { right, lasts, .. }) = (Arc::clone(&self.keeper), rule);
                Ok(Some(Pass { keeper, by, credential, right, lasts, admitted, path, who, is_grpc, pulse }))
            }
            Ok(admitted) => {
                request.extensions_mut().insert(admitted.identity);
                Ok(None)
            }
            Err((why, name)) => {
                let address = who(request.extensions());
                let who = name.map_or(address.clone(), |name| format!("{name} at {address}"));
                self.keeper.denials.note(why, &who, request.uri().path());
                if why.is_of_a_stranger() {
                    request.extensions().get().into_iter().for_each(|peer: &Peer| peer.pulse.turn_away());
                }
                Err(why)
            }
        }
    }
}

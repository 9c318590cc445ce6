//! Errors as people pass them on: in `anyhow`, in boxes, with `?`.

use std::{error::Error as StdError, time::Duration};

use mpy6a_client::{Error, Session};
use tokio::time::{sleep, timeout};

use crate::peer::{Fault, KIND, LEASE, Peer, Way};

/// A session whose deletion is not answered within a second.
async fn to_be_deleted(peer: &Peer) -> Session {
    let client = peer.builder().operation_timeout(Duration::from_secs(1)).connect().unwrap();
    let session = client.new_session(KIND).await.unwrap();
    peer.script([Fault::Hang]);
    session
}

async fn with_anyhow(session: Session) -> anyhow::Result<()> {
    session.delete().await?;
    Ok(())
}

async fn boxed(session: Session) -> Result<(), Box<dyn StdError + Send + Sync>> {
    session.delete().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_session_in_an_error_is_not_renewed() {
    for way in [Way::Streamed, Way::Unary] {
        let peer = Peer::start(way);
        let session = to_be_deleted(&peer).await;
        let lost = session.lost();
        let kept = with_anyhow(session).await.unwrap_err();
        let other = to_be_deleted(&peer).await;
        let also_kept = boxed(other).await.unwrap_err();
        let renewals = peer.book().renewals.len();
        sleep(LEASE * 3).await;
        assert_eq!(peer.book().renewals.len(), renewals, "what is in an error is left to its handler");
        assert!(matches!(lost.await, Error::LeaseExpired { .. }));
        drop((kept, also_kept));
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_taken_out_of_an_error_is_renewed_again() {
    let peer = Peer::start(Way::Streamed);
    let unfinished = to_be_deleted(&peer).await.delete().await.unwrap_err();
    sleep(LEASE * 2).await;
    let (session, error) = unfinished.into_parts();
    assert!(matches!(error, Error::Unavailable { maybe_applied: true, .. }), "{error:?}");
    let session = session.unwrap();
    sleep(LEASE).await;
    session.check_lease().expect("renewed since");
    timeout(LEASE * 2, session.lost()).await.unwrap_err();
    session.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_error_is_found_in_whatever_carries_it() {
    let peer = Peer::start(Way::Unary);
    let kept = with_anyhow(to_be_deleted(&peer).await).await.unwrap_err();
    let found = kept.chain().find_map(|cause| cause.downcast_ref::<Error>()).expect("an Error in the chain");
    assert!(found.maybe_applied(), "{found}");
    assert!(kept.to_string().contains("call the same again"), "{kept}");
    let kept = boxed(to_be_deleted(&peer).await).await.unwrap_err();
    assert!(kept.source().is_some_and(|cause| cause.is::<Error>()));

    let plain: Error = to_be_deleted(&peer).await.delete().await.unwrap_err().into();
    let plain = anyhow::Error::from(plain);
    assert!(plain.downcast_ref::<Error>().is_some_and(Error::maybe_applied));
    let root = plain.root_cause();
    assert!(root.is::<tonic::Status>(), "{root:?}");
}

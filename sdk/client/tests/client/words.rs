//! First things that people write, which must compile. What must not is in the crate's documentation tests.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use mpy6a_client::{Client, Error, Opening, Session, Unfinished};
use tokio::task::JoinSet;

use crate::peer::{KIND, Peer, Way};

#[tokio::test(start_paused = true)]
async fn whatever_is_bytes_or_text_is_a_record() {
    let peer = Peer::start(Way::Streamed);
    let client = peer.client();
    let mut session = client.session(KIND).record("literal").await.unwrap();
    let text = String::from("text");
    let (str, bytes, array): (&str, &[u8], [u8; 1]) = (&text, text.as_bytes(), [b'x']);
    let whole = Bytes::from_static(b"whole");
    session.append(str).await.unwrap();
    session.append(&text).await.unwrap();
    session.append(text.clone()).await.unwrap();
    session.append(b"bytes").await.unwrap();
    session.append(bytes).await.unwrap();
    session.append(bytes.to_vec()).await.unwrap();
    session.append(&bytes.to_vec()).await.unwrap();
    session.append(array).await.unwrap();
    session.append(&whole).await.unwrap();
    session.append(whole).await.unwrap();
    session.append(BytesMut::from("buffer")).await.unwrap();
    session.append(Cow::Borrowed(str)).await.unwrap();
    session.append(text.clone().into_boxed_str()).await.unwrap();
    for word in ["one", "two"].iter() {
        session.append(word).await.unwrap();
    }
    let expected = [
        "literal", "text", "text", "text", "bytes", "text", "text", "text", "x", "whole", "whole", "buffer", "text",
        "text", "one", "two",
    ];
    assert_eq!(peer.book().records(session.id()), expected);
    session.replace(&text).await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["text"]);
}

#[tokio::test(start_paused = true)]
async fn openings_and_sessions_go_where_tasks_go() {
    let peer = Peer::start(Way::Streamed);
    let client = peer.client();
    let opening = client.session(KIND).record("a");
    let spawned = tokio::spawn(async move { opening.await });
    let spawned_too = tokio::spawn(client.session(KIND).open());
    let (third, fourth) = tokio::join!(client.session(KIND).open(), client.new_session(KIND));
    let many: JoinSet<_> = (0..3).map(|_| client.session(KIND).open()).collect();
    for opened in
        [spawned.await.unwrap(), spawned_too.await.unwrap(), third, fourth].into_iter().chain(many.join_all().await)
    {
        let mut session = opened.unwrap();
        tokio::spawn(async move {
            session.append("b").await?;
            session.delete().await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap()
        .unwrap();
    }
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Client>();
    shared::<Opening>();
    shared::<Session>();
    shared::<Error>();
    shared::<Unfinished>();
}

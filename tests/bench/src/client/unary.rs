//! One call, one answer: workflows of the host, and appends to the echo server.

use bytes::Bytes;
use mpy6a_proto::v1::{AppendRequest, DeleteRequest, Handle, Index, NewRequest, truba_client::TrubaClient};
use tonic::transport::Channel;

use crate::{
    Outcome,
    host::{PLAIN, connect},
    load::{Laps, RECORD_BYTES, Worker},
};

/// New with a record, Append of another, Delete: each acknowledged before the next leaves.
pub struct Workflow {
    client: TrubaClient<Channel>,
    record: Bytes,
}

/// So many workflows in flight, on one connection.
pub async fn workflows(url: &str, in_flight: usize) -> Outcome<Vec<Workflow>> {
    let client = connect(url).await?;
    Ok((0..in_flight).map(|_| Workflow { client: client.clone(), record: record() }).collect())
}

impl Worker for Workflow {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let record = self.record.clone();
        let new = NewRequest { kind: PLAIN, record: Some(record.clone()), ..NewRequest::default() };
        let handle = self.client.new_session(new).await?.into_inner().handle;
        laps.lap(0);
        self.client.append(AppendRequest { handle, number: 1, record, ..Default::default() }).await?;
        laps.lap(1);
        self.client.delete(DeleteRequest { handle, number: 2, ..Default::default() }).await?;
        laps.lap(2);
        Ok(())
    }
}

/// An Append of as many bytes, three times, to a server that does nothing with it.
pub struct Echoed {
    client: TrubaClient<Channel>,
    record: Bytes,
}

/// So many echoes in flight, on one connection.
pub async fn echoes(url: &str, in_flight: usize) -> Outcome<Vec<Echoed>> {
    let client = connect(url).await?;
    Ok((0..in_flight).map(|_| Echoed { client: client.clone(), record: record() }).collect())
}

impl Worker for Echoed {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let handle = Some(Handle { id: Some(Index { term: 1, index: 1 }), key: 1 });
        for step in 0..crate::load::STEPS {
            self.client
                .append(AppendRequest { handle, number: 1, record: self.record.clone(), ..Default::default() })
                .await?;
            laps.lap(step);
        }
        Ok(())
    }
}

/// A record of ordinary size.
pub fn record() -> Bytes {
    Bytes::from(vec![7; RECORD_BYTES])
}

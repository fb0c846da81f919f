use alloy_primitives::{Address, TxHash};
use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    codec::{
        Record,
        record::{Dropped, Pending},
    },
    port::{Appended, Inbox, PortError},
};
use redb::ReadableTable;

use crate::{
    error::RowError,
    key::{Span, number, row, seal, unseal},
    layer::Layer,
    tables::{DROPPED, INBOX, INBOX_BY_SENDER, Tables, insert_new},
};

const APPEND: &str = "append to the inbox";
const REMOVE: &str = "remove from the inbox";
const READ: &str = "read the inbox";

#[async_trait]
impl Inbox for Layer {
    async fn append(&self, pending: Pending) -> Result<Appended, PortError> {
        let (layer, frame) = (self.id, pending.to_frame());
        self.write(APPEND, move |tables| append(tables, layer, &pending, &frame)).await
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        self.read(READ, |txn| {
            let inbox = txn.open_table(INBOX)?;
            let rows = inbox.range::<&[u8]>(Span::under(self.id, &[]).bounds())?;
            rows.take(limit).map(|row| decode(row?.1.value())).collect()
        })
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        self.read(READ, |txn| {
            let (inbox, by_sender) = (txn.open_table(INBOX)?, txn.open_table(INBOX_BY_SENDER)?);
            let span = Span::under(self.id, &[&sender[..]]);
            let prefix = self.id.as_bytes().len() + sender.len();
            let rows = by_sender.range::<&[u8]>(span.bounds())?;
            rows.map(|row| {
                let key = row?.0;
                let pending = at(&inbox, self.id, &key.value()[prefix..])?;
                expect(pending.sender == sender, "the row belongs to another sender")?;
                Ok(pending)
            })
            .collect()
        })
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        let (layer, hashes) = (self.id, hashes.to_vec());
        self.write(REMOVE, move |tables| {
            hashes.iter().try_for_each(|hash| take(tables, layer, hash))
        })
        .await
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        let layer = self.id;
        let rows: Vec<_> = dropped.iter().map(|one| (one.hash, one.to_frame())).collect();
        self.write(REMOVE, move |tables| {
            rows.iter().try_for_each(|(hash, frame)| {
                take(tables, layer, hash)?;
                tables.dropped.insert(&*row(layer, &[&hash[..]]), &**frame)?;
                Ok(())
            })
        })
        .await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        self.read(READ, |txn| {
            let table = txn.open_table(DROPPED)?;
            let found = table.get(&*row(self.id, &[&hash[..]]))?;
            found.map(|frame| decode_dropped(hash, frame.value())).transpose()
        })
    }
}

fn append(
    tables: &mut Tables<'_>,
    layer: LayerId,
    pending: &Pending,
    frame: &[u8],
) -> Result<Appended, RowError> {
    let by_hash = row(layer, &[&pending.hash[..]]);
    if let Some(place) = Place::find(tables, layer, &pending.hash)? {
        // Acknowledges what is stored, so it must be readable.
        let known = at(&tables.inbox, layer, &place.arrival.to_be_bytes())?;
        expect(known.hash == pending.hash, "the row holds another transaction")?;
        return Ok(Appended::Known);
    }
    tables.dropped.remove(&*by_hash)?;
    let arrival = tables.arrive(layer)?.to_be_bytes();
    let place = seal(&by_hash, &[&arrival, &pending.sender[..]]);
    let by_sender = row(layer, &[&pending.sender[..], &arrival]);
    insert_new(&mut tables.inbox, NAME, &row(layer, &[&arrival]), frame)?;
    insert_new(&mut tables.inbox_by_hash, NAME, &by_hash, &place)?;
    insert_new(&mut tables.inbox_by_sender, NAME, &by_sender, &[])?;
    Ok(Appended::New)
}

/// Forgets a waiting transaction, if it waits.
fn take(tables: &mut Tables<'_>, layer: LayerId, hash: &TxHash) -> Result<(), RowError> {
    let Some(Place { arrival, sender }) = Place::find(tables, layer, hash)? else {
        return Ok(());
    };
    let arrival = arrival.to_be_bytes();
    tables.inbox_by_hash.remove(&*row(layer, &[&hash[..]]))?;
    tables.inbox_by_sender.remove(&*row(layer, &[&sender[..], &arrival]))?;
    tables.inbox.remove(&*row(layer, &[&arrival]))?;
    Ok(())
}

/// Where a waiting transaction is: value of the index by hash.
struct Place {
    arrival: u64,
    sender: Address,
}

impl Place {
    fn find(tables: &Tables<'_>, layer: LayerId, hash: &TxHash) -> Result<Option<Self>, RowError> {
        let key = row(layer, &[&hash[..]]);
        let found = tables.inbox_by_hash.get(&*key)?;
        found.map(|value| Self::decode(unseal(NAME, &key, value.value())?)).transpose()
    }

    fn decode(value: &[u8]) -> Result<Self, RowError> {
        let short = || RowError::corrupt(NAME, "a row of the index by hash has another length");
        let (arrival, sender) = value.split_first_chunk::<8>().ok_or_else(short)?;
        let sender = Address::try_from(sender).map_err(|_| short())?;
        Ok(Self { arrival: number(NAME, arrival)?, sender })
    }
}

const NAME: &str = "inbox";

/// Reads the transaction of an index row; a row that points to nothing is damage.
fn at(
    inbox: &impl ReadableTable<&'static [u8], &'static [u8]>,
    layer: LayerId,
    arrival: &[u8],
) -> Result<Pending, RowError> {
    match inbox.get(&*row(layer, &[arrival]))? {
        Some(frame) => decode(frame.value()),
        None => Err(RowError::corrupt(NAME, "an index points to a row that does not exist")),
    }
}

fn decode(frame: &[u8]) -> Result<Pending, RowError> {
    Pending::from_frame(frame).map_err(|error| RowError::record(NAME, &error))
}

fn decode_dropped(hash: TxHash, frame: &[u8]) -> Result<Dropped, RowError> {
    let name = || format!("dropped {hash}");
    let dropped = Dropped::from_frame(frame).map_err(|error| RowError::record(name(), &error))?;
    if dropped.hash != hash {
        return Err(RowError::corrupt(name(), "the row holds another transaction"));
    }
    Ok(dropped)
}

fn expect(holds: bool, otherwise: &str) -> Result<(), RowError> {
    if holds { Ok(()) } else { Err(RowError::corrupt(NAME, otherwise)) }
}

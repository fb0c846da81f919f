use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, TxHash};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use node_core::{
    codec::record::{Dropped, Pending},
    port::{Appended, Inbox, PortError},
};
use tokio::time::Instant;

use super::{AT, Created, FRAME, Item, Table, frame, key, picture::Picture, record, text};

/// Appends of one call that are under way at a time.
const APPENDS: usize = 32;

#[async_trait]
impl Inbox for Table {
    async fn append_all(&self, pending: Vec<Pending>) -> Result<Vec<Appended>, PortError> {
        let mut seen = BTreeSet::new();
        // Stamped in the order given, before the first of them is sent.
        let stamped: Vec<_> = pending
            .into_iter()
            .map(|one| (seen.insert(one.hash), self.stamps.next(), one))
            .collect();
        let appends = stream::iter(stamped).map(|(is_first, at, one)| async move {
            if is_first { self.append_one(at, &one).await } else { Ok(Appended::Known) }
        });
        let appended = appends.buffered(APPENDS).try_collect().await;
        // What is remembered lacks them, and forgetting looks there.
        self.picture(|picture| *picture = None);
        appended
    }

    async fn waiting(&self, limit: usize) -> Result<Vec<Pending>, PortError> {
        let remembered = self.picture(|picture| match picture {
            Some(picture) if picture.is_fresh() && picture.len() >= limit => {
                Some(picture.first(limit))
            }
            _ => None,
        });
        match remembered {
            Some(waiting) => Ok(waiting),
            None => self.look(|picture| picture.first(limit)).await,
        }
    }

    async fn of_sender(&self, sender: Address) -> Result<Vec<Pending>, PortError> {
        let partition = key::inbox(self.layer, key::shard(sender));
        let items = self.query(&partition, &key::of_sender(sender)).await?;
        let waiting: BTreeMap<_, _> = items.iter().map(decode).collect::<Result<_, _>>()?;
        Ok(waiting.into_values().collect())
    }

    async fn remove(&self, hashes: &[TxHash]) -> Result<(), PortError> {
        let keys = self.keys_of(hashes).await?;
        self.delete_all(keys, "forget transactions").await?;
        self.forget(hashes.iter());
        Ok(())
    }

    async fn drop_with_reason(&self, dropped: &[Dropped]) -> Result<(), PortError> {
        // By hash, because a batch takes each key once.
        let reasons: BTreeMap<_, _> = dropped.iter().map(|one| (one.hash, one)).collect();
        let items = reasons.values().map(|one| {
            let mut item = key::dropped(self.layer, one.hash);
            item.insert(FRAME.to_owned(), frame(*one));
            item
        });
        // The reason first: between the two it waits and is dropped, which a reader takes for waiting.
        self.put_all(items.collect(), "remember dropped transactions").await?;
        let hashes: Vec<_> = reasons.into_keys().collect();
        self.remove(&hashes).await
    }

    async fn dropped(&self, hash: TxHash) -> Result<Option<Dropped>, PortError> {
        let name = format!("dropped {hash}");
        let Some(item) = self.get(key::dropped(self.layer, hash), &name).await? else {
            return Ok(None);
        };
        let dropped: Dropped = record(&item, &name)?;
        match dropped.hash == hash {
            true => Ok(Some(dropped)),
            false => Err(other(name)),
        }
    }
}

impl Table {
    /// Appends a transaction and, when it was dropped before, forgets that.
    async fn append_one(&self, at: String, pending: &Pending) -> Result<Appended, PortError> {
        let name = format!("transaction {}", pending.hash);
        let mut item = key::pending(self.layer, pending.sender, pending.hash);
        item.insert(AT.to_owned(), AttributeValue::S(at.clone()));
        item.insert(FRAME.to_owned(), frame(pending));
        let dropped = key::dropped(self.layer, pending.hash);
        // Together: the sender waits for one round trip.
        let (created, dropped_before) =
            tokio::join!(self.create(item, &name), self.get(dropped.clone(), &name));
        match created? {
            Created::Held(held) if text(&held, AT, &name)? != at => return Ok(Appended::Known),
            Created::New | Created::Held(_) => {}
        }
        if dropped_before?.is_some() {
            self.delete(dropped, &name).await?;
        }
        Ok(Appended::New)
    }

    /// Reads all shards.
    async fn look<T>(&self, see: impl FnOnce(&Picture) -> T) -> Result<T, PortError> {
        let read_at = Instant::now();
        let shards = (0..key::SHARDS).map(|shard| key::inbox(self.layer, shard));
        let read = shards.map(|partition| async move { self.query(&partition, "").await });
        let items = try_join_all(read).await?;
        let waiting: BTreeMap<_, _> =
            items.iter().flatten().map(decode).collect::<Result<_, _>>()?;
        let picture = Picture::new(read_at, waiting);
        let seen = see(&picture);
        self.picture(|held| *held = Some(picture));
        Ok(seen)
    }

    /// Keys of those transactions that wait. One that is not in a fresh picture is looked for.
    async fn keys_of(&self, hashes: &[TxHash]) -> Result<Vec<Item>, PortError> {
        let hashes: BTreeSet<_> = hashes.iter().copied().collect();
        let keys = |picture: &Picture| -> Vec<Item> {
            let key = |hash| Some(key::pending(self.layer, picture.sender(hash)?, *hash));
            hashes.iter().filter_map(key).collect()
        };
        let known = self.picture(|picture| {
            let keys = keys(picture.as_ref()?);
            let all_known =
                keys.len() == hashes.len() || picture.as_ref().is_some_and(Picture::is_fresh);
            all_known.then_some(keys)
        });
        match known {
            Some(keys) => Ok(keys),
            None if hashes.is_empty() => Ok(Vec::new()),
            None => self.look(keys).await,
        }
    }

    fn forget<'a>(&self, hashes: impl Iterator<Item = &'a TxHash>) {
        self.picture(|picture| {
            if let Some(picture) = picture {
                hashes.for_each(|hash| picture.forget(hash));
            }
        });
    }

    pub(super) fn picture<T>(&self, with: impl FnOnce(&mut Option<Picture>) -> T) -> T {
        with(&mut self.picture.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Arrival and transaction of an item.
fn decode(item: &Item) -> Result<(String, Pending), PortError> {
    let range = text(item, "sk", "an item of the inbox")?;
    let name = format!("inbox {range}");
    let pending: Pending = record(item, &name)?;
    if range != format!("{}{:x}", key::of_sender(pending.sender), pending.hash) {
        return Err(other(name));
    }
    Ok((text(item, AT, &name)?.to_owned(), pending))
}

fn other(name: String) -> PortError {
    PortError::Corrupt { name, reason: "the item holds another transaction".to_owned() }
}

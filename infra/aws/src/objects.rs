use core::time::Duration;

use alloy_primitives::Bytes;
use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    error::SdkError,
    operation::put_object::PutObjectError,
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use node_core::port::{Objects, PortError, Put, PutOutcome};
use tokio::time::{Instant, sleep};

use crate::{
    cloud::DEADLINE,
    fault::{code, fault},
};

/// Most names of one `DeleteObjects`.
const DELETED_AT_A_TIME: usize = 1_000;

/// Name of the metadata that names the attempt of a create-if-absent.
const ATTEMPT: &str = "attempt";

/// Shortest pause before a create that met another operation on its name is tried again.
const CONFLICT_PAUSE_MS: u64 = 20;

/// Longest such pause.
const CONFLICT_PAUSE_MOST_MS: u64 = 1_000;

/// The bucket, as any layer sees it: names carry the layer.
#[derive(Debug)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Creates an object. S3 answers 412 when the name is taken, and 409 when another operation on the name is
    /// under way, which says nothing of its outcome: the create is tried again.
    ///
    /// AWS: S3 User Guide, "How to prevent object overwrites with conditional writes".
    async fn create(&self, name: &str, value: Bytes) -> Result<PutOutcome, PortError> {
        let attempt = format!("{:032x}", rand::random::<u128>());
        let until = Instant::now() + DEADLINE;
        let mut pause_ms = CONFLICT_PAUSE_MS;
        loop {
            let put = self.client.put_object().bucket(&self.name).key(name).if_none_match("*");
            let put = put.metadata(ATTEMPT, &attempt).body(ByteStream::from(value.0.clone()));
            let error = match put.send().await {
                Ok(_) => return Ok(PutOutcome::Written),
                Err(error) => error,
            };
            match code(&error) {
                Some("PreconditionFailed") => return self.settle(name, &attempt).await,
                Some("ConditionalRequestConflict") if Instant::now() < until => {
                    sleep(Duration::from_millis(rand::random_range(pause_ms / 2..=pause_ms))).await;
                    pause_ms = (2 * pause_ms).min(CONFLICT_PAUSE_MOST_MS);
                }
                _ => return Err(put_fault(name, error)),
            }
        }
    }

    /// Whether what has the name is ours: an attempt that timed out may have succeeded.
    async fn settle(&self, name: &str, attempt: &str) -> Result<PutOutcome, PortError> {
        let head = self.client.head_object().bucket(&self.name).key(name).send().await;
        let head = head.map_err(|error| fault(format!("read the head of object {name}"), error))?;
        let holder = head.metadata().and_then(|metadata| metadata.get(ATTEMPT));
        match holder.is_some_and(|holder| holder == attempt) {
            true => Ok(PutOutcome::Written),
            false => Ok(PutOutcome::Exists),
        }
    }

    async fn size(&self, name: &str) -> Result<u64, PortError> {
        let head = self.client.head_object().bucket(&self.name).key(name).send().await;
        let head = head.map_err(|error| match error.as_service_error() {
            Some(missing) if missing.is_not_found() => {
                PortError::NotFound { name: name.to_owned() }
            }
            _ => fault(format!("read the head of object {name}"), error),
        })?;
        let size = head.content_length().and_then(|size| u64::try_from(size).ok());
        size.ok_or_else(|| PortError::Corrupt {
            name: name.to_owned(),
            reason: "S3 does not say how long it is".to_owned(),
        })
    }

    /// Reads an object, or of it what `range` says and there is; nothing when there is nothing of that.
    async fn read(&self, name: &str, range: Option<String>) -> Result<Option<Bytes>, PortError> {
        let got = self.client.get_object().bucket(&self.name).key(name).set_range(range);
        let got = match got.send().await {
            Ok(got) => got,
            Err(error) => {
                return match code(&error) {
                    Some("InvalidRange") => Ok(None),
                    Some("NoSuchKey") => Err(PortError::NotFound { name: name.to_owned() }),
                    _ => Err(fault(format!("read object {name}"), error)),
                };
            }
        };
        let body = got.body.collect().await;
        let body =
            body.map_err(|error| PortError::unavailable(format!("read object {name}"), error))?;
        Ok(Some(body.into_bytes().into()))
    }

    async fn delete_some(&self, names: &[String]) -> Result<(), PortError> {
        let what = || format!("delete {} objects", names.len());
        let identifiers = names.iter().map(|name| ObjectIdentifier::builder().key(name).build());
        let identifiers = identifiers.collect::<Result<Vec<_>, _>>();
        let delete = identifiers
            .and_then(|all| Delete::builder().set_objects(Some(all)).quiet(true).build());
        let delete = delete.map_err(|error| PortError::unavailable(what(), error))?;
        let deleted = self.client.delete_objects().bucket(&self.name).delete(delete).send().await;
        let deleted = deleted.map_err(|error| fault(what(), error))?;
        match deleted.errors().first() {
            None => Ok(()),
            Some(error) => {
                let code = error.code().unwrap_or("no code");
                let reason = format!("{}: {code}", error.key().unwrap_or("an object"));
                Err(PortError::unavailable(what(), reason))
            }
        }
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        match put {
            Put::IfAbsent => self.create(name, value).await,
            Put::Overwrite => {
                let put = self.client.put_object().bucket(&self.name).key(name);
                let put = put.body(ByteStream::from(value.0)).send().await;
                put.map(|_| PutOutcome::Written).map_err(|error| put_fault(name, error))
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        Ok(self.read(name, None).await?.unwrap_or_default())
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        let bytes = u64::try_from(length).unwrap_or(u64::MAX);
        let last = bytes.checked_sub(1).and_then(|before| offset.checked_add(before));
        // HTTP has no range of nothing; S3 answers a range that begins in the object with what there is of it.
        if let Some(last) = last
            && let Some(range) = self.read(name, Some(format!("bytes={offset}-{last}"))).await?
            && range.len() == length
        {
            return Ok(range);
        }
        let size = self.size(name).await?;
        match length == 0 && offset <= size {
            true => Ok(Bytes::new()),
            false => Err(PortError::short(name, offset, length, size)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let mut pages = list.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| fault(format!("list objects under {prefix}"), error))?;
            let keys =
                page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            names.extend(keys);
        }
        names.sort_unstable();
        Ok(names)
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        for names in names.chunks(DELETED_AT_A_TIME) {
            self.delete_some(names).await?;
        }
        Ok(())
    }
}

fn put_fault(name: &str, error: SdkError<PutObjectError>) -> PortError {
    fault(format!("write object {name}"), error)
}

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::scan::builders::ScanFluentBuilder,
    types::{AttributeValue, Select},
};
use futures::future::try_join_all;
use node_core::port::{PortError, Stored};

use super::{Item, Table};
use crate::fault::fault;

/// Parts of the table that are read at a time.
const SEGMENTS: i32 = 4;

/// Keys that are collected before they are deleted: bounds memory.
const DELETED_AT_A_TIME: usize = 10_000;

#[async_trait]
impl Stored for Table {
    async fn count(&self) -> Result<u64, PortError> {
        let counts = (0..SEGMENTS).map(|segment| self.count_segment(segment));
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// The whole table is read, and not what the layer should have written: a writer that was fenced, or slept
    /// through the first attempt, may have left anything.
    async fn erase(&self) -> Result<u64, PortError> {
        let mut erased = 0;
        // Once more behind somebody who wrote while this went over the table: what is written on condition that the
        // layer is there finds that it is not, once a first pass has been over everything.
        for _pass in 0..2 {
            let erasures = (0..SEGMENTS).map(|segment| self.erase_segment(segment));
            erased += try_join_all(erasures).await?.into_iter().sum::<u64>();
        }
        self.picture(|picture| *picture = None);
        Ok(erased)
    }
}

impl Table {
    /// What the layer has in a part of the table; sees every write that returned before.
    fn scan(&self, segment: i32) -> ScanFluentBuilder {
        let layer = AttributeValue::S(self.layer.to_string());
        let scan = self.client.scan().table_name(&self.name).consistent_read(true);
        let scan = scan.segment(segment).total_segments(SEGMENTS);
        let scan = scan.filter_expression("contains(pk, :layer) OR #layer = :layer");
        // The keys of connections do not hold it.
        let scan = scan.expression_attribute_names("#layer", "layer");
        scan.expression_attribute_values(":layer", layer)
    }

    async fn count_segment(&self, segment: i32) -> Result<u64, PortError> {
        let mut pages = self.scan(segment).select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("count the items of the layer", error))?;
            count += u64::try_from(page.count).unwrap_or_default();
        }
        Ok(count)
    }

    async fn erase_segment(&self, segment: i32) -> Result<u64, PortError> {
        const NAME: &str = "erase the layer";
        let mut pages = self.scan(segment).projection_expression("pk, sk").into_paginator().send();
        let (mut erased, mut keys) = (0, Vec::<Item>::new());
        while let Some(page) = pages.next().await {
            keys.extend(page.map_err(|error| fault(NAME, error))?.items.unwrap_or_default());
            if keys.len() >= DELETED_AT_A_TIME {
                erased += self.erase_keys(core::mem::take(&mut keys), NAME).await?;
            }
        }
        Ok(erased + self.erase_keys(keys, NAME).await?)
    }

    async fn erase_keys(&self, keys: Vec<Item>, name: &str) -> Result<u64, PortError> {
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        self.delete_all(keys, name).await?;
        Ok(count)
    }
}

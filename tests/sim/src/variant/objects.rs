use alloy_primitives::Bytes;
use async_trait::async_trait;
use node_core::port::{Objects, PortError, Put, PutOutcome};

use super::{Broken, Variant};

#[async_trait]
impl Objects for Broken {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        let is_late = match self.variant {
            Variant::ObjectAfterHead => name.contains("/blocks/"),
            Variant::ManifestAfterPointer => name.contains("/manifests/"),
            _ => false,
        };
        if !is_late {
            return self.inner.objects.put(name, value, put).await;
        }
        let (objects, name) = (self.inner.objects.clone(), name.to_owned());
        self.later(async move { objects.put(&name, value, put).await });
        Ok(PutOutcome::Written)
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        self.inner.objects.get(name).await
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        self.inner.objects.get_range(name, offset, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let mut names = self.inner.objects.list(prefix).await?;
        if self.is(Variant::EraseFollowsTheHead) {
            let newest = |kind| names.iter().rfind(|name| name.contains(kind)).cloned();
            names = ["/manifests/", "/packs/", "/runs/"].into_iter().filter_map(newest).collect();
        }
        Ok(names)
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        self.inner.objects.delete(names).await
    }
}

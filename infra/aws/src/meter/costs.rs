use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use mayfly_cost::{Bill, Prices};
use node_core::{
    chain::LayerId,
    port::{Costs, PortError},
};
use serde_json::Value;

use super::Meters;

/// What a layer cost so far: what its functions have written, at the prices of this version.
#[derive(Debug, Clone)]
pub struct LayerCosts {
    /// The meters of this process.
    pub meters: Meters,
    /// The layer.
    pub layer: LayerId,
    /// When it was opened, Unix seconds.
    pub opened_at_s: u64,
}

#[async_trait]
impl Costs for LayerCosts {
    async fn bill(&self) -> Result<Value, PortError> {
        let used = self.meters.sum(self.layer).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let bill =
            Bill::new(&used, now.as_secs().saturating_sub(self.opened_at_s), &Prices::known());
        Ok(serde_json::to_value(bill).expect("plain data"))
    }
}

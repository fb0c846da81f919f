//! The function `webhook` on AWS Lambda: the box office of every layer of a deployment.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER` | name of the function that writes |
//! | `MAYFLY_STRIPE_SECRET` | signing secret of the Stripe endpoint of layers without a box office of their own, or `ssm:<parameter>`; optional |
//! | `MAYFLY_L1_URL` | RPC URL of the L1, for buyers who give a name |
//! | `MAYFLY_SHOP_SECRETS` | `ssm:<path>/*`: where the secrets of the other box offices are; optional |

use std::{process::ExitCode, sync::Arc};

use lambda_http::Error;
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_webhook::{
    Event, Shop,
    events::Events,
    lambda,
    names::{LazyNode, Names},
    provider,
};

/// As for `rpc`, of which the allocator of the C library took a quarter of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    const STRIPE: &str = "the signing secret of the endpoint, or ssm: and the name of a parameter";
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let sequencer =
        variables.required("MAYFLY_SEQUENCER", "the name of the function `sequencer`")?;
    let cloud = Cloud::new(settings);
    let events = Events::new(&cloud, &variables, "MAYFLY_SHOP_SECRETS")?;
    let mut shops = Vec::new();
    if variables.optional("MAYFLY_STRIPE_SECRET").is_some() {
        let secret = cloud.parameters().secret(&variables, "MAYFLY_STRIPE_SECRET", STRIPE).await?;
        shops.push(Shop::new(&provider::STRIPE, &[secret])?);
    }
    cloud.reach().await?;
    let node = variables.optional("MAYFLY_L1_URL").map(LazyNode::new);
    let names = node.map(|node| Arc::new(node) as Arc<dyn Names>);
    let event = Event::of(shops);
    lambda_http::run(lambda::router(cloud, sequencer, (events, event), names)).await
}

//! The function `bridge` on AWS Lambda: looks after every layer of a deployment once a minute.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER`, `MAYFLY_TEARDOWN`, `MAYFLY_RPC` | names of the functions that it wakes |
//! | `MAYFLY_L1_URL` | RPC URL of the L1 |
//! | `MAYFLY_L1_KEY` | key of organiser and operator there: hex, `kms:<key>`, or `ssm:<parameter>` that holds one of these |
//! | `MAYFLY_SHOP_SECRETS` | `ssm:<path>/*`: where the secrets of box offices are; optional |
//! | `MAYFLY_POST_AFTER_S` | seconds for which a block waits for company before it is posted |

use std::{process::ExitCode, sync::Arc, time::Duration};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_bridge::lambda::{Bridging, Wakes, Watch};
use mayfly_l1::{Node, Sender};
use mayfly_webhook::events::Events;

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let sequencer =
        variables.required("MAYFLY_SEQUENCER", "the name of the function `sequencer`")?;
    let teardown = variables.required("MAYFLY_TEARDOWN", "the name of the function `teardown`")?;
    let rpc = variables.required("MAYFLY_RPC", "the name of the function `rpc`")?;
    let url = variables.required("MAYFLY_L1_URL", "the RPC URL of the L1")?;
    let post_after_s = variables.parsed("MAYFLY_POST_AFTER_S", "a number of seconds")?;
    let cloud = Cloud::new(settings);
    let key = cloud.parameters().signer(&variables, "MAYFLY_L1_KEY").await?;
    let events = Events::new(&cloud, &variables, "MAYFLY_SHOP_SECRETS")?;
    cloud.reach().await?;
    let sender = Sender::of(Node::connect(url).await?, key);
    let wakes = Wakes { sequencer, teardown, rpc };
    let bridging =
        Arc::new(Bridging::new(cloud, wakes, sender, events, Duration::from_secs(post_after_s)));
    let answer = |event: LambdaEvent<Watch>| {
        let bridging = Arc::clone(&bridging);
        async move { bridging.answer(event.payload).await.map_err(Error::from) }
    };
    lambda_runtime::run(service_fn(answer)).await
}

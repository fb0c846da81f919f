//! The function `teardown` on AWS Lambda: ends layers.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SCHEDULE_GROUP` | group of the schedules of their ends |
//! | `MAYFLY_RPC` | name of the function `rpc`, which tells subscribers of the last blocks |
//! | `MAYFLY_L1_URL` | RPC URL of the L1 |
//! | `MAYFLY_L1_KEY` | key of organiser and operator there: hex, `kms:<key>`, or `ssm:<parameter>` that holds one of these |
//! | `MAYFLY_MINTER_KEY` | key that signs the mints of paid webhooks, named in the same way |

use std::{process::ExitCode, sync::Arc};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_l1::{Node, Sender};
use mayfly_teardown::lambda::{End, Ends};

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let group =
        variables.required("MAYFLY_SCHEDULE_GROUP", "the name of the group of schedules")?;
    let rpc = variables.required("MAYFLY_RPC", "the name of the function `rpc`")?;
    let url = variables.required("MAYFLY_L1_URL", "the RPC URL of the L1")?;
    let cloud = Cloud::new(settings);
    let key = cloud.parameters().signer(&variables, "MAYFLY_L1_KEY").await?;
    let minter = cloud.parameters().signer(&variables, "MAYFLY_MINTER_KEY").await?;
    cloud.reach().await?;
    let sender = Sender::of(Node::connect(url).await?, key);
    let ends = Arc::new(Ends::new(cloud, (group, rpc), sender, minter));
    let answer = |event: LambdaEvent<End>| {
        let ends = Arc::clone(&ends);
        async move {
            let deadline = event.context.deadline();
            ends.answer(event.payload, deadline).await.map_err(Error::from)
        }
    };
    lambda_runtime::run(service_fn(answer)).await
}

//! The function `operator` on AWS Lambda: opens layers, says where they stand, ends them before their time.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_PUBLIC_URL` | URL under which they answer |
//! | `MAYFLY_TEARDOWN`, `MAYFLY_TEARDOWN_ARN` | name and ARN of the function that ends them |
//! | `MAYFLY_SCHEDULE_GROUP`, `MAYFLY_SCHEDULE_ROLE_ARN` | group of the schedules of their ends, and whom they run as |
//! | `MAYFLY_DEAD_LETTERS_ARN` | queue of schedules that failed; optional |
//! | `MAYFLY_L1_URL`, `MAYFLY_L1_FACTORY` | RPC URL of the L1; the factory there, optional |
//! | `MAYFLY_L1_KEY` | key of organiser and operator there: hex, `kms:<key>`, or `ssm:<parameter>` that holds one of these |
//! | `MAYFLY_MINTER_KEY` | key that signs the mints of paid webhooks, named in the same way |
//! | `MAYFLY_SHOP_SECRETS` | `ssm:<path>/*`: where the secrets of box offices are; optional |

use std::{process::ExitCode, sync::Arc};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_l1::{Node, Sender};
use mayfly_operator::lambda::{Deployment, Operator, Request};
use mayfly_webhook::events::Events;

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let deployment = Deployment::read(&variables)?;
    let url = variables.required("MAYFLY_L1_URL", "the RPC URL of the L1")?;
    let cloud = Cloud::new(settings);
    let key = cloud.parameters().signer(&variables, "MAYFLY_L1_KEY").await?;
    let minter = cloud.parameters().signer(&variables, "MAYFLY_MINTER_KEY").await?;
    let events = Events::new(&cloud, &variables, "MAYFLY_SHOP_SECRETS")?;
    cloud.reach().await?;
    let sender = Sender::of(Node::connect(url).await?, key);
    let operator = Arc::new(Operator::new(cloud, deployment, sender, &*minter, events));
    let answer = |event: LambdaEvent<Request>| {
        let operator = Arc::clone(&operator);
        async move { operator.answer(event.payload).await }
    };
    lambda_runtime::run(service_fn(answer)).await
}

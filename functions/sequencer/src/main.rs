//! The function `sequencer` on AWS Lambda: the single writer of every layer of a deployment, one at a time.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER` | its own name: it rings for its successor |
//! | `MAYFLY_RPC` | name of the function `rpc`, which tells subscribers of blocks |
//! | `MAYFLY_MINTER_KEY` | key that signs the mints of paid webhooks: hex, `kms:<key>`, or `ssm:<parameter>` that holds one of these |

use std::{process::ExitCode, sync::Arc};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_sequencer::lambda::{Ring, Sequencing};

/// As for `rpc`, of which the allocator of the C library took a quarter of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let name = variables.required("MAYFLY_SEQUENCER", "the name of this function")?;
    let rpc = variables.required("MAYFLY_RPC", "the name of the function `rpc`")?;
    let cloud = Cloud::new(settings);
    let minter = cloud.parameters().signer(&variables, "MAYFLY_MINTER_KEY").await?;
    cloud.reach().await?;
    let sequencing = Arc::new(Sequencing::new(cloud, name, rpc, minter));
    let answer = |event: LambdaEvent<Ring>| {
        let sequencing = Arc::clone(&sequencing);
        async move {
            let deadline = event.context.deadline();
            sequencing.answer(event.payload, deadline).await.map_err(Error::from)
        }
    };
    lambda_runtime::run(service_fn(answer)).await
}

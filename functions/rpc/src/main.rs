//! The function `rpc` on AWS Lambda: JSON-RPC of every layer of a deployment.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER` | name of the function that writes |

use std::process::ExitCode;

use lambda_http::Error;
use mayfly_aws::{Cloud, Settings, Variables};

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let sequencer =
        variables.required("MAYFLY_SEQUENCER", "the name of the function `sequencer`")?;
    let cloud = Cloud::new(settings);
    cloud.reach().await?;
    lambda_http::run(mayfly_rpc::lambda::router(cloud, sequencer)).await
}

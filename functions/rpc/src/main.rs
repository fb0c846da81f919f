//! The function `rpc` on AWS Lambda: JSON-RPC of every layer of a deployment.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER` | name of the function that writes |
//! | `MAYFLY_RPC` | its own name: it has subscribers told |
//! | `MAYFLY_SOCKETS_URL` | management URL of the WebSocket API: `https://<api>.execute-api.<region>.amazonaws.com/<stage>` |
//! | `MAYFLY_RESPONSES` | how a function URL is answered: `buffered`, as without it, or `streamed` |

use std::process::ExitCode;

use lambda_http::{
    Error, LambdaEvent,
    lambda_runtime::{self, service_fn},
};
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_rpc::lambda::{Names, Responses, Rpc};
use serde_json::value::RawValue;

/// Requests are made of many small things, with which the allocator of the C library takes a quarter of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    mayfly_aws::run(Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let variables = Variables::of_process();
    let settings = Settings::read(&variables)?;
    let sequencer =
        variables.required("MAYFLY_SEQUENCER", "the name of the function `sequencer`")?;
    let name = variables.required("MAYFLY_RPC", "the name of this function")?;
    let sockets = variables.url("MAYFLY_SOCKETS_URL")?;
    let responses = match variables.optional("MAYFLY_RESPONSES") {
        Some(_) => variables.parsed("MAYFLY_RESPONSES", "`buffered` or `streamed`")?,
        None => Responses::default(),
    };
    let cloud = Cloud::new(settings);
    cloud.reach().await?;
    let rpc = Rpc::new(cloud, Names { sequencer, rpc: name }, &sockets, responses);
    let answer = |event: LambdaEvent<Box<RawValue>>| Box::pin(rpc.answer(event));
    lambda_runtime::run(service_fn(answer)).await
}

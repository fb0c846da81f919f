//! The function `webhook` on AWS Lambda: the box office of every layer of a deployment.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_TABLE`, `MAYFLY_BUCKET` | where the layers are |
//! | `MAYFLY_SEQUENCER` | name of the function that writes |
//! | `MAYFLY_STRIPE_SECRET` | signing secret of the Stripe endpoint, or `ssm:<parameter>` |

use std::process::ExitCode;

use lambda_http::Error;
use mayfly_aws::{Cloud, Settings, Variables};
use mayfly_webhook::{Event, Shop, lambda, provider};

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
    let stripe = cloud.parameters().secret(&variables, "MAYFLY_STRIPE_SECRET", STRIPE).await?;
    cloud.reach().await?;
    let event = Event::of([Shop::new(&provider::STRIPE, &[stripe])?]);
    lambda_http::run(lambda::router(cloud, sequencer, event)).await
}

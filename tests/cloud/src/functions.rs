use std::{path::PathBuf, time::Duration};

use crate::{Function, Gateway, Ground};

/// What a deployment is told that is not made with it.
#[derive(Clone)]
pub struct Told {
    /// RPC URL of the L1.
    pub l1_url: String,
    /// Key that opens and settles layers: 32 bytes in hex.
    pub l1_key: String,
    /// Key that signs the mints of paid webhooks: 32 bytes in hex.
    pub minter_key: String,
    /// Signing secret of the shop.
    pub stripe_secret: String,
}

impl core::fmt::Debug for Told {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Told").field("l1_url", &self.l1_url).finish_non_exhaustive()
    }
}

/// All functions of a deployment, with memory and limits as Terraform has them, and retries without their minutes.
pub fn functions(ground: &Ground, gateway: &Gateway, told: &Told) -> Vec<Function> {
    let variables = variables(ground, gateway, told);
    let all = [
        ("rpc", 50, 512, 30, 0),
        ("webhook", 20, 256, 30, 0),
        ("sequencer", 3, 1_769, 900, 0),
        ("bridge", 1, 512, 120, 0),
        ("teardown", 10, 1_769, 900, 2),
        ("operator", 5, 512, 60, 0),
    ];
    let function =
        |(name, places, memory_mb, limit_s, retries): (&str, usize, u32, u64, usize)| Function {
            name: name.to_owned(),
            program: program(name),
            variables: variables.clone(),
            places,
            memory_mb,
            limit: Duration::from_secs(limit_s),
            retries,
            oldest: Duration::from_secs(60),
        };
    all.map(function).into()
}

fn variables(ground: &Ground, gateway: &Gateway, told: &Told) -> Vec<(String, String)> {
    let text = str::to_owned;
    let mut variables = ground.variables();
    variables.extend([
        ("MAYFLY_ENDPOINT_LAMBDA", gateway.url()),
        ("MAYFLY_ENDPOINT_SCHEDULER", gateway.url()),
        ("MAYFLY_RESPONSES", text("streamed")),
        ("MAYFLY_RPC", text("rpc")),
        ("MAYFLY_SEQUENCER", text("sequencer")),
        ("MAYFLY_SOCKETS_URL", gateway.sockets_url()),
        ("MAYFLY_TEARDOWN", text("teardown")),
        ("MAYFLY_TEARDOWN_ARN", text("arn:aws:lambda:us-east-1:123456789012:function:teardown")),
        ("MAYFLY_SCHEDULE_GROUP", text("mayfly")),
        ("MAYFLY_SCHEDULE_ROLE_ARN", text("arn:aws:iam::123456789012:role/schedules")),
        ("MAYFLY_POST_AFTER_S", text("60")),
        ("MAYFLY_PUBLIC_URL", gateway.url()),
        ("MAYFLY_STRIPE_SECRET", told.stripe_secret.clone()),
        ("MAYFLY_SHOP_SECRETS", "ssm:/night/shops/*".to_owned()),
        ("MAYFLY_L1_URL", told.l1_url.clone()),
        ("MAYFLY_L1_KEY", told.l1_key.clone()),
        ("MAYFLY_MINTER_KEY", told.minter_key.clone()),
        ("RUST_LOG", text("warn")),
    ]);
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A program of the workspace, which is built with the tests: each function has one that starts it.
///
/// # Panics
/// When it is not built.
pub fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a program knows where it is");
    // target/<profile>, or the folder `deps` in it.
    let mut folders = this.ancestors().skip(1).take(2);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.exists()));
    found.unwrap_or_else(|| {
        panic!("{name} is not beside {}: build the whole workspace", this.display())
    })
}

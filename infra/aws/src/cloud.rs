use std::{sync::Arc, time::Duration};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Region, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use node_core::{
    chain::LayerId,
    port::{PortError, Stores},
};

use crate::{
    Functions, News, Parameters, Registry, Schedules, Settings, SocketGateway, Sockets,
    api::Api,
    fault::{code, fault, missing},
    meter::{Count, Meters},
    metrics::{COLD_STARTS, Metrics},
    objects::Bucket,
    table::{Table, key},
};

/// How long one verb tries before it is unavailable.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// How long one attempt may take. The 99th percentile of a put is some tens of milliseconds.
const ATTEMPT: Duration = Duration::from_secs(3);

/// More than fit into [`DEADLINE`].
const ATTEMPTS: u32 = 12;

/// First pause before another attempt; each is twice as long as the one before, times a random part.
const PAUSE: Duration = Duration::from_millis(25);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The table and the bucket of a deployment.
#[derive(Debug, Clone)]
pub struct Cloud {
    settings: Settings,
    table: aws_sdk_dynamodb::Client,
    bucket: aws_sdk_s3::Client,
    meters: Meters,
    metrics: Metrics,
}

impl Cloud {
    /// Makes the client. Nothing is sent.
    pub fn new(settings: Settings) -> Self {
        let http = http();
        let table = aws_sdk_dynamodb::Client::from_conf(dynamodb(&settings, http.clone()));
        let bucket = aws_sdk_s3::Client::from_conf(s3(&settings, http));
        let meters = Meters::new(table.clone(), &settings);
        let metrics = Metrics::new(&settings.table);
        metrics.add(COLD_STARTS, 1);
        Self { settings, table, bucket, meters, metrics }
    }

    /// Asks both services once: connections and their TLS are ready afterwards, and a table, a bucket or a
    /// permission that is missing is known before the first request.
    ///
    /// # Errors
    /// [`PortError::NotFound`] and [`PortError::Refused`] name the table or the bucket.
    pub async fn reach(&self) -> Result<(), PortError> {
        let (table, bucket) = tokio::join!(self.check_table(), self.check_bucket());
        table.and(bucket)
    }

    /// What this was made from.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What this process uses.
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }

    /// What this process tells `CloudWatch`.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the stores of one layer, which count what they use.
    pub fn stores(&self, layer: LayerId) -> Stores {
        let meter = self.meters.of(layer);
        let config = self.table.config().to_builder().interceptor(Count(meter.clone()));
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let table = Arc::new(Table::new(client, self.settings.table.clone(), layer));
        let config = self.bucket.config().to_builder().interceptor(Count(meter));
        let client = aws_sdk_s3::Client::from_conf(config.build());
        let bucket = Bucket::new(client, self.settings.bucket.clone());
        Stores {
            inbox: table.clone(),
            log: table.clone(),
            registers: table.clone(),
            orders: table.clone(),
            objects: Arc::new(bucket),
            stored: table,
        }
    }

    /// Returns the registry of all layers.
    pub fn registry(&self) -> Registry {
        Registry { client: self.table.clone(), table: self.settings.table.clone() }
    }

    /// Returns what is kept of WebSocket connections; what that uses is counted for `layer`, if one is named.
    pub fn sockets(&self, layer: Option<LayerId>) -> Sockets {
        let config = self.table.config().to_builder();
        let config = match layer {
            Some(layer) => config.interceptor(Count(self.meters.of(layer))),
            None => config,
        };
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        Sockets::new(client, self.settings.table.clone())
    }

    /// Returns what has `rpc`, the function of this name, tell subscribers of new blocks.
    pub fn news(&self, rpc: &str) -> News {
        News { functions: self.functions(), rpc: rpc.into(), sockets: self.sockets(None) }
    }

    /// Returns what sends to WebSocket connections, by the management URL of their API.
    pub fn socket_gateway(&self, url: &str) -> SocketGateway {
        SocketGateway::new(&self.settings, url)
    }

    /// Returns what starts other functions.
    pub fn functions(&self) -> Functions {
        Functions(self.api("lambda", self.settings.endpoints.lambda.as_deref()))
    }

    /// Returns the schedules of a group.
    pub fn schedules(&self, group: impl Into<String>) -> Schedules {
        let api = self.api("scheduler", self.settings.endpoints.scheduler.as_deref());
        Schedules { api, group: group.into() }
    }

    /// Returns what reads secrets.
    pub fn parameters(&self) -> Parameters {
        Parameters(self.api("ssm", self.settings.endpoints.ssm.as_deref()))
    }

    fn api(&self, service: &'static str, endpoint: Option<&str>) -> Api {
        Api::new(service, &self.settings.region, credentials(&self.settings), endpoint)
    }

    /// Reads an item that nobody writes.
    async fn check_table(&self) -> Result<(), PortError> {
        let name = format!("table {}", self.settings.table);
        let read = self.table.get_item().table_name(&self.settings.table);
        let read = read.set_key(Some(key::item("log#none", "-"))).send().await;
        match read {
            Ok(_) => Ok(()),
            Err(error) if missing(&error) => Err(PortError::NotFound { name }),
            Err(error) => Err(fault(format!("read the {name}"), error)),
        }
    }

    /// Asks for an object that nobody writes: a function that may not list the bucket is answered 403 for it by
    /// S3, as for a missing permission, so that one proves only that the bucket is there.
    async fn check_bucket(&self) -> Result<(), PortError> {
        let name = format!("bucket {}", self.settings.bucket);
        let asked = self.bucket.get_object().bucket(&self.settings.bucket).key("layers/none");
        match asked.send().await {
            Ok(_) => Ok(()),
            Err(error) => match code(&error) {
                Some("NoSuchKey" | "AccessDenied") => Ok(()),
                Some("NoSuchBucket") => Err(PortError::NotFound { name }),
                _ => Err(fault(format!("read the {name}"), error)),
            },
        }
    }
}

/// Makes an HTTP client with the TLS stack that everything else here has.
pub fn http() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(PAUSE)
        .with_max_backoff(LONGEST_PAUSE)
}

fn timeouts() -> TimeoutConfig {
    let connect = Duration::from_secs(1);
    let times =
        TimeoutConfig::builder().connect_timeout(connect).operation_attempt_timeout(ATTEMPT);
    times.operation_timeout(DEADLINE).build()
}

pub(crate) fn credentials(settings: &Settings) -> Credentials {
    let (id, secret, token) = &settings.credentials;
    Credentials::new(id, secret, token.clone(), None, "environment")
}

fn dynamodb(settings: &Settings, http: SharedHttpClient) -> aws_sdk_dynamodb::Config {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials(settings))
        .http_client(http)
        .retry_config(retries())
        .timeout_config(timeouts());
    config.set_endpoint_url(settings.endpoints.dynamodb.clone());
    config.build()
}

fn s3(settings: &Settings, http: SharedHttpClient) -> aws_sdk_s3::Config {
    let mut config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials(settings))
        .http_client(http)
        .retry_config(retries())
        // A pack of 100 MB takes longer than an item does.
        .timeout_config(
            timeouts()
                .to_builder()
                .operation_attempt_timeout(DEADLINE)
                .operation_timeout(3 * DEADLINE)
                .build(),
        )
        .force_path_style(settings.endpoints.s3.is_some());
    config.set_endpoint_url(settings.endpoints.s3.clone());
    config.build()
}

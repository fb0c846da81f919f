use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use mayfly_aws::{Cloud, Settings, Variables};
use node_core::chain::LayerId;
use serde_json::json;

use crate::{moto::Moto, tables::Tables};

/// Name of the table.
const TABLE: &str = "mayfly";

/// Name of the bucket.
pub(crate) const BUCKET: &str = "mayfly-objects";

/// An empty table and an empty bucket, as Terraform makes them; gone when dropped.
#[derive(Debug)]
pub struct Ground {
    tables: Tables,
    moto: Moto,
}

impl Ground {
    /// Starts the emulators, and makes table and bucket.
    ///
    /// # Panics
    /// When that fails: a test cannot go on.
    pub async fn start() -> Self {
        let ground = Self { tables: Tables::start(), moto: Moto::start() };
        ground.make_table().await;
        ground.make_bucket().await;
        ground
    }

    /// Environment variables with which a function finds this ground.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let text = str::to_owned;
        vec![
            ("AWS_REGION", text("us-east-1")),
            ("AWS_ACCESS_KEY_ID", text("test")),
            ("AWS_SECRET_ACCESS_KEY", text("test")),
            ("MAYFLY_TABLE", text(TABLE)),
            ("MAYFLY_BUCKET", text(BUCKET)),
            ("MAYFLY_ENDPOINT_DYNAMODB", self.tables.url()),
            ("MAYFLY_ENDPOINT_S3", self.moto.url()),
            ("MAYFLY_ENDPOINT_SSM", self.moto.url()),
        ]
    }

    /// What a function reads from [`Self::variables`].
    ///
    /// # Panics
    /// Never: the variables are good.
    pub fn settings(&self) -> Settings {
        Settings::read(&Variables::from_iter(self.variables())).expect("good variables")
    }

    /// A client of its own, as each function has.
    ///
    /// # Panics
    /// When table or bucket cannot be reached.
    pub async fn cloud(&self) -> Cloud {
        let cloud = Cloud::new(self.settings());
        cloud.reach().await.expect("the ground is there");
        cloud
    }

    /// Keys of all items that have to do with a layer, but its entry in the registry.
    ///
    /// # Panics
    /// When the table cannot be read.
    pub async fn items_of(&self, layer: LayerId) -> Vec<String> {
        let layer = layer.to_string();
        let scan = self.client().scan().table_name(TABLE).consistent_read(true);
        let scan = scan.filter_expression("contains(pk, :layer) OR #layer = :layer");
        let scan = scan.expression_attribute_names("#layer", "layer");
        let scan = scan.expression_attribute_values(":layer", AttributeValue::S(layer));
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let text = |value: &AttributeValue| value.as_s().expect("a text").clone();
        let key = |item: HashMap<_, _>| format!("{} {}", text(&item["pk"]), text(&item["sk"]));
        items.expect("the table can be read").into_iter().map(key).collect()
    }

    /// Puts a secret where functions look for it, in place of the one before.
    ///
    /// # Panics
    /// When the emulator does not take it.
    pub async fn keep_secret(&self, name: &str, secret: &str) {
        let body =
            json!({ "Name": name, "Value": secret, "Type": "SecureString", "Overwrite": true });
        // The emulator looks at the service in it, and at nothing else.
        let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ssm/aws4_request";
        let put = reqwest::Client::new()
            .post(self.moto.url())
            .header("x-amz-target", "AmazonSSM.PutParameter")
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", signed)
            .body(body.to_string());
        let answer = put.send().await.expect("the emulator answers");
        assert!(answer.status().is_success(), "{name}: {:?}", answer.text().await);
    }

    fn client(&self) -> aws_sdk_dynamodb::Client {
        let settings = self.settings();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
            .region(aws_sdk_dynamodb::config::Region::new(settings.region))
            .credentials_provider(aws_sdk_dynamodb::config::Credentials::new(
                "test", "test", None, None, "test",
            ))
            .http_client(mayfly_aws::http())
            .endpoint_url(self.tables.url());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    async fn make_table(&self) {
        let client = self.client();
        let create =
            client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let create = [("pk", KeyType::Hash), ("sk", KeyType::Range)].into_iter().fold(
            create,
            |create, (name, key)| {
                let attribute = AttributeDefinition::builder()
                    .attribute_name(name)
                    .attribute_type(ScalarAttributeType::S);
                let element = KeySchemaElement::builder().attribute_name(name).key_type(key);
                create
                    .attribute_definitions(attribute.build().expect("complete"))
                    .key_schema(element.build().expect("complete"))
            },
        );
        create.send().await.expect("the table can be made");
    }

    async fn make_bucket(&self) {
        let settings = self.settings();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
            .region(aws_sdk_s3::config::Region::new(settings.region))
            .credentials_provider(aws_sdk_s3::config::Credentials::new(
                "test", "test", None, None, "test",
            ))
            .http_client(mayfly_aws::http())
            .force_path_style(true)
            .endpoint_url(self.moto.url());
        let client = aws_sdk_s3::Client::from_conf(config.build());
        client.create_bucket().bucket(BUCKET).send().await.expect("the bucket can be made");
    }
}

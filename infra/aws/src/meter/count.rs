use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
            BeforeTransmitInterceptorContextRef,
        },
    },
    error::BoxError,
    operation::{
        batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::{interceptors::context::Output, orchestrator::Metadata};
use mayfly_cost::Usage;

use super::Meter;

/// Counts what the requests of a client use, attempt by attempt: AWS counts those too.
#[derive(Debug)]
pub(crate) struct Count(pub(crate) Meter);

/// Has the service say what a request used.
macro_rules! ask {
    ($input:expr, $($of:ty),+) => {
        $(if let Some(input) = $input.downcast_mut::<$of>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        })+
    };
}

/// What the service says that a request used.
macro_rules! told {
    ($output:expr, $($of:ty),+) => {
        $(if let Some(output) = $output.downcast_ref::<$of>() {
            return output.consumed_capacity.as_ref().map_or(0, milli);
        })+
    };
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Count {
    fn name(&self) -> &'static str {
        "Count"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        ask!(input, GetItemInput, PutItemInput, DeleteItemInput, QueryInput, ScanInput);
        ask!(input, BatchWriteItemInput, TransactWriteItemsInput, UpdateItemInput);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        // A body that is sent in chunks with its checksum says its own length in a header.
        let decoded = request.headers().get("x-amz-decoded-content-length");
        let decoded = decoded.and_then(|text| text.parse().ok());
        let bytes = decoded.or_else(|| request.body().content_length()).unwrap_or_default();
        self.0.add(match config.load::<Metadata>().map_or("", Metadata::name) {
            "PutObject" => Usage { object_writes: 1, object_bytes: bytes, ..Usage::default() },
            "ListObjectsV2" => Usage { object_writes: 1, ..Usage::default() },
            "GetObject" => Usage { object_reads: 1, ..Usage::default() },
            // Deleting is free, and items are counted when they are answered.
            _ => return Ok(()),
        });
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        let is_read = matches!(operation, "GetItem" | "Query" | "Scan");
        let is_write = matches!(
            operation,
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        );
        let units = match context.output_or_error() {
            Ok(output) => units(output),
            // A write whose condition fails is paid for, and does not say how much: one unit is the least.
            Err(error) if is_write && error.as_operation_error().is_some() => 1_000,
            Err(_) => 0,
        };
        if is_read {
            self.0.add(Usage { read_milli_units: units, ..Usage::default() });
        } else if is_write {
            self.0.add(Usage { write_milli_units: units, ..Usage::default() });
        }
        Ok(())
    }
}

/// Thousandths of units that an answer says.
fn units(output: &Output) -> u64 {
    told!(output, GetItemOutput, PutItemOutput, DeleteItemOutput, QueryOutput, ScanOutput);
    told!(output, UpdateItemOutput);
    let all = |consumed: &[ConsumedCapacity]| consumed.iter().map(milli).sum();
    if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
        return all(output.consumed_capacity());
    }
    output
        .downcast_ref::<BatchWriteItemOutput>()
        .map_or(0, |output| all(output.consumed_capacity()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the service says it as a float that is a multiple of a half; one that is not a number is none"
)]
fn milli(consumed: &ConsumedCapacity) -> u64 {
    (consumed.capacity_units.unwrap_or_default() * 1_000.0).round() as u64
}

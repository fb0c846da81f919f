output "url" {
  description = "Where the HTTP API is reached; the RPC of a layer is at `/<layer>`."
  value       = coalesce(var.public_url, aws_apigatewayv2_api.this.api_endpoint)
}

output "sockets_url" {
  description = "Where the WebSocket API is reached; a client connects to a layer at this URL with `?layer=<layer>` behind it."
  value       = aws_apigatewayv2_stage.sockets.invoke_url
}

output "streaming_url" {
  description = "URL of the function rpc itself, if there is one: the RPC of a layer is at `<layer>` behind it, and answers may be larger than 6 MB."
  value       = one(aws_lambda_function_url.rpc[*].function_url)
}

output "layers" {
  description = "What the operator said when it opened the layers that are declared here: `layer`, `rpc_url`, `webhook_url`, `webhook_urls` (of each shop), `chain_id`, `ends_at_s`, `l1`."
  value       = { for key, opened in aws_lambda_invocation.layer : key => try(jsondecode(opened.result), null) }
}

output "functions" {
  description = "Names of the functions. `operator` opens and closes layers for whoever may invoke it."
  value       = { for key, function in aws_lambda_function.this : key => function.function_name }
}

output "operator_arn" {
  description = "ARN of the function that opens and closes layers: what to allow `lambda:InvokeFunction` on."
  value       = aws_lambda_function.this["operator"].arn
}

output "table" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "bucket" {
  description = "Name of the bucket. Bundles for auditors are under `bundles/`."
  value       = aws_s3_bucket.this.bucket
}

output "schedule_group" {
  description = "Name of the group that the schedules are in, also those that end layers."
  value       = aws_scheduler_schedule_group.this.name
}

output "dead_letters" {
  description = "URL of the queue with what failed for good."
  value       = aws_sqs_queue.dead_letters.url
}

output "signing_key" {
  description = "ARN of the KMS key that functions sign on the L1 with, if there is one. The operator says which account it is: `{\"action\": \"account\"}`."
  value       = one(aws_kms_key.signer[*].arn)
}

output "blueprint" {
  description = "What was decided for each function: memory, time limit, environment and policy, for those who review or test it."
  value       = local.blueprint.functions
}

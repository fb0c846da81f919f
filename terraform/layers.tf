# Layers that are declared here are opened by the operator when they are applied, and only then: it gives the same layer
# for the same key, changes nothing of it later, and refuses to forget one that has not ended. So a destruction stops
# here, before anything is gone that a layer needs, until every layer has ended.

resource "aws_lambda_invocation" "layer" {
  for_each = var.layers

  function_name   = aws_lambda_function.this["operator"].function_name
  lifecycle_scope = "CRUD"
  input = jsonencode(merge(
    {
      action       = "open"
      key          = each.key
      name         = each.value.name
      chain_id     = each.value.chain_id
      ends_in_s    = each.value.ends_in_s
      base_fee_wei = each.value.base_fee_wei
      posting      = each.value.posting
      finality     = each.value.finality
    },
    # What is not said is not asked for: what was applied before there was a word for it stays as it was.
    length(each.value.bridge) == 0 ? {} : { bridge = each.value.bridge },
    length(each.value.attestors) == 0 ? {} : { attestors = each.value.attestors },
    each.value.window_s == 0 ? {} : { window_s = each.value.window_s },
    each.value.bulk_from == null ? {} : { bulk_from = each.value.bulk_from },
    each.value.quorum == null ? {} : { quorum = each.value.quorum },
    each.value.ticket == null ? {} : { ticket = each.value.ticket },
    each.value.event == null ? {} : { event = each.value.event },
    each.value.access == null ? {} : { access = jsondecode(each.value.access) },
    each.value.tvl_cap_wei == null ? {} : { tvl_cap_wei = each.value.tvl_cap_wei },
  ))

  # A layer needs all of it until it has ended.
  depends_on = [
    aws_apigatewayv2_route.this,
    aws_apigatewayv2_stage.this,
    aws_dynamodb_table.this,
    aws_iam_role_policy.function,
    aws_iam_role_policy.scheduler,
    aws_lambda_function_event_invoke_config.this,
    aws_lambda_permission.api,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_public_access_block.this,
    aws_scheduler_schedule.this,
  ]
}

# What failed for good: ends and watches that Lambda or the scheduler gave up on.
resource "aws_sqs_queue" "dead_letters" {
  name                      = local.blueprint.names.dead_letters
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags
}

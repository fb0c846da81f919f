resource "aws_cloudwatch_log_group" "this" {
  for_each = local.blueprint.names.log_groups

  name              = each.value
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

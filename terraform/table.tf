resource "aws_dynamodb_table" "this" {
  name         = local.blueprint.names.table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = local.blueprint.table.hash_key
  range_key    = local.blueprint.table.range_key
  tags         = local.tags

  attribute {
    name = local.blueprint.table.hash_key
    type = "S"
  }

  attribute {
    name = local.blueprint.table.range_key
    type = "S"
  }

  ttl {
    attribute_name = local.blueprint.table.ttl_attribute
    enabled        = true
  }
}

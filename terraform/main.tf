# What a deployment consists of is decided in `blueprint`, which needs no provider. This module makes it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

module "blueprint" {
  source = "./blueprint"

  name = var.name
  place = {
    partition  = data.aws_partition.current.partition
    region     = data.aws_region.current.id
    account_id = data.aws_caller_identity.current.account_id
  }
  l1         = { url = var.l1_url, factory = var.l1_factory }
  public_url = coalesce(var.public_url, aws_apigatewayv2_api.this.api_endpoint)
  sockets = {
    endpoint = aws_apigatewayv2_api.sockets.api_endpoint
    arn      = aws_apigatewayv2_api.sockets.execution_arn
  }
  streaming             = var.enable_streaming
  secrets               = var.secrets
  signing_key           = one([for key in aws_kms_key.signer : { arn = key.arn }])
  post_after_s          = var.post_after_s
  sequencer_concurrency = var.sequencer_concurrency
}

locals {
  blueprint = module.blueprint
  tags      = merge(var.tags, { "mayfly:deployment" = var.name })
}

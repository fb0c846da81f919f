# Every name and ARN. They are put together here, so that a plan shows complete policies before anything exists.

locals {
  arn = {
    for service in ["dynamodb", "lambda", "logs", "scheduler", "sqs", "ssm"] :
    service => "arn:${var.place.partition}:${service}:${var.place.region}:${var.place.account_id}"
  }

  names = {
    table          = var.name
    bucket         = "${var.name}-${var.place.account_id}-${var.place.region}"
    dead_letters   = "${var.name}-dead-letters"
    schedule_group = var.name
    schedule_role  = "${var.name}-scheduler"
    functions      = { for key in keys(local.settings) : key => "${var.name}-${key}" }
    log_groups     = { for key in keys(local.settings) : key => "/aws/lambda/${var.name}-${key}" }
  }

  arns = {
    table          = "${local.arn.dynamodb}:table/${local.names.table}"
    bucket         = "arn:${var.place.partition}:s3:::${local.names.bucket}"
    dead_letters   = "${local.arn.sqs}:${local.names.dead_letters}"
    schedule_group = "${local.arn.scheduler}:schedule-group/${local.names.schedule_group}"
    schedules      = "${local.arn.scheduler}:schedule/${local.names.schedule_group}/*"
    sockets        = "${var.sockets.arn}/live"
    schedule_role  = "arn:${var.place.partition}:iam::${var.place.account_id}:role/${local.names.schedule_role}"
    functions      = { for key, name in local.names.functions : key => "${local.arn.lambda}:function:${name}" }
    log_groups     = { for key, name in local.names.log_groups : key => "${local.arn.logs}:log-group:${name}" }
    parameters = merge(
      {
        for key in ["l1_key", "minter_key", "stripe_secret"] :
        key => "${local.arn.ssm}:parameter/${trimprefix(var.secrets[key], "/")}" if var.secrets[key] != null
      },
      { for path in [var.secrets.shops] : "shops" => "${local.arn.ssm}:parameter${path}/*" if path != null },
    )
  }

  has_shop = var.secrets.stripe_secret != null || var.secrets.shops != null
}

# What happens by the clock. The end of a layer has a schedule of its own, which the operator makes when it opens it.

locals {
  schedules = {
    watch = {
      expression = "rate(1 minute)"
      function   = "bridge"
      input      = "{}"
      retries    = 0
      max_age_s  = 60
    }
  }

  schedule_policy = [
    {
      Sid      = "Invoke"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [local.arns.functions.bridge, local.arns.functions.teardown]
    },
    {
      Sid      = "DeadLetters"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [local.arns.dead_letters]
    },
  ]

  # Only schedules of this group may take the role.
  schedule_trust = [
    {
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.place.account_id
        "aws:SourceArn"     = local.arns.schedule_group
      } }
    },
  ]

  function_trust = [
    {
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    },
  ]
}

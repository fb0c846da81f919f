# Who may do what: exact actions, on exact ARNs, for each function.

locals {
  # Actions on items, by partition key. The first word of a key says what kind of thing the item is.
  items = {
    rpc = merge(local.metered, {
      GetItem    = ["connection#*", "dropped#*", "layers", "log#*", "order#*", "register#*", "socket#*", "told#*"]
      Query      = ["inbox#*", "meter#*", "socket#*"]
      PutItem    = ["connection#*", "inbox#*", "meter#*", "register#*#filter-*", "socket#*", "told#*"]
      UpdateItem = ["told#*"]
      DeleteItem = ["connection#*", "dropped#*", "socket#*", "told#*"]
      # What is kept of a connection is written together with a look at whether the layer is still there.
      ConditionCheckItem = concat(["register#*#phase"], local.metered.ConditionCheckItem)
    })
    webhook = merge(local.metered, {
      # Blocks are read for the list of who was let in.
      GetItem = ["layers", "log#*", "order#*", "register#*"]
      Query   = ["order#*"]
      PutItem = ["due#*", "meter#*", "order#*"]
    })
    sequencer = merge(local.writer, local.metered, {
      BatchWriteItem = ["dropped#*", "inbox#*"]
    })
    bridge = merge(local.metered, {
      GetItem    = ["dropped#*", "log#*", "order#*", "register#*", "told#*"]
      Query      = ["due#*", "inbox#*", "layers", "order#*"]
      PutItem    = ["due#*", "inbox#*", "meter#*", "order#*", "register#*"]
      DeleteItem = ["dropped#*", "due#*"]
    })
    teardown = merge(local.writer, local.metered, {
      BatchWriteItem = ["*"]
      # The last deposits are brought in by the end itself, as the bridge does.
      GetItem    = concat(["dropped#*", "layers"], local.writer.GetItem)
      PutItem    = concat(["inbox#*", "layers"], local.writer.PutItem)
      DeleteItem = concat(["dropped#*"], local.writer.DeleteItem)
      Query      = concat(["meter#*", "order#*"], local.writer.Query)
      Scan       = ["*"]
    })
    operator = merge(local.metered, {
      # log#none is what every function asks for when it starts, to learn whether it may.
      GetItem = ["layers", "log#none", "register#*"]
      PutItem = ["layers", "meter#*", "register#*"]
    })
  }

  # A meter is written with a look at the layer's entry in the registry: none is after the end.
  metered = { ConditionCheckItem = ["layers"] }

  # What it takes to write blocks; the end of a layer is written, too.
  writer = {
    GetItem    = ["log#*", "order#*", "register#*", "told#*"]
    Query      = ["due#*", "inbox#*"]
    PutItem    = ["log#*", "meter#*", "order#*", "register#*"]
    DeleteItem = ["due#*"]
  }

  # Actions on objects, by name.
  objects = {
    rpc       = { GetObject = ["layers/*"] }
    webhook   = { GetObject = ["layers/*"] }
    sequencer = { GetObject = ["layers/*"], PutObject = ["layers/*"] }
    bridge    = { GetObject = ["layers/*"] }
    teardown  = { GetObject = ["layers/*"], PutObject = ["bundles/*", "layers/*"], DeleteObject = ["layers/*"] }
    operator  = { GetObject = ["layers/*"], PutObject = ["layers/*"] }
  }

  # Functions that a function wakes.
  wakes = {
    rpc       = ["rpc", "sequencer"]
    webhook   = ["sequencer"]
    sequencer = ["rpc", "sequencer"]
    bridge    = ["rpc", "sequencer", "teardown"]
    teardown  = ["rpc"]
    operator  = ["teardown"]
  }

  # Secrets that a function reads when it starts, as far as this deployment has them.
  reads = {
    for key, secrets in {
      rpc       = []
      webhook   = ["shops", "stripe_secret"]
      sequencer = ["minter_key"]
      bridge    = ["l1_key", "shops"]
      teardown  = ["l1_key", "minter_key"]
      operator  = ["l1_key", "minter_key", "shops"]
    } : key => [for name in secrets : local.arns.parameters[name] if contains(keys(local.arns.parameters), name)]
  }

  # Functions that sign on the L1.
  signs = ["bridge", "teardown", "operator"]

  # The schedule of a layer's end: made by whoever opens the layer, gone when the layer is.
  end_schedules = "${trimsuffix(local.arns.schedules, "*")}end-*"
  extra = {
    rpc = [
      { Sid = "Sockets", Effect = "Allow", Action = ["execute-api:ManageConnections"], Resource = local.sockets.connections },
    ]
    teardown = [
      { Sid = "Unschedule", Effect = "Allow", Action = ["scheduler:DeleteSchedule"], Resource = [local.end_schedules] },
    ]
    operator = [
      { Sid = "Schedule", Effect = "Allow", Action = ["scheduler:CreateSchedule"], Resource = [local.end_schedules] },
      {
        Sid       = "PassScheduleRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [local.arns.schedule_role]
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
    ]
  }

  policies = {
    for key in keys(local.settings) : key => concat(
      # No CreateLogGroup: a late invocation would make the group again after it was destroyed.
      [{
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${local.arns.log_groups[key]}:*"]
      }],
      [for action, kinds in local.items[key] : {
        Sid       = "Items${action}"
        Effect    = "Allow"
        Action    = ["dynamodb:${action}"]
        Resource  = [local.arns.table]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = kinds } }
      } if kinds != ["*"]],
      [for action, kinds in local.items[key] : {
        Sid      = "Items${action}"
        Effect   = "Allow"
        Action   = ["dynamodb:${action}"]
        Resource = [local.arns.table]
      } if kinds == ["*"]],
      [for action, names in local.objects[key] : {
        Sid      = "Objects${action}"
        Effect   = "Allow"
        Action   = ["s3:${action}"]
        Resource = [for name in names : "${local.arns.bucket}/${name}"]
      }],
      # Without it, S3 answers 403 instead of 404 when there is no such object. The request that reads an object has no
      # prefix, hence IfExists.
      [for action in ["GetObject"] : {
        Sid       = "ObjectsList"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = [local.arns.bucket]
        Condition = { StringLikeIfExists = { "s3:prefix" = ["layers/*"] } }
      } if can(local.objects[key][action])],
      [for called in [local.wakes[key]] : {
        Sid      = "Wake"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [for name in called : local.arns.functions[name]]
      } if length(called) > 0],
      [for parameters in [local.reads[key]] : {
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = parameters
      } if length(parameters) > 0],
      [for kms_key in [var.secrets.kms_key_arn] : {
        Sid       = "SecretsKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [kms_key]
        Condition = { StringEquals = { "kms:ViaService" = "ssm.${var.place.region}.amazonaws.com" } }
      } if kms_key != null && length(local.reads[key]) > 0],
      [for signing_key in [var.signing_key] : {
        Sid      = "Sign"
        Effect   = "Allow"
        Action   = ["kms:GetPublicKey", "kms:Sign"]
        Resource = [signing_key.arn]
      } if signing_key != null && contains(local.signs, key)],
      [for asynchronous in [try(local.asynchronous[key], null)] : {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [local.arns.dead_letters]
      } if try(asynchronous.keep_failures, false)],
      try(local.extra[key], []),
    )
  }
}

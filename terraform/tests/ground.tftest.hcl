# What is planned, with a provider that is only played. Names, ARNs and policies are known before anything exists, so a
# plan says all of it.

mock_provider "aws" {
  # What AWS gives an API, known in plans too, because policies name it.
  mock_resource "aws_apigatewayv2_api" {
    override_during = plan
    defaults = {
      id            = "ab12cd34"
      api_endpoint  = "wss://ab12cd34.execute-api.eu-central-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-central-1:210987654321:ab12cd34"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "210987654321" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
}

variables {
  name         = "night"
  artifact_dir = "nowhere"
  artifacts = {
    for function in ["rpc", "webhook", "sequencer", "bridge", "teardown", "operator"] :
    function => "tests/placeholder.zip"
  }
  l1_url     = "https://l1.example/rpc"
  public_url = "https://night.example"
  secrets = {
    l1_key        = "/night/l1-key"
    minter_key    = "/night/minter-key"
    stripe_secret = "/night/stripe-secret"
  }
}

run "makes_everything" {
  command = plan

  assert {
    condition     = keys(aws_lambda_function.this) == ["bridge", "operator", "rpc", "sequencer", "teardown", "webhook"]
    error_message = "functions: ${join(", ", keys(aws_lambda_function.this))}"
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : function.runtime == "provided.al2023" && function.architectures == tolist(["arm64"])])
    error_message = "expected functions for arm64 on provided.al2023"
  }

  assert {
    condition     = alltrue([for key, function in aws_lambda_function.this : function.logging_config[0].log_group == aws_cloudwatch_log_group.this[key].name])
    error_message = "expected every function to log to its own group"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 14])
    error_message = "expected logs to be kept for 14 days"
  }

  assert {
    condition     = aws_lambda_function.this["sequencer"].reserved_concurrent_executions == -1 && alltrue([for config in aws_lambda_function_recursion_config.this : config.recursive_loop == "Allow"]) && keys(aws_lambda_function_recursion_config.this) == ["rpc", "sequencer"]
    error_message = "expected a sequencer without reserved environments, and who may hand over for ever"
  }

  assert {
    condition     = keys(aws_lambda_function_event_invoke_config.this) == ["bridge", "rpc", "sequencer", "teardown"]
    error_message = "asynchronous: ${join(", ", keys(aws_lambda_function_event_invoke_config.this))}"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this["sequencer"].maximum_retry_attempts == 0 && length(aws_lambda_function_event_invoke_config.this["sequencer"].destination_config) == 0
    error_message = "expected a doorbell to be rung once, and forgotten"
  }

  assert {
    condition     = aws_dynamodb_table.this.name == "night" && aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "expected a table on demand with keys pk and sk"
  }

  assert {
    condition     = aws_s3_bucket.this.bucket == "night-210987654321-eu-central-1" && length(aws_s3_bucket_policy.tls_only) == 1
    error_message = "expected a bucket with the account and region in its name, for TLS only"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "expected a bucket that nobody can make public"
  }

  assert {
    condition = keys(aws_apigatewayv2_route.this) == [
      "$default", "GET /{layer}/claims/{token}", "GET /{layer}/office/{what+}", "OPTIONS /{layer}/claims/{token}",
      "POST /{layer}/claims/{token}", "POST /{layer}/office/{what+}", "POST /{layer}/webhooks/{shop}",
    ]
    error_message = "routes: ${join(", ", keys(aws_apigatewayv2_route.this))}"
  }

  assert {
    condition     = aws_scheduler_schedule.this["watch"].group_name == "night" && aws_scheduler_schedule.this["watch"].schedule_expression == "rate(1 minute)"
    error_message = "expected a watch every minute in the group of the deployment"
  }

  assert {
    condition     = length(aws_budgets_budget.this) == 0 && length(aws_lambda_invocation.layer) == 0 && length(aws_kms_key.signer) == 0
    error_message = "expected neither a budget, layers nor a key that nobody asked for"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : startswith(alarm.alarm_name, "night-") && alarm.treat_missing_data == "notBreaching"])
    error_message = "expected alarms of this deployment that silence does not raise"
  }
}

run "allows_exactly_what_is_needed" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["rpc"].policy).Statement : statement.Resource
      if contains(statement.Action, "lambda:InvokeFunction")
    ] == [["arn:aws:lambda:eu-central-1:210987654321:function:night-rpc", "arn:aws:lambda:eu-central-1:210987654321:function:night-sequencer"]]
    error_message = "expected rpc to wake the sequencer and who tells subscribers, and nothing else"
  }

  assert {
    condition     = length([for action in flatten([for statement in jsondecode(aws_iam_role_policy.function["rpc"].policy).Statement : statement.Action]) : action if contains(["s3:PutObject", "s3:DeleteObject", "ssm:GetParameter"], action)]) == 0
    error_message = "expected rpc to write no object and read no secret"
  }

  assert {
    condition     = jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceArn"] == "arn:aws:scheduler:eu-central-1:210987654321:schedule-group/night"
    error_message = "expected the scheduler's role to be for schedules of this deployment"
  }
}

run "lets_clients_subscribe" {
  command = plan

  assert {
    condition     = aws_apigatewayv2_api.sockets.protocol_type == "WEBSOCKET" && keys(aws_apigatewayv2_route.sockets) == ["$connect", "$default", "$disconnect"]
    error_message = "routes: ${join(", ", keys(aws_apigatewayv2_route.sockets))}"
  }

  assert {
    condition     = aws_apigatewayv2_route.sockets["$default"].route_response_selection_expression == "$default" && aws_apigatewayv2_route.sockets["$connect"].route_response_selection_expression == null
    error_message = "expected answers to messages, and to nothing else"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["rpc"].policy).Statement : statement.Resource
      if contains(statement.Action, "execute-api:ManageConnections")
      ] == [[
        "arn:aws:execute-api:eu-central-1:210987654321:ab12cd34/live/DELETE/@connections/*",
        "arn:aws:execute-api:eu-central-1:210987654321:ab12cd34/live/POST/@connections/*",
    ]]
    error_message = "expected rpc to send to the connections of this API, and to close them"
  }

  assert {
    condition = toset([for permission in aws_lambda_permission.sockets : permission.source_arn]) == toset([
      for route in ["$connect", "$default", "$disconnect"] : "arn:aws:execute-api:eu-central-1:210987654321:ab12cd34/live/${route}"
    ])
    error_message = "expected the API to call rpc for its own routes"
  }

  assert {
    condition     = aws_apigatewayv2_stage.sockets.default_route_settings[0].throttling_rate_limit == 2000 && length(aws_apigatewayv2_stage.sockets.access_log_settings) == 0
    error_message = "expected a limit, and no log that nobody asked for"
  }

  assert {
    condition     = aws_lambda_function.this["rpc"].environment[0].variables["MAYFLY_SOCKETS_URL"] == "https://ab12cd34.execute-api.eu-central-1.amazonaws.com/live" && aws_lambda_function.this["rpc"].environment[0].variables["MAYFLY_RESPONSES"] == "buffered"
    error_message = "expected rpc to know where it sends, and to answer whole"
  }

  assert {
    condition     = length(aws_lambda_function_url.rpc) == 0 && length(aws_lambda_permission.url_invoke) == 0
    error_message = "expected no function URL that nobody asked for"
  }
}

run "logs_who_connects" {
  command = plan

  variables {
    enable_socket_logs = true
  }

  assert {
    condition     = aws_cloudwatch_log_group.sockets[0].name == "/aws/apigateway/night-sockets" && aws_cloudwatch_log_group.sockets[0].retention_in_days == 14
    error_message = "expected a group of its own for the accesses"
  }

  assert {
    condition     = !strcontains(one(aws_apigatewayv2_stage.sockets.access_log_settings).format, "sourceIp") && jsondecode(one(aws_apigatewayv2_stage.sockets.access_log_settings).format).connection == "$context.connectionId"
    error_message = "expected connections in the log, and no addresses"
  }
}

run "streams_answers" {
  command = plan

  variables {
    enable_streaming = true
  }

  assert {
    condition     = aws_lambda_function_url.rpc[0].invoke_mode == "RESPONSE_STREAM" && aws_lambda_function.this["rpc"].environment[0].variables["MAYFLY_RESPONSES"] == "streamed"
    error_message = "expected a function URL that streams, and a function that does"
  }

  assert {
    condition     = aws_lambda_permission.url[0].function_url_auth_type == "NONE" && aws_lambda_permission.url_invoke[0].action == "lambda:InvokeFunction"
    error_message = "expected both permissions that Lambda wants for a URL"
  }
}

run "leaves_out_the_shop" {
  command = plan

  variables {
    secrets = {
      l1_key     = "/night/l1-key"
      minter_key = "/night/minter-key"
    }
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.this), "webhook") && keys(aws_apigatewayv2_route.this) == ["$default"]
    error_message = "expected no webhook without a signing secret"
  }
}

run "opens_layers" {
  command = plan

  variables {
    layers = {
      opening = { name = "Opening night", chain_id = 265669, ends_in_s = 21600, posting = "blobs" }
      sworn = {
        name      = "Sworn", chain_id = 7, ends_in_s = 60, bridge = ["erc721:0x0000000000000000000000000000000000000007"], bulk_from = 9
        attestors = ["0x0000000000000000000000000000000000000008=https://one.example"], quorum = 1, window_s = 5
        ticket    = "0x0000000000000000000000000000000000000009", event = "[shops.x]", access = "{\"methods\":[]}", tvl_cap_wei = "3"
      }
    }
  }

  assert {
    condition = jsondecode(aws_lambda_invocation.layer["sworn"].input) == {
      action    = "open", key = "sworn", name = "Sworn", chain_id = 7, ends_in_s = 60, base_fee_wei = 0, posting = "leaves", finality = "finalized"
      bridge    = ["erc721:0x0000000000000000000000000000000000000007"], bulk_from = 9, quorum = 1, window_s = 5
      attestors = ["0x0000000000000000000000000000000000000008=https://one.example"], access = { methods = [] }
      ticket    = "0x0000000000000000000000000000000000000009", event = "[shops.x]", tvl_cap_wei = "3"
    }
    error_message = "asked: ${aws_lambda_invocation.layer["sworn"].input}"
  }

  assert {
    condition = jsondecode(aws_lambda_invocation.layer["opening"].input) == {
      action = "open", key = "opening", name = "Opening night", chain_id = 265669, ends_in_s = 21600, base_fee_wei = 0, posting = "blobs", finality = "finalized"
    }
    error_message = "asked: ${aws_lambda_invocation.layer["opening"].input}"
  }

  assert {
    condition     = aws_lambda_invocation.layer["opening"].lifecycle_scope == "CRUD"
    error_message = "expected the operator to be asked before a layer is forgotten"
  }
}

run "makes_a_budget" {
  command = plan

  variables {
    enable_budget = true
    budget        = { limit_usd = 20, emails = ["ops@example.com"] }
  }

  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "20" && one(aws_budgets_budget.this[0].cost_filter).values == tolist(["user:mayfly:deployment$night"])
    error_message = "expected a budget of 20 USD for what has the tag of this deployment"
  }
}

run "a_budget_tells_somebody" {
  command = plan

  variables {
    enable_budget = true
  }

  expect_failures = [aws_budgets_budget.this]
}

run "a_missing_zip_is_named" {
  command = plan

  variables {
    artifacts = {}
  }

  expect_failures = [aws_lambda_function.this]
}

run "makes_a_key_to_sign_with" {
  command = plan

  variables {
    enable_signing_key = true
    secrets            = { minter_key = "/night/minter-key" }
  }

  assert {
    condition     = aws_kms_key.signer[0].customer_master_key_spec == "ECC_SECG_P256K1" && aws_kms_key.signer[0].key_usage == "SIGN_VERIFY" && aws_kms_alias.signer[0].name == "alias/night"
    error_message = "expected a key of secp256k1 for signing, by the name of the deployment"
  }
}

run "reserves_sequencers" {
  command = plan

  variables {
    sequencer_concurrency = 6
  }

  assert {
    condition     = aws_lambda_function.this["sequencer"].reserved_concurrent_executions == 6 && aws_lambda_function.this["rpc"].reserved_concurrent_executions == -1
    error_message = "expected environments reserved for the sequencer alone"
  }
}

run "does_without_what_emulators_lack" {
  command = plan

  variables {
    local_emulation = true
    enable_alarms   = false
  }

  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 0 && length(aws_lambda_function_recursion_config.this) == 0 && alltrue([for function in aws_lambda_function.this : length(function.logging_config) == 0])
    error_message = "expected neither bucket policy, recursion nor log settings"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "expected no alarms"
  }
}

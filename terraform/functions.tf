locals {
  artifacts = {
    for key in keys(local.blueprint.functions) :
    key => lookup(var.artifacts, key, "${var.artifact_dir}/${key}/bootstrap.zip")
  }

  asynchronous = { for key, function in local.blueprint.functions : key => function.asynchronous if function.asynchronous != null }
}

resource "aws_lambda_function" "this" {
  for_each = local.blueprint.functions

  function_name                  = each.value.name
  description                    = each.value.description
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = local.artifacts[each.key]
  source_code_hash               = filebase64sha256(local.artifacts[each.key])
  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_s
  reserved_concurrent_executions = each.value.concurrency
  tags                           = local.tags

  environment {
    variables = each.value.environment
  }

  # Lambda's own START, END and REPORT lines cost more than the invocations that they report.
  dynamic "logging_config" {
    for_each = var.local_emulation ? [] : [each.value.log_group]

    content {
      log_format            = "JSON"
      log_group             = logging_config.value
      application_log_level = "INFO"
      system_log_level      = "WARN"
    }
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.artifacts[each.key])
      error_message = "artifact_dir, artifacts: expected the zip file of ${each.key} at ${local.artifacts[each.key]}, found none. Build it with cargo lambda build --release --arm64 --output-format zip."
    }
  }

  # A function that starts before it may log, read or write fails once, and is remembered as failing.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.function]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.asynchronous

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = each.value.retries
  maximum_event_age_in_seconds = each.value.max_age_s

  dynamic "destination_config" {
    for_each = each.value.keep_failures ? [aws_sqs_queue.dead_letters.arn] : []

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

# A sequencer hands over to its successor every quarter of an hour, and who tells subscribers of blocks to another after
# some seconds; Lambda takes that for a loop and ends it after 16.
resource "aws_lambda_function_recursion_config" "this" {
  for_each = var.local_emulation ? [] : toset(["rpc", "sequencer"])

  function_name  = aws_lambda_function.this[each.key].function_name
  recursive_loop = "Allow"
}

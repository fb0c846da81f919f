resource "aws_scheduler_schedule_group" "this" {
  name = local.blueprint.names.schedule_group
  tags = local.tags
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.blueprint.schedules

  name                = each.key
  group_name          = aws_scheduler_schedule_group.this.name
  schedule_expression = each.value.expression

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this[each.value.function].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = each.value.input

    retry_policy {
      maximum_retry_attempts       = each.value.retries
      maximum_event_age_in_seconds = each.value.max_age_s
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

resource "aws_budgets_budget" "this" {
  count = var.enable_budget ? 1 : 0

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget.limit_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:mayfly:deployment$%s", var.name)]
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    notification_type          = "FORECASTED"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = var.budget.emails
  }

  lifecycle {
    precondition {
      condition     = length(var.budget.emails) > 0
      error_message = "budget: expected at least one address in emails when enable_budget is true."
    }
  }
}

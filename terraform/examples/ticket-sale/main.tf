# One event of a night: a layer that is opened with the deployment, a shop whose paid orders mint tickets, alarms and a
# budget by e-mail.

module "mayfly" {
  source = "../.."

  name         = "ticket-sale"
  artifact_dir = var.artifact_dir
  l1_url       = var.l1_url

  secrets = {
    l1_key     = "/ticket-sale/l1-key"
    minter_key = "/ticket-sale/minter-key"
    shops      = "/ticket-sale/shops"
  }

  layers = {
    opening-night = {
      name      = "Opening night"
      chain_id  = 265669
      ends_in_s = 6 * 60 * 60
      ticket    = var.ticket
      event     = file("${path.module}/event.toml")
    }
  }

  # The rush at the opening: wallets poll as well as send.
  throttle = {
    rate  = 5000
    burst = 10000
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  enable_budget = true

  budget = {
    limit_usd = 20
    emails    = [var.alarm_email]
  }

  tags = { event = "opening-night" }
}

resource "aws_sns_topic" "alarms" {
  name = "ticket-sale-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

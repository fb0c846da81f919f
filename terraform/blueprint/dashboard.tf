# What people look at: one row for each question.

locals {
  # Each entry of `metrics` is namespace, metric, then pairs of dimension and value, then how it is drawn.
  graphs = [
    {
      title     = "Invocations a minute"
      statistic = "Sum"
      metrics   = [for key, name in local.names.functions : ["AWS/Lambda", "Invocations", "FunctionName", name, { label = key }]]
    },
    {
      title     = "Time to answer, 99 of 100, ms"
      statistic = "p99"
      metrics   = [for key in setsubtract(keys(local.settings), ["sequencer", "teardown"]) : ["AWS/Lambda", "Duration", "FunctionName", local.names.functions[key], { label = key }]]
    },
    {
      title     = "Errors and throttles"
      statistic = "Sum"
      metrics = concat(
        [for key, name in local.names.functions : ["AWS/Lambda", "Errors", "FunctionName", name, { label = "${key} errors" }]],
        [for key, name in local.names.functions : ["AWS/Lambda", "Throttles", "FunctionName", name, { label = "${key} throttles" }]],
      )
    },
    {
      title     = "Environments at work"
      statistic = "Maximum"
      metrics   = [for key, name in local.names.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", name, { label = key }]]
    },
    {
      title     = "Units of the table"
      statistic = "Sum"
      metrics   = [for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : ["AWS/DynamoDB", metric, "TableName", local.names.table, { label = metric }]]
    },
    {
      title     = "Requests a minute"
      statistic = "SampleCount"
      metrics   = [["Mayfly", "RequestMs", "Deployment", local.names.table, { label = "requests" }]]
    },
    {
      title     = "Time of a request and of a block, 99 of 100, ms"
      statistic = "p99"
      metrics   = [for metric in ["RequestMs", "SealMs"] : ["Mayfly", metric, "Deployment", local.names.table, { label = metric }]]
    },
    {
      title     = "Transactions that waited for a block, at most"
      statistic = "Maximum"
      metrics   = [["Mayfly", "InboxDepth", "Deployment", local.names.table, { label = "waiting" }]]
    },
    {
      title     = "What was done"
      statistic = "Sum"
      metrics   = [for metric in ["BlockTransactions", "ColdStarts", "Fenced", "WebhookOutcomes"] : ["Mayfly", metric, "Deployment", local.names.table, { label = metric }]]
    },
    {
      title     = "What layers cost that ended, millionths of a USD"
      statistic = "Sum"
      metrics   = [["Mayfly", "CostMicroUsd", "Deployment", local.names.table, { label = "cost" }]]
    },
    {
      title     = "Dead letters"
      statistic = "Maximum"
      metrics   = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", local.names.dead_letters, { label = "waiting" }]]
    },
  ]

  # Two graphs in a row; CloudWatch's grid is 24 wide.
  dashboard = {
    widgets = [
      for index, graph in local.graphs : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = var.place.region
          stat    = graph.statistic
          period  = 60
          view    = "timeSeries"
          metrics = graph.metrics
        }
      }
    ]
  }
}

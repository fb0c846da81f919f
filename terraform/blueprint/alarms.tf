# What wakes people.

locals {
  # Metrics that AWS keeps of functions, tables and queues, and those of infra/aws/src/metrics.rs. A metric that says nothing is a good sign for all of them.
  alarms = merge(
    { for key, name in local.names.functions : "${key}-errors" => {
      description = "${key} failed"
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      statistic   = "Sum"
      threshold   = 1
      period_s    = 60
      dimensions  = { FunctionName = name }
    } },
    { for key, name in local.names.functions : "${key}-throttles" => {
      description = "${key} was refused an environment: raise the account's concurrency, or what is reserved"
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      statistic   = "Sum"
      threshold   = 1
      period_s    = 60
      dimensions  = { FunctionName = name }
    } },
    {
      teardown-dropped = {
        description = "Lambda gave up on the end of a layer; the bridge goes on with it within a minute"
        namespace   = "AWS/Lambda"
        metric      = "AsyncEventsDropped"
        statistic   = "Sum"
        threshold   = 1
        period_s    = 60
        dimensions  = { FunctionName = local.names.functions.teardown }
      }
      dead-letters = {
        description = "An end or a watch failed for good; the message says which"
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        statistic   = "Maximum"
        threshold   = 1
        period_s    = 60
        dimensions  = { QueueName = local.names.dead_letters }
      }
      fenced = {
        description = "Writers take over from each other: more than hand-overs do. The log says which layer"
        namespace   = "Mayfly"
        metric      = "Fenced"
        statistic   = "Sum"
        threshold   = 10
        period_s    = 300
        dimensions  = { Deployment = local.names.table }
      }
      inbox-depth = {
        description = "More waits than a block takes: transactions come faster than the sequencer of a layer writes them"
        namespace   = "Mayfly"
        metric      = "InboxDepth"
        statistic   = "Maximum"
        threshold   = 4096
        period_s    = 60
        dimensions  = { Deployment = local.names.table }
      }
      table-throttles = {
        description = "DynamoDB refused writes: the table grows slower than the load did"
        namespace   = "AWS/DynamoDB"
        metric      = "WriteThrottleEvents"
        statistic   = "Sum"
        threshold   = 1
        period_s    = 60
        dimensions  = { TableName = local.names.table }
      }
    },
  )
}

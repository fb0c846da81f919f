# The WebSocket API: which routes there are, and what is logged of them.

locals {
  sockets = {
    stage     = "live"
    routes    = ["$connect", "$default", "$disconnect"]
    log_group = "/aws/apigateway/${var.name}-sockets"
    url       = "${replace(var.sockets.endpoint, "wss://", "https://")}/live"

    # No address and no query: those of clients.
    access_log = jsonencode({
      time       = "$context.requestTime"
      connection = "$context.connectionId"
      event      = "$context.eventType"
      status     = "$context.status"
      error      = "$context.error.message"
      function   = "$context.integration.error"
    })

    # What functions may send and close.
    connections = [for method in ["DELETE", "POST"] : "${local.arns.sockets}/${method}/@connections/*"]
  }
}

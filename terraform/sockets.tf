# A WebSocket API beside the HTTP API, for who subscribes: API Gateway holds the connections, the function rpc answers
# their messages and tells them of blocks.

resource "aws_apigatewayv2_api" "sockets" {
  name                       = "${var.name}-sockets"
  description                = "JSON-RPC with subscriptions on the layers of ${var.name}"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.method"
  tags                       = local.tags
}

resource "aws_apigatewayv2_stage" "sockets" {
  api_id      = aws_apigatewayv2_api.sockets.id
  name        = local.blueprint.sockets.stage
  auto_deploy = true
  tags        = local.tags

  default_route_settings {
    throttling_burst_limit = var.throttle.burst
    throttling_rate_limit  = var.throttle.rate
  }

  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.sockets

    content {
      destination_arn = access_log_settings.value.arn
      format          = local.blueprint.sockets.access_log
    }
  }
}

# Who connects and leaves, and which messages failed. API Gateway writes it with a role of the account's.
resource "aws_cloudwatch_log_group" "sockets" {
  count = var.enable_socket_logs ? 1 : 0

  name              = local.blueprint.sockets.log_group
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_apigatewayv2_integration" "sockets" {
  api_id             = aws_apigatewayv2_api.sockets.id
  integration_type   = "AWS_PROXY"
  integration_method = "POST"
  integration_uri    = aws_lambda_function.this["rpc"].invoke_arn
  # The longest that there is.
  timeout_milliseconds = 29000
}

resource "aws_apigatewayv2_route" "sockets" {
  for_each = toset(local.blueprint.sockets.routes)

  api_id    = aws_apigatewayv2_api.sockets.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.sockets.id}"
  # What the function answers to a message is sent back.
  route_response_selection_expression = each.key == "$default" ? "$default" : null
}

resource "aws_apigatewayv2_route_response" "sockets" {
  api_id             = aws_apigatewayv2_api.sockets.id
  route_id           = aws_apigatewayv2_route.sockets["$default"].id
  route_response_key = "$default"
}

resource "aws_lambda_permission" "sockets" {
  for_each = toset(local.blueprint.sockets.routes)

  statement_id  = "WebSocketApi${title(trimprefix(each.key, "$"))}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["rpc"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.sockets.execution_arn}/${local.blueprint.sockets.stage}/${each.key}"
}

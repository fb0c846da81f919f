# An HTTP API, not a function URL behind CloudFront: there, who sends a body must sign it (x-amz-content-sha256), which
# no wallet does.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "JSON-RPC and webhooks of the layers of ${var.name}"
  protocol_type = "HTTP"
  tags          = local.tags
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = local.tags

  default_route_settings {
    throttling_burst_limit = var.throttle.burst
    throttling_rate_limit  = var.throttle.rate
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = toset(values(local.blueprint.routes))

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this[each.key].arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.blueprint.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.this[each.value].id}"
}

# The API alone may call them, from any stage, and only for their own routes. A variable of a path is whatever it is.
resource "aws_lambda_permission" "api" {
  for_each = local.blueprint.routes

  # Several routes lead to one function.
  statement_id  = "HttpApi-${substr(sha256(each.key), 0, 8)}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.value].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${replace(replace(each.key, " ", ""), "/\\{[^}]+\\}/", "*")}"
}

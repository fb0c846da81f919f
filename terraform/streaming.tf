# A function URL for answers above 6 MB, which are passed on as they come: an HTTP API takes whole answers only.

resource "aws_lambda_function_url" "rpc" {
  count = var.enable_streaming ? 1 : 0

  function_name      = aws_lambda_function.this["rpc"].function_name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM"
}

# Lambda wants both for a URL that everybody may call. The second lets whoever has any AWS account send rpc events of
# their own making too: such events can ask what a request can, under any address. Nothing in them is believed besides.
resource "aws_lambda_permission" "url" {
  count = var.enable_streaming ? 1 : 0

  statement_id           = "FunctionUrl"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.this["rpc"].function_name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "url_invoke" {
  count = var.enable_streaming ? 1 : 0

  statement_id  = "FunctionUrlInvoke"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["rpc"].function_name
  principal     = "*"
}

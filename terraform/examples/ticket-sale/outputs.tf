output "url" {
  description = "Where the HTTP API is reached."
  value       = module.mayfly.url
}

output "layer" {
  description = "The layer of the event: RPC URL, webhook URL, end, and its contract on the L1."
  value       = module.mayfly.layers["opening-night"]
}

output "operator" {
  description = "Function to invoke to open and close layers."
  value       = module.mayfly.functions.operator
}

output "url" {
  description = "Where the HTTP API is reached."
  value       = module.mayfly.url
}

output "operator" {
  description = "Function to invoke to open and close layers."
  value       = module.mayfly.functions.operator
}

output "functions" {
  description = "What runs, by function: name, memory, time limit, environment, log group, reserved concurrency, asynchronous invocation and policy statements."
  value       = local.functions

  precondition {
    condition     = (var.secrets.l1_key == null) != (var.signing_key == null)
    error_message = "secrets.l1_key, enable_signing_key: expected one of the two, the SSM parameter that holds the key that signs on the L1, or true for a key in KMS."
  }
}

output "routes" {
  description = "Routes of the HTTP API, and the function behind each."
  value       = local.routes
}

output "sockets" {
  description = "The WebSocket API: stage, routes, management URL, the ARNs of its connections, and how its accesses are logged."
  value       = local.sockets
}

output "names" {
  description = "Names of everything."
  value       = local.names
}

output "arns" {
  description = "ARNs of everything."
  value       = local.arns
}

output "table" {
  description = "Keys of the table, and the attribute that lets an item expire."
  value       = local.table
}

output "expiry_days" {
  description = "Days after which the bucket drops objects by itself, by prefix."
  value       = local.expiry_days
}

output "schedules" {
  description = "What happens by the clock: expression, function, its event, and how long it is tried."
  value       = local.schedules
}

output "schedule_policy" {
  description = "What the scheduler may do."
  value       = local.schedule_policy
}

output "trust" {
  description = "Who may take the roles of functions and of the scheduler."
  value = {
    functions = local.function_trust
    scheduler = local.schedule_trust
  }
}

output "alarms" {
  description = "What wakes people: metric, statistic and threshold."
  value       = local.alarms
}

output "dashboard" {
  description = "Body of the dashboard."
  value       = local.dashboard
}

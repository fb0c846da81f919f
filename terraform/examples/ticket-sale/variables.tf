variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "artifact_dir" {
  description = "Folder with `<function>/bootstrap.zip` for every function."
  type        = string
  default     = "../../../target/lambda"
}

variable "l1_url" {
  description = "RPC URL of the L1."
  type        = string
}

variable "alarm_email" {
  description = "Who is told of alarms and of the budget."
  type        = string
}

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

variable "ticket" {
  description = "Ticket contract that paid orders mint from. The layer is not there yet, but the address of the first contract that an account deploys on it is known before: `cast compute-address <account> --nonce 0`. A deposit on the L1 counts as a transaction of whoever sends it: take an account that deposits nothing."
  type        = string

  validation {
    condition     = can(regex("^0x[0-9a-fA-F]{40}$", var.ticket))
    error_message = "ticket: expected an address, 0x and 40 hexadecimal digits."
  }
}

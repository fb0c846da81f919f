variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "place" {
  description = "Where it stands: AWS partition, region and account."
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
}

variable "l1" {
  description = "The L1: RPC URL, and the factory contract if there is one already."
  type = object({
    url     = string
    factory = optional(string)
  })
}

variable "public_url" {
  description = "Where the HTTP API is reached, without a slash at the end."
  type        = string
}

variable "sockets" {
  description = "The WebSocket API: its endpoint, and the ARN that its executions begin with."
  type = object({
    endpoint = string
    arn      = string
  })
}

variable "streaming" {
  description = "Whether the function URL of rpc passes answers on as they come."
  type        = bool
  default     = false
}

variable "signing_key" {
  description = "The KMS key that signs on the L1, if that is not the key in secrets.l1_key."
  type        = object({ arn = string })
  default     = null
}

variable "secrets" {
  description = "Names of the SSM parameters that hold the secrets, the path of those of shops, and the key that encrypts them if it is not the account's own for SSM. Without a signing_key, l1_key is one of them."
  type = object({
    l1_key        = optional(string)
    minter_key    = string
    stripe_secret = optional(string)
    shops         = optional(string)
    kms_key_arn   = optional(string)
  })
}

variable "post_after_s" {
  description = "Seconds for which a block waits for company before its inputs are posted on the L1."
  type        = number
  default     = 60
}

variable "sequencer_concurrency" {
  description = "Environments reserved for the sequencer; -1 reserves none."
  type        = number
  default     = -1
}

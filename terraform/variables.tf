variable "name" {
  description = "Name of the deployment: the first part of the name of everything that it makes. Two deployments in one account and region need two names."
  type        = string
  default     = "mayfly"

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9]){2,19}$", var.name)) && length(var.name) <= 20
    error_message = "name: expected 3 to 20 lower-case letters, digits and single hyphens, starting with a letter."
  }
}

variable "artifact_dir" {
  description = "Folder with `<function>/bootstrap.zip` for every function, as `cargo lambda build --release --arm64 --output-format zip` leaves it in `target/lambda`."
  type        = string

  validation {
    condition     = length(trimspace(var.artifact_dir)) > 0
    error_message = "artifact_dir: expected the path of a folder with <function>/bootstrap.zip in it, got nothing."
  }
}

variable "artifacts" {
  description = "Paths of single zip files by function, for those that are not in `artifact_dir`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, path in var.artifacts : contains(["rpc", "webhook", "sequencer", "bridge", "teardown", "operator"], name) && endswith(path, ".zip")])
    error_message = "artifacts: expected paths that end in .zip, under the names rpc, webhook, sequencer, bridge, teardown or operator."
  }
}

variable "architecture" {
  description = "Instruction set that the zip files were built for: `arm64` (cheaper) or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture: expected arm64 or x86_64."
  }
}

variable "l1_url" {
  description = "RPC URL of the L1 that layers settle on. It is part of the environment of functions and so readable for whoever may read those."
  type        = string

  validation {
    condition     = can(regex("^https?://[^\\s/]+", var.l1_url))
    error_message = "l1_url: expected a URL that starts with https:// or http://."
  }
}

variable "l1_factory" {
  description = "Mayfly's factory contract on the L1, if there is one already. Without it, the first layer deploys one."
  type        = string
  default     = null

  validation {
    condition     = var.l1_factory == null || can(regex("^0x[0-9a-fA-F]{40}$", var.l1_factory))
    error_message = "l1_factory: expected an address, 0x and 40 hex digits."
  }
}

variable "secrets" {
  description = "Names of SSM parameters (SecureString) that you made beforehand, so that no secret is in Terraform's state: `l1_key`, the key that opens and settles layers (32 bytes in hex), unless `enable_signing_key`; `minter_key`, the key that mints paid orders; `stripe_secret`, the signing secret of a Stripe webhook that sells for layers without an `event`; `shops`, the path under which an `event` finds its secrets, each as a parameter of its own; without both there is no webhook function; `kms_key_arn`, the key that encrypts them, if it is not the account's own for SSM."
  type = object({
    l1_key        = optional(string)
    minter_key    = string
    stripe_secret = optional(string)
    shops         = optional(string)
    kms_key_arn   = optional(string)
  })

  validation {
    condition     = alltrue([for name in [var.secrets.l1_key, var.secrets.minter_key, var.secrets.stripe_secret] : name == null || can(regex("^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$", name))])
    error_message = "secrets: expected names of SSM parameters, such as /mayfly/l1-key, in l1_key, minter_key and stripe_secret; never the secrets themselves."
  }

  validation {
    condition     = var.secrets.shops == null || can(regex("^(/[a-zA-Z0-9_.-]+)+$", var.secrets.shops))
    error_message = "secrets.shops: expected the path of SSM parameters, such as /mayfly/shops, without a slash at the end."
  }

  validation {
    condition     = var.secrets.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.secrets.kms_key_arn))
    error_message = "secrets.kms_key_arn: expected the ARN of a KMS key, arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "enable_signing_key" {
  description = "Makes a KMS key of the curve that Ethereum uses (ECC_SECG_P256K1), `alias/<name>`, and lets the functions sign on the L1 with it instead of `secrets.l1_key`: nobody has it. Its account needs ETH there before a layer can be opened; invoke the operator with `{\"action\": \"account\"}` to learn which it is. It costs $1 a month."
  type        = bool
  default     = false
}

variable "layers" {
  description = "Layers to open when this is applied, by a key of your own. `ticket` is the contract that paid orders mint from, `posting` where the inputs of blocks are published, `tvl_cap_wei` the most ETH that may be on it, `event` the configuration of its box office (TOML, see `mayfly event init`, with secrets as `ssm:` and the name of a parameter under `secrets.shops`), `bridge` tokens of the L1 that may be deposited (`erc20:<address>` or `erc20:<address>:<cap>`, also `erc721`, `erc1155`), `bulk_from` from how many tokens on a collection exits to a bulk twin, `attestors` who must sign the settlement (`<address>=<URL>` of a `mayfly-attestor`), `quorum` how many of them, `window_s` how many seconds nobody can claim after it, `access` the rules of who may ask for what (JSON, as for `mayfly up --access`; give keys by their hashes, `keccak256:0x...`, as this is kept in Terraform's state). A layer's terms are fixed when it is opened: a change here changes nothing. Layers are also opened at any time by invoking the operator."
  type = map(object({
    name         = string
    chain_id     = number
    ends_in_s    = number
    base_fee_wei = optional(number, 0)
    posting      = optional(string, "leaves")
    finality     = optional(string, "finalized")
    ticket       = optional(string)
    tvl_cap_wei  = optional(string)
    event        = optional(string)
    access       = optional(string)
    bridge       = optional(list(string), [])
    bulk_from    = optional(number)
    attestors    = optional(list(string), [])
    quorum       = optional(number)
    window_s     = optional(number, 0)
  }))
  default = {}

  validation {
    condition     = alltrue([for layer in values(var.layers) : length(layer.name) >= 1 && length(layer.name) <= 100])
    error_message = "layers: expected a name of 1 to 100 characters."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.chain_id >= 1 && layer.chain_id <= 4503599627370476 && floor(layer.chain_id) == layer.chain_id])
    error_message = "layers: expected a chain_id of 1 to 4503599627370476, the largest that wallets take."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.ends_in_s >= 60 && layer.ends_in_s <= 2592000 && floor(layer.ends_in_s) == layer.ends_in_s])
    error_message = "layers: expected ends_in_s of 60 (a minute) to 2592000 (30 days), in whole seconds."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.base_fee_wei >= 0 && floor(layer.base_fee_wei) == layer.base_fee_wei])
    error_message = "layers: expected base_fee_wei of 0 or more, in whole wei."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : contains(["leaves", "calldata", "blobs"], layer.posting)])
    error_message = "layers: expected posting to be leaves, calldata or blobs."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.ticket == null || can(regex("^0x[0-9a-fA-F]{40}$", layer.ticket))])
    error_message = "layers: expected ticket to be an address, 0x and 40 hex digits."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : contains(["finalized", "safe"], layer.finality)])
    error_message = "layers: expected finality, of L1 blocks whose deposits count, to be finalized or safe."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.tvl_cap_wei == null || can(regex("^[0-9]+$", layer.tvl_cap_wei))])
    error_message = "layers: expected tvl_cap_wei, the most ETH that may be on the layer, to be text with a whole number of wei."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.event == null || (can(regex("\\[shops\\.", layer.event)))])
    error_message = "layers: expected event to be the text of a configuration, with [shops.<name>] in it."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.access == null || can(keys(jsondecode(layer.access)))])
    error_message = "layers: expected access to be the text of a JSON object, such as file(\"access.json\")."
  }

  validation {
    condition     = alltrue([for token in flatten([for layer in values(var.layers) : layer.bridge]) : can(regex("^(erc20|erc721|erc1155):0x[0-9a-fA-F]{40}(:[1-9][0-9]*)?$", token))])
    error_message = "layers: expected bridge to list tokens as erc20:<address> or erc20:<address>:<cap>, also erc721 and erc1155."
  }

  validation {
    condition     = alltrue([for attestor in flatten([for layer in values(var.layers) : layer.attestors]) : can(regex("^0x[0-9a-fA-F]{40}=https?://[^\\s]+$", attestor))])
    error_message = "layers: expected attestors as <address>=<URL>."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.quorum == null || try(layer.quorum >= 1 && layer.quorum <= length(layer.attestors), false)])
    error_message = "layers: expected a quorum of 1 to the number of attestors."
  }

  validation {
    condition     = alltrue([for layer in values(var.layers) : layer.window_s >= 0 && layer.window_s <= 2592000 && floor(layer.window_s) == layer.window_s])
    error_message = "layers: expected window_s of 0 to 2592000 (30 days), in whole seconds."
  }
}

variable "public_url" {
  description = "Where users reach the HTTP API, if you put a domain of your own in front of it."
  type        = string
  default     = null

  validation {
    condition     = var.public_url == null || can(regex("^https://[^\\s]*[^\\s/]$", var.public_url))
    error_message = "public_url: expected a URL that starts with https:// and does not end in a slash."
  }
}

variable "throttle" {
  description = "Requests that the HTTP API lets through, and messages that the WebSocket API does: `rate` a second, `burst` at once."
  type = object({
    rate  = number
    burst = number
  })
  default = {
    rate  = 2000
    burst = 4000
  }

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.burst >= 1 && floor(var.throttle.burst) == var.throttle.burst
    error_message = "throttle: expected a rate and a whole burst of at least 1."
  }
}

variable "enable_streaming" {
  description = "Gives rpc a function URL that passes answers on as they come: up to 25 MB instead of 4. It has neither throttling nor a domain of one's own, and its permission lets whoever has an AWS account invoke rpc directly."
  type        = bool
  default     = false
}

variable "enable_socket_logs" {
  description = "Logs who connects to the WebSocket API and leaves it, without addresses. API Gateway writes such logs only if the account has a role for that (its setting `cloudwatchRoleArn`)."
  type        = bool
  default     = false
}

variable "post_after_s" {
  description = "Seconds for which a block of a layer that posts its inputs waits for others, which share the gas of a transaction on the L1. The watch looks once a minute."
  type        = number
  default     = 60

  validation {
    condition     = var.post_after_s >= 0 && var.post_after_s <= 3600 && floor(var.post_after_s) == var.post_after_s
    error_message = "post_after_s: expected 0 to 3600 (an hour), in whole seconds."
  }
}

variable "sequencer_concurrency" {
  description = "Environments reserved for the sequencer, taken from the account's: each busy layer needs one, and a second while it hands over. -1 reserves none."
  type        = number
  default     = -1

  validation {
    condition     = var.sequencer_concurrency == -1 || (var.sequencer_concurrency >= 2 && floor(var.sequencer_concurrency) == var.sequencer_concurrency)
    error_message = "sequencer_concurrency: expected -1, or a whole number of at least 2: with 1, no sequencer could hand over."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 14

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: expected a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "enable_alarms" {
  description = "Makes the alarms. Each costs $0.10 a month."
  type        = bool
  default     = true
}

variable "alarm_actions" {
  description = "ARNs of what alarms tell, such as an SNS topic."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_actions : startswith(arn, "arn:")])
    error_message = "alarm_actions: expected ARNs, such as that of an SNS topic."
  }
}

variable "enable_budget" {
  description = "Makes a monthly budget of what is tagged with this deployment. The tag `mayfly:deployment` must be activated for cost allocation once in the account."
  type        = bool
  default     = false
}

variable "budget" {
  description = "The budget: its limit, and who is told when it is forecast to be exceeded."
  type = object({
    limit_usd = number
    emails    = list(string)
  })
  default = {
    limit_usd = 50
    emails    = []
  }

  validation {
    condition     = var.budget.limit_usd > 0 && alltrue([for email in var.budget.emails : can(regex("^[^@\\s]+@[^@\\s]+$", email))])
    error_message = "budget: expected limit_usd above 0, and e-mail addresses in emails."
  }
}

variable "tags" {
  description = "Tags of everything that can have tags, beside `mayfly:deployment`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "aws:") && !startswith(key, "mayfly:")])
    error_message = "tags: expected keys that start with neither aws: nor mayfly:, which are taken."
  }
}

variable "local_emulation" {
  description = "Leaves out what emulators of AWS cannot do: log settings and recursion of functions, and the bucket's policy. For tests, never for a deployment."
  type        = bool
  default     = false
}

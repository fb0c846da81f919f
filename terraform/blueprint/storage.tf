# Where layers are kept.

locals {
  table = {
    hash_key      = "pk"
    range_key     = "sk"
    ttl_attribute = "expires_at"
  }

  # Teardown erases a layer; these rules are for what it could not. Bundles are for auditors and outlive the layer.
  expiry_days = {
    "layers/"  = 365
    "bundles/" = 90
  }
}

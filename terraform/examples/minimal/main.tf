# A deployment without a shop and without layers: those are opened later, by invoking the operator.

module "mayfly" {
  source = "../.."

  artifact_dir = var.artifact_dir
  l1_url       = var.l1_url

  secrets = {
    l1_key     = "/mayfly/l1-key"
    minter_key = "/mayfly/minter-key"
  }
}

# What runs: size, limits, environment and routes of every function.

locals {
  # 1,769 MB is one whole processor (AWS Lambda, "Configure memory"); the TLS of a cold start wants at least 512.
  # An HTTP API waits for 30 s. Nothing here may take longer than 900 s, Lambda's own limit.
  settings = {
    for key, function in {
      rpc       = { memory_mb = 512, timeout_s = 30, description = "JSON-RPC of all layers" }
      webhook   = { memory_mb = 256, timeout_s = 30, description = "Box offices: paid orders from shops, claims, the organiser" }
      sequencer = { memory_mb = 1769, timeout_s = 900, description = "The one writer of a layer, while there is work" }
      bridge    = { memory_mb = 512, timeout_s = 120, description = "Deposits in, batches out; wakes who should be awake" }
      teardown  = { memory_mb = 1769, timeout_s = 900, description = "Ends a layer: drain, seal, settle, publish, erase" }
      operator  = { memory_mb = 512, timeout_s = 60, description = "Opens and closes layers; for IAM principals only" }
    } : key => function if key != "webhook" || local.has_shop
  }

  # A doorbell that finds a sequencer at work has done its duty, and so have a watch that is late and news that the next
  # block brings again: none of them is repeated.
  # An end is: Lambda tries it twice more, then it lies with the dead letters.
  asynchronous = {
    rpc       = { retries = 0, max_age_s = 60, keep_failures = false }
    sequencer = { retries = 0, max_age_s = 60, keep_failures = false }
    bridge    = { retries = 0, max_age_s = 60, keep_failures = true }
    teardown  = { retries = 2, max_age_s = 21600, keep_failures = true }
  }

  stores = {
    MAYFLY_TABLE  = local.names.table
    MAYFLY_BUCKET = local.names.bucket
  }

  shop = {
    for name in [var.secrets.stripe_secret] : "MAYFLY_STRIPE_SECRET" => "ssm:${name}" if name != null
  }

  # Box offices name their secrets themselves, when a layer is opened.
  shops = {
    for path in [var.secrets.shops] : "MAYFLY_SHOP_SECRETS" => "ssm:${path}/*" if path != null
  }

  doorbell = { MAYFLY_SEQUENCER = local.names.functions.sequencer }
  news     = { MAYFLY_RPC = local.names.functions.rpc }
  minter   = { MAYFLY_MINTER_KEY = "ssm:${var.secrets.minter_key}" }

  # Buyers may give a name, which the L1 knows.
  node = { MAYFLY_L1_URL = var.l1.url }

  # One of the two keys is there.
  settlement = merge(
    { MAYFLY_L1_URL = var.l1.url },
    { for name in [var.secrets.l1_key] : "MAYFLY_L1_KEY" => "ssm:${name}" if name != null },
    { for key in [var.signing_key] : "MAYFLY_L1_KEY" => "kms:${key.arn}" if key != null },
  )

  opening = {
    MAYFLY_TEARDOWN          = local.names.functions.teardown
    MAYFLY_TEARDOWN_ARN      = local.arns.functions.teardown
    MAYFLY_SCHEDULE_GROUP    = local.names.schedule_group
    MAYFLY_SCHEDULE_ROLE_ARN = local.arns.schedule_role
    MAYFLY_DEAD_LETTERS_ARN  = local.arns.dead_letters
    MAYFLY_PUBLIC_URL        = var.public_url
  }

  environment = {
    rpc = merge(local.stores, local.doorbell, local.news, {
      MAYFLY_RESPONSES   = var.streaming ? "streamed" : "buffered"
      MAYFLY_SOCKETS_URL = local.sockets.url
    })
    webhook   = merge(local.stores, local.doorbell, local.shop, local.shops, local.node)
    sequencer = merge(local.stores, local.doorbell, local.news, local.minter)
    bridge = merge(local.stores, local.doorbell, local.news, local.settlement, local.shops, {
      MAYFLY_TEARDOWN     = local.names.functions.teardown
      MAYFLY_POST_AFTER_S = tostring(var.post_after_s)
    })
    teardown = merge(local.stores, local.news, local.settlement, local.minter, { MAYFLY_SCHEDULE_GROUP = local.names.schedule_group })
    operator = merge(
      local.stores, local.settlement, local.minter, local.opening, local.shops,
      var.l1.factory == null ? {} : { MAYFLY_L1_FACTORY = var.l1.factory },
    )
  }

  # A browser asks with OPTIONS before it claims from another origin.
  office_routes = [
    "POST /{layer}/webhooks/{shop}",
    "GET /{layer}/claims/{token}",
    "POST /{layer}/claims/{token}",
    "OPTIONS /{layer}/claims/{token}",
    "GET /{layer}/office/{what+}",
    "POST /{layer}/office/{what+}",
  ]

  routes = merge(
    { "$default" = "rpc" },
    { for route in local.office_routes : route => "webhook" if local.has_shop },
  )

  functions = {
    for key, settings in local.settings : key => merge(settings, {
      name         = local.names.functions[key]
      log_group    = local.names.log_groups[key]
      environment  = local.environment[key]
      concurrency  = key == "sequencer" ? var.sequencer_concurrency : -1
      asynchronous = try(local.asynchronous[key], null)
      policy       = local.policies[key]
    })
  }
}

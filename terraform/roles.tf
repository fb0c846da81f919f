resource "aws_iam_role" "function" {
  for_each = local.blueprint.names.functions

  name               = each.value
  description        = "What ${each.key} may do"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = local.blueprint.trust.functions })
  tags               = local.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.blueprint.functions

  name   = each.key
  role   = aws_iam_role.function[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value.policy })
}

resource "aws_iam_role" "scheduler" {
  name               = local.blueprint.names.schedule_role
  description        = "Lets schedules of ${var.name} call its functions"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = local.blueprint.trust.scheduler })
  tags               = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.blueprint.schedule_policy })
}

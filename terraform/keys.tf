# The key that functions sign on the L1 with, in place of one in SSM: nobody has it, and each signature is in CloudTrail.
resource "aws_kms_key" "signer" {
  count = var.enable_signing_key ? 1 : 0

  description              = "Signs on the L1 for ${var.name}"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_SECG_P256K1"
  # The shortest wait there is; a key that waits costs nothing. Whatever its account owns on the L1 goes with it.
  deletion_window_in_days = 7
  tags                    = local.tags
}

resource "aws_kms_alias" "signer" {
  count = var.enable_signing_key ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.signer[0].key_id
}

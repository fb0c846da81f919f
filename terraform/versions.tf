terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 5.67 is the first with aws_lambda_function_recursion_config.
      version = ">= 5.67, < 7"
    }
  }
}

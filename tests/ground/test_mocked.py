"""What needs the AWS provider, but no AWS: the module and its examples are valid, and its own tests pass."""

import unittest

import tool


class Mocked(unittest.TestCase):
    """Runs Terraform's own checks on a copy."""

    def test_the_modules_own_tests_pass(self):
        module = tool.copy(tool.scratch(self) / "terraform")
        tool.initialise(module)
        tool.terraform(module, "validate", "-no-color")
        said = tool.terraform(module, "test", "-no-color").stdout
        self.assertRegex(said, r"Success! [1-9]\d* passed, 0 failed\.")

    def test_the_examples_are_valid(self):
        for example in ("minimal", "ticket-sale"):
            folder = tool.copy(tool.scratch(self) / "terraform") / "examples" / example
            tool.initialise(folder)
            tool.terraform(folder, "validate", "-no-color")


if __name__ == "__main__":
    unittest.main()

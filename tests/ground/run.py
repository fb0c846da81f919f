"""Runs some of the tests of the ground that a deployment stands on.

    python tests/ground/run.py decided     without the AWS provider
    python tests/ground/run.py mocked      `terraform test` and `terraform validate`, with the provider
    python tests/ground/run.py emulated    both examples applied and destroyed on an emulator of AWS
    python tests/ground/run.py held        real functions, held to their policies; wants the workspace's tests built

Leaves with 77 when nothing could be run: that is neither a pass nor a failure.
"""

import sys
import unittest

SUITES = {
    "decided": ["test_blueprint", "test_code", "test_iam", "test_prices", "test_sam", "test_variables"],
    "mocked": ["test_mocked"],
    "emulated": ["test_emulated"],
    "held": ["test_permissions"],
}

SKIPPED = 77


def main():
    names = SUITES.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if names is None:
        sys.exit(f"expected one of {', '.join(SUITES)}, got {' '.join(sys.argv[1:]) or 'nothing'}")
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromNames(names))
    for _, reason in result.skipped:
        print(f"SKIPPED: {reason}")
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) > 0 else 0)


if __name__ == "__main__":
    main()

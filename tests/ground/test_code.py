"""What functions are told and allowed is what their code asks for: read from the source."""

import re
import unittest

import tool

#: IAM's action for what the SDK calls, by the method that begins it.
ACTIONS = {
    "batch_get_item": "dynamodb:BatchGetItem",
    "batch_write_item": "dynamodb:BatchWriteItem",
    "delete_item": "dynamodb:DeleteItem",
    "get_item": "dynamodb:GetItem",
    "put_item": "dynamodb:PutItem",
    "query": "dynamodb:Query",
    "scan": "dynamodb:Scan",
    # There is no action of this name: AWS asks for the actions of what a transaction is made of.
    "condition_check": "dynamodb:ConditionCheckItem",
    "update_item": "dynamodb:UpdateItem",
    "delete_object": "s3:DeleteObject",
    "delete_objects": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "head_bucket": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject",
}


def code(folder):
    """All Rust under a folder of the tree, without its tests."""
    texts = [path.read_text() for path in sorted((tool.ROOT / folder).rglob("*.rs"))]
    return "\n".join(text.split("#[cfg(test)]")[0] for text in texts)


def variables(text):
    """Names of our variables in it, but those that only emulators need."""
    names = set(re.findall(r'"(MAYFLY_[A-Z0-9_]+)"', text))
    return {name for name in names if not name.startswith("MAYFLY_ENDPOINT_")}


class Code(unittest.TestCase):
    """A deployment with everything that is optional."""

    @classmethod
    def setUpClass(cls):
        cls.functions = tool.blueprint(cls)["functions"]
        cls.adapters = code("infra/aws/src")

    def test_environment(self):
        shared = variables(self.adapters)
        self.assertEqual(shared, {"MAYFLY_TABLE", "MAYFLY_BUCKET"})
        for key, function in self.functions.items():
            with self.subTest(function=key):
                asked = variables(code(f"functions/{key}/src"))
                self.assertEqual(set(function["environment"]), asked | shared)

    def test_actions_on_stores(self):
        called = {ACTIONS[method] for method in re.findall(r"\.(\w+)\(", self.adapters) if method in ACTIONS}
        allowed = {
            action
            for function in self.functions.values()
            for statement in function["policy"]
            for action in statement["Action"]
            if action.startswith(("dynamodb:", "s3:"))
        }
        self.assertEqual(allowed, called)


if __name__ == "__main__":
    unittest.main()

"""Both examples on an emulator of AWS: applied, planned again, destroyed, with nothing left."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor

import tool
from cloud import REGION, Cloud

#: What the emulator needs beside the example; every test of the module knows what this leaves out.
OVERRIDE = """
provider "aws" {
  s3_use_path_style = true
  max_retries       = 2

  endpoints {
    lambda = "%s"
  }
}

module "mayfly" {
  local_emulation    = true
  enable_budget      = false
  enable_signing_key = true
  secrets            = %s
}
"""

#: Secrets of the examples beside the key to sign with, which is in KMS here.
SECRETS = {
    "minimal": '{ minter_key = "/mayfly/minter-key" }',
    "ticket-sale": '{ minter_key = "/ticket-sale/minter-key", shops = "/ticket-sale/shops" }',
}

#: What the example does not say, and the tests ask.
BLUEPRINT = """
output "blueprint" {
  value = module.mayfly.blueprint
}
"""

TICKET = "0x" + "aB" * 20

VARIABLES = {"region": REGION, "l1_url": "https://l1.example/rpc", "alarm_email": "ops@example.com", "ticket": TICKET}


class Life:
    """One example, from nothing to nothing."""

    def __init__(self, case, cloud, example):
        self.cloud = cloud
        self.folder = tool.copy(tool.scratch(case) / "terraform") / "examples" / example
        (self.folder / "emulated_override.tf").write_text(OVERRIDE % (cloud.operator.url, SECRETS[example]))
        (self.folder / "blueprint.tf").write_text(BLUEPRINT)
        zips = tool.artifacts(tool.scratch(case) / "lambda")
        wanted = (self.folder / "variables.tf").read_text()
        values = {**VARIABLES, "artifact_dir": str(zips)}
        known = {name: value for name, value in values.items() if f'variable "{name}"' in wanted}
        (self.folder / "case.auto.tfvars.json").write_text(json.dumps(known))

    def terraform(self, *arguments, check=True):
        return tool.terraform(self.folder, *arguments, check=check, environment=self.cloud.environment())

    def live(self, before_the_end):
        """Applies, plans again, lets something happen, and destroys."""
        self.terraform("apply", "-auto-approve", "-no-color")
        self.made = self.state()
        self.outputs = {key: one["value"] for key, one in self.made["outputs"].items()}
        self.second_plan = self.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
        before_the_end(self)
        self.terraform("destroy", "-auto-approve", "-no-color")
        self.left = self.addresses()
        return self

    def state(self):
        """Terraform's own file: to ask for it would start the provider once more."""
        return json.loads((self.folder / "terraform.tfstate").read_text())

    def addresses(self):
        """Type and name of every resource there is, as often as there is one."""
        return sorted(
            f"{one['type']}.{one['name']}"
            for one in self.state()["resources"]
            if one["mode"] == "managed"
            for _ in one["instances"]
        )

    def resources(self, kind):
        """What was made of a type, by key, or by name where there is one."""
        return {
            instance.get("index_key", one["name"]): instance["attributes"]
            for one in self.made["resources"]
            if one["type"] == kind and one["mode"] == "managed"
            for instance in one["instances"]
        }


def end(life):
    """A destruction while the layer lives, and then its end."""
    fill(life)
    life.too_early = life.terraform("destroy", "-auto-approve", "-no-color", "-refresh=false", check=False)
    life.kept = life.addresses()
    life.cloud.operator.has_ended = True


def fill(life):
    """Data of a layer that somebody left behind."""
    life.cloud.client("s3").put_object(Bucket=bucket(life), Key="layers/0badcafe/packs/1", Body=b"pack")
    item = {"pk": {"S": "log#0badcafe#1"}, "sk": {"S": "-"}}
    life.cloud.client("dynamodb").put_item(TableName=table(life), Item=item)


def take_away(life):
    """Deletes what holds data, and what a teardown deletes, behind Terraform's back."""
    fill(life)
    s3 = life.cloud.client("s3")
    s3.delete_object(Bucket=bucket(life), Key="layers/0badcafe/packs/1")
    s3.delete_bucket(Bucket=bucket(life))
    life.cloud.client("dynamodb").delete_table(TableName=table(life))
    life.cloud.client("scheduler").delete_schedule(Name="watch", GroupName=table(life))
    life.cloud.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{table(life)}-teardown")


def table(life):
    return life.resources("aws_dynamodb_table")["this"]["name"]


def bucket(life):
    return life.resources("aws_s3_bucket")["this"]["bucket"]


class Emulated(unittest.TestCase):
    """The lives of both examples, side by side."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        minimal, sale = (Life(cls, cls.cloud, example) for example in ("minimal", "ticket-sale"))
        for life in (minimal, sale):
            tool.initialise(life.folder)
        with ThreadPoolExecutor() as both:
            lives = [both.submit(minimal.live, take_away), both.submit(sale.live, end)]
        cls.minimal, cls.sale = (life.result() for life in lives)
        cls.lives = {"minimal": cls.minimal, "ticket-sale": cls.sale}

    def test_a_second_plan_is_empty(self):
        for name, life in self.lives.items():
            self.assertEqual(life.second_plan.returncode, 0, f"{name}:\n{life.second_plan.stdout}")

    def test_nothing_is_left(self):
        """Of ticket-sale with a layer's data in it, of minimal when the data was gone already."""
        for life, name in ((self.minimal, "mayfly"), (self.sale, "ticket-sale")):
            self.assertEqual(life.left, [])
            self.assertEqual(self.cloud.left(name), [])

    def test_keys_wait_for_their_end(self):
        """KMS deletes no key at once."""
        for life in self.lives.values():
            key = life.resources("aws_kms_key")[0]
            state = self.cloud.client("kms").describe_key(KeyId=key["arn"])["KeyMetadata"]["KeyState"]
            self.assertEqual(state, "PendingDeletion")

    def test_something_was_made(self):
        self.assertEqual(len(self.minimal.resources("aws_lambda_function")), 5)
        self.assertEqual(len(self.sale.resources("aws_lambda_function")), 6)

    def test_what_was_made_is_the_blueprint(self):
        for name, life in self.lives.items():
            decided = life.outputs["blueprint"]
            functions, policies = life.resources("aws_lambda_function"), life.resources("aws_iam_role_policy")
            self.assertEqual(set(functions), set(decided), name)
            for key, function in functions.items():
                expected = decided[key]
                with self.subTest(example=name, function=key):
                    self.assertEqual(function["function_name"], expected["name"])
                    self.assertEqual(function["memory_size"], expected["memory_mb"])
                    self.assertEqual(function["timeout"], expected["timeout_s"])
                    self.assertEqual(function["environment"][0]["variables"], expected["environment"])
                    self.assertEqual(json.loads(policies[key]["policy"])["Statement"], expected["policy"])
                    self.assertTrue(function["role"].endswith(f"role/{expected['name']}"))

    def test_arns_are_as_foretold(self):
        """Policies name ARNs that did not exist yet when they were written."""
        named = {
            arn.removesuffix("/layers/*").removesuffix(":*")
            for function in self.sale.outputs["blueprint"].values()
            for statement in function["policy"]
            for arn in statement["Resource"]
        }
        kinds = ("aws_dynamodb_table", "aws_s3_bucket", "aws_sqs_queue", "aws_cloudwatch_log_group")
        made = {values["arn"].removesuffix(":*") for kind in kinds for values in self.sale.resources(kind).values()}
        called = {function["arn"] for key, function in self.sale.resources("aws_lambda_function").items() if key in ("rpc", "sequencer", "teardown")}
        passed = {self.sale.resources("aws_iam_role")["scheduler"]["arn"]}
        self.assertLessEqual(made | called | passed, named)

    def test_the_api_may_call_what_is_behind_its_routes(self):
        """And nothing else may."""
        shop = {"POST/*/webhooks/*", "GET/*/office/*", "POST/*/office/*"}
        shop |= {f"{method}/*/claims/*" for method in ("GET", "POST", "OPTIONS")}
        for name, behind in {"minimal": set(), "ticket-sale": shop}.items():
            routes = {f"/*/{route}" for route in {"$default"} | behind}
            life = self.lives[name]
            api = life.resources("aws_apigatewayv2_api")["this"]["execution_arn"]
            # Both APIs have a route of one name.
            permissions = [one for one in life.made["resources"] if one["type"] == "aws_lambda_permission"]
            allowed = {
                instance["attributes"]["source_arn"].removeprefix(api)
                for one in permissions
                for instance in one["instances"]
            }
            sockets = life.resources("aws_apigatewayv2_api")["sockets"]["execution_arn"]
            events = {f"{sockets}/live/{route}" for route in ("$connect", "$default", "$disconnect")}
            self.assertEqual(allowed, routes | events)

    def test_a_declared_layer_is_opened_by_the_operator(self):
        asked = dict(self.cloud.operator.asked[0])
        self.assertEqual(asked.pop("tf")["action"], "create")
        self.assertEqual(
            asked,
            {
                "action": "open",
                "key": "opening-night",
                "name": "Opening night",
                "chain_id": 265669,
                "ends_in_s": 21600,
                "base_fee_wei": 0,
                "posting": "leaves",
                "finality": "finalized",
                "ticket": TICKET,
                "event": (self.sale.folder / "event.toml").read_text(),
            },
        )
        self.assertEqual(self.sale.outputs["layer"]["layer"], "0badcafe")

    def test_a_layer_that_lives_stops_the_destruction(self):
        """Nothing that it needs is gone."""
        self.assertNotEqual(self.sale.too_early.returncode, 0)
        self.assertIn("the layer is still there", self.sale.too_early.stderr)
        needed = {
            "aws_apigatewayv2_route.this",
            "aws_apigatewayv2_stage.this",
            "aws_cloudwatch_log_group.this",
            "aws_dynamodb_table.this",
            "aws_iam_role_policy.function",
            "aws_iam_role_policy.scheduler",
            "aws_lambda_function.this",
            "aws_lambda_invocation.layer",
            "aws_lambda_permission.api",
            "aws_s3_bucket.this",
            "aws_scheduler_schedule.this",
            "aws_sqs_queue.dead_letters",
        }
        self.assertLessEqual(needed, set(self.sale.kept))
        functions = self.sale.kept.count("aws_lambda_function.this")
        self.assertEqual(functions, len(self.sale.resources("aws_lambda_function")))


if __name__ == "__main__":
    unittest.main()

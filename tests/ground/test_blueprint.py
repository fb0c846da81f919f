"""What the blueprint decides holds together."""

import json
import re
import unittest

import tool

#: Ends that a resource may have beside a whole name: streams of a log group, objects, schedules of ends, secrets of shops,
#: connections.
OPEN_ENDS = (":*", "/layers/*", "/bundles/*", "/end-*", "/shops/*", "/DELETE/@connections/*", "/POST/@connections/*")

#: What no function may do: make again what was destroyed, or destroy what Terraform made.
NEVER = {"logs:CreateLogGroup", "dynamodb:DeleteTable", "dynamodb:CreateTable", "s3:DeleteBucket", "s3:CreateBucket"}

#: AWS Lambda: all variables of one function together; IAM: all inline policies of one role together.
ENVIRONMENT_BYTES = 4096
POLICY_CHARACTERS = 10240


class Layout(unittest.TestCase):
    """Files are as `terraform fmt` would write them; the generator of the READMEs relies on it."""

    def test_files_are_formatted(self):
        self.assertEqual(tool.terraform(tool.MODULE, "fmt", "-check", "-recursive", "-no-color").stdout, "")


class Blueprint(unittest.TestCase):
    """A deployment with everything that is optional."""

    @classmethod
    def setUpClass(cls):
        cls.decided = tool.blueprint(cls)
        cls.functions = cls.decided["functions"]

    def statements(self):
        for function in self.functions.values():
            yield from function["policy"]
        yield from self.decided["schedule_policy"]

    def allowed(self, function, action):
        """Resources on which a function may do something."""
        policy = self.functions[function]["policy"]
        return {arn for statement in policy if action in statement["Action"] for arn in statement["Resource"]}

    def test_actions_are_exact(self):
        for statement in self.statements():
            for action in statement["Action"]:
                self.assertRegex(action, r"^[a-z0-9-]+:[A-Z][A-Za-z]+$")
                self.assertNotIn(action, NEVER)

    def test_resources_are_exact(self):
        for statement in self.statements():
            self.assertTrue(statement["Resource"], statement)
            for arn in statement["Resource"]:
                self.assertTrue(arn.startswith("arn:aws:"), arn)
                closed = next((arn.removesuffix(end) for end in OPEN_ENDS if arn.endswith(end)), arn)
                self.assertNotIn("*", closed)
                self.assertNotIn("::", closed.replace(":s3:::", "").replace(":iam::", ""))

    def test_sids_are_unique(self):
        for key, function in self.functions.items():
            names = [statement["Sid"] for statement in function["policy"]]
            self.assertEqual(len(names), len(set(names)), key)

    def test_secrets_are_read_by_who_is_told_of_them(self):
        place = self.decided["arns"]["parameters"]
        arns = {f"ssm:{tool.DEPLOYMENT['secrets'][name]}": arn for name, arn in place.items()}
        arns["ssm:/night/shops/*"] = arns.pop("ssm:/night/shops")
        for key, function in self.functions.items():
            told = {arns[value] for value in function["environment"].values() if value.startswith("ssm:")}
            self.assertEqual(self.allowed(key, "ssm:GetParameter"), told, key)
            self.assertEqual(bool(self.allowed(key, "kms:Decrypt")), bool(told), key)

    def test_functions_are_called_by_who_is_told_of_them(self):
        for key, function in self.functions.items():
            names = {value for name, value in function["environment"].items() if name in ("MAYFLY_RPC", "MAYFLY_SEQUENCER", "MAYFLY_TEARDOWN")}
            told = {other["name"] for other in self.functions.values() if other["name"] in names}
            called = {arn.rsplit(":", 1)[1] for arn in self.allowed(key, "lambda:InvokeFunction")}
            self.assertEqual(called, told, key)

    def test_only_the_end_erases(self):
        for action in ("s3:DeleteObject", "dynamodb:Scan", "scheduler:DeleteSchedule"):
            may = {key for key in self.functions if self.allowed(key, action)}
            self.assertEqual(may, {"teardown"}, action)

    def test_nobody_else_touches_all_items(self):
        for key, function in self.functions.items():
            for statement in function["policy"]:
                if key == "teardown" or not statement["Sid"].startswith("Items"):
                    continue
                keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                self.assertTrue(all(re.match(r"[a-z]", pattern) for pattern in keys), (key, statement))

    def test_who_reads_objects_may_learn_that_there_is_none(self):
        for key in self.functions:
            self.assertEqual(bool(self.allowed(key, "s3:GetObject")), bool(self.allowed(key, "s3:ListBucket")), key)

    def test_the_front_has_no_key_to_the_l1(self):
        for key in ("rpc", "webhook", "sequencer"):
            self.assertNotIn("MAYFLY_L1_KEY", self.functions[key]["environment"])

    def test_sizes_fit(self):
        for key, function in self.functions.items():
            environment = sum(len(name) + len(value) for name, value in function["environment"].items())
            self.assertLess(environment, ENVIRONMENT_BYTES, key)
            self.assertLess(len(json.dumps(function["policy"])), POLICY_CHARACTERS, key)
            self.assertLessEqual(function["timeout_s"], 900, key)

    def test_routes_and_schedules_lead_to_functions(self):
        self.assertLessEqual(set(self.decided["routes"].values()), set(self.functions))
        for schedule in self.decided["schedules"].values():
            self.assertIn(schedule["function"], self.functions)
            json.loads(schedule["input"])

    def test_an_http_api_waits_for_what_is_behind_it(self):
        for key in self.decided["routes"].values():
            self.assertLessEqual(self.functions[key]["timeout_s"], 30, key)

    def test_without_a_shop_there_is_no_webhook(self):
        secrets = {**tool.DEPLOYMENT["secrets"], "stripe_secret": None, "shops": None}
        decided = tool.blueprint(self, secrets=secrets)
        self.assertNotIn("webhook", decided["functions"])
        self.assertNotIn("webhook", json.dumps([decided["routes"], decided["alarms"], decided["dashboard"]]))


class Watching(unittest.TestCase):
    """Alarms and dashboard look at metrics that exist, and at all of ours."""

    #: What AWS keeps by itself, as far as it is looked at.
    KEPT_BY_AWS = {
        "AWS/DynamoDB": {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
        "AWS/Lambda": {"AsyncEventsDropped", "ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
        "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    }

    @classmethod
    def setUpClass(cls):
        cls.decided = tool.blueprint(cls)
        cls.names = cls.decided["names"]
        source = (tool.ROOT / "infra" / "aws" / "src" / "metrics.rs").read_text()
        (namespace,) = re.findall(r'^pub const NAMESPACE: &str = "(\w+)";$', source, re.MULTILINE)
        ours = re.findall(r'^pub const \w+: Metric = Metric \{ name: "(\w+)"', source, re.MULTILINE)
        cls.ours = {(namespace, metric) for metric in ours}
        cls.kept = {(place, metric) for place, metrics in cls.KEPT_BY_AWS.items() for metric in metrics} | cls.ours

    def check(self, namespace, metric, dimensions):
        self.assertIn((namespace, metric), self.kept)
        known = {
            "Deployment": {self.names["table"]},
            "FunctionName": set(self.names["functions"].values()),
            "QueueName": {self.names["dead_letters"]},
            "TableName": {self.names["table"]},
        }
        for dimension, value in dimensions.items():
            self.assertIn(value, known[dimension])

    def test_alarms(self):
        for alarm in self.decided["alarms"].values():
            self.check(alarm["namespace"], alarm["metric"], alarm["dimensions"])

    def test_every_function_has_an_alarm_for_errors(self):
        watched = {
            alarm["dimensions"]["FunctionName"]
            for alarm in self.decided["alarms"].values()
            if alarm["metric"] == "Errors"
        }
        self.assertEqual(watched, set(self.names["functions"].values()))

    def test_dashboard(self):
        places = set()
        for widget in self.decided["dashboard"]["widgets"]:
            places.add((widget["x"], widget["y"]))
            for namespace, metric, dimension, value, _ in widget["properties"]["metrics"]:
                self.check(namespace, metric, {dimension: value})
        self.assertEqual(len(places), len(self.decided["dashboard"]["widgets"]))

    def test_all_of_ours_are_looked_at(self):
        widgets = self.decided["dashboard"]["widgets"]
        looked = {(metric[0], metric[1]) for widget in widgets for metric in widget["properties"]["metrics"]}
        self.assertGreater(len(self.ours), 0)
        self.assertEqual(self.ours - looked, set())


class KeyInKms(unittest.TestCase):
    """Who signs on the L1 with a key that nobody has."""

    ARN = "arn:aws:kms:eu-central-1:210987654321:key/51c4"
    SECRETS = {"minter_key": "/night/minter-key"}

    def test_who_is_told_of_it_may_use_it_and_nobody_else(self):
        functions = tool.blueprint(self, secrets=self.SECRETS, signing_key={"arn": self.ARN})["functions"]
        for key, function in functions.items():
            told = function["environment"].get("MAYFLY_L1_KEY")
            self.assertEqual(told, f"kms:{self.ARN}" if key in ("bridge", "teardown", "operator") else None)
            may = {
                action: statement["Resource"]
                for statement in function["policy"]
                for action in statement["Action"]
                if action.startswith("kms:")
            }
            actions = ("kms:GetPublicKey", "kms:Sign") if told else ()
            self.assertEqual(may, {action: [self.ARN] for action in actions}, key)
            for statement in function["policy"]:
                self.assertTrue(statement["Resource"], (key, statement))

    def test_one_key_signs(self):
        both = {"secrets": tool.DEPLOYMENT["secrets"], "signing_key": {"arn": self.ARN}}
        for inputs in (both, {"secrets": self.SECRETS}):
            with self.assertRaisesRegex(AssertionError, r"secrets\.l1_key,\s+enable_signing_key:\s+expected\s+one"):
                tool.blueprint(self, **inputs)


if __name__ == "__main__":
    unittest.main()

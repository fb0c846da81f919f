"""terraform/ and infra/template.yaml deploy the same."""

import unittest

import tool
from template import Stack

#: The inputs of the blueprint as parameters of the template.
PARAMETERS = {
    "Name": "night",
    "L1Url": tool.DEPLOYMENT["l1"]["url"],
    "L1Factory": tool.DEPLOYMENT["l1"]["factory"],
    "L1KeyParameter": "/night/l1-key",
    "MinterKeyParameter": "/night/minter-key",
    "StripeSecretParameter": "/night/stripe-secret",
    "ShopSecretsPath": "/night/shops",
    "SecretsKmsKeyArn": tool.DEPLOYMENT["secrets"]["kms_key_arn"],
}

#: The same deployment without anything that is optional.
BARE = {name: PARAMETERS[name] for name in ("Name", "L1Url", "L1KeyParameter", "MinterKeyParameter")}
BARE_DEPLOYMENT = {
    "l1": {"url": tool.DEPLOYMENT["l1"]["url"]},
    "secrets": {"l1_key": "/night/l1-key", "minter_key": "/night/minter-key"},
}


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(policy):
    """Statements of a policy, however they are written: by Sid, with sorted lists."""
    found = {}
    for statement in policy:
        conditions = {
            operator: {key: sorted(listed(values)) for key, values in keys.items()}
            for operator, keys in statement.get("Condition", {}).items()
        }
        found[statement.get("Sid", "")] = {
            "Effect": statement["Effect"],
            "Action": sorted(listed(statement["Action"])),
            "Resource": sorted(listed(statement.get("Resource", []))),
            "Principal": statement.get("Principal"),
            "Condition": conditions,
        }
    if len(found) != len(policy):
        raise AssertionError(f"a Sid twice in {[statement.get('Sid') for statement in policy]}")
    return found


class Same(unittest.TestCase):
    """Compares with everything that is optional."""

    parameters = PARAMETERS
    changes = {}

    @classmethod
    def setUpClass(cls):
        place = tool.DEPLOYMENT["place"]
        cls.stack = Stack(cls.parameters, place["region"], place["account_id"])
        # The API's own address, which exists only once the stack does.
        public_url = cls.stack.value({"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"})
        sockets = {
            "endpoint": cls.stack.value({"Fn::Sub": "wss://${Sockets}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}),
            "arn": cls.stack.value({"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Sockets}"}),
        }
        cls.decided = tool.blueprint(cls, **{"public_url": public_url, "sockets": sockets, **cls.changes})
        cls.functions = {
            function["FunctionName"]: function for function in cls.stack.of("AWS::Serverless::Function").values()
        }
        cls.roles = {role["RoleName"]: role for role in cls.stack.of("AWS::IAM::Role").values()}
        cls.maxDiff = None

    def pairs(self):
        """Each function: its key, what the blueprint says, what the template says."""
        return [
            (key, decided, self.functions[decided["name"]]) for key, decided in self.decided["functions"].items()
        ]

    def test_functions(self):
        names = {decided["name"] for decided in self.decided["functions"].values()}
        self.assertEqual(set(self.functions), names)

    def test_memory_and_time_limits(self):
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                self.assertEqual(function["MemorySize"], decided["memory_mb"])
                self.assertEqual(function["Timeout"], decided["timeout_s"])
                self.assertEqual(function["Description"], decided["description"])

    def test_each_is_built_from_its_own_binary(self):
        for name, resource in self.stack.resources.items():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            metadata = resource["Metadata"]
            self.assertEqual(metadata["BuildMethod"], "rust-cargolambda", name)
            self.assertEqual(metadata["BuildProperties"]["Binary"], name.lower(), name)
            self.assertEqual(self.stack.value(resource["Properties"]["FunctionName"]), f"night-{name.lower()}")

    def test_environment(self):
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                self.assertEqual(function["Environment"]["Variables"], decided["environment"])

    def test_concurrency(self):
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                # CloudFormation has no word for none but silence.
                reserved = None if decided["concurrency"] == -1 else decided["concurrency"]
                self.assertEqual(function.get("ReservedConcurrentExecutions"), reserved)

    def test_asynchronous_invocations(self):
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                expected, found = decided["asynchronous"], function.get("EventInvokeConfig")
                if expected is None:
                    self.assertIsNone(found)
                    continue
                self.assertEqual(found["MaximumRetryAttempts"], expected["retries"])
                self.assertEqual(found["MaximumEventAgeInSeconds"], expected["max_age_s"])
                failed = found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
                self.assertEqual(failed, self.decided["arns"]["dead_letters"] if expected["keep_failures"] else None)

    def test_policies(self):
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                role = self.roles[decided["name"]]
                self.assertEqual(function["Role"], f"arn:aws:iam::{self.stack.account}:role/{role['RoleName']}")
                (policy,) = role["Policies"]
                self.assertEqual(policy["PolicyName"], key)
                self.assertEqual(statements(policy["PolicyDocument"]["Statement"]), statements(decided["policy"]))
                trust = role["AssumeRolePolicyDocument"]["Statement"]
                self.assertEqual(statements(trust), statements(self.decided["trust"]["functions"]))

    def test_scheduler_role(self):
        role = self.roles[self.decided["names"]["schedule_role"]]
        (policy,) = role["Policies"]
        self.assertEqual(
            statements(policy["PolicyDocument"]["Statement"]), statements(self.decided["schedule_policy"])
        )
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(statements(trust), statements(self.decided["trust"]["scheduler"]))

    def test_no_other_roles(self):
        names = {decided["name"] for decided in self.decided["functions"].values()}
        self.assertEqual(set(self.roles), names | {self.decided["names"]["schedule_role"]})

    def test_log_groups(self):
        groups = {group["LogGroupName"] for group in self.stack.of("AWS::Logs::LogGroup").values()}
        self.assertEqual(groups, set(self.decided["names"]["log_groups"].values()))
        for key, decided, function in self.pairs():
            with self.subTest(function=key):
                self.assertEqual(function["LoggingConfig"]["LogGroup"], decided["log_group"])

    def test_table(self):
        (table,) = self.stack.of("AWS::DynamoDB::Table").values()
        keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
        decided = self.decided["table"]
        self.assertEqual(table["TableName"], self.decided["names"]["table"])
        self.assertEqual(keys, {"HASH": decided["hash_key"], "RANGE": decided["range_key"]})
        self.assertEqual(table["TimeToLiveSpecification"]["AttributeName"], decided["ttl_attribute"])

    def test_bucket(self):
        (bucket,) = self.stack.of("AWS::S3::Bucket").values()
        rules = bucket["LifecycleConfiguration"]["Rules"]
        expiry = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
        self.assertEqual(bucket["BucketName"], self.decided["names"]["bucket"])
        self.assertEqual(expiry, self.decided["expiry_days"])

    def test_routes(self):
        routes = {}
        for key, _, function in self.pairs():
            for event in function.get("Events", {}).values():
                properties = event["Properties"]
                route = f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"
                routes[route] = key
        self.assertEqual(routes, self.decided["routes"])

    def test_sockets(self):
        decided = self.decided["sockets"]
        (api,) = self.stack.of("AWS::ApiGatewayV2::Api").values()
        (stage,) = self.stack.of("AWS::ApiGatewayV2::Stage").values()
        routes = self.stack.of("AWS::ApiGatewayV2::Route").values()
        self.assertEqual((api["ProtocolType"], stage["StageName"]), ("WEBSOCKET", decided["stage"]))
        self.assertEqual(sorted(route["RouteKey"] for route in routes), decided["routes"])
        answered = {route["RouteKey"] for route in routes if "RouteResponseSelectionExpression" in route}
        self.assertEqual(answered, {"$default"})
        self.assertEqual(len({route["Target"] for route in routes}), 1)
        arn = self.decided["arns"]["sockets"]
        may = {
            permission["SourceArn"]
            for permission in self.stack.of("AWS::Lambda::Permission").values()
            if permission["Principal"] == "apigateway.amazonaws.com"
        }
        self.assertEqual(may, {f"{arn}/{route}" for route in decided["routes"]})

    def test_streams_where_it_is_asked_to(self):
        modes = [url["InvokeMode"] for url in self.stack.of("AWS::Lambda::Url").values()]
        environment = self.decided["functions"]["rpc"]["environment"]
        self.assertEqual(modes, ["RESPONSE_STREAM"] if environment["MAYFLY_RESPONSES"] == "streamed" else [])

    def test_schedules(self):
        found = {}
        for schedule in self.stack.of("AWS::Scheduler::Schedule").values():
            target = schedule["Target"]
            self.assertEqual(schedule["GroupName"], self.decided["names"]["schedule_group"])
            self.assertEqual(target["DeadLetterConfig"]["Arn"], self.decided["arns"]["dead_letters"])
            self.assertEqual(target["RoleArn"], self.decided["arns"]["schedule_role"])
            found[schedule["Name"]] = {
                "expression": schedule["ScheduleExpression"],
                "function": target["Arn"].rsplit("-", 1)[1],
                "input": target["Input"],
                "retries": target["RetryPolicy"]["MaximumRetryAttempts"],
                "max_age_s": target["RetryPolicy"]["MaximumEventAgeInSeconds"],
            }
        self.assertEqual(found, self.decided["schedules"])


class SameWithoutWhatIsOptional(Same):
    """No shop, no factory, no key of one's own."""

    parameters = BARE
    changes = BARE_DEPLOYMENT


class SameWithShopAlone(Same):
    """A shop, and nothing else that is optional."""

    parameters = {**BARE, "StripeSecretParameter": "/night/stripe-secret"}
    changes = {
        **BARE_DEPLOYMENT,
        "secrets": {**BARE_DEPLOYMENT["secrets"], "stripe_secret": "/night/stripe-secret"},
    }


class SameWithShopsAlone(Same):
    """Box offices of layers, and nothing else that is optional."""

    parameters = {**BARE, "ShopSecretsPath": "/night/shops"}
    changes = {**BARE_DEPLOYMENT, "secrets": {**BARE_DEPLOYMENT["secrets"], "shops": "/night/shops"}}


class SameWithKeyAlone(Same):
    """A key of one's own for the secrets, and nothing else that is optional."""

    parameters = {**BARE, "SecretsKmsKeyArn": PARAMETERS["SecretsKmsKeyArn"]}
    changes = {
        **BARE_DEPLOYMENT,
        "secrets": {**BARE_DEPLOYMENT["secrets"], "kms_key_arn": PARAMETERS["SecretsKmsKeyArn"]},
    }


class SameWithSigningKey(Same):
    """A key in KMS that functions sign with, and nothing else that is optional."""

    parameters = {name: value for name, value in BARE.items() if name != "L1KeyParameter"} | {"EnableSigningKey": "true"}
    changes = {
        **BARE_DEPLOYMENT,
        "secrets": {"minter_key": "/night/minter-key"},
        # CloudFormation gives a key its id; the name in the template stands for it.
        "signing_key": {"arn": "arn:aws:kms:eu-central-1:210987654321:key/SigningKey"},
    }

    def test_the_key_is_of_the_curve_of_ethereum(self):
        (key,) = self.stack.of("AWS::KMS::Key").values()
        self.assertEqual((key["KeySpec"], key["KeyUsage"]), ("ECC_SECG_P256K1", "SIGN_VERIFY"))


class SameWithSigningKeyAndShops(SameWithSigningKey):
    """A key in KMS that functions sign with, while there are other secrets, encrypted with a key of one's own."""

    parameters = {
        **SameWithSigningKey.parameters,
        "ShopSecretsPath": "/night/shops",
        "SecretsKmsKeyArn": PARAMETERS["SecretsKmsKeyArn"],
    }
    changes = {
        **SameWithSigningKey.changes,
        "secrets": {
            "minter_key": "/night/minter-key",
            "shops": "/night/shops",
            "kms_key_arn": PARAMETERS["SecretsKmsKeyArn"],
        },
    }


class SameWithStreams(Same):
    """A function URL that passes answers on as they come, and nothing else that is optional."""

    parameters = {**BARE, "Streaming": "true"}
    changes = {**BARE_DEPLOYMENT, "streaming": True}


class SameWithBlocksThatWaitForOthers(Same):
    """Blocks are posted when they are half an hour old, and there is nothing else that is optional."""

    parameters = {**BARE, "PostAfterSeconds": 1800}
    changes = {**BARE_DEPLOYMENT, "post_after_s": 1800}


class SameWithReservedSequencers(Same):
    """The sequencer has environments of its own, and there is nothing else that is optional."""

    parameters = {**BARE, "SequencerConcurrency": 4}
    changes = {**BARE_DEPLOYMENT, "sequencer_concurrency": 4}


if __name__ == "__main__":
    unittest.main()

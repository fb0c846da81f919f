"""A bad variable is refused, by name, with what was expected."""

import json
import re
import shutil
import unittest

import tool

GOOD = {
    "name": "night",
    "artifact_dir": "target/lambda",
    "l1_url": "https://l1.example/rpc",
    "secrets": {"l1_key": "/night/l1-key", "minter_key": "/night/minter-key"},
}

LAYER = {"name": "Opening night", "chain_id": 265669, "ends_in_s": 21600}

#: Values that are as far out as they may be.
EDGES = {
    "name": "a2345678901234567890",
    "layers": {
        "shortest": {**LAYER, "name": "x" * 100, "chain_id": 1, "ends_in_s": 60, "posting": "blobs", "finality": "safe"},
        "longest": {**LAYER, "event": "[shops.x]", "access": '{"methods":["eth_*"]}', "bridge": ["erc20:0x" + "1" * 40 + ":5", "erc721:0x" + "2" * 40], "bulk_from": 100, "attestors": ["0x" + "3" * 40 + "=https://one.example:8547/"], "quorum": 1, "window_s": 3600, "chain_id": 4503599627370476, "ends_in_s": 2592000, "tvl_cap_wei": "1000000000000000000000", "ticket": "0x" + "aB" * 20},
    },
    "secrets": {**GOOD["secrets"], "stripe_secret": "no-slash", "shops": "/a/b-c", "kms_key_arn": "arn:aws:kms:eu-west-1:210987654321:key/5"},
    "sequencer_concurrency": 2,
    "post_after_s": 3600,
    "throttle": {"rate": 1, "burst": 1},
    "public_url": "https://night.example/rpc",
    "l1_factory": "0x" + "0" * 40,
    "tags": {"event": "opening-night"},
}

#: A variable, a value that it must not have, and how the complaint begins.
BAD = [
    ("name", "Night", "name: expected 3 to 20 lower-case letters"),
    ("name", "a23456789012345678901", "name: expected 3 to 20"),
    ("name", "ab", "name: expected 3 to 20"),
    ("name", "a-b-c-d-e-f-g-h-i-j-k", "name: expected 3 to 20"),
    ("name", "night-", "name: expected 3 to 20"),
    ("artifact_dir", " ", "artifact_dir: expected the path"),
    ("artifacts", {"rcp": "rpc.zip"}, "artifacts: expected paths that end in .zip"),
    ("artifacts", {"rpc": "rpc"}, "artifacts: expected paths that end in .zip"),
    ("architecture", "riscv64", "architecture: expected arm64 or x86_64"),
    ("l1_url", "l1.example", "l1_url: expected a URL"),
    ("l1_factory", "0x1234", "l1_factory: expected an address"),
    ("secrets", {**GOOD["secrets"], "l1_key": "0x 12"}, "secrets: expected names of SSM parameters"),
    ("secrets", {**GOOD["secrets"], "stripe_secret": "/a//b"}, "secrets: expected names of SSM parameters"),
    ("secrets", {**GOOD["secrets"], "shops": "/night/shops/"}, "secrets.shops: expected the path"),
    ("secrets", {**GOOD["secrets"], "kms_key_arn": "5ec7"}, "secrets.kms_key_arn: expected the ARN"),
    ("layers", {"one": {**LAYER, "name": ""}}, "layers: expected a name of 1 to 100"),
    ("layers", {"one": {**LAYER, "chain_id": 0}}, "layers: expected a chain_id of 1"),
    ("layers", {"one": {**LAYER, "chain_id": 4503599627370477}}, "layers: expected a chain_id of 1"),
    ("layers", {"one": {**LAYER, "ends_in_s": 59}}, "layers: expected ends_in_s of 60"),
    ("layers", {"one": {**LAYER, "ends_in_s": 2592001}}, "layers: expected ends_in_s of 60"),
    ("layers", {"one": {**LAYER, "base_fee_wei": -1}}, "layers: expected base_fee_wei of 0"),
    ("layers", {"one": {**LAYER, "posting": "s3"}}, "layers: expected posting to be"),
    ("layers", {"one": {**LAYER, "finality": "latest"}}, "layers: expected finality"),
    ("layers", {"one": {**LAYER, "tvl_cap_wei": "1e21"}}, "layers: expected tvl_cap_wei"),
    ("layers", {"one": {**LAYER, "ticket": "0x12"}}, "layers: expected ticket to be an address"),
    ("layers", {"one": {**LAYER, "event": "event.toml"}}, "layers: expected event to be the text"),
    ("layers", {"one": {**LAYER, "access": "access.json"}}, "layers: expected access to be the text"),
    ("layers", {"one": {**LAYER, "access": "[]"}}, "layers: expected access to be the text"),
    ("layers", {"one": {**LAYER, "bridge": ["erc777:0x" + "1" * 40]}}, "layers: expected bridge to list tokens"),
    ("layers", {"one": {**LAYER, "bridge": ["erc20:0x" + "1" * 40 + ":0"]}}, "layers: expected bridge to list tokens"),
    ("layers", {"one": {**LAYER, "attestors": ["https://one.example"]}}, "layers: expected attestors as"),
    ("layers", {"one": {**LAYER, "quorum": 1}}, "layers: expected a quorum of 1 to"),
    ("layers", {"one": {**LAYER, "window_s": 2592001}}, "layers: expected window_s of 0"),
    ("public_url", "https://night.example/", "public_url: expected a URL"),
    ("throttle", {"rate": 0, "burst": 10}, "throttle: expected a rate"),
    ("throttle", {"rate": 10, "burst": 1.5}, "throttle: expected a rate"),
    ("post_after_s", 0.5, "post_after_s: expected 0 to 3600"),
    ("sequencer_concurrency", 1, "sequencer_concurrency: expected -1, or a whole number of at least 2"),
    ("sequencer_concurrency", 0, "sequencer_concurrency: expected -1"),
    ("log_retention_days", 2, "log_retention_days: expected a number of days"),
    ("alarm_actions", ["ops@example.com"], "alarm_actions: expected ARNs"),
    ("budget", {"limit_usd": 0, "emails": []}, "budget: expected limit_usd above 0"),
    ("budget", {"limit_usd": 9, "emails": ["ops"]}, "budget: expected limit_usd above 0"),
    ("tags", {"aws:x": "y"}, "tags: expected keys"),
    ("tags", {"mayfly:deployment": "y"}, "tags: expected keys"),
]


class Variables(unittest.TestCase):
    """Plans the variables alone: a complaint about one needs no provider."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tool.scratch(cls)
        shutil.copy(tool.MODULE / "variables.tf", cls.folder)
        tool.terraform(cls.folder, "init", "-no-color")

    def plan(self, values):
        (self.folder / "case.auto.tfvars.json").write_text(json.dumps(values))
        done = tool.terraform(self.folder, "plan", "-no-color", "-input=false", check=False)
        # Terraform frames what it says, and breaks its lines.
        return done.returncode, re.sub(r"[\s│]+", " ", done.stdout + done.stderr)

    def test_good_values_pass(self):
        in_kms = {**GOOD, "enable_signing_key": True, "secrets": {"minter_key": "/night/minter-key"}}
        for values in (GOOD, {**GOOD, **EDGES}, in_kms):
            code, said = self.plan(values)
            self.assertEqual(code, 0, said)

    def test_bad_values_are_refused_by_name(self):
        for name, value, complaint in BAD:
            with self.subTest(variable=name, value=value):
                code, said = self.plan({**GOOD, name: value})
                self.assertNotEqual(code, 0)
                self.assertIn(complaint, said)

    def test_missing_values_are_named(self):
        for name in ("artifact_dir", "l1_url", "secrets"):
            code, said = self.plan({key: value for key, value in GOOD.items() if key != name})
            self.assertNotEqual(code, 0)
            self.assertIn(f'variable "{name}"', said)

    def test_every_complaint_has_a_case(self):
        source = (tool.MODULE / "variables.tf").read_text()
        complaints = re.findall(r'error_message = "(.*)"', source)
        untried = [text for text in complaints if not any(text.startswith(begin) for _, _, begin in BAD)]
        self.assertEqual(untried, [])


if __name__ == "__main__":
    unittest.main()

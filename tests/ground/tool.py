"""Terraform as the tests use it: on copies of the module, so that nothing is left in the tree."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "terraform"

#: Functions that the module deploys.
FUNCTIONS = ("rpc", "webhook", "sequencer", "bridge", "teardown", "operator")

#: What `blueprint` needs, with everything that is optional.
DEPLOYMENT = {
    "name": "night",
    "place": {"partition": "aws", "region": "eu-central-1", "account_id": "210987654321"},
    "l1": {"url": "https://l1.example/rpc", "factory": "0x00000000000000000000000000000000000000fA"},
    "public_url": "https://night.example",
    "sockets": {
        "endpoint": "wss://ab12cd34.execute-api.eu-central-1.amazonaws.com",
        "arn": "arn:aws:execute-api:eu-central-1:210987654321:ab12cd34",
    },
    "secrets": {
        "l1_key": "/night/l1-key",
        "minter_key": "/night/minter-key",
        "stripe_secret": "/night/stripe-secret",
        "shops": "/night/shops",
        "kms_key_arn": "arn:aws:kms:eu-central-1:210987654321:key/5ec7",
    },
}

#: What an installation without a way to the provider says. Anything else that `init` complains of is a fault.
NO_PROVIDER = (
    "Failed to query available provider packages",
    "Failed to install provider",
    "Could not connect",
    "Invalid provider registry host",
)


@cache
def program():
    """Terraform, or OpenTofu; None when there is neither."""
    return shutil.which("terraform") or shutil.which("tofu")


def terraform(folder, *arguments, check=True, environment=None):
    """Runs a command in a folder. Fails with all that was said unless it passes, or `check` is off."""
    if program() is None:
        raise unittest.SkipTest("terraform: not installed, so nothing of terraform/ was tested")
    done = subprocess.run(
        [program(), *arguments],
        cwd=folder,
        env={**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"terraform {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}")
    return done


def copy(destination):
    """Copies the module without what `terraform init` may have left in it."""
    left = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*")
    return Path(shutil.copytree(MODULE, destination, ignore=left))


def scratch(case):
    """A folder that lives as long as a test, or a class of tests."""
    folder = tempfile.TemporaryDirectory(prefix="mayfly-ground-")
    clean = case.addClassCleanup if isinstance(case, type) else case.addCleanup
    clean(folder.cleanup)
    return Path(folder.name)


def blueprint(case, **changes):
    """What the blueprint decides for `DEPLOYMENT` with some inputs changed. Needs no provider."""
    folder = copy(scratch(case) / "module") / "blueprint"
    (folder / "case.auto.tfvars.json").write_text(json.dumps({**DEPLOYMENT, **changes}))
    terraform(folder, "init", "-no-color")
    terraform(folder, "apply", "-auto-approve", "-no-color")
    outputs = json.loads(terraform(folder, "output", "-json").stdout)
    return {name: output["value"] for name, output in outputs.items()}


def initialise(folder):
    """`terraform init` with the AWS provider, from wherever this installation of Terraform has providers."""
    done = terraform(folder, "init", "-no-color", check=False)
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return
    if any(sign in said for sign in NO_PROVIDER):
        raise unittest.SkipTest("terraform init: no way to the provider hashicorp/aws on this machine")
    raise AssertionError(f"terraform init:\n{said}")


def artifacts(folder):
    """Zip files in the layout of cargo-lambda, for where nothing runs them."""
    for function in FUNCTIONS:
        (folder / function).mkdir(parents=True)
        with zipfile.ZipFile(folder / function / "bootstrap.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("bootstrap"), b"stands for a function")
    return folder

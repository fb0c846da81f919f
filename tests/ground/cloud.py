"""An emulator of AWS in a process of its own, and what is left in it."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3

#: moto's only account, and the region that the tests use.
REGION = "us-east-1"

#: The emulator takes any.
KEYS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated"}


class Cloud:
    """moto, on a free port of this machine. Its functions answer what they are asked."""

    def __init__(self):
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = Path(sys.executable).parent / "moto_server"
        self._process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)],
            env={**_without_aws(), **KEYS},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        self._ask("/moto-api/config", b'{"lambda": {"use_docker": false}}')

    def stop(self):
        self._process.kill()
        self._process.wait()

    def environment(self):
        """What sends Terraform here and nowhere else."""
        aws = {name: "" for name in os.environ if name.startswith("AWS_")}
        return {**aws, **KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="emulated",
            aws_secret_access_key="emulated",
            verify=False,
        )

    def left(self, name):
        """Everything there is whose name begins with `name`."""
        found = [
            *(table for table in self.client("dynamodb").list_tables()["TableNames"]),
            *(bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]),
            *(one["FunctionName"] for one in self.client("lambda").list_functions()["Functions"]),
            *(role["RoleName"] for role in self.client("iam").list_roles()["Roles"]),
            *(group["logGroupName"].split("/")[-1] for group in self.client("logs").describe_log_groups()["logGroups"]),
            *(url.split("/")[-1] for url in self.client("sqs").list_queues().get("QueueUrls", [])),
            *(api["Name"] for api in self.client("apigatewayv2").get_apis()["Items"]),
            *(group["Name"] for group in self.client("scheduler").list_schedule_groups()["ScheduleGroups"]),
            *(one["GroupName"] for one in self.client("scheduler").list_schedules()["Schedules"]),
            *(one["AlarmName"] for one in self.client("cloudwatch").describe_alarms()["MetricAlarms"]),
            *(one["DashboardName"] for one in self.client("cloudwatch").list_dashboards()["DashboardEntries"]),
        ]
        return sorted(one for one in found if one.startswith(name))

    def _wait(self):
        """Asks until it answers; each refusal costs the time of a connection."""
        while self._process.poll() is None:
            try:
                self._ask("/moto-api/config")
            except (urllib.error.URLError, ConnectionError):
                continue
            return
        raise AssertionError("the emulator of AWS ended before it answered")

    def _ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data=body)) as answer:
            return answer.read()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _without_aws():
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

"""An emulator of AWS in a process of its own, what is left in it, and an operator that answers."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3

#: moto's only account, and the region that the tests use.
REGION = "us-east-1"

#: The emulator takes any.
KEYS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated"}


class Cloud:
    """moto, on a free port of this machine, with an operator in front of its functions."""

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
        self.operator = Operator(self.url)

    def stop(self):
        self.operator.stop()
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
            *(alias["AliasName"].removeprefix("alias/") for alias in self.client("kms").list_aliases()["Aliases"]),
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


class Operator:
    """Stands before the emulator's Lambda, and answers invocations of the operator as the function does.

    The emulator itself runs nothing. What the real function says of each event is tested where it lives.
    """

    def __init__(self, behind):
        self.asked = []
        self.has_ended = False
        outer = self

        class Answers(BaseHTTPRequestHandler):
            """One request, answered here or passed on."""

            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802, the name that the library wants
                self._answer()

            do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if re.search(r"/functions/[^/]+-operator/invocations(\?|$)", self.path):
                    failed, answer = outer.answer(json.loads(body))
                    headers = {"X-Amz-Function-Error": "Unhandled"} if failed else {}
                    return self._send(200, {**headers, "X-Amz-Executed-Version": "$LATEST"}, answer)
                return self._pass_on(body)

            def _pass_on(self, body):
                request = urllib.request.Request(behind + self.path, data=body or None, method=self.command)
                for name, value in self.headers.items():
                    if name.lower() not in ("host", "content-length", "connection"):
                        request.add_header(name, value)
                try:
                    with urllib.request.urlopen(request) as answer:
                        return self._send(answer.status, dict(answer.headers), answer.read())
                except urllib.error.HTTPError as error:
                    return self._send(error.code, dict(error.headers), error.read())

            def _send(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *arguments):  # noqa: A002
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, event):
        """Whether it failed, and what it says."""
        self.asked.append(event)
        if event["tf"]["action"] == "delete" and not self.has_ended:
            return True, b'{"errorType": "Refused", "errorMessage": "the layer is still there"}'
        return False, json.dumps({"layer": "0badcafe", "phase": "open", "name": event["name"]}).encode()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _without_aws():
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

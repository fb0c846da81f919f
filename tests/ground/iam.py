"""As much of IAM as the policies of functions use: who may do what, and which statement says so."""

import json
import re
import urllib.parse
import xml.etree.ElementTree


class Ask:
    """One permission that a request needs."""

    def __init__(self, action, resource, **context):
        self.action, self.resource, self.context = action, resource, context

    def __repr__(self):
        return f"{self.action} on {self.resource} {self.context or ''}".rstrip()


def granted_by(statements, ask):
    """The Sid of a statement that grants it; None when there is none."""
    for statement in statements:
        if ask.action not in statement["Action"]:
            continue
        if not any(_like(pattern, ask.resource) for pattern in statement["Resource"]):
            continue
        if all(_holds(*condition, ask.context) for condition in statement.get("Condition", {}).items()):
            return statement["Sid"]
    return None


def _holds(operator, keys, context):
    for key, wanted in keys.items():
        patterns = wanted if isinstance(wanted, list) else [wanted]
        held = context.get(key)
        if operator == "ForAllValues:StringLike":
            fits = all(any(_like(pattern, value) for pattern in patterns) for value in held or [])
        elif operator == "StringLikeIfExists":
            fits = held is None or any(_like(pattern, held) for pattern in patterns)
        elif operator == "StringEquals":
            fits = held in patterns
        else:
            raise AssertionError(f"{operator}: not in the part of IAM that this reads")
        if not fits:
            return False
    return True


def _like(pattern, value):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


class Reader:
    """Says which permissions a request needs. Names of emulators stand for those of the deployment."""

    def __init__(self, arns):
        self.arns = arns

    def asks(self, service, method, path, query, headers, body):
        return getattr(self, f"_{service}")(method, path, urllib.parse.parse_qs(query, True), headers, body)

    def _dynamodb(self, _method, _path, _query, headers, body):
        action = headers["x-amz-target"].split(".")[1]
        event = json.loads(body)
        if action == "TransactWriteItems":
            return [self._part(*part) for item in event["TransactItems"] for part in item.items()]
        keys = {
            "BatchWriteItem": lambda: [_written(write) for writes in event["RequestItems"].values() for write in writes],
            "Query": lambda: [event["ExpressionAttributeValues"][":pk"]["S"]],
            "PutItem": lambda: [event["Item"]["pk"]["S"]],
            # Whoever scans names no keys.
            "Scan": lambda: None,
        }.get(action, lambda: [event["Key"]["pk"]["S"]])()
        return [Ask(f"dynamodb:{action}", self.arns["table"], **{"dynamodb:LeadingKeys": keys})]

    def _part(self, kind, what):
        """What one part of a transaction needs: the action that it would need alone."""
        actions = {"Put": "PutItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
        action, key = actions[kind], what["Item"] if kind == "Put" else what["Key"]
        return Ask(f"dynamodb:{action}", self.arns["table"], **{"dynamodb:LeadingKeys": [key["pk"]["S"]]})

    def _s3(self, method, path, query, _headers, body):
        bucket = self.arns["bucket"]
        key = urllib.parse.unquote(path.lstrip("/").partition("/")[2])
        if "list-type" in query:
            return [Ask("s3:ListBucket", bucket, **{"s3:prefix": query["prefix"][0]})]
        if "delete" in query:
            tags = xml.etree.ElementTree.fromstring(body).iter()
            keys = [tag.text for tag in tags if tag.tag.endswith("Key")]
            return [Ask("s3:DeleteObject", f"{bucket}/{key}") for key in keys]
        action = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject"}[method]
        return [Ask(f"s3:{action}", f"{bucket}/{key}")]

    def _lambda(self, _method, path, _query, _headers, _body):
        name = re.fullmatch(r"/2015-03-31/functions/([a-z]+)/invocations", path)[1]
        return [Ask("lambda:InvokeFunction", self.arns["functions"][name])]

    def _ssm(self, _method, _path, _query, _headers, body):
        place = self.arns["parameters"]["l1_key"].partition(":parameter/")[0]
        return [Ask("ssm:GetParameter", f"{place}:parameter{json.loads(body)['Name']}")]

    def _sockets(self, method, path, _query, _headers, _body):
        connection = path.rpartition("/")[2]
        return [Ask("execute-api:ManageConnections", f"{self.arns['sockets']}/{method}/@connections/{connection}")]

    def _scheduler(self, method, path, _query, _headers, _body):
        name = path.removeprefix("/schedules/")
        schedule = self.arns["schedules"].removesuffix("*") + name
        if method == "DELETE":
            return [Ask("scheduler:DeleteSchedule", schedule)]
        passed = {"iam:PassedToService": "scheduler.amazonaws.com"}
        return [Ask("scheduler:CreateSchedule", schedule), Ask("iam:PassRole", self.arns["schedule_role"], **passed)]


def _written(write):
    ((kind, what),) = write.items()
    return (what["Item"] if kind == "PutRequest" else what["Key"])["pk"]["S"]

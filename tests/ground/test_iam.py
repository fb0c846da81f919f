"""The guard refuses what IAM would."""

import unittest

from iam import Ask, Reader, granted_by

ARNS = {
    "table": "arn:aws:dynamodb:r:1:table/t",
    "bucket": "arn:aws:s3:::b",
    "functions": {"sequencer": "arn:aws:lambda:r:1:function:n-sequencer"},
    "sockets": "arn:aws:execute-api:r:1:a/live",
    "schedules": "arn:aws:scheduler:r:1:schedule/n/*",
    "schedule_role": "arn:aws:iam::1:role/n-scheduler",
}

POLICY = [
    {"Sid": "Put", "Action": ["dynamodb:PutItem"], "Resource": [ARNS["table"]],
     "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["inbox#*", "register#*#filter-*"]}}},
    {"Sid": "Read", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/layers/*"]},
    {"Sid": "List", "Action": ["s3:ListBucket"], "Resource": [ARNS["bucket"]],
     "Condition": {"StringLikeIfExists": {"s3:prefix": ["layers/*"]}}},
    {"Sid": "Pass", "Action": ["iam:PassRole"], "Resource": [ARNS["schedule_role"]],
     "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}},
]  # fmt: skip


def sids(service, method, path, query="", target="", body=b""):
    """What grants each permission that a request needs."""
    asks = Reader(ARNS).asks(service, method, path, query, {"x-amz-target": target}, body)
    return [granted_by(POLICY, ask) for ask in asks]


class Iam(unittest.TestCase):
    """Requests as functions send them."""

    def put(self, key):
        body = b'{"TableName": "t", "Item": {"pk": {"S": "%s"}}}' % key.encode()
        return sids("dynamodb", "POST", "/", target="DynamoDB_20120810.PutItem", body=body)

    def test_keys_are_held_to_their_kinds(self):
        self.assertEqual(self.put("inbox#0bad#03"), ["Put"])
        self.assertEqual(self.put("register#0bad#filter-0001"), ["Put"])
        self.assertEqual(self.put("register#0bad#lease"), [None])
        self.assertEqual(self.put("log#0bad#1"), [None])

    def test_every_key_of_a_batch_counts(self):
        ask = Ask("dynamodb:PutItem", ARNS["table"], **{"dynamodb:LeadingKeys": ["inbox#1", "log#1"]})
        self.assertIsNone(granted_by(POLICY, ask))

    def test_a_batch_names_all_its_keys(self):
        body = b'{"RequestItems": {"t": [{"DeleteRequest": {"Key": {"pk": {"S": "inbox#1"}}}}, {"PutRequest": {"Item": {"pk": {"S": "log#1"}}}}]}}'
        (ask,) = Reader(ARNS).asks("dynamodb", "POST", "/", "", {"x-amz-target": "DynamoDB_20120810.BatchWriteItem"}, body)
        self.assertEqual(ask.context, {"dynamodb:LeadingKeys": ["inbox#1", "log#1"]})

    def test_objects_are_held_to_their_names(self):
        self.assertEqual(sids("s3", "GET", "/b/layers/0bad/packs/1"), ["Read"])
        self.assertEqual(sids("s3", "HEAD", "/b/layers/0bad/packs/1"), ["Read"])
        self.assertEqual(sids("s3", "GET", "/b/bundles/0bad"), [None])
        self.assertEqual(sids("s3", "PUT", "/b/layers/0bad/packs/1"), [None])
        self.assertEqual(sids("s3", "GET", "/b/", "list-type=2&prefix=layers%2F0bad%2F"), ["List"])
        self.assertEqual(sids("s3", "GET", "/b/", "list-type=2&prefix=bundles%2F"), [None])

    def test_every_object_that_is_deleted_counts(self):
        body = b"<Delete xmlns='x'><Object><Key>layers/1</Key></Object><Object><Key>layers/2</Key></Object></Delete>"
        self.assertEqual(sids("s3", "POST", "/b/", "delete", body=body), [None, None])

    def test_who_schedules_passes_a_role(self):
        self.assertEqual(sids("scheduler", "POST", "/schedules/end-0bad"), [None, "Pass"])
        self.assertEqual(sids("scheduler", "DELETE", "/schedules/end-0bad", "groupName=n"), [None])

    def test_functions_are_called_by_their_names_in_the_deployment(self):
        path = "/2015-03-31/functions/sequencer/invocations"
        (ask,) = Reader(ARNS).asks("lambda", "POST", path, "", {}, b"{}")
        self.assertEqual((ask.action, ask.resource), ("lambda:InvokeFunction", ARNS["functions"]["sequencer"]))

    def test_every_part_of_a_transaction_counts(self):
        put = b'{"Put": {"Item": {"pk": {"S": "inbox#a#01"}}}}'
        check = b'{"ConditionCheck": {"Key": {"pk": {"S": "register#a#phase"}}}}'
        body = b'{"TransactItems": [' + check + b", " + put + b"]}"
        self.assertEqual(sids("dynamodb", "POST", "/", target="DynamoDB.TransactWriteItems", body=body), [None, "Put"])

    def test_connections_are_of_one_api(self):
        (ask,) = Reader(ARNS).asks("sockets", "POST", "/live/@connections/L0SM9", "", {}, b"{}")
        expected = "arn:aws:execute-api:r:1:a/live/POST/@connections/L0SM9"
        self.assertEqual((ask.action, ask.resource), ("execute-api:ManageConnections", expected))


if __name__ == "__main__":
    unittest.main()

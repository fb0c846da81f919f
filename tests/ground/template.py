"""The SAM template, with its parameters put in: as much of CloudFormation's language as it uses."""

import re

import yaml

from tool import ROOT

PATH = ROOT / "infra" / "template.yaml"

#: Attributes that CloudFormation knows once a resource exists, by type.
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::Serverless::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
}

NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::Serverless::Function": "FunctionName",
}


class Tags(yaml.SafeLoader):
    """Reads `!Ref x` as `{"Ref": "x"}`, and so on."""


def _intrinsic(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Tags.add_multi_constructor("!", _intrinsic)


class NoValue:
    """Stands for `AWS::NoValue`: whatever has it is left out."""


class Stack:
    """A stack that nobody deployed."""

    def __init__(self, parameters, region, account):
        self.template = yaml.load(PATH.read_text(), Tags)  # noqa: S506, a SafeLoader
        self.parameters = {
            name: parameters.get(name, declared.get("Default"))
            for name, declared in self.template["Parameters"].items()
        }
        unknown = set(parameters) - set(self.parameters)
        missing = [name for name, value in self.parameters.items() if value is None]
        if unknown or missing:
            raise AssertionError(f"parameters: unknown {sorted(unknown)}, missing {missing}")
        self.region, self.account = region, account
        self.resources = {
            name: resource
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def of(self, kind):
        """Properties of the resources of a type, by logical name."""
        return {
            name: self.value(resource["Properties"])
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def condition(self, name):
        return self.value(self.template["Conditions"][name])

    def value(self, node):
        """Puts in what CloudFormation would."""
        if isinstance(node, list):
            values = [self.value(item) for item in node]
            return [value for value in values if value is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, argument),) = node.items()
            intrinsic = {
                "Ref": self.ref,
                "Fn::Sub": self.sub,
                "Fn::GetAtt": lambda parts: self.attribute(*parts),
                "Fn::If": self.choose,
                "Fn::Equals": lambda pair: str(self.value(pair[0])) == str(self.value(pair[1])),
                "Condition": self.condition,
                "Fn::And": lambda all_of: all(self.value(one) for one in all_of),
                "Fn::Or": lambda any_of: any(self.value(one) for one in any_of),
                "Fn::Not": lambda one: not self.value(one[0]),
            }.get(key)
            if intrinsic:
                return intrinsic(argument)
            if key.startswith("Fn::"):
                raise AssertionError(f"{key}: not in the part of CloudFormation that this reads")
        values = {key: self.value(item) for key, item in node.items()}
        return {key: value for key, value in values.items() if value is not NoValue}

    def choose(self, argument):
        condition, yes, no = argument
        return self.value(yes if self.condition(condition) else no)

    def sub(self, text):
        return re.sub(r"\$\{([^}]+)\}", lambda match: str(self.named(match[1])), text)

    def named(self, name):
        return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)

    def ref(self, name):
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::NoValue": NoValue,
            "AWS::Partition": "aws",
            "AWS::Region": self.region,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        resource = self.template["Resources"][name]
        known = NAMES.get(resource["Type"])
        return self.value(resource["Properties"][known]) if known else name

    def attribute(self, name, attribute):
        if attribute != "Arn":
            raise AssertionError(f"{name}.{attribute}: only ARNs are known before a stack exists")
        form = ARNS[self.template["Resources"][name]["Type"]]
        return form.format(region=self.region, account=self.account, name=self.ref(name))

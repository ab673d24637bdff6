"""Wrong inputs, one at a time, each in one resource of the recorded prod stack, and what its judge answers.

What no judge knows stands in docs/aws.md: that a version is offered, a certificate's key fits, a quota is enough.
"""

from __future__ import annotations

import json

from tests.aws.judgement import Mistake

_VPC, _SUBNET = "network-eu-central-1-vpc", "network-eu-central-1-private-eu-central-1a"
_CLUSTER, _ENTRY = "cluster-eu-central-1-control-plane", "entry-eu-central-1-https"
_DATABASE, _INSTANCE = "database-eu-central-1-cluster", "database-eu-central-1-0"
_ALARM, _FLOW = "database-eu-central-1-alarms-cpu", "network-eu-central-1-flow-logs-log"
_RIGHTLESS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]})
_TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}, "Resource": "*"}

MISTAKES = (
    Mistake("certificate-eu-central-1-certificate", "keyAlgorithm", "EC_P256", "model", "is none of"),
    Mistake("cluster-eu-central-1-logs", "name", "logs of the cluster", "model", "does not match"),
    Mistake(_CLUSTER, "name", "gostack prod", "model", "does not match"),
    Mistake(_CLUSTER, "accessConfig.authenticationMode", "RBAC", "model", "is none of"),
    Mistake(_CLUSTER, "upgradePolicy.supportType", "LONG", "model", "is none of"),
    Mistake(_CLUSTER, "roleArn", None, "model", "roleArn: is required"),
    Mistake("registry-eu-central-1-gostack-users", "name", "Gostack/Users", "model", "does not match"),
    Mistake("registry-eu-central-1-gostack-users", "imageTagMutability", "FROZEN", "model", "is none of"),
    Mistake(_FLOW, "trafficType", "EVERYTHING", "model", "is none of"),
    Mistake(_ALARM, "comparisonOperator", ">", "model", "is none of"),
    Mistake(_ALARM, "evaluationPeriods", 0.0, "model", "is not in the range"),
    Mistake("dns-eu-central-1-health", "requestInterval", 5.0, "model", "is not in the range"),
    Mistake("dns-eu-central-1-nearest", "latencyRoutingPolicies.0.region", "eu-central-9", "model", "is none of"),
    Mistake("logs-eu-central-1-key", "deletionWindowInDays", 0.0, "model", "is not in the range"),
    Mistake(_ENTRY, "port", 84430.0, "model", "is not in the range"),
    Mistake(f"{_ENTRY}-listener", "protocol", "HTTP3", "model", "is none of"),
    Mistake("cluster-eu-central-1-roles-cluster-role", "path", "gostack", "model", "does not match"),
    Mistake(_INSTANCE, "promotionTier", "first", "model", "is no integer"),
    Mistake(_VPC, "cidrBlock", "10.0.0.0/8", "account", "InvalidVpc.Range"),
    Mistake(_SUBNET, "cidrBlock", "10.99.0.0/21", "account", "InvalidSubnet.Range"),
    Mistake(_FLOW, "maxAggregationInterval", 90.0, "account", "Invalid Flow Log Max Aggregation Interval"),
    Mistake(_DATABASE, "engine", "aurora-mysq", "account", "InvalidParameterValue"),
    Mistake(
        "cluster-eu-central-1-roles-cluster-AmazonEKSClusterPolicy",
        "policyArn",
        "arn:aws:iam::aws:policy/AmazonEKSClustersPolicy",
        "account",
        "NoSuchEntity",
    ),
    Mistake("network-eu-central-1-flow-logs-policy", "policy", _RIGHTLESS, "account", "MalformedPolicyDocument"),
    Mistake("cluster-eu-central-1-logs", "retentionInDays", 91.0, "template", "91 is not one of"),
    Mistake(_ALARM, "period", 45.0, "template", "45 is not"),
    Mistake(_ALARM, "treatMissingData", "ok", "template", "'ok' is not one of"),
    Mistake(_DATABASE, "engineVersion", "8.0.mysql_aurora.3.99.0", "template", "is not one of"),
    Mistake(_INSTANCE, "instanceClass", "db.r8g.tiny", "template", "is not one of"),
    Mistake(_INSTANCE, "copyTagsToSnapshot", True, "template", "E3682"),
    Mistake(
        "cluster-eu-central-1-roles-cluster-role",
        "assumeRolePolicy",
        json.dumps({"Version": "2012-10-17", "Statement": [_TRUST]}),
        "template",
        "Resource",
    ),
    Mistake("network-eu-central-1-endpoints-https", "ipProtocol", "tpc", "template", "'IpProtocol' value 'tpc'"),
)

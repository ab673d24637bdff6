"""The calls by which each of the stack's types is made, and the few names that follow no rule.

Everything else about them is in AWS's models. A property that is found nowhere fails a test by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.aws.translation import Names


@dataclass(frozen=True)
class Call:
    """One call of an API."""

    operation: str
    names: Names = field(default_factory=dict)
    """What AWS calls a property, where no rule tells."""

    only: frozenset[str] | None = None
    """The properties that it is made for; None for the call that makes the resource."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    """Property to its key among the call's `Attributes`."""

    constants: Mapping[str, Any] = field(default_factory=dict)
    """What a provider adds by itself; `$id` is what was made."""

    judged_only: bool = False
    """True for a call that is made when the resource changes or goes: a model judges it now, nobody answers."""


def makes(operation: str, names: Names | None = None, **constants: Any) -> Call:
    return Call(operation, names or {}, constants=constants)


def sets(operation: str, *only: str, names: Names | None = None, **constants: Any) -> Call:
    return Call(operation, names or {}, frozenset(only), constants=constants)


def attributes(operation: str, keys: Mapping[str, str], **constants: Any) -> Call:
    return Call(operation, only=frozenset(keys), attributes=keys, constants=constants)


def later(operation: str, *only: str, names: Names | None = None, **constants: Any) -> Call:
    return Call(operation, names or {}, frozenset(only), constants=constants, judged_only=True)


_RULE: Names = {
    "ipProtocol": "IpPermissions.IpProtocol",
    "fromPort": "IpPermissions.FromPort",
    "toPort": "IpPermissions.ToPort",
    "cidrIpv4": "IpPermissions.IpRanges.CidrIp",
    "referencedSecurityGroupId": "IpPermissions.UserIdGroupPairs.GroupId",
    "securityGroupId": "GroupId",
    # In the range or the group that it describes.
    "description": None,
}
_RECORD = "ChangeBatch.Changes.ResourceRecordSet"

CALLS: dict[str, tuple[Call, ...]] = {
    "aws:acm/certificate:Certificate": (makes("acm.RequestCertificate"),),
    "aws:acm/certificateValidation:CertificateValidation": (makes("acm.DescribeCertificate"),),
    "aws:budgets/budget:Budget": (
        makes(
            "budgets.CreateBudget",
            {
                "name": "Budget.BudgetName",
                "limitAmount": "Budget.BudgetLimit.Amount",
                "limitUnit": "Budget.BudgetLimit.Unit",
                "notifications": "NotificationsWithSubscribers",
                "notifications.subscriberSnsTopicArns": "Subscribers.Address",
                "tags": "ResourceTags",
            },
            **{"NotificationsWithSubscribers.Subscribers.SubscriptionType": "SNS"},
        ),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        makes("logs.CreateLogGroup"),
        sets("logs.PutRetentionPolicy", "name", "retentionInDays"),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        makes(
            "logs.PutMetricFilter",
            {
                "name": "filterName",
                "pattern": "filterPattern",
                "metricTransformation": "metricTransformations",
                "metricTransformation.name": "metricName",
                "metricTransformation.namespace": "metricNamespace",
                "metricTransformation.value": "metricValue",
            },
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (makes("cloudwatch.PutMetricAlarm", {"name": "AlarmName"}),),
    "aws:ec2/eip:Eip": (makes("ec2.AllocateAddress"),),
    "aws:ec2/flowLog:FlowLog": (
        makes(
            "ec2.CreateFlowLogs", {"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn"}, ResourceType="VPC"
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": (
        makes("ec2.CreateInternetGateway"),
        sets("ec2.AttachInternetGateway", "vpcId", InternetGatewayId="$id"),
    ),
    "aws:ec2/natGateway:NatGateway": (makes("ec2.CreateNatGateway"),),
    "aws:ec2/route:Route": (makes("ec2.CreateRoute"),),
    "aws:ec2/routeTable:RouteTable": (makes("ec2.CreateRouteTable"),),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (makes("ec2.AssociateRouteTable"),),
    "aws:ec2/securityGroup:SecurityGroup": (makes("ec2.CreateSecurityGroup", {"name": "GroupName"}),),
    "aws:ec2/subnet:Subnet": (
        makes("ec2.CreateSubnet"),
        sets("ec2.ModifySubnetAttribute", "mapPublicIpOnLaunch", SubnetId="$id"),
    ),
    "aws:ec2/vpc:Vpc": (
        makes("ec2.CreateVpc"),
        sets("ec2.ModifyVpcAttribute", "enableDnsSupport", VpcId="$id"),
        sets("ec2.ModifyVpcAttribute", "enableDnsHostnames", VpcId="$id"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (makes("ec2.CreateVpcEndpoint"),),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (makes("ecr.PutLifecyclePolicy", {"policy": "lifecyclePolicyText"}),),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": (makes("ecr.CreatePullThroughCacheRule"),),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": (makes("ecr.PutReplicationConfiguration"),),
    "aws:ecr/repository:Repository": (
        makes("ecr.CreateRepository", {"encryptionConfigurations": "encryptionConfiguration"}),
    ),
    "aws:eks/accessEntry:AccessEntry": (makes("eks.CreateAccessEntry"),),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (makes("eks.AssociateAccessPolicy"),),
    "aws:eks/addon:Addon": (
        makes("eks.CreateAddon", {"resolveConflictsOnCreate": "resolveConflicts"}),
        later(
            "eks.UpdateAddon",
            "clusterName",
            "addonName",
            "resolveConflictsOnUpdate",
            names={"resolveConflictsOnUpdate": "resolveConflicts"},
        ),
    ),
    "aws:eks/cluster:Cluster": (
        makes(
            "eks.CreateCluster",
            {"vpcConfig": "resourcesVpcConfig", "enabledClusterLogTypes": "logging.clusterLogging.types"},
            **{"logging.clusterLogging.enabled": True},
        ),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (makes("eks.CreatePodIdentityAssociation"),),
    "aws:iam/role:Role": (makes("iam.CreateRole"),),
    "aws:iam/rolePolicy:RolePolicy": (makes("iam.PutRolePolicy", {"name": "PolicyName"}),),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (makes("iam.AttachRolePolicy"),),
    "aws:kms/alias:Alias": (makes("kms.CreateAlias"),),
    "aws:kms/key:Key": (
        makes("kms.CreateKey"),
        later(
            "kms.ScheduleKeyDeletion",
            "deletionWindowInDays",
            names={"deletionWindowInDays": "PendingWindowInDays"},
            KeyId="$id",
        ),
    ),
    "aws:lb/listener:Listener": (makes("elbv2.CreateListener", {"certificateArn": "Certificates.CertificateArn"}),),
    "aws:lb/loadBalancer:LoadBalancer": (
        makes("elbv2.CreateLoadBalancer", {"loadBalancerType": "Type"}, Scheme="internet-facing"),
        attributes(
            "elbv2.ModifyLoadBalancerAttributes",
            {
                "enableDeletionProtection": "deletion_protection.enabled",
                "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
                "enableZonalShift": "zonal_shift.config.enabled",
            },
            LoadBalancerArn="$arn",
        ),
    ),
    "aws:lb/targetGroup:TargetGroup": (
        makes(
            "elbv2.CreateTargetGroup",
            {
                "healthCheck.healthyThreshold": "HealthyThresholdCount",
                "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
                "healthCheck.interval": "HealthCheckIntervalSeconds",
                "healthCheck.timeout": "HealthCheckTimeoutSeconds",
                "healthCheck.matcher": "Matcher.HttpCode",
            },
        ),
        attributes(
            "elbv2.ModifyTargetGroupAttributes",
            {
                "deregistrationDelay": "deregistration_delay.timeout_seconds",
                "preserveClientIp": "preserve_client_ip.enabled",
            },
            TargetGroupArn="$arn",
        ),
    ),
    "aws:rds/cluster:Cluster": (
        makes(
            "rds.CreateDBCluster",
            {"masterPassword": "MasterUserPassword", "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports"},
        ),
        later(
            "rds.DeleteDBCluster",
            "clusterIdentifier",
            "skipFinalSnapshot",
            "finalSnapshotIdentifier",
            names={"finalSnapshotIdentifier": "FinalDBSnapshotIdentifier"},
        ),
    ),
    "aws:rds/clusterInstance:ClusterInstance": (
        makes(
            "rds.CreateDBInstance",
            {
                "identifier": "DBInstanceIdentifier",
                "instanceClass": "DBInstanceClass",
                "caCertIdentifier": "CACertificateIdentifier",
                "performanceInsightsEnabled": "EnablePerformanceInsights",
            },
        ),
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": (
        makes("rds.CreateDBClusterParameterGroup", {"family": "DBParameterGroupFamily"}),
        sets("rds.ModifyDBClusterParameterGroup", "name", "parameters"),
    ),
    "aws:rds/globalCluster:GlobalCluster": (makes("rds.CreateGlobalCluster"),),
    "aws:rds/subnetGroup:SubnetGroup": (makes("rds.CreateDBSubnetGroup"),),
    "aws:route53/healthCheck:HealthCheck": (
        makes(
            "route53.CreateHealthCheck",
            {"fqdn": "HealthCheckConfig.FullyQualifiedDomainName"},
            CallerReference="once",
        ),
        sets(
            "route53.ChangeTagsForResource",
            "tags",
            names={"tags": "AddTags"},
            ResourceType="healthcheck",
            ResourceId="$id",
        ),
    ),
    "aws:route53/record:Record": (
        makes(
            "route53.ChangeResourceRecordSets",
            {
                "zoneId": "HostedZoneId",
                "name": f"{_RECORD}.Name",
                "type": f"{_RECORD}.Type",
                "ttl": f"{_RECORD}.TTL",
                "records": f"{_RECORD}.ResourceRecords",
                "setIdentifier": f"{_RECORD}.SetIdentifier",
                "healthCheckId": f"{_RECORD}.HealthCheckId",
                "latencyRoutingPolicies.region": f"{_RECORD}.Region",
                "aliases": f"{_RECORD}.AliasTarget",
                "aliases.name": "DNSName",
                "aliases.zoneId": "HostedZoneId",
            },
            **{"ChangeBatch.Changes.Action": "UPSERT"},
        ),
    ),
    "aws:secretsmanager/secret:Secret": (
        makes("secretsmanager.CreateSecret", {"replicas": "AddReplicaRegions"}),
        later("secretsmanager.DeleteSecret", "recoveryWindowInDays", SecretId="$id"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (makes("secretsmanager.PutSecretValue"),),
    "aws:sns/topic:Topic": (Call("sns.CreateTopic", attributes={"kmsMasterKeyId": "KmsMasterKeyId"}),),
    "aws:sns/topicPolicy:TopicPolicy": (
        makes("sns.SetTopicAttributes", {"arn": "TopicArn", "policy": "AttributeValue"}, AttributeName="Policy"),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (makes("sns.Subscribe"),),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (makes("ec2.AuthorizeSecurityGroupEgress", _RULE),),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (makes("ec2.AuthorizeSecurityGroupIngress", _RULE),),
}

# What EC2 calls a type in its tags, where the type's own name is none of its words.
TAGGED = {
    "Eip": "elastic-ip",
    "FlowLog": "vpc-flow-log",
    "SecurityGroupEgressRule": "security-group-rule",
    "SecurityGroupIngressRule": "security-group-rule",
}

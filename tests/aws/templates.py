"""The stack's resources as CloudFormation has them: which type, and the names that follow no rule."""

from __future__ import annotations

from functools import cache

from tests.aws.calls import CALLS
from tests.aws.shapes import plain, resource_types
from tests.aws.translation import Names

# Types that CloudFormation calls otherwise.
_TYPES = {
    "aws:acm/certificate:Certificate": "AWS::CertificateManager::Certificate",
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "AWS::Logs::MetricFilter",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "AWS::EC2::SubnetRouteTableAssociation",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": "AWS::ECR::PullThroughCacheRule",
    "aws:lb/listener:Listener": "AWS::ElasticLoadBalancingV2::Listener",
    "aws:lb/loadBalancer:LoadBalancer": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "aws:lb/targetGroup:TargetGroup": "AWS::ElasticLoadBalancingV2::TargetGroup",
    "aws:rds/cluster:Cluster": "AWS::RDS::DBCluster",
    "aws:rds/clusterInstance:ClusterInstance": "AWS::RDS::DBInstance",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "AWS::RDS::DBClusterParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup": "AWS::RDS::DBSubnetGroup",
    "aws:route53/record:Record": "AWS::Route53::RecordSet",
    "aws:sns/topicSubscription:TopicSubscription": "AWS::SNS::Subscription",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "AWS::EC2::SecurityGroupEgress",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "AWS::EC2::SecurityGroupIngress",
}
# Types whose properties have the names of the call that makes them.
_AS_CALLED = (
    "aws:budgets/budget:Budget",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:lb/listener:Listener",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:rds/cluster:Cluster",
    "aws:rds/clusterInstance:ClusterInstance",
)
_RULE: Names = {"securityGroupId": "GroupId", "cidrIpv4": "CidrIp"}
NAMES: dict[str, Names] = {
    **{name: CALLS[name][0].names for name in _AS_CALLED},
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
        "name": "FilterName",
        "pattern": "FilterPattern",
        "metricTransformation.name": "MetricName",
        "metricTransformation.namespace": "MetricNamespace",
        "metricTransformation.value": "MetricValue",
    },
    "aws:ec2/flowLog:FlowLog": {"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
    "aws:ec2/securityGroup:SecurityGroup": {"name": "GroupName", "description": "GroupDescription"},
    "aws:eks/addon:Addon": {"resolveConflictsOnCreate": "ResolveConflicts"},
    "aws:eks/cluster:Cluster": {
        "vpcConfig": "ResourcesVpcConfig",
        "enabledClusterLogTypes": "Logging.ClusterLogging.EnabledTypes",
    },
    "aws:kms/alias:Alias": {"name": "AliasName"},
    "aws:kms/key:Key": {"deletionWindowInDays": "PendingWindowInDays", "policy": "KeyPolicy"},
    "aws:route53/healthCheck:HealthCheck": {
        "fqdn": "HealthCheckConfig.FullyQualifiedDomainName",
        "tags": "HealthCheckTags",
    },
    "aws:route53/record:Record": {
        "zoneId": "HostedZoneId",
        "records": "ResourceRecords",
        "latencyRoutingPolicies.region": "Region",
        "aliases": "AliasTarget",
        "aliases.name": "DNSName",
        "aliases.zoneId": "HostedZoneId",
    },
    "aws:secretsmanager/secret:Secret": {"replicas": "ReplicaRegions"},
    "aws:sns/topicPolicy:TopicPolicy": {"arn": "Topics"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
        **_RULE,
        "referencedSecurityGroupId": "DestinationSecurityGroupId",
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        **_RULE,
        "referencedSecurityGroupId": "SourceSecurityGroupId",
    },
}
OF_TEMPLATES = {
    "W2501": "a password is in the template: this one is thrown away, and the program's is a secret",
    "W3010": "a zone is named: the template is one region's, and the program says which",
}
"""Warnings that are about how templates are written, not about what AWS takes."""

CONSTANTS = {name: CALLS[name][0].constants for name in ("aws:budgets/budget:Budget", "aws:ec2/flowLog:FlowLog")}
"""What a type wants to be told beside the inputs."""


@cache
def template_type(token: str, region: str) -> str | None:
    """The type that CloudFormation has for one of Pulumi's; None where it has no such type."""
    if token in _TYPES:
        return _TYPES[token]
    _, service, title = token.split(":")
    wanted = plain(service.split("/")[0]) + plain(title)
    return next((name for name in sorted(resource_types(region)) if plain(name.removeprefix("AWS::")) == wanted), None)

"""How AWS names things: the identifier and the ARN of each type, as templates.

`{region}`, `{account}`, `{partition}`, the inputs by their names, `{id}` (in ARNs) and digits that are the resource's
own: `{hex8}`, `{hex16}`, `{hex17}`, `{uuid}`, `{upper13}`, `{letters6}`.
"""

from __future__ import annotations

from typing import NamedTuple


class Identity(NamedTuple):
    """The templates of one type."""

    id: str
    """The identifier; with `{arn}` it is the ARN."""
    arn: str | None = None
    """The ARN; None when the type has none, or none of its own."""


_REGIONAL = "arn:{partition}:%s:{region}:{account}:%s"
_GLOBAL = "arn:{partition}:%s::{account}:%s"


def _ec2(prefix: str, kind: str) -> Identity:
    return Identity(f"{prefix}-{{hex17}}", _REGIONAL % ("ec2", f"{kind}/{{id}}"))


def _named(service: str, kind: str, name: str = "name") -> Identity:
    return Identity(f"{{{name}}}", _REGIONAL % (service, f"{kind}{{id}}"))


def _by_arn(arn: str) -> Identity:
    return Identity("{arn}", arn)


IDENTITIES: dict[str, Identity] = {
    "aws:acm/certificate:Certificate": _by_arn(_REGIONAL % ("acm", "certificate/{uuid}")),
    "aws:acm/certificateValidation:CertificateValidation": Identity("{certificateArn}"),
    "aws:alb/loadBalancer:LoadBalancer": _by_arn(
        _REGIONAL % ("elasticloadbalancing", "loadbalancer/app/{name}/{hex16}")
    ),
    "aws:autoscaling/group:Group": Identity(
        "{name}", _REGIONAL % ("autoscaling", "autoScalingGroup:{uuid}:autoScalingGroupName/{id}")
    ),
    "aws:budgets/budget:Budget": Identity("{account}:{name}", _GLOBAL % ("budgets", "budget/{name}")),
    "aws:cloudwatch/logGroup:LogGroup": _named("logs", "log-group:"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Identity("{name}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named("cloudwatch", "alarm:"),
    "aws:dynamodb/table:Table": _named("dynamodb", "table/"),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": _ec2("acl", "network-acl"),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": _ec2("rtb", "route-table"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _ec2("sg", "security-group"),
    "aws:ec2/eip:Eip": _ec2("eipalloc", "elastic-ip"),
    "aws:ec2/flowLog:FlowLog": _ec2("fl", "vpc-flow-log"),
    "aws:ec2/internetGateway:InternetGateway": _ec2("igw", "internet-gateway"),
    "aws:ec2/launchTemplate:LaunchTemplate": _ec2("lt", "launch-template"),
    "aws:ec2/natGateway:NatGateway": _ec2("nat", "natgateway"),
    "aws:ec2/networkAcl:NetworkAcl": _ec2("acl", "network-acl"),
    "aws:ec2/route:Route": Identity("r-{routeTableId}{hex8}"),
    "aws:ec2/routeTable:RouteTable": _ec2("rtb", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Identity("rtbassoc-{hex17}"),
    "aws:ec2/securityGroup:SecurityGroup": _ec2("sg", "security-group"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Identity("sgrule-{hex8}"),
    "aws:ec2/subnet:Subnet": _ec2("subnet", "subnet"),
    "aws:ec2/vpc:Vpc": _ec2("vpc", "vpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2("vpce", "vpc-endpoint"),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": _ec2("pcx", "vpc-peering-connection"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Identity("{repository}"),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": Identity("{ecrRepositoryPrefix}"),
    "aws:ecr/registryPolicy:RegistryPolicy": Identity("{account}"),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Identity("{account}"),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Identity("{account}"),
    "aws:ecr/repository:Repository": _named("ecr", "repository/"),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Identity("{prefix}"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Identity("{repository}"),
    "aws:eks/accessEntry:AccessEntry": Identity(
        "{clusterName}:{principalArn}", _REGIONAL % ("eks", "access-entry/{clusterName}/{uuid}")
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Identity("{clusterName}#{principalArn}#{policyArn}"),
    "aws:eks/addon:Addon": Identity(
        "{clusterName}:{addonName}", _REGIONAL % ("eks", "addon/{clusterName}/{addonName}/{uuid}")
    ),
    "aws:eks/cluster:Cluster": _named("eks", "cluster/"),
    "aws:eks/nodeGroup:NodeGroup": Identity(
        "{clusterName}:{nodeGroupName}", _REGIONAL % ("eks", "nodegroup/{clusterName}/{nodeGroupName}/{uuid}")
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Identity(
        "a-{hex17}", _REGIONAL % ("eks", "podidentityassociation/{clusterName}/{id}")
    ),
    "aws:iam/instanceProfile:InstanceProfile": Identity("{name}", _GLOBAL % ("iam", "instance-profile/{name}")),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _by_arn(_GLOBAL % ("iam", "oidc-provider/{hex17}")),
    "aws:iam/policy:Policy": _by_arn(_GLOBAL % ("iam", "policy/{name}")),
    "aws:iam/role:Role": Identity("{name}", _GLOBAL % ("iam", "role/{name}")),
    "aws:iam/rolePolicy:RolePolicy": Identity("{role}:{name}"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Identity("{role}/{policyArn}"),
    "aws:kms/alias:Alias": Identity("{name}", _REGIONAL % ("kms", "{name}")),
    "aws:kms/key:Key": Identity("{uuid}", _REGIONAL % ("kms", "key/{id}")),
    "aws:kms/replicaKey:ReplicaKey": Identity("mrk-{hex16}{hex16}", _REGIONAL % ("kms", "key/{id}")),
    "aws:lb/listener:Listener": _by_arn(_REGIONAL % ("elasticloadbalancing", "listener/net/{hex8}/{hex16}/{hex17}")),
    "aws:lb/listenerRule:ListenerRule": _by_arn(_REGIONAL % ("elasticloadbalancing", "listener-rule/app/{hex16}")),
    "aws:lb/loadBalancer:LoadBalancer": _by_arn(
        _REGIONAL % ("elasticloadbalancing", "loadbalancer/net/{name}/{hex16}")
    ),
    "aws:lb/targetGroup:TargetGroup": _by_arn(_REGIONAL % ("elasticloadbalancing", "targetgroup/{name}/{hex16}")),
    "aws:rds/cluster:Cluster": _named("rds", "cluster:", "clusterIdentifier"),
    "aws:rds/clusterInstance:ClusterInstance": _named("rds", "db:", "identifier"),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _named("rds", "cluster-pg:"),
    "aws:rds/globalCluster:GlobalCluster": Identity(
        "{globalClusterIdentifier}", _GLOBAL % ("rds", "global-cluster:{id}")
    ),
    "aws:rds/instance:Instance": Identity("db-{upper13}", _REGIONAL % ("rds", "db:{identifier}")),
    "aws:rds/parameterGroup:ParameterGroup": _named("rds", "pg:"),
    "aws:rds/subnetGroup:SubnetGroup": _named("rds", "subgrp:"),
    "aws:route53/healthCheck:HealthCheck": Identity("{uuid}", "arn:{partition}:route53:::healthcheck/{id}"),
    "aws:route53/record:Record": Identity("{zoneId}_{name}_{type}_{setIdentifier}"),
    "aws:route53/zone:Zone": Identity("Z{upper13}", "arn:{partition}:route53:::hostedzone/{id}"),
    "aws:s3/bucket:Bucket": Identity("{bucket}", "arn:{partition}:s3:::{id}"),
    "aws:secretsmanager/secret:Secret": _by_arn(_REGIONAL % ("secretsmanager", "secret:{name}-{letters6}")),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Identity("{secretArn}"),
    "aws:secretsmanager/secretRotation:SecretRotation": Identity("{secretId}"),
    "aws:secretsmanager/secretVersion:SecretVersion": Identity("{secretId}|{uuid}"),
    "aws:sns/topic:Topic": _by_arn(_REGIONAL % ("sns", "{name}")),
    "aws:sns/topicPolicy:TopicPolicy": Identity("{topicArn}"),
    "aws:sns/topicSubscription:TopicSubscription": Identity("{topic}:{uuid}", "{id}"),
    "aws:sqs/queue:Queue": Identity(
        "https://sqs.{region}.amazonaws.com/{account}/{name}", _REGIONAL % ("sqs", "{name}")
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _ec2("sgr", "security-group-rule"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2("sgr", "security-group-rule"),
}

# The properties that name a resource of a type, and are filled in when the program says nothing.
_OWN_NAMES = {
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:rds/clusterInstance:ClusterInstance": "identifier",
    "aws:rds/globalCluster:GlobalCluster": None,
    "aws:rds/instance:Instance": "identifier",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
}
# In AWS they are told apart by something else, or are only ever named by the program.
_NEVER_NAMED = ("aws:route53/", "aws:ec2/vpcEndpoint")


def name_property(token: str) -> str | None:
    """The property that names a resource of the type, and that Pulumi fills in when it is left out."""
    if token.startswith(_NEVER_NAMED):
        return None
    return _OWN_NAMES.get(token, "name")


def identity_of(token: str, has_name: bool) -> Identity:
    """The templates of a type; a likely form for those that are not in the table."""
    if token in IDENTITIES:
        return IDENTITIES[token]
    service, title = token.split(":")[1].split("/")[0], token.rsplit(":", 1)[1].lower()
    return Identity("{name}" if has_name else f"{title}-{{hex17}}", _REGIONAL % (service, f"{title}/{{id}}"))

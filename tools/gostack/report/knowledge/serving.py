"""Types that clients depend on, and properties whose change in place interrupts them."""

from __future__ import annotations

SERVING = frozenset(
    """
    kubernetes:apps/v1:Deployment kubernetes:apps/v1:StatefulSet kubernetes:apps/v1:DaemonSet
    kubernetes:core/v1:Service kubernetes:core/v1:Pod kubernetes:core/v1:Namespace
    kubernetes:networking.k8s.io/v1:Ingress
    aws:lb/loadBalancer:LoadBalancer aws:lb/listener:Listener aws:lb/targetGroup:TargetGroup aws:route53/record:Record
    aws:cloudfront/distribution:Distribution aws:globalaccelerator/accelerator:Accelerator aws:apigatewayv2/api:Api
    aws:eks/cluster:Cluster aws:eks/nodeGroup:NodeGroup aws:ecs/service:Service aws:ec2/instance:Instance
    aws:lambda/function:Function aws:rds/cluster:Cluster aws:rds/clusterInstance:ClusterInstance
    aws:rds/instance:Instance aws:elasticache/replicationGroup:ReplicationGroup
    aws:ec2/vpc:Vpc aws:ec2/subnet:Subnet aws:ec2/natGateway:NatGateway aws:ec2/internetGateway:InternetGateway
    aws:ec2/routeTable:RouteTable
    """.split()  # noqa: SIM905  # a table
)
"""On Docker the role of a container says it."""

RESTARTS: dict[str, tuple[str, ...]] = {
    "aws:rds/clusterInstance:ClusterInstance": ("instanceClass", "caCertIdentifier", "engineVersion"),
    "aws:rds/instance:Instance": ("instanceClass", "engineVersion", "allocatedStorage", "parameterGroupName"),
    "aws:rds/cluster:Cluster": ("engineVersion", "port", "dbClusterParameterGroupName"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType", "engineVersion"),
    "aws:eks/nodeGroup:NodeGroup": ("version", "releaseVersion", "launchTemplate"),
    "aws:lb/targetGroup:TargetGroup": ("healthCheck",),
}
"""Type to the properties that are changed in place and still interrupt what runs."""

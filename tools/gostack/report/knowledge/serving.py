"""Types and roles that clients depend on, and what they notice while one is away."""

from __future__ import annotations

SERVING: dict[str, str] = {
    # Kubernetes
    "kubernetes:apps/v1:Deployment": "its pods are away",
    "kubernetes:apps/v1:StatefulSet": "its pods are away",
    "kubernetes:apps/v1:DaemonSet": "its pods are away on every node",
    "kubernetes:core/v1:Service": "its address is away, and the new one is another",
    "kubernetes:core/v1:Pod": "it is away",
    "kubernetes:networking.k8s.io/v1:Ingress": "its routes are away",
    "kubernetes:core/v1:Namespace": "everything in it is away",
    # AWS: the way in
    "aws:lb/loadBalancer:LoadBalancer": "nobody gets in through it, and the new one has another address",
    "aws:lb/listener:Listener": "its port answers nobody",
    "aws:lb/targetGroup:TargetGroup": "nothing is behind its listeners",
    "aws:route53/record:Record": "the name leads nowhere until resolvers see the new record",
    "aws:cloudfront/distribution:Distribution": "nobody gets in through it",
    "aws:globalaccelerator/accelerator:Accelerator": "nobody gets in through it, and the new one has other addresses",
    "aws:apigatewayv2/api:Api": "nobody gets in through it, and the new one has another address",
    # AWS: what runs
    "aws:eks/cluster:Cluster": "everything that runs in it is away",
    "aws:eks/nodeGroup:NodeGroup": "the pods on its nodes are away until others take them",
    "aws:ecs/service:Service": "its tasks are away",
    "aws:ec2/instance:Instance": "it is away",
    "aws:lambda/function:Function": "calls fail",
    # AWS: what the rest needs
    "aws:rds/cluster:Cluster": "the database is away",
    "aws:rds/clusterInstance:ClusterInstance": "the database has one member less",
    "aws:rds/instance:Instance": "the database is away",
    "aws:elasticache/replicationGroup:ReplicationGroup": "the cache is away",
    "aws:ec2/vpc:Vpc": "everything in the network is away",
    "aws:ec2/subnet:Subnet": "everything in the subnet is away",
    "aws:ec2/natGateway:NatGateway": "nothing in the private subnets reaches the outside",
    "aws:ec2/internetGateway:InternetGateway": "nobody gets in or out",
    "aws:ec2/routeTable:RouteTable": "packets of its subnets get nowhere",
    # Docker
    "docker:index/network:Network": "everything in the network is away",
}

RESTARTS: dict[str, tuple[str, ...]] = {
    # Properties that are changed in place and still interrupt what runs.
    "aws:rds/clusterInstance:ClusterInstance": ("instanceClass", "caCertIdentifier", "engineVersion"),
    "aws:rds/instance:Instance": ("instanceClass", "engineVersion", "allocatedStorage", "parameterGroupName"),
    "aws:rds/cluster:Cluster": ("engineVersion", "port", "dbClusterParameterGroupName"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType", "engineVersion"),
    "aws:eks/nodeGroup:NodeGroup": ("version", "releaseVersion", "launchTemplate"),
    "aws:lb/targetGroup:TargetGroup": ("healthCheck",),
}

ROLES: dict[str, str] = {
    # Docker: what the container does, by its label gostack.role, and what is noticed while it is away.
    "sandbox": "the pod is away",
    "application": "the replica is away",
    "agent": "the pod is not registered",
    "nginx": "the region's entry answers nobody",
    "mysql": "the member is away",
    "consul-server": "the region's discovery has one server less",
}

QUIET_ROLES = frozenset({"job", "configuration", "dynamic-configuration"})
"""Roles of containers that answer nobody."""

"""What the bill follows: types that cost by being there, and properties that change what a resource costs."""

from __future__ import annotations

COSTLY: dict[str, str] = {
    # Type to what is paid for.
    "aws:rds/clusterInstance:ClusterInstance": "a database instance",
    "aws:rds/instance:Instance": "a database instance",
    "aws:rds/proxy:Proxy": "a database proxy",
    "aws:eks/cluster:Cluster": "a control plane",
    "aws:eks/nodeGroup:NodeGroup": "its nodes",
    "aws:ec2/instance:Instance": "a machine",
    "aws:ec2/natGateway:NatGateway": "a NAT gateway and its traffic",
    "aws:ec2/eip:Eip": "an address",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "an endpoint, unless it is a gateway",
    "aws:ec2transitgateway/transitGateway:TransitGateway": "a transit gateway",
    "aws:lb/loadBalancer:LoadBalancer": "a load balancer and its traffic",
    "aws:elasticache/replicationGroup:ReplicationGroup": "its cache nodes",
    "aws:elasticache/cluster:Cluster": "its cache nodes",
    "aws:opensearch/domain:Domain": "its nodes",
    "aws:msk/cluster:Cluster": "its brokers",
    "aws:ebs/volume:Volume": "its storage",
    "aws:kms/key:Key": "a key",
    "aws:kms/replicaKey:ReplicaKey": "a key",
    "aws:secretsmanager/secret:Secret": "a secret",
    "aws:route53/healthCheck:HealthCheck": "a health check",
    "aws:route53/zone:Zone": "a zone",
    "aws:wafv2/webAcl:WebAcl": "a firewall",
    "kubernetes:core/v1:PersistentVolumeClaim": "its storage",
}

COST_PROPERTIES: dict[str, tuple[str, ...]] = {
    # Type to the first part of the paths whose value decides the price.
    "aws:rds/clusterInstance:ClusterInstance": ("instanceClass", "performanceInsightsRetentionPeriod"),
    "aws:rds/instance:Instance": ("instanceClass", "allocatedStorage", "iops", "multiAz", "storageType"),
    "aws:rds/cluster:Cluster": ("serverlessv2ScalingConfiguration", "backupRetentionPeriod", "storageType", "iops"),
    "aws:eks/nodeGroup:NodeGroup": ("instanceTypes", "scalingConfig", "capacityType", "diskSize"),
    "aws:autoscaling/group:Group": ("desiredCapacity", "maxSize", "minSize"),
    "aws:ec2/instance:Instance": ("instanceType",),
    "aws:ebs/volume:Volume": ("size", "iops", "throughput", "type"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType", "numCacheClusters", "replicasPerNodeGroup"),
    "aws:dynamodb/table:Table": ("billingMode", "readCapacity", "writeCapacity"),
    "aws:lambda/function:Function": ("memorySize", "provisionedConcurrency"),
    "aws:cloudwatch/logGroup:LogGroup": ("retentionInDays",),
    "aws:opensearch/domain:Domain": ("clusterConfig", "ebsOptions"),
    "aws:kinesis/stream:Stream": ("shardCount",),
    "kubernetes:core/v1:PersistentVolumeClaim": ("spec.resources", "spec.storageClassName"),
    "kubernetes:apps/v1:Deployment": ("spec.replicas", "spec.template.spec.containers"),
    "kubernetes:apps/v1:StatefulSet": ("spec.replicas", "spec.volumeClaimTemplates", "spec.template.spec.containers"),
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": ("spec.minReplicas", "spec.maxReplicas"),
}

COST_PATHS = ("resources", "replicas", "storage", "limits", "requests")
"""Of a container in a pod's template, only paths with one of these parts decide the price."""

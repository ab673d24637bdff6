"""What the bill follows: types that cost by being there, and properties that change what a resource costs."""

from __future__ import annotations

COSTLY = frozenset(
    """
    aws:rds/clusterInstance:ClusterInstance aws:rds/instance:Instance aws:rds/proxy:Proxy
    aws:eks/cluster:Cluster aws:eks/nodeGroup:NodeGroup aws:ec2/instance:Instance aws:ec2/natGateway:NatGateway
    aws:ec2/eip:Eip aws:ec2/vpcEndpoint:VpcEndpoint aws:ec2transitgateway/transitGateway:TransitGateway
    aws:lb/loadBalancer:LoadBalancer aws:elasticache/replicationGroup:ReplicationGroup
    aws:elasticache/cluster:Cluster aws:opensearch/domain:Domain aws:msk/cluster:Cluster aws:ebs/volume:Volume
    aws:kms/key:Key aws:kms/replicaKey:ReplicaKey aws:secretsmanager/secret:Secret
    aws:route53/healthCheck:HealthCheck aws:route53/zone:Zone aws:wafv2/webAcl:WebAcl
    kubernetes:core/v1:PersistentVolumeClaim
    """.split()  # noqa: SIM905  # a table
)
"""Types that are paid for while they are there."""

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

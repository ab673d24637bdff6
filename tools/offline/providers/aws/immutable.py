"""What cannot be changed in place, where the words of the SDK do not say it, or say it of something else.

From the `ForceNew` of the Terraform provider's schemas, for the types of this project. A path stands for everything
below it. For any other type the words of the SDK decide, and its own name and region.
"""

from __future__ import annotations

_ALWAYS = "region name namePrefix"

_BY_TYPE: dict[str, str] = {
    "aws:acm/certificate:Certificate": (
        "domainName subjectAlternativeNames validationMethod keyAlgorithm certificateAuthorityArn"
    ),
    "aws:acm/certificateValidation:CertificateValidation": "certificateArn validationRecordFqdns",
    "aws:budgets/budget:Budget": "accountId",
    "aws:cloudwatch/logGroup:LogGroup": "logGroupClass",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "logGroupName",
    "aws:dynamodb/table:Table": "hashKey rangeKey localSecondaryIndexes",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "vpcId",
    "aws:ec2/eip:Eip": "domain networkBorderGroup publicIpv4Pool address customerOwnedIpv4Pool",
    "aws:ec2/flowLog:FlowLog": (
        "vpcId subnetId eniId trafficType logDestination logDestinationType logFormat iamRoleArn "
        "maxAggregationInterval destinationOptions deliverCrossAccountRole"
    ),
    "aws:ec2/natGateway:NatGateway": "allocationId subnetId connectivityType privateIp availabilityMode vpcId",
    "aws:ec2/networkAcl:NetworkAcl": "vpcId",
    "aws:ec2/route:Route": "routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
    "aws:ec2/routeTable:RouteTable": "vpcId",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "subnetId gatewayId",
    "aws:ec2/securityGroup:SecurityGroup": "vpcId description",
    "aws:ec2/securityGroupRule:SecurityGroupRule": (
        "securityGroupId type protocol fromPort toPort cidrBlocks ipv6CidrBlocks prefixListIds self "
        "sourceSecurityGroupId"
    ),
    "aws:ec2/subnet:Subnet": (
        "vpcId cidrBlock availabilityZone availabilityZoneId ipv6Native outpostArn ipv4IpamPoolId ipv6IpamPoolId"
    ),
    "aws:ec2/vpc:Vpc": "cidrBlock ipv4IpamPoolId ipv4NetmaskLength",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpcId serviceName vpcEndpointType serviceRegion",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "repository",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": "ecrRepositoryPrefix upstreamRegistryUrl",
    "aws:ecr/repository:Repository": "encryptionConfigurations",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "repository",
    "aws:eks/accessEntry:AccessEntry": "clusterName principalArn type",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "clusterName principalArn policyArn accessScope",
    "aws:eks/addon:Addon": "clusterName addonName",
    "aws:eks/cluster:Cluster": (
        "roleArn bootstrapSelfManagedAddons accessConfig.bootstrapClusterCreatorAdminPermissions encryptionConfig "
        "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr outpostConfig vpcConfig.vpcId"
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "clusterName nodeGroupName nodeGroupNamePrefix nodeRoleArn subnetIds amiType capacityType diskSize "
        "instanceTypes launchTemplate.id launchTemplate.name remoteAccess"
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "clusterName namespace serviceAccount",
    "aws:iam/instanceProfile:InstanceProfile": "path",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "url",
    "aws:iam/policy:Policy": "path description",
    "aws:iam/role:Role": "path",
    "aws:iam/rolePolicy:RolePolicy": "role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role policyArn",
    "aws:kms/key:Key": "customerMasterKeySpec keyUsage multiRegion customKeyStoreId xksKeyId",
    "aws:kms/replicaKey:ReplicaKey": "primaryKeyArn",
    "aws:lb/listener:Listener": "loadBalancerArn",
    "aws:lb/loadBalancer:LoadBalancer": "internal loadBalancerType customerOwnedIpv4Pool",
    "aws:lb/targetGroup:TargetGroup": (
        "port protocol protocolVersion vpcId targetType ipAddressType lambdaMultiValueHeadersEnabled"
    ),
    "aws:rds/cluster:Cluster": (
        "clusterIdentifier clusterIdentifierPrefix databaseName dbSubnetGroupName engine engineMode kmsKeyId "
        "masterUsername replicationSourceIdentifier snapshotIdentifier sourceRegion storageEncrypted "
        "availabilityZones restoreToPointInTime s3Import globalClusterIdentifier"
    ),
    "aws:rds/clusterInstance:ClusterInstance": (
        "availabilityZone clusterIdentifier dbSubnetGroupName engine identifierPrefix customIamInstanceProfile"
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "family description",
    "aws:rds/globalCluster:GlobalCluster": (
        "globalClusterIdentifier databaseName engine sourceDbClusterIdentifier storageEncrypted"
    ),
    "aws:rds/instance:Instance": (
        "availabilityZone characterSetName dbName engine identifierPrefix kmsKeyId username snapshotIdentifier "
        "storageEncrypted timezone restoreToPointInTime s3Import"
    ),
    "aws:rds/parameterGroup:ParameterGroup": "family description",
    "aws:route53/healthCheck:HealthCheck": "type requestInterval measureLatency referenceName routingControlArn",
    "aws:route53/record:Record": "zoneId type setIdentifier",
    "aws:route53/zone:Zone": "delegationSetId",
    "aws:s3/bucket:Bucket": "bucket bucketPrefix objectLockEnabled",
    "aws:secretsmanager/secretRotation:SecretRotation": "secretId",
    "aws:secretsmanager/secretVersion:SecretVersion": "secretId secretString secretBinary",
    "aws:sns/topic:Topic": "fifoTopic",
    "aws:sns/topicPolicy:TopicPolicy": "arn",
    "aws:sns/topicSubscription:TopicSubscription": "topic protocol endpoint",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "securityGroupId",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "securityGroupId",
}

# Said to be immutable by words about something else.
_MUTABLE: dict[str, str] = {
    "aws:rds/cluster:Cluster": "storageType engineVersion",
    "aws:eks/cluster:Cluster": "version",
}


def immutable_paths(token: str) -> tuple[str, ...]:
    """The paths of a type whose change makes it anew, by the tables."""
    return (*_ALWAYS.split(), *_BY_TYPE.get(token, "").split())


def mutable_names(token: str) -> frozenset[str]:
    """The properties that do change in place, whatever the words of the SDK seem to say."""
    return frozenset(_MUTABLE.get(token, "").split())


def is_tabled(token: str) -> bool:
    """Whether the tables know the type; the words of the SDK decide for the others."""
    return token in _BY_TYPE

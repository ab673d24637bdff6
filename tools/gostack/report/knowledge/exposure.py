"""Values that open a door: what is compared with the value before, so that only what the change opens is told."""

from __future__ import annotations

EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
"""Every address of the internet."""

LOOPBACK = ("127.", "::1", "localhost")
"""How addresses begin that only the machine itself reaches."""

WEAK_TLS = ("TLSv1 ", "TLSv1;", "TLSv1.0", "TLSv1.1", "SSLv2", "SSLv3", "TLSV1_0", "TLSV1_1", "TLS_1_0", "TLS_1_1")
"""Words of configurations that admit a protocol that is broken."""

WEAK_POLICIES = tuple(
    f"ELBSecurityPolicy-{name}"
    for name in ("2015", "2016", "TLS-1-0", "TLS-1-1", "TLS13-1-0", "TLS13-1-1", "FS-2018", "FS-1-1")
)
"""How the names of load balancer policies begin that admit TLS below 1.2."""

FLAGS: dict[str, dict[str, object]] = {
    "docker:index/container:Container": {
        "privileged": True,
        "networkMode": "host",
        "readOnly": False,
        "pidMode": "host",
    },
    "aws:rds/instance:Instance": {"publiclyAccessible": True, "storageEncrypted": False, "deletionProtection": False},
    "aws:rds/clusterInstance:ClusterInstance": {"publiclyAccessible": True},
    "aws:rds/cluster:Cluster": {"storageEncrypted": False, "deletionProtection": False},
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": True},
    "aws:ec2/instance:Instance": {"associatePublicIpAddress": True},
    "aws:lb/loadBalancer:LoadBalancer": {"internal": False},
    "aws:eks/cluster:Cluster": {"vpcConfig.endpointPublicAccess": True},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    },
    "aws:ecr/repository:Repository": {"imageTagMutability": "MUTABLE"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "transitEncryptionEnabled": False,
        "atRestEncryptionEnabled": False,
    },
    "kubernetes:core/v1:Service": {"spec.type": "LoadBalancer"},
    "kubernetes:core/v1:Pod": {"spec.hostNetwork": True},
}
"""Type to property to the value that opens."""

POD_FLAGS: dict[str, object] = {
    "privileged": True,
    "allowPrivilegeEscalation": True,
    "runAsNonRoot": False,
    "readOnlyRootFilesystem": False,
    "hostNetwork": True,
    "hostPID": True,
    "automountServiceAccountToken": True,
}
"""Last part of a path in a pod's template to the value that opens."""

GUARDS = frozenset(
    """
    aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock aws:wafv2/webAclAssociation:WebAclAssociation
    kubernetes:networking.k8s.io/v1:NetworkPolicy aws:rds/clusterParameterGroup:ClusterParameterGroup
    """.split()  # noqa: SIM905  # a table
)
"""Types whose deletion opens what they closed."""

NETWORK_LISTS: dict[str, tuple[str, ...]] = {
    "aws:ec2/securityGroup:SecurityGroup": ("ingress",),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("cidrBlocks", "ipv6CidrBlocks"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("cidrIpv4", "cidrIpv6"),
    "aws:ec2/networkAclRule:NetworkAclRule": ("cidrBlock", "ipv6CidrBlock"),
    "aws:eks/cluster:Cluster": ("vpcConfig.publicAccessCidrs",),
    "kubernetes:core/v1:Service": ("spec.loadBalancerSourceRanges",),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": ("spec.ingress",),
}
"""Type to the paths that hold addresses that are let in."""

RIGHTS: dict[str, tuple[str, ...]] = {
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/userPolicy:UserPolicy": ("policy",),
    "aws:iam/role:Role": ("assumeRolePolicy", "inlinePolicies"),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:kms/key:Key": ("policy",),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy",),
}
"""Type to the properties that hold a policy document."""

ATTACHMENTS: dict[str, str] = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "policyArn",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": "roleRef.name",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "roleRef.name",
}
"""Type to the property that names the policy or role that is given."""

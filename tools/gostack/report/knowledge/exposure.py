"""Values that open a door: what is compared with the value before, so that only what the change opens is told."""

from __future__ import annotations

EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
"""Every address of the internet."""

LOOPBACK = ("127.", "::1", "localhost")
"""How addresses begin that only the machine itself reaches."""

WEAK_TLS = ("TLSv1 ", "TLSv1;", "TLSv1.0", "TLSv1.1", "SSLv2", "SSLv3", "TLSV1_0", "TLSV1_1", "TLS_1_0", "TLS_1_1")
"""Words of configurations that admit a protocol that is broken."""

WEAK_POLICIES = (
    "ELBSecurityPolicy-2015",
    "ELBSecurityPolicy-2016",
    "ELBSecurityPolicy-TLS-1-0",
    "ELBSecurityPolicy-TLS-1-1",
    "ELBSecurityPolicy-TLS13-1-0",
    "ELBSecurityPolicy-TLS13-1-1",
    "ELBSecurityPolicy-FS-2018",
    "ELBSecurityPolicy-FS-1-1",
)
"""How the names of load balancer policies begin that admit TLS below 1.2."""

FLAGS: dict[str, dict[str, tuple[object, str]]] = {
    # Type to property to (value that opens, what is open then).
    "docker:index/container:Container": {
        "privileged": (True, "it may do anything on the machine"),
        "networkMode": ("host", "all its ports are the machine's"),
        "readOnly": (False, "its root can be written"),
        "pidMode": ("host", "it sees every process of the machine"),
    },
    "aws:rds/instance:Instance": {
        "publiclyAccessible": (True, "the database has a public address"),
        "storageEncrypted": (False, "its storage is not encrypted"),
        "deletionProtection": (False, "anybody with the right may delete it"),
    },
    "aws:rds/clusterInstance:ClusterInstance": {
        "publiclyAccessible": (True, "the database has a public address"),
    },
    "aws:rds/cluster:Cluster": {
        "storageEncrypted": (False, "its storage is not encrypted"),
        "deletionProtection": (False, "anybody with the right may delete it"),
    },
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": (True, "what starts there has a public address")},
    "aws:ec2/instance:Instance": {"associatePublicIpAddress": (True, "it has a public address")},
    "aws:lb/loadBalancer:LoadBalancer": {"internal": (False, "the internet reaches it")},
    "aws:eks/cluster:Cluster": {
        "vpcConfig.endpointPublicAccess": (True, "the internet reaches the cluster's API"),
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "blockPublicAcls": (False, "access lists may make objects public"),
        "blockPublicPolicy": (False, "a policy may make objects public"),
        "ignorePublicAcls": (False, "public access lists count"),
        "restrictPublicBuckets": (False, "a public policy counts"),
    },
    "aws:ecr/repository:Repository": {"imageTagMutability": ("MUTABLE", "a tag may be moved to another image")},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "transitEncryptionEnabled": (False, "what is cached travels unencrypted"),
        "atRestEncryptionEnabled": (False, "what is cached is not encrypted"),
    },
    "kubernetes:core/v1:Service": {
        "spec.type": ("LoadBalancer", "a load balancer leads to it"),
    },
    "kubernetes:core/v1:Pod": {"spec.hostNetwork": (True, "its ports are the node's")},
}

GUARDS: dict[str, str] = {
    # Types whose deletion opens what they closed.
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "the bucket may become public",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "requests are no longer filtered",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": "what it refused is let through",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "what it demanded, such as TLS, is no longer demanded",
}

POD_FLAGS: dict[str, tuple[object, str]] = {
    # Last part of a path in a pod's template to (value that opens, what is open then).
    "privileged": (True, "it may do anything on the node"),
    "allowPrivilegeEscalation": (True, "its processes may gain rights"),
    "runAsNonRoot": (False, "it may run as root"),
    "readOnlyRootFilesystem": (False, "its root can be written"),
    "hostNetwork": (True, "its ports are the node's"),
    "hostPID": (True, "it sees every process of the node"),
    "automountServiceAccountToken": (True, "it holds a token of the cluster's API"),
}

NETWORK_LISTS: dict[str, tuple[str, ...]] = {
    # Type to the paths that hold addresses that are let in.
    "aws:ec2/securityGroup:SecurityGroup": ("ingress",),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("cidrBlocks", "ipv6CidrBlocks"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("cidrIpv4", "cidrIpv6"),
    "aws:ec2/networkAclRule:NetworkAclRule": ("cidrBlock", "ipv6CidrBlock"),
    "aws:eks/cluster:Cluster": ("vpcConfig.publicAccessCidrs",),
    "kubernetes:core/v1:Service": ("spec.loadBalancerSourceRanges",),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": ("spec.ingress",),
}

RIGHTS: dict[str, tuple[str, ...]] = {
    # Type to the properties that hold a policy document.
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

ATTACHMENTS: dict[str, str] = {
    # Type to the property that names the policy or role that is given.
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "policyArn",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": "roleRef.name",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "roleRef.name",
}

"""Examples of databases, disks, buckets, registries, keys and logs."""

from __future__ import annotations

from tests.policy.examples.aws_network import CLUSTER
from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource, without

DATABASE = resource(
    "aws:rds/cluster:Cluster",
    "database",
    {
        "storageEncrypted": True,
        "kmsKeyId": "arn:aws:kms:key",
        "deletionProtection": True,
        "backupRetentionPeriod": 14,
        "skipFinalSnapshot": False,
        "dbClusterParameterGroupName": "parameters",
    },
    protect=True,
)
WRITER = resource(
    "aws:rds/clusterInstance:ClusterInstance",
    "writer",
    {"publiclyAccessible": False},
    uses={"clusterIdentifier": DATABASE},
    protect=True,
)
READER = resource(
    "aws:rds/clusterInstance:ClusterInstance", "reader", {}, uses={"clusterIdentifier": DATABASE}, protect=True
)
PARAMETERS = resource(
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    "parameters",
    {
        "family": "aurora-mysql8.4",
        "parameters": [
            {"name": "require_secure_transport", "value": "ON"},
            {"name": "tls_version", "value": "TLSv1.2,TLSv1.3"},
        ],
    },
)
DATABASES = graph(DATABASE, WRITER, READER, PARAMETERS)

REACHED = graph(
    *DATABASES,
    resource("docker:index/container:Container", "mysql", {"image": "sha256:x"}),
    resource("kubernetes:core/v1:Service", "mysql-service", {"spec": {"type": "ClusterIP", "ports": [{"port": 3306}]}}),
)

TEMPLATE = resource(
    "aws:ec2/launchTemplate:LaunchTemplate",
    "nodes",
    {
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    },
)
IMAGES = resource(
    "aws:ecr/repository:Repository",
    "images",
    {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:key"}],
    },
    protect=True,
)
DISKS = resource(
    "kubernetes:storage.k8s.io/v1:StorageClass",
    "disks",
    {"provisioner": "ebs.csi.eks.amazonaws.com", "parameters": {"encrypted": "true"}, "reclaimPolicy": "Retain"},
)
STORED = graph(DATABASE, TEMPLATE, IMAGES, CLUSTER, DISKS)

KEY = resource("aws:kms/key:Key", "key", {"enableKeyRotation": True, "deletionWindowInDays": 30}, protect=True)
TOPIC = resource("aws:sns/topic:Topic", "alarms", {"kmsMasterKeyId": "arn:aws:kms:key"})
LOGS = resource("aws:cloudwatch/logGroup:LogGroup", "logs", {"kmsKeyId": "arn:aws:kms:key", "retentionInDays": 90})
SECRET = resource(
    "aws:secretsmanager/secret:Secret",
    "secret",
    {"kmsKeyId": "arn:aws:kms:key", "recoveryWindowInDays": 30},
    protect=True,
)
KEYED = graph(DATABASE, TOPIC, LOGS, SECRET)

BUCKET = resource("aws:s3/bucket:Bucket", "state", {}, protect=True)
BUCKETS = graph(
    BUCKET,
    resource(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "state-encryption",
        {"rules": []},
        uses={"bucket": BUCKET},
    ),
    resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "state-private",
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        uses={"bucket": BUCKET},
    ),
    resource(
        "aws:s3/bucketVersioning:BucketVersioning",
        "state-versions",
        {"versioningConfiguration": {"status": "Enabled"}},
        uses={"bucket": BUCKET},
    ),
    resource(
        "aws:s3/bucketPolicy:BucketPolicy",
        "state-policy",
        {"policy": '{"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'},
        uses={"bucket": BUCKET},
    ),
)
ACL = graph(resource("aws:s3/bucketAcl:BucketAcl", "acl", {"acl": "private"}))
SNAPSHOT = graph(
    resource("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", "copy", {"group": "x"})
)
PROTECTED = graph(DATABASE, IMAGES, KEY, BUCKET, SECRET)
ALARM = graph(
    resource("aws:cloudwatch/metricAlarm:MetricAlarm", "cpu", {"alarmActions": ["arn:aws:sns:alarms"], "threshold": 80})
)

EXAMPLES = {
    "encryption-at-rest": Example(
        STORED,
        {
            "a database": changed(STORED, "database", "storageEncrypted", REMOVED),
            "disks of nodes": changed(STORED, "nodes", "blockDeviceMappings.0.ebs.encrypted", "false"),
            "images": changed(STORED, "images", "encryptionConfigurations.0.encryptionType", "AES256"),
            "secrets of a cluster": changed(STORED, "cluster", "encryptionConfig", REMOVED),
            "disks of pods": changed(STORED, "disks", "parameters.encrypted", REMOVED),
        },
    ),
    "own-key": Example(
        KEYED,
        {
            "a topic": changed(KEYED, "alarms", "kmsMasterKeyId", REMOVED),
            "a topic with AWS's key": changed(KEYED, "alarms", "kmsMasterKeyId", "alias/aws/sns"),
            "a log group": changed(KEYED, "logs", "kmsKeyId", REMOVED),
            "a secret": changed(KEYED, "secret", "kmsKeyId", REMOVED),
            "a database": changed(KEYED, "database", "kmsKeyId", REMOVED),
        },
    ),
    "key-rotation": Example(
        graph(KEY),
        {
            "not renewed": changed(graph(KEY), "key", "enableKeyRotation", False),
            "deleted within a week": changed(graph(KEY), "key", "deletionWindowInDays", 7),
        },
    ),
    "bucket-encryption": Example(BUCKETS, {"not said": without(BUCKETS, "state-encryption")}),
    "bucket-versions": Example(
        BUCKETS,
        {
            "none": without(BUCKETS, "state-versions"),
            "suspended": changed(BUCKETS, "state-versions", "versioningConfiguration.status", "Suspended"),
        },
    ),
    "bucket-refuses-plain-http": Example(
        BUCKETS,
        {
            "no policy": without(BUCKETS, "state-policy"),
            "another policy": changed(BUCKETS, "state-policy", "policy", '{"Statement": []}'),
        },
    ),
    "public-bucket": Example(
        BUCKETS,
        {
            "not blocked": without(BUCKETS, "state-private"),
            "blocked by half": changed(BUCKETS, "state-private", "blockPublicPolicy", False),
        },
    ),
    "public-acl": Example(ACL, {"read by everybody": changed(ACL, "acl", "acl", "public-read")}),
    "private-snapshot": Example(SNAPSHOT, {"copied by everybody": changed(SNAPSHOT, "copy", "group", "all")}),
    "public-database": Example(
        REACHED,
        {
            "an instance": changed(REACHED, "writer", "publiclyAccessible", True),
            "a port of the machine": changed(REACHED, "mysql", "ports", [{"internal": 3306, "external": 3306}]),
            "a load balancer": changed(REACHED, "mysql-service", "spec.type", "LoadBalancer"),
        },
    ),
    "database-tls": Example(
        DATABASES,
        {
            "plain connections": changed(DATABASES, "parameters", "parameters.0.value", "OFF"),
            "not said": changed(DATABASES, "parameters", "parameters", []),
            "TLS 1.1": changed(DATABASES, "parameters", "parameters.1.value", "TLSv1.1,TLSv1.2"),
            "the default group": changed(DATABASES, "database", "dbClusterParameterGroupName", REMOVED),
        },
    ),
    "database-in-several-zones": Example(DATABASES, {"one instance": without(DATABASES, "reader")}),
    "protected-data": Example(
        PROTECTED,
        {
            name: changed(PROTECTED, name, "options.protect", False)
            for name in ("database", "images", "key", "state", "secret")
        },
    ),
    "deletion-protection": Example(
        graph(DATABASE, IMAGES, CLUSTER, BUCKET),
        {
            "a database": changed(graph(DATABASE), "database", "deletionProtection", False),
            "a cluster": changed(graph(CLUSTER), "cluster", "deletionProtection", REMOVED),
            "images go with the registry": changed(graph(IMAGES), "images", "forceDelete", True),
            "objects go with the bucket": changed(graph(BUCKET), "state", "forceDestroy", True),
        },
    ),
    "backups": Example(
        graph(DATABASE),
        {
            "one day": changed(graph(DATABASE), "database", "backupRetentionPeriod", 1),
            "one day by default": changed(graph(DATABASE), "database", "backupRetentionPeriod", REMOVED),
            "no last snapshot": changed(graph(DATABASE), "database", "skipFinalSnapshot", True),
        },
    ),
    "secret-recovery": Example(
        graph(SECRET), {"gone at once": changed(graph(SECRET), "secret", "recoveryWindowInDays", 0)}
    ),
    "immutable-tags": Example(
        graph(IMAGES),
        {
            "tags move": changed(graph(IMAGES), "images", "imageTagMutability", "MUTABLE"),
            "tags move by default": changed(graph(IMAGES), "images", "imageTagMutability", REMOVED),
            "not scanned": changed(graph(IMAGES), "images", "imageScanningConfiguration.scanOnPush", False),
        },
    ),
    "log-retention": Example(
        graph(LOGS),
        {
            "for ever": changed(graph(LOGS), "logs", "retentionInDays", REMOVED),
            "a week": changed(graph(LOGS), "logs", "retentionInDays", 7),
        },
    ),
    "alarms-reach-somebody": Example(
        ALARM,
        {
            "nobody": changed(ALARM, "cpu", "alarmActions", []),
            "switched off": changed(ALARM, "cpu", "actionsEnabled", False),
        },
    ),
    "instance-metadata": Example(
        graph(TEMPLATE),
        {
            "without a token": changed(graph(TEMPLATE), "nodes", "metadataOptions.httpTokens", "optional"),
            "from pods": changed(graph(TEMPLATE), "nodes", "metadataOptions.httpPutResponseHopLimit", 2),
        },
    ),
    "kubernetes-version": Example(
        changed(graph(CLUSTER), "cluster", "version", "1.99"),
        {
            "ended": changed(graph(CLUSTER), "cluster", "version", "1.30"),
            "ends soon": changed(graph(CLUSTER), "cluster", "version", "1.34"),
        },
    ),
}

"""One value for each argument of the components for AWS, by its name."""

from __future__ import annotations

from typing import Any

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
ROLE = "arn:aws:iam::123456789012:role/deploy"
TAGS = {"owner": "team", "stack": "test", "service": "platform", "cost-centre": "1"}

AWS_VALUES: dict[str, Any] = {
    "account": "123456789012",
    "address": "entry.elb.example.com",
    "administrators": [ROLE],
    "application_logs": "/aws/containerinsights/test/application",
    "availability_zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    "backup_retention_days": 7,
    "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
    "cidr": "10.16.0.0/16",
    "client_security_group_id": "sg-1",
    "cluster_identifier": "test",
    "cluster_name": "test",
    "pull_through_repositories": ["ecr-public/docker/library/nginx"],
    "copy": True,
    "deploy_role_arn": ROLE,
    "domain": "api.example.com",
    "emails": ["on-call@example.com"],
    "engine_version": "8.0.mysql_aurora.3.10.1",
    "entries": [{"region": "eu-central-1", "address": "entry.elb.example.com", "address_zone_id": "Z1"}],
    "global_cluster": "test",
    "health_path": "/healthz",
    "identifier": "test",
    "image": "pause",
    "insights": True,
    "instance_class": "db.r8g.large",
    "instances": 2,
    "interface_endpoints": ["sts"],
    "interfaces": ["sts"],
    "max_images": 10,
    "key_arn": KEY,
    "key_arns": {"eu-central-1": KEY, "us-east-1": KEY},
    "labels": {"gostack.stack": "test"},
    "log_retention_days": 30,
    "logs_key_arn": KEY,
    "monthly_usd": 100,
    "namespace": "test",
    "password_lifetime_days": 30,
    "password_rotation": 1,
    "pod_security_group_id": "sg-1",
    "ports": {"https": 443},
    # What a component says of a child goes before what the caller says of all.
    "protect": True,
    "create_validation_record": True,
    "public_access_cidrs": [],
    "purpose": "Tests",
    "region": "eu-central-1",
    "replicated_to": ["us-east-1"],
    "repositories": ["gostack/users"],
    "retention_days": 30,
    "route_table_ids": ["rtb-1"],
    "seconds": 90,
    "service": "ingress",
    "services": ["logs.eu-central-1.amazonaws.com"],
    "single_nat": False,
    "stack": "test",
    "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
    "tags": TAGS,
    "target_group_arns": {"https": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/1"},
    "topic_arn": TOPIC,
    "version": "1.36",
    "vpc_id": "vpc-1",
    "zone_id": "Z1234",
}

"""Wrong properties of what the stacks register."""

from __future__ import annotations

from tests.mistakes.model import GraphMistake

_USERS = "users-eu-central-1-deployment"
_CONTAINER = "spec.template.spec.containers.0"
_EVERYBODY = "0.0.0.0/0"

MISTAKES = (
    # dev
    GraphMistake(
        "a container with the engine's socket",
        "dev",
        "users-east-0-application",
        "volumes",
        [{"hostPath": "/var/run/docker.sock"}],
    ),
    GraphMistake("a privileged container", "dev", "ingress-east-nginx", "privileged", True),
    GraphMistake("a container with capabilities", "dev", "mysql-east-server", "capabilities"),
    GraphMistake("a container without a memory limit", "dev", "users-east-0-application", "memory"),
    GraphMistake("an image by tag", "dev", "ingress-west-nginx", "image", "nginx:1.30"),
    GraphMistake("a volume that goes with the stack", "dev", "mysql-west-data", "options.retain_on_delete", False),
    GraphMistake(
        "Consul's interface for the whole network",
        "dev",
        "consul-east-server-0",
        "ports",
        [{"internal": 8500, "external": 8500, "ip": "0.0.0.0"}],
    ),
    GraphMistake("a release that nobody waits for", "dev", "ingress-east-nginx", "wait", False),
    # staging
    GraphMistake("no default deny", "staging", "east-deny"),
    GraphMistake("a way in for everybody", "staging", "mysql-east-paths", "spec.ingress.0", {}),
    GraphMistake(
        "a namespace that takes any pod",
        "staging",
        "east-namespace",
        "metadata.labels.pod-security.kubernetes.io/enforce",
        "privileged",
    ),
    GraphMistake(
        "a password in a ConfigMap", "staging", "ingress-east-files", "data.password.txt", "correct-horse-battery"
    ),
    GraphMistake(
        "a database's data that goes with its pods",
        "staging",
        "mysql-east-server",
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        "Delete",
    ),
    GraphMistake("the ambient provider", "staging", "users-east-deployment", "provider", ""),
    GraphMistake("replicas beside an autoscaler", "staging", "users-east-deployment", "spec.replicas", 2),
    GraphMistake("a readiness probe dropped", "staging", "ingress-east-deployment", f"{_CONTAINER}.readinessProbe"),
    GraphMistake(
        "TLS 1.0 in nginx.conf",
        "staging",
        "ingress-east-files",
        "data.nginx.conf",
        "server { listen 8443 ssl;\n ssl_protocols TLSv1 TLSv1.2;\n}\n",
    ),
    # prod: in the clusters
    GraphMistake("a liveness probe dropped", "prod", _USERS, f"{_CONTAINER}.livenessProbe"),
    GraphMistake("limits dropped", "prod", _USERS, f"{_CONTAINER}.resources.limits"),
    GraphMistake("a pod as root", "prod", _USERS, f"{_CONTAINER}.securityContext.runAsUser", 0),
    GraphMistake("a writable root", "prod", _USERS, f"{_CONTAINER}.securityContext.readOnlyRootFilesystem", False),
    GraphMistake("the node's network", "prod", _USERS, "spec.template.spec.hostNetwork", True),
    GraphMistake("a token for the cluster's API", "prod", _USERS, "spec.template.spec.automountServiceAccountToken"),
    GraphMistake(
        "a token in a variable",
        "prod",
        _USERS,
        f"{_CONTAINER}.env.0",
        {"name": "GITHUB_TOKEN", "value": "not-even-random"},
    ),
    GraphMistake("an image by tag in prod", "prod", _USERS, f"{_CONTAINER}.image", "registry.example.com/users:1.4.2"),
    GraphMistake("no disruption budget", "prod", "users-eu-central-1-budget"),
    GraphMistake("an autoscaler that goes down to one", "prod", "users-eu-central-1-autoscaler", "spec.minReplicas", 1),
    GraphMistake(
        "a release that takes pods away first", "prod", _USERS, "spec.strategy.rollingUpdate.maxUnavailable", 1
    ),
    GraphMistake(
        "another region's cluster",
        "prod",
        _USERS,
        "provider",
        "urn:pulumi:prod::gostack::pulumi:providers:kubernetes::kubernetes-us-east-1",
    ),
    # prod: in the account
    GraphMistake("SSH from everywhere", "prod", "database-eu-central-1-from-pods", "cidrIpv4", _EVERYBODY),
    GraphMistake("another port of the load balancer", "prod", "entry-eu-central-1-https-from-anyone", "toPort", 8443),
    GraphMistake("a public database", "prod", "database-eu-central-1-0", "publiclyAccessible", True),
    GraphMistake("a database without encryption", "prod", "database-eu-central-1-cluster", "storageEncrypted", False),
    GraphMistake(
        "a database without deletion protection", "prod", "database-eu-central-1-cluster", "deletionProtection", False
    ),
    GraphMistake("an unprotected database", "prod", "database-eu-central-1-cluster", "options.protect", False),
    GraphMistake(
        "connections to the database in plain text", "prod", "database-eu-central-1-parameters", "parameters", []
    ),
    GraphMistake("a bill that nobody can split", "prod", "database-eu-central-1-cluster", "tags.cost-centre", ""),
    GraphMistake("tags that move", "prod", "registry-eu-central-1-gostack-users", "imageTagMutability", "MUTABLE"),
    GraphMistake("a key that stays for ever", "prod", "data-eu-central-1-key", "enableKeyRotation", False),
    GraphMistake("logs for ever", "prod", "cluster-eu-central-1-logs", "retentionInDays"),
    GraphMistake(
        "no audit of the control plane", "prod", "cluster-eu-central-1-control-plane", "enabledClusterLogTypes", ["api"]
    ),
    GraphMistake("secrets in etcd without a key", "prod", "cluster-eu-central-1-control-plane", "encryptionConfig"),
    GraphMistake("no flow logs", "prod", "network-eu-central-1-flow-logs-log"),
    GraphMistake("an alarm without a listener", "prod", "database-eu-central-1-alarms-cpu", "alarmActions", []),
    GraphMistake(
        "a role for everything",
        "prod",
        "network-eu-central-1-flow-logs-policy",
        "policy",
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    ),
    GraphMistake("a health check in plain text", "prod", "dns-eu-central-1-health", "type", "HTTP"),
    GraphMistake(
        "TLS of 2016 at the load balancer",
        "prod",
        "entry-eu-central-1-https-listener",
        "sslPolicy",
        "ELBSecurityPolicy-2016-08",
    ),
    GraphMistake(
        "a network in the wrong region",
        "prod",
        "network-eu-central-1-vpc",
        "provider",
        "urn:pulumi:prod::gostack::pulumi:providers:aws::aws-us-east-1",
    ),
)

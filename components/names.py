"""Names that the program makes of others' parts, and how long the programs that read them let a name be."""

from __future__ import annotations

import hashlib

LABEL = 63
"""Characters of a DNS label, and of the name of a Kubernetes namespace, the value of a label and the name of a Job:
https://www.rfc-editor.org/rfc/rfc1035#section-2.3.1."""

_CONTAINER_ID = 12
"""Characters of a container's host name on Docker: the first ones of its identity."""

_DIGEST = 8

_UNIQUE = "-01234567"
"""What Pulumi adds to the name of an object that it names itself."""

NGINX_WORDS = frozenset({"default", "include", "hostnames", "volatile"})
"""Words that begin no value in a `map`, but say something about it, quoted or not:
https://nginx.org/en/docs/http/ngx_http_map_module.html#map."""

CONSUL_WORDS = frozenset({"service", "connect", "virtual", "ingress", "node", "query", "addr"})
"""Words by which Consul's DNS tells what a question is about. It looks for them from the end of a name, so as the name
of a datacenter they hide everything before it: https://developer.hashicorp.com/consul/docs/services/discovery/dns-static-lookups
and `dispatch` in https://github.com/hashicorp/consul/blob/v1.22.0/agent/dns.go."""


def namespace_name(prefix: str, region: str) -> str:
    """Return the name of a region's namespace on Kubernetes."""
    return f"{prefix}-{region}"


def stack_namespace(stack: str) -> str:
    """Return the first part of the names of a stack's namespaces, when the settings say none."""
    return f"gostack-{stack}"


def track_name(service: str, region: str, track_suffix: str) -> str:
    """Return the name of a track's replicas in a region."""
    return f"{service}-{region}{track_suffix}"


CALLED_PORT = 80
"""Port of the name by which services call each other."""


def called_name(service: str, port: str | None = None) -> str:
    """Return the name by which Consul and other services know a service, or one of its named ports."""
    return service if port is None else f"{service}-{port}"


def service_values(name: str) -> dict[str, str]:
    """Return what another service may be told of what has this name: it calls it by that alone, on every platform."""
    return {
        "host": name,
        "port": str(CALLED_PORT),
        "address": f"{name}:{CALLED_PORT}",
        "url": f"http://{name}",
    }


def node_prefix(name: str) -> str:
    """Return the first part of the name of a Consul node, to which a container's identity is added.

    Consul finds a node with a name that is no DNS label over HTTP and not over DNS, where Nginx asks. So a long one
    ends with a digest instead.
    """
    return shortened(name, LABEL - len("-") - _CONTAINER_ID)


def cluster_name(stack: str, region: str) -> str:
    """Return the name of a region's cluster on AWS, and of its member of the database."""
    return f"gostack-{stack}-{region}"


def database_instance(stack: str, region: str, index: int) -> str:
    """Return the identifier of an instance of a region's member of the database on AWS."""
    return f"{cluster_name(stack, region)}-{index}"


_REPLICATION_GROUP = 40
"""Characters of the identifier of a replication group of ElastiCache, in which no two hyphens follow each other:
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html."""


def replication_group(stack: str, accessory: str) -> str:
    """Return the identifier of a Valkey in ElastiCache."""
    return shortened(f"gostack-{stack}-{accessory}", _REPLICATION_GROUP).replace("--", "-")


def migrations_job(service: str, track_suffix: str) -> str:
    """Return the longest name that the Job has which applies a track's migrations on Kubernetes."""
    return f"{service}-database{track_suffix}-migrations-run{_UNIQUE}"


LONGEST_CRON_JOB = 52
"""Characters of the name of a CronJob: its Jobs add eleven."""


def cron_job_name(service: str, schedule: str) -> str:
    """Return the name of the CronJob of a schedule on Kubernetes."""
    return shortened(f"{service}-{schedule}", LONGEST_CRON_JOB)


def shortened(name: str, length: int) -> str:
    """Return a name of at most `length` characters: itself, or its beginning and a digest of all of it."""
    if len(name) <= length:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: length - _DIGEST - 1]}-{digest}"

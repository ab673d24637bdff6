"""Which settings have a part in which component, directly.

Written down here, because a value does not know where it came from; the tests change each setting and see that
exactly these components change, or what depends on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY = ""


@dataclass(frozen=True)
class Cause:
    """Keys, and the components that take a value from them."""

    pattern: str
    """Regular expression over the whole key; its groups `region` and `service` narrow the components down."""

    kinds: frozenset[str]
    """Classes of these components; empty for all."""

    name: str = ""
    """Regular expression over the component's whole name, where class, region and service do not suffice."""

    beside: str = ""
    """Class of which the stack has one where it is so; empty for everywhere."""


def _cause(pattern: str, kinds: str = ANY, name: str = "", beside: str = "") -> Cause:
    return Cause(pattern, frozenset(kinds.split()), name, beside)


_CLUSTER = "KubernetesProvider"
_REGION = r"regions\.(?P<region>[^.]+)\."
_SERVICE = r"services\.(?P<service>[^.]+)\."

CAUSES = (
    _cause(r"platform"),
    _cause(r"kubernetes\.(kubeconfig|context)", "KubernetesProvider"),
    _cause(r"kubernetes\.(namespace|quota\..*)", "Region"),
    _cause(r"kubernetes\.storage_class", "ConsulDatacenter MySqlMember"),
    _cause(r"registry", "ServiceImage DockerProvider"),
    _cause(r"aws\.account", "AlarmTopic AwsProvider Budget Cluster EncryptionKey Network Registry"),
    _cause(r"aws\.deploy_role", "AwsProvider Cluster"),
    _cause(r"aws\.(administrators|kubernetes_version|api_access)", "Cluster"),
    _cause(r"aws\.home_region", "Registry"),
    _cause(r"aws\.regions\.(?P<region>[^.]+)\.cidr", "Network"),
    _cause(r"aws\.regions\.(?P<region>[^.]+)\.retiring", "DatabaseMember"),
    _cause(r"aws\.domain\..*", "GlobalDns PublicCertificate"),
    _cause(r"aws\.domain\.drain_seconds", "DnsDrain"),
    _cause(r"aws\.database\..*", "DatabaseMember"),
    _cause(r"aws\.size", "DatabaseMember Network"),
    _cause(r"aws\.(owner|cost_centre)", "Network Cluster DatabaseMember NetworkLoadBalancer Registry"),
    _cause(r"aws\.alarm_emails", "AlarmTopic"),
    _cause(r"aws\.monthly_budget_usd", "Budget"),
    _cause(r"backbone\..*", "Backbone"),
    _cause(_REGION + r"cidr", "Region ConsulDatacenter"),
    _cause(_REGION + r"(bind_address|https_port|http_port)", "Ingress"),
    _cause(_REGION + r"consul_port", "ConsulDatacenter"),
    _cause(r"consul\..*", "ConsulDatacenter"),
    _cause(r"mysql\.(primary|topology)", "MySqlCluster MySqlMember"),
    _cause(r"mysql\.primary", "DatabaseMember"),
    _cause(r"mysql\.(buffer_pool_mib|memory_mib|max_connections|protect|storage_gib)", "MySqlMember"),
    _cause(r"mysql\.witness\..*", "Region", name="witness"),
    _cause(r"images\.(mysql|consul|nginx|pause|registry)", "UpstreamImages"),
    _cause(r"images\.(golang|registry)", "ServiceImage"),
    _cause(r"ingress\.(worker_.*|memory_mib|trusted_proxies|ipv6)", "Ingress"),
    _cause(r"ingress\.hosts", "Ingress Certificate"),
    _cause(r"certificates\.lifetime_days", "Certificate"),
    _cause(r"certificates\.authority_lifetime_days", "CertificateAuthority MySqlMember"),
    _cause(r"rotation\.passwords", "MySqlCluster ServiceDatabase"),
    _cause(r"rotation\.gossip_key", "GossipKey"),
    _cause(r"rotation\.certificates", "Certificate"),
    _cause(r"rotation\.authority", "CertificateAuthority MySqlCluster"),
    _cause(_SERVICE + r"(context|image|dockerfile|main_package)", "ServiceImage ReleasedImage"),
    _cause(_SERVICE + r"routes\..*", "Ingress"),
    _cause(_SERVICE + r"settings", "DynamicConfiguration"),
    _cause(_SERVICE + r"database\..*", "ServiceDatabase"),
    _cause(_SERVICE + r"canary\.(context|image)", "ServiceImage ReleasedImage", name=r".*-canary"),
    _cause(_SERVICE + r"canary\.(weight|match).*", "Ingress"),
    _cause(_SERVICE + r"canary\.(replicas|environment)", "Microservice", name=r".*-canary"),
    _cause(
        _SERVICE + r"(port|replicas|environment|check\..*|autoscaling|autoscaling\..*|egress.*|(cpu|memory)_request.*)",
        "Microservice",
    ),
    _cause(_SERVICE + r"(memory_mib|cpus|[a-z]+_seconds)", "Microservice"),
    # What pods ask for is added up for the quota of their region.
    _cause(r"consul\.servers|mysql\.(topology|memory_mib|buffer_pool_mib|storage_gib)", "Region", beside=_CLUSTER),
    _cause(
        _SERVICE + r"((canary\.)?replicas|autoscaling(\.maximum)?|(memory|cpu)_request.*|memory_mib|cpus)",
        "Region",
        beside=_CLUSTER,
    ),
)


@dataclass(frozen=True)
class Target:
    """A component, as far as a cause looks at it."""

    kind: str
    """Its class."""

    name: str
    """Its name."""

    region: str
    """Its place; empty for what all share."""


def affected(key: str, targets: list[Target]) -> list[int]:
    """Return the places of the components that take a value from a settings key."""
    found: set[int] = set()
    kinds = {target.kind for target in targets}
    for cause in CAUSES:
        match = re.fullmatch(cause.pattern, key)
        if match is None or (cause.beside and cause.beside not in kinds):
            continue
        groups = match.groupdict()
        found.update(
            place for place, target in enumerate(targets) if _fits(cause, groups.get("region"), groups, target)
        )
    return sorted(found)


def _fits(cause: Cause, region: str | None, groups: dict[str, str | None], target: Target) -> bool:
    if cause.kinds and target.kind not in cause.kinds:
        return False
    if region is not None and target.region != region:
        return False
    if cause.name and not re.fullmatch(cause.name, target.name):
        return False
    service = groups.get("service")
    if service is None or target.kind in ("Ingress", "Region"):
        return True
    return f"-{target.name}-".startswith(f"-{service}-")

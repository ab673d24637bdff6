"""What travels is encrypted by TLS 1.2 or newer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource import Graph, Marker, Resource, listing, mapping, texts
from policy.rule import SHARED, Finding, Findings, resource_rule, stack_rule

_PROTOCOLS = re.compile(r"(?m)^\s*ssl_protocols\s+([^;]*);")
_CIPHERS = re.compile(r"(?m)^\s*ssl_ciphers\s+([^;]*);")
_MODERN = frozenset({"TLSv1.2", "TLSv1.3"})
_WEAK_CIPHERS = re.compile(r"(?i)(?<![!-])\b(RC4|3DES|DES-CBC3|NULL|EXPORT|MD5|aNULL|eNULL|LOW)\b")
_LISTENS = re.compile(r"(?m)^\s*listen\s+[^;]*\bssl\b[^;]*;")
_VERIFY_OFF = re.compile(r"(?m)^\s*proxy_ssl_verify\s+off\s*;")

# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
_OLD_POLICIES = re.compile(
    r"^ELBSecurityPolicy-(2015-05|2016-08|TLS-1-0|TLS-1-1|FS-2018-06|FS-1-1|TLS13-1-0|TLS13-1-1)"
)
_PARAMETER_GROUPS = ("aws:rds/clusterParameterGroup:ClusterParameterGroup", "aws:rds/parameterGroup:ParameterGroup")
_SECURE_TRANSPORT = "require_secure_transport"
_TLS_VERSION = "tls_version"


@resource_rule("nginx-tls")
def nginx_tls(resource: Resource) -> Findings:
    """Nginx speaks TLS 1.2 and 1.3 alone, without weak ciphers."""
    for path, text in _nginx_files(resource):
        protocols = _PROTOCOLS.findall(text)
        for given in protocols:
            old = sorted(set(given.split()) - _MODERN)
            if old:
                yield Finding(
                    resource, path, f"has ssl_protocols with {', '.join(old)}", "write `ssl_protocols TLSv1.2 TLSv1.3`"
                )
        if _LISTENS.search(text) and not protocols and not _protocols_elsewhere(resource):
            yield Finding(
                resource, path, "has no ssl_protocols: Nginx chooses them", "write `ssl_protocols TLSv1.2 TLSv1.3`"
            )
        for given in _CIPHERS.findall(text):
            weak = sorted({found.upper() for found in _WEAK_CIPHERS.findall(given)})
            if weak:
                yield Finding(resource, path, f"has ssl_ciphers with {', '.join(weak)}", "remove them")
        if _VERIFY_OFF.search(text):
            yield Finding(
                resource, path, "has proxy_ssl_verify off", "name the authority in proxy_ssl_trusted_certificate"
            )


@resource_rule("mysql-tls")
def mysql_tls(resource: Resource) -> Findings:
    """A MySQL server that the stack starts itself refuses connections without TLS."""
    for path, text in texts(resource.inputs):
        if re.search(r"(?i)\b(require[_-]secure[_-]transport)\s*=\s*(OFF|0|FALSE)\b", text):
            yield Finding(resource, path, "turns require_secure_transport off", "turn it on")
        for given in re.findall(r"(?i)\btls[_-]version\s*=\s*['\"]?([A-Za-z0-9.,]+)", text):
            if set(given.split(",")) - _MODERN:
                yield Finding(resource, path, f"has tls_version {given}", "write TLSv1.2,TLSv1.3")


@stack_rule("database-tls")
def database_tls(graph: Graph) -> Findings:
    """An RDS database has a parameter group that refuses connections without TLS, and old versions of it."""
    for group in graph.of_type(*_PARAMETER_GROUPS):
        if not str(group.at("family", "mysql")).startswith(("aurora-mysql", "mysql", "mariadb")):
            continue
        parameters = {mapping(item).get("name"): mapping(item).get("value") for item in listing(group.at("parameters"))}
        if _is_for_instances(graph, group):
            continue
        if str(parameters.get(_SECURE_TRANSPORT)).upper() not in ("ON", "1"):
            yield Finding(
                group,
                f"parameters.{_SECURE_TRANSPORT}",
                "is not ON: clients may connect in plain text",
                'set it to "ON"',
            )
        versions = parameters.get(_TLS_VERSION)
        if versions is not None and set(str(versions).replace(" ", "").split(",")) - _MODERN:
            yield Finding(group, f"parameters.{_TLS_VERSION}", f"allows {versions}", 'set it to "TLSv1.2,TLSv1.3"')
    for cluster in graph.of_type("aws:rds/cluster:Cluster"):
        if cluster.at("dbClusterParameterGroupName") is None:
            yield Finding(
                cluster,
                "dbClusterParameterGroupName",
                "is missing: the default group lets clients connect in plain text",
                f"name a ClusterParameterGroup with {_SECURE_TRANSPORT} ON",
            )


@resource_rule("load-balancer-tls", environments=SHARED)
def load_balancer_tls(resource: Resource) -> Findings:
    """A load balancer that ends TLS itself takes 1.2 or newer, and one that does not passes it through."""
    if resource.type in ("aws:lb/listener:Listener", "aws:alb/listener:Listener"):
        protocol, port = resource.at("protocol"), resource.at("port")
        if protocol in ("TLS", "HTTPS"):
            policy = resource.at("sslPolicy")
            if policy is None or (isinstance(policy, str) and _OLD_POLICIES.match(policy)):
                yield Finding(
                    resource,
                    "sslPolicy",
                    f"is {policy or 'missing'}, which takes TLS 1.0",
                    'set it to "ELBSecurityPolicy-TLS13-1-2-2021-06"',
                )
        actions = resource.at("defaultActions")
        redirects = any(mapping(action).get("type") == "redirect" for action in listing(actions))
        if protocol == "HTTP" and not redirects and not isinstance(actions, Marker):
            yield Finding(resource, "protocol", f"is HTTP on port {port}", "redirect to HTTPS")
    if resource.package == "kubernetes" and resource.kind == "Service" and resource.at("spec.type") == "LoadBalancer":
        annotations = mapping(resource.at("metadata.annotations"))
        policy = annotations.get("service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy")
        if isinstance(policy, str) and _OLD_POLICIES.match(policy):
            yield Finding(
                resource, "metadata.annotations", f"has the policy {policy}, which takes TLS 1.0", "use TLS13-1-2"
            )


@stack_rule("certificates-verified")
def certificates_verified(graph: Graph) -> Findings:
    """Nothing is told to accept any certificate."""
    pattern = re.compile(
        r"(?i)(insecure_?skip_?verify[\"']?\s*[:=]\s*true|tls=skip-verify|--insecure\b|curl\s+[^\n]*\s-k\b|"
        r"NODE_TLS_REJECT_UNAUTHORIZED=0|verify_(?:incoming|outgoing|server_hostname)[\"']?\s*[:=]\s*false)"
    )
    for resource in graph:
        for path, text in texts(resource.inputs):
            if pattern.search(text):
                yield Finding(resource, path, "accepts any certificate", "name the authority instead")


@resource_rule("encrypted-health-check")
def health_check_over_tls(resource: Resource) -> Findings:
    """A DNS health check asks over TLS: what answers in plain text is not what clients use."""
    if resource.type == "aws:route53/healthCheck:HealthCheck" and resource.at("type") in ("HTTP", "HTTP_STR_MATCH"):
        yield Finding(resource, "type", f"is {resource.at('type')}", 'set it to "HTTPS"')


def _nginx_files(resource: Resource) -> Iterator[tuple[str, str]]:
    for path, text in texts(resource.inputs):
        if "ssl_" in text or _LISTENS.search(text):
            # A variable that carries a file has its first line behind the equals sign.
            yield path, text.partition("=")[2] if path.startswith("envs.") else text


def _protocols_elsewhere(resource: Resource) -> bool:
    return any(_PROTOCOLS.search(text) for _, text in _nginx_files(resource))


def _is_for_instances(graph: Graph, group: Resource) -> bool:
    """Whether a group belongs to instances of a cluster, whose transport the cluster's own group decides."""
    users = graph.used_by(group)
    return bool(users) and all(item.type == "aws:rds/clusterInstance:ClusterInstance" for item in users)

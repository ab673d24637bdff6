"""The way into a region: Nginx with TLS, which learns from Consul where the replicas are."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from components.consul.kubernetes_agent import agent_secret, agent_volume, sidecar, to_servers
from components.demands import INGRESS_REPLICAS, INGRESS_SCRATCH_MIB, TOKEN_VERIFIER, ingress_resources
from components.ingress import HTTP_PORT, HTTPS_PORT, INTERNAL_PORT, RELEASE_PLACEHOLDER, render_ingress
from components.ingress.args import IngressArgs
from components.ingress.token_verifier import READY, asks_services, issuer_ports, verifier_environment
from components.kubernetes.names import APPLICATION, NGINX, selector, workload_labels
from components.kubernetes.network import EgressRule, IngressRule, network_policy, networks, pods_of_stack, tcp
from components.kubernetes.pod import (
    ContainerSpec,
    Probes,
    exec_probe,
    http_probe,
    memory_volume,
    sleep_before_stop,
    tcp_probe,
)
from components.kubernetes.pod_template import pod_template
from components.kubernetes.rollout import released_deployment
from components.kubernetes.scope import Scope, role_scope
from components.kubernetes.workload import disruption_budget, immutable_config_map, immutable_secret, service_account
from components.microservice.workload import SERVICE_USER
from components.names import CALLED_PORT
from components.options import given_dependencies, register_declared


class LoadBalancerArgs(TypedDict):
    """Inputs of a cluster's load balancer beside its ports."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its Service."""

    load_balancer_class: NotRequired[str]
    """Class of the controller that makes it; the cluster's default when it is not given."""

    host: NotRequired[str]
    """Host name by which this region, and no other, is reached; the first of the configuration's hosts by default."""

    external_hostname: NotRequired[pulumi.Input[str]]
    """Host name of a load balancer that is made outside of the cluster and leads to the pods themselves; given, the
    cluster makes none."""

    drain_seconds: NotRequired[int]
    """Time in seconds that it needs to notice that a pod goes; 5 when it is not given."""


class KubernetesIngressArgs(IngressArgs):
    """Inputs of an ingress on Kubernetes."""

    load_balancer: NotRequired[LoadBalancerArgs]
    """The load balancer; the cluster's own defaults when it is not given."""


NGINX_USER = 101
"""User and group `nginx` of the official image."""

DRAIN_SECONDS = 5
"""Time in seconds in which load balancers notice that a pod goes; it still answers meanwhile."""

CALLERS = (APPLICATION,)
"""Roles of the pods that call services by name."""

CONFIGURATION_LABEL, CERTIFICATE_LABEL = "gostack.configuration", "gostack.certificate"
"""Labels of a pod with the names of the ConfigMap and the Secret that it serves from."""

FILES = "/etc/ingress"
_DEFAULT_LOAD_BALANCER: LoadBalancerArgs = {"annotations": {}}
_CERTIFICATE, _KEY = "certificate.pem", "private_key.pem"


class Ingress(pulumi.ComponentResource):
    """Terminates TLS and spreads requests over the healthy replicas, its own region's first.

    Changed files, routes or certificates are a release: as many new pods come up beside the old ones, and when all of
    them are ready, the Service sends clients there and no longer to the old ones. When one of them does not get ready,
    because Nginx refuses the files or the cluster has no room, the old ones serve on alone.
    """

    url: pulumi.Output[str]
    """URL of the region's entry."""

    address: pulumi.Output[str]
    """Host and port of the load balancer."""

    load_balancer: pulumi.Output[str]
    """Host name or IP address of the load balancer, for DNS records."""

    namespace: pulumi.Output[str]
    """Namespace of the Service, for a load balancer that is made outside of the cluster."""

    service: pulumi.Output[str]
    """Name of the Service."""

    def __init__(self, name: str, args: KubernetesIngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Ingress", name, {}, opts)
        region = args["region"]
        labels = workload_labels(args["labels"], region=region["region"], service="ingress", role=NGINX)
        scope = Scope(region["network"], labels, self)
        files = immutable_config_map(scope, f"{name}-files", rendered_files(args))
        certificate = {_CERTIFICATE: args["certificate"], _KEY: pulumi.Output.secret(args["private_key"])}
        keys = immutable_secret(scope, f"{name}-certificate", {**certificate, **args["edge_files"]})
        secret = agent_secret(scope, name, args["consul"])
        account = service_account(scope, f"{name}-account")
        budget = disruption_budget(scope, f"{name}-budget")
        policy = _network_policy(scope, f"{name}-paths", args)
        release: dict[str, pulumi.Input[str]] = {CONFIGURATION_LABEL: files, CERTIFICATE_LABEL: keys}
        template = pod_template(
            {**labels, **release},
            account,
            NGINX_USER,
            # Without readiness of its own: known replicas are served while Consul is away.
            init_containers=[sidecar(args["consul"], secret, started_with_leader=True), *_token_verifier(args)],
            containers=[_nginx(args)],
            volumes=[_files_volume(files, keys), memory_volume("scratch", INGRESS_SCRATCH_MIB), agent_volume()],
            anti_affinity_to={**selector(labels), **release},
            # Nginx gives requests 30 s after its stop signal (worker_shutdown_timeout).
            stop_seconds=_drain_seconds(args) + 40,
        )
        deployment = released_deployment(
            scope,
            name,
            release,
            template,
            depends_on=[budget, policy, *given_dependencies(opts)],
            replicas=INGRESS_REPLICAS,
            progress_seconds=270,
            timeout_seconds=300,
        )
        service = _service(scope, name, args, release, deployment)
        if args["configuration"].internal:
            _open_to_callers(scope, name, args)
        for called in args["configuration"].internal:
            _named_service(scope, f"{name}-to-{called}", called, release, deployment)
        balancer = args.get("load_balancer", _DEFAULT_LOAD_BALANCER)
        host = balancer.get("host", args["configuration"].hosts[0])
        port = "" if args["configuration"].https_port == 443 else f":{args['configuration'].https_port}"
        external = balancer.get("external_hostname")
        self.load_balancer = (
            service.status.apply(_load_balancer) if external is None else pulumi.Output.from_input(external)
        )
        self.namespace = service.metadata.apply(lambda found: str(found.namespace))
        self.service = service.metadata.apply(lambda found: str(found.name))
        self.address = pulumi.Output.concat(self.load_balancer, f":{args['configuration'].https_port}")
        self.url = service.id.apply(lambda _: f"https://{host}{port}")
        register_declared(self)


def _service(
    scope: Scope,
    name: str,
    args: KubernetesIngressArgs,
    release: Mapping[str, pulumi.Input[str]],
    deployment: pulumi.Resource,
) -> k8s.core.v1.Service:
    given, https_port = args.get("load_balancer", _DEFAULT_LOAD_BALANCER), args["configuration"].https_port
    return k8s.core.v1.Service(
        f"{name}-service",
        metadata=scope.metadata(name, given["annotations"]),
        spec=k8s.core.v1.ServiceSpecArgs(
            type="ClusterIP" if "external_hostname" in given else "LoadBalancer",
            load_balancer_class=given.get("load_balancer_class"),
            selector={**selector(scope.labels), **release},
            ports=[
                k8s.core.v1.ServicePortArgs(name="https", port=https_port, target_port=HTTPS_PORT, protocol="TCP"),
                k8s.core.v1.ServicePortArgs(name="http", port=args["http_port"], target_port=HTTP_PORT, protocol="TCP"),
            ],
        ),
        opts=scope.options(deployment),
    )


def rendered_files(args: KubernetesIngressArgs) -> dict[str, str]:
    """Return file name to text of Nginx's configuration; its release is named by the digest of all files."""
    files = dict(render_ingress(args["configuration"]))
    release = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    return {name: text.replace(RELEASE_PLACEHOLDER, release) for name, text in files.items()}


def _nginx(args: KubernetesIngressArgs) -> ContainerSpec:
    return ContainerSpec(
        name="nginx",
        image=args["image"],
        user=NGINX_USER,
        group=NGINX_USER,
        resources=ingress_resources(memory_mib=args["memory_mib"]),
        command=["nginx", "-p", f"{FILES}/", "-c", "nginx.conf", "-g", "daemon off; pid /tmp/nginx.pid;"],
        ports={
            "https": HTTPS_PORT,
            "http": HTTP_PORT,
            **({"internal": INTERNAL_PORT} if args["configuration"].internal else {}),
        },
        mounts={"/tmp": "scratch"},
        read_only_mounts={FILES: "configuration"},
        probes=Probes(
            startup=http_probe(HTTP_PORT, "/healthz", period=1, failures=30),
            readiness=http_probe(HTTP_PORT, "/healthz", period=2, failures=2),
            liveness=tcp_probe(HTTP_PORT, period=10, failures=6),
        ),
        # The image's stop signal is SIGQUIT, which lets requests end.
        pre_stop=sleep_before_stop(_drain_seconds(args)),
    )


def _token_verifier(args: KubernetesIngressArgs) -> list[ContainerSpec]:
    given = args["token_verifier"]
    if given is None:
        return []
    return [
        ContainerSpec(
            name="token-verifier",
            image=given["image"],
            user=SERVICE_USER,
            group=SERVICE_USER,
            resources=TOKEN_VERIFIER,
            environment=verifier_environment(given),
            probes=Probes(
                startup=exec_probe(READY, period=1, failures=30), readiness=exec_probe(READY, period=2, failures=2)
            ),
            # Nginx asks it until its last request has ended.
            sidecar=True,
        )
    ]


def _to_issuers(args: KubernetesIngressArgs, stack: str) -> list[EgressRule]:
    """Let the verifier fetch the keys of issuers, outside of the stack or among its services."""
    given = args["token_verifier"]
    if given is None:
        return []
    ports = issuer_ports(given["logins"])
    return [
        *([EgressRule(to=networks("0.0.0.0/0"), ports=tcp(*ports))] if ports else []),
        *(
            [EgressRule(to=pods_of_stack(stack, NGINX), ports=tcp(INTERNAL_PORT))]
            if asks_services(given["logins"])
            else []
        ),
    ]


def _files_volume(files: pulumi.Input[str], keys: pulumi.Input[str]) -> k8s.core.v1.VolumeArgs:
    """All files in one folder: the configuration names them relative to it."""
    return k8s.core.v1.VolumeArgs(
        name="configuration",
        projected=k8s.core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                k8s.core.v1.VolumeProjectionArgs(config_map=k8s.core.v1.ConfigMapProjectionArgs(name=files)),
                k8s.core.v1.VolumeProjectionArgs(secret=k8s.core.v1.SecretProjectionArgs(name=keys)),
            ],
        ),
    )


def _network_policy(scope: Scope, name: str, args: KubernetesIngressArgs) -> k8s.networking.v1.NetworkPolicy:
    stack = scope.stack
    verifier = args["token_verifier"]
    verifiers = [NGINX] if verifier is not None and asks_services(verifier["logins"]) else []
    return network_policy(
        scope,
        name,
        incoming=[
            IngressRule(from_=networks("0.0.0.0/0"), ports=tcp(HTTPS_PORT, HTTP_PORT)),
            *(
                [IngressRule(from_=pods_of_stack(stack, *CALLERS, *verifiers), ports=tcp(INTERNAL_PORT))]
                if args["configuration"].internal
                else []
            ),
        ],
        # Replicas of every region, at the port that Consul tells.
        outgoing=[to_servers(stack), EgressRule(to=pods_of_stack(stack, APPLICATION)), *_to_issuers(args, stack)],
    )


def _open_to_callers(scope: Scope, name: str, args: KubernetesIngressArgs) -> None:
    """Let the region's services reach the port on which they call each other."""
    region = args["region"]
    for role in CALLERS:
        network_policy(
            role_scope(region["network"], args["labels"], scope.parent, region=region["region"], role=role),
            f"{name}-{role}-calls",
            outgoing=[EgressRule(to=pods_of_stack(scope.stack, NGINX), ports=tcp(INTERNAL_PORT))],
        )


def _named_service(
    scope: Scope, name: str, called: str, release: Mapping[str, pulumi.Input[str]], deployment: pulumi.Resource
) -> k8s.core.v1.Service:
    """Make the name by which others call a service: Nginx's pods, which know where its healthy replicas are."""
    return k8s.core.v1.Service(
        name,
        metadata=scope.metadata(called),
        spec=k8s.core.v1.ServiceSpecArgs(
            selector={**selector(scope.labels), **release},
            ports=[
                k8s.core.v1.ServicePortArgs(name="http", port=CALLED_PORT, target_port=INTERNAL_PORT, protocol="TCP")
            ],
        ),
        opts=scope.options(deployment),
    )


def _drain_seconds(args: KubernetesIngressArgs) -> int:
    return args.get("load_balancer", _DEFAULT_LOAD_BALANCER).get("drain_seconds", DRAIN_SECONDS)


def _load_balancer(status: Any) -> str:
    """The first address, as the cloud gives it: an IP address or a host name."""
    entries = status.load_balancer.ingress if status is not None and status.load_balancer is not None else None
    if not entries:
        return ""
    return str(entries[0].ip or entries[0].hostname)

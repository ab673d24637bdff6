"""The telemetry of a stack on a cluster: one pod in the first region's namespace, told of the rest by the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import pulumi
import pulumi_kubernetes as k8s

from components.consul.kubernetes import HTTP_PORT as CONSUL_PORT
from components.demands import TELEMETRY as RESOURCES
from components.demands import telemetry_storage_gib
from components.files import GivenFile
from components.ingress import HTTPS_PORT
from components.kubernetes.files import file_mounts, file_volumes
from components.kubernetes.names import (
    APPLICATION,
    CONSUL_SERVER,
    MYSQL,
    NGINX,
    TELEMETRY,
    selector,
    service_host,
    workload_labels,
)
from components.kubernetes.network import EgressRule, IngressRule, network_policy, networks, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, Probes, exec_probe, http_probe, memory_volume, tcp_probe
from components.kubernetes.pod_template import pod_template
from components.kubernetes.scope import Scope, role_scope
from components.kubernetes.single_pod import pod_services, single_pod
from components.kubernetes.storage import claim_template
from components.kubernetes.workload import service_account
from components.mysql.configuration import PORT as MYSQL_PORT
from components.options import given_dependencies
from components.region.args import RegionReference, namespace_of
from components.telemetry.alertmanager import URL as ALERTMANAGER_URL
from components.telemetry.alertmanager import alertmanager_arguments
from components.telemetry.args import TelemetryArgs
from components.telemetry.configuration import CONSOLE_HOSTS, CONSOLE_PORT, HOST, OTLP_PORT, STATE
from components.telemetry.programs import (
    FOLDER,
    SMALL_PAGES,
    alerts_arguments,
    logs_arguments,
    metrics_arguments,
    program_files,
)

API_PORTS = (443, 6443)
"""Ports of API servers: of their Service, and behind it of themselves, as network policies see them."""

_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_DATA = "/data"
_NOBODY = 65534
_START_SECONDS = 300


def _own_probes(port: int) -> Probes:
    """Of a program of the stack's own, which says itself how it is."""
    answers = ["/service", "health"]
    return Probes(
        startup=exec_probe(answers, period=2, failures=30),
        readiness=exec_probe(answers, period=10, failures=3),
        liveness=tcp_probe(port, period=10, failures=6),
    )


def _store_probes(store: str) -> Probes:
    """Of a store, which only its own pod reaches: the console says how it is. Their images have no other program."""

    def asked(failures: int) -> k8s.core.v1.ProbeArgs:
        return http_probe(CONSOLE_PORT, f"/health/{store}", period=10, failures=failures, host=CONSOLE_HOSTS[0])

    # A console that is away for some minutes is no reason to restart all others.
    return Probes(startup=asked(12), readiness=asked(3), liveness=asked(60))


_TOLD = ["amtool", f"--alertmanager.url={ALERTMANAGER_URL}", "cluster", "show"]
_PROBES = {
    **{store: _store_probes(store) for store in ("metrics", "logs", "alerts")},
    "alertmanager": Probes(
        readiness=exec_probe(_TOLD, period=20, failures=3), liveness=exec_probe(_TOLD, period=60, failures=5)
    ),
    "collector": _own_probes(OTLP_PORT),
    "console": _own_probes(CONSOLE_PORT),
}


class KubernetesTelemetryArgs(TelemetryArgs):
    """Inputs of the telemetry on Kubernetes."""

    receiver_ports: Sequence[int]
    """Ports at which receivers are told, outside of the stack."""


class Telemetry(pulumi.ComponentResource):
    """Metrics, logs, traces and alerts of everything in the stack, and one page that shows them.

    The containers reach each other on 127.0.0.1. Services reach the collector alone; the console is for those who may
    forward a port. The collector may list the pods of the stack's namespaces, read their logs and what they use, and
    nothing else; it sees no folder of a node. The pod is replaced delete-first: logs wait on the nodes meanwhile.
    """

    url: pulumi.Output[str]
    """URL of the console, inside the cluster."""

    grafana_url: pulumi.Output[str] | None
    """None: Grafana runs beside it on Docker alone."""

    def __init__(self, name: str, args: KubernetesTelemetryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Telemetry", name, {}, opts)
        region = args["regions"][0]
        labels = workload_labels(args["labels"], region=region["region"], service=HOST, role=TELEMETRY)
        scope = Scope(region["network"], labels, self)
        account = service_account(scope, f"{name}-account")
        rights = [_rights(scope, name, place, account) for place in args["regions"]]
        services = pod_services(scope, name, HOST, {"otlp": OTLP_PORT, "console": CONSOLE_PORT})
        paths = _network_policies(scope, name, args)
        files = program_files(args, [namespace_of(place) for place in args["regions"]])
        given = {path: file for found in files.values() for path, file in found.items()}
        server = single_pod(
            scope,
            f"{name}-program",
            name,
            HOST,
            pod_template(
                labels,
                account,
                _NOBODY,
                containers=_programs(args, files, file_mounts(given)),
                volumes=[memory_volume("files", 16), _account_volume(), *file_volumes(scope, name, given)],
                stop_seconds=30,
            ),
            [
                claim_template(disk, size_gib, region.get("storage_class"), {**selector(labels), "gostack.data": HOST})
                for disk, size_gib in telemetry_storage_gib(args["disk_gib"]).items()
            ],
            timeout_seconds=_START_SECONDS,
            opts=scope.options(*services, *paths, *rights, *given_dependencies(opts)),
        )
        self.grafana_url = None
        namespace = namespace_of(region)
        self.url = server.id.apply(lambda _: f"http://{service_host(HOST, namespace)}:{CONSOLE_PORT}")
        self.register_outputs({"url": self.url})


def _rights(
    scope: Scope, name: str, region: RegionReference, account: k8s.core.v1.ServiceAccount
) -> k8s.rbac.v1.RoleBinding:
    """Let the collector read what runs in a region's namespace, and no Secret, file or environment of it."""
    here = replace(scope, namespace=region["network"], labels={**scope.labels, "gostack.region": region["region"]})
    rule = k8s.rbac.v1.PolicyRuleArgs
    role = k8s.rbac.v1.Role(
        f"{name}-reads-{region['region']}",
        metadata=here.metadata(HOST),
        rules=[
            rule(api_groups=[""], resources=["pods"], verbs=["list"]),
            rule(api_groups=[""], resources=["pods/log"], verbs=["get"]),
            rule(api_groups=["metrics.k8s.io"], resources=["pods"], verbs=["list"]),
        ],
        opts=scope.options(),
    )
    return k8s.rbac.v1.RoleBinding(
        f"{name}-may-read-{region['region']}",
        metadata=here.metadata(HOST),
        role_ref=k8s.rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=HOST),
        subjects=[
            k8s.rbac.v1.SubjectArgs(
                kind="ServiceAccount",
                name=account.metadata.apply(lambda found: str(found.name)),
                namespace=scope.namespace,
            )
        ],
        opts=scope.options(role),
    )


def _account_volume() -> k8s.core.v1.VolumeArgs:
    """What a pod gets whose account has a token; here the collector alone mounts it."""
    return k8s.core.v1.VolumeArgs(
        name="account",
        projected=k8s.core.v1.ProjectedVolumeSourceArgs(
            sources=[
                k8s.core.v1.VolumeProjectionArgs(
                    service_account_token=k8s.core.v1.ServiceAccountTokenProjectionArgs(
                        path="token", expiration_seconds=3600
                    )
                ),
                k8s.core.v1.VolumeProjectionArgs(
                    config_map=k8s.core.v1.ConfigMapProjectionArgs(
                        name="kube-root-ca.crt", items=[k8s.core.v1.KeyToPathArgs(key="ca.crt", path="ca.crt")]
                    )
                ),
            ]
        ),
    )


def _network_policies(scope: Scope, name: str, args: KubernetesTelemetryArgs) -> list[k8s.networking.v1.NetworkPolicy]:
    stack, itself = scope.stack, pods_of_stack(scope.stack, TELEMETRY)
    anywhere = networks("0.0.0.0/0")
    mysql = [MYSQL] if "mysql" in args else []
    own = network_policy(
        scope,
        f"{name}-paths",
        incoming=[IngressRule(from_=pods_of_stack(stack, APPLICATION), ports=tcp(OTLP_PORT))],
        outgoing=[
            # Nobody knows the address of an API server in advance.
            EgressRule(to=anywhere, ports=tcp(*API_PORTS)),
            EgressRule(to=pods_of_stack(stack, CONSUL_SERVER), ports=tcp(CONSUL_PORT)),
            EgressRule(to=pods_of_stack(stack, NGINX), ports=tcp(HTTPS_PORT)),
            # Whoever has metrics, at the port that Consul tells.
            EgressRule(to=pods_of_stack(stack, APPLICATION)),
            *(EgressRule(to=pods_of_stack(stack, role), ports=tcp(MYSQL_PORT)) for role in mysql),
            *([EgressRule(to=anywhere, ports=tcp(*args["receiver_ports"]))] if args["receiver_ports"] else []),
        ],
    )
    asked = {
        CONSUL_SERVER: [IngressRule(from_=itself, ports=tcp(CONSUL_PORT))],
        APPLICATION: [IngressRule(from_=itself)],
        **{role: [IngressRule(from_=itself, ports=tcp(MYSQL_PORT))] for role in mysql},
    }
    spans = {APPLICATION: [EgressRule(to=itself, ports=tcp(OTLP_PORT))]}
    return [
        own,
        *(
            network_policy(
                role_scope(region["network"], args["labels"], scope.parent, region=region["region"], role=role),
                f"{name}-asks-{role}-{region['region']}",
                incoming=incoming,
                outgoing=spans.get(role, []),
            )
            for region in args["regions"]
            for role, incoming in asked.items()
        ),
    ]


def _programs(
    args: TelemetryArgs, files: Mapping[str, Mapping[str, GivenFile]], places: Mapping[str, str]
) -> list[ContainerSpec]:
    images = cast("Mapping[str, pulumi.Input[str]]", args["images"])

    def program(
        part: str,
        arguments: Sequence[str],
        disks: Mapping[str, str] | None = None,
        *,
        account: bool = False,
    ) -> ContainerSpec:
        given = {path: places[path] for path in files.get(part, {})}
        return ContainerSpec(
            name=part,
            image=images[part],
            user=_NOBODY,
            group=_NOBODY,
            resources=RESOURCES[part],
            arguments=arguments,
            environment=SMALL_PAGES if part in ("metrics", "logs") else {},
            mounts={"/tmp": "files", **(disks or {})},
            read_only_mounts={**given, **({_ACCOUNT: "account"} if account else {})},
            probes=_PROBES[part],
        )

    # Two share each disk, in folders of their own.
    metrics, logs = {_DATA: "metrics"}, {_DATA: "logs"}
    told = program("alertmanager", alertmanager_arguments(f"{_DATA}/alertmanager"), metrics)
    return [
        program("metrics", metrics_arguments(args, f"{_DATA}/metrics"), metrics),
        program("logs", logs_arguments(args, f"{_DATA}/logs"), logs),
        *([told] if args["receivers"] else []),
        program("alerts", alerts_arguments(args)),
        # Beside the store: when its disk is lost, all logs are read again.
        program("collector", [f"-config={FOLDER}/collector.json"], {STATE: "logs"}, account=True),
        program("console", [f"-config={FOLDER}/console.json"]),
    ]

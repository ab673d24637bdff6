"""An accessory of a region: a StatefulSet of one pod that keeps its name and its disks when the pod goes."""

import shlex
from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s

from components.accessory.args import AccessoryArgs, accessory_values
from components.demands import accessory_resources
from components.kubernetes.files import file_mounts, file_volumes
from components.kubernetes.names import (
    ACCESSORY,
    APPLICATION,
    JOB,
    selector,
    service_host,
    workload_labels,
)
from components.kubernetes.network import EgressRule, IngressRule, network_policy, networks, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, Probes, http_probe, memory_volume, shell_probe, tcp_probe
from components.kubernetes.pod_template import pod_template
from components.kubernetes.scope import Scope, role_scope
from components.kubernetes.single_pod import pod_services, single_pod
from components.kubernetes.storage import claim_template
from components.kubernetes.workload import immutable_secret, service_account
from components.options import given_dependencies
from components.region.args import namespace_of

CALLERS = (APPLICATION, JOB)
"""Roles of the pods that reach accessories."""

USUAL_USER = 65532
"""Number of the user where none is given: nobody, and never root."""

SCRATCH_MIB = 64
"""Size in MiB of each folder in memory, which counts as memory of the pod."""

CLUSTER_DOMAIN = "cluster.local"
"""Domain of the cluster: a name that leads to another one must say all of it."""


class Accessory(pulumi.ComponentResource):
    """Any image under one name in its region's namespace, or in all of them when it is the only one of its name.

    Its pod is replaced delete-first, because two cannot write to one disk: clients must be able to come back.
    """

    address: pulumi.Output[str]
    """Name and port; whoever uses it waits until the accessory is ready."""

    def __init__(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Accessory", name, {}, opts)
        region, accessory, port = args["region"], args["accessory"], args["ports"][0]
        user = args.get("user", USUAL_USER)
        labels = workload_labels(args["labels"], region=region["region"], service=accessory, role=ACCESSORY)
        scope = Scope(region["network"], labels, self)
        secret = immutable_secret(scope, f"{name}-secret", args["secrets"]) if args["secrets"] else None
        account = service_account(scope, f"{name}-account")
        services = pod_services(scope, name, accessory, {f"tcp-{number}": number for number in args["ports"]})
        paths = _network_policies(scope, name, args)
        folders = {path: f"folder-{index}" for index, path in enumerate(["/tmp", *args["writable"]])}
        server = single_pod(
            scope,
            f"{name}-program",
            name,
            accessory,
            pod_template(
                labels,
                account,
                user,
                containers=[_program(args, user, secret, folders)],
                volumes=[
                    *(memory_volume(folder, SCRATCH_MIB) for folder in folders.values()),
                    *file_volumes(scope, name, args.get("given_files", {})),
                ],
                stop_seconds=args["stop_seconds"] + 10,
                annotations=args["metrics"].annotations(port) if "metrics" in args else {},
            ),
            [
                claim_template(
                    disk,
                    volume.size_gib,
                    region.get("storage_class"),
                    {**selector(labels), "gostack.data": accessory},
                )
                for disk, volume in sorted(args["data"].items())
            ],
            timeout_seconds=args["start_seconds"] + 120,
            opts=scope.options(*services, *paths, *given_dependencies(opts)),
        )
        for other in args["reachable_from"]:
            alias = replace(scope, namespace=other["network"])
            host = service_host(accessory, namespace_of(region))
            _alias(alias, f"{name}-in-{other['region']}", accessory, host, server)
        self.address = server.id.apply(lambda _: f"{accessory}:{port}")
        self._values = accessory_values(
            args, self.address, [service_host(accessory, namespace_of(peer)) for peer in args["peers"]]
        )
        self.register_outputs({"address": self.address})

    @property
    def values(self) -> Mapping[str, pulumi.Input[str]]:
        """What services may be told of it: `host`, `port`, `address`, `peers`, and what else it is known by."""
        return self._values


def _network_policies(scope: Scope, name: str, args: AccessoryArgs) -> list[k8s.networking.v1.NetworkPolicy]:
    ports = tcp(*args["ports"])
    own = network_policy(
        scope,
        f"{name}-paths",
        incoming=[IngressRule(from_=pods_of_stack(scope.stack, *CALLERS), ports=ports)],
        outgoing=[EgressRule(to=networks(egress.network), ports=tcp(egress.port)) for egress in args.get("egress", ())],
    )
    calls = [
        network_policy(
            role_scope(region["network"], args["labels"], scope.parent, region=region["region"], role=role),
            f"{name}-calls-{role}-{region['region']}",
            outgoing=[EgressRule(to=pods_of_stack(scope.stack, ACCESSORY), ports=ports)],
        )
        for region in [args["region"], *args["reachable_from"]]
        for role in CALLERS
    ]
    return [own, *calls]


def _alias(scope: Scope, name: str, accessory: str, host: str, server: pulumi.Resource) -> None:
    """Make the accessory's name lead to its host from another region's namespace."""
    k8s.core.v1.Service(
        name,
        metadata=scope.metadata(accessory),
        spec=k8s.core.v1.ServiceSpecArgs(type="ExternalName", external_name=f"{host}.{CLUSTER_DOMAIN}"),
        opts=scope.options(server),
    )


def _program(
    args: AccessoryArgs, user: int, secret: pulumi.Input[str] | None, folders: Mapping[str, str]
) -> ContainerSpec:
    probe = _probe(args, period=2, failures=3)
    return ContainerSpec(
        name="accessory",
        image=args["image"],
        user=user,
        group=user,
        resources=accessory_resources(memory_mib=args["memory_mib"], cpus=args["cpus"]),
        command=args.get("entrypoint"),
        arguments=args.get("arguments"),
        environment=args["environment"],
        secret=secret,
        secret_variables=list(args["secrets"]),
        ports={f"tcp-{port}": port for port in args["ports"]},
        mounts={**folders, **{volume.path: disk for disk, volume in args["data"].items()}},
        read_only_mounts=file_mounts(args.get("given_files", {})),
        probes=Probes(
            startup=_probe(args, period=1, failures=args["start_seconds"]),
            readiness=probe,
            liveness=tcp_probe(args["ports"][0], period=10, failures=6),
        ),
    )


def _probe(args: AccessoryArgs, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    check, port = args["check"], args["ports"][0]
    if check.protocol == "http":
        return http_probe(port, check.path, period=period, failures=failures)
    if check.protocol == "command":
        return shell_probe(shlex.join(check.command), period=period, failures=failures)
    return tcp_probe(port, period=period, failures=failures)
